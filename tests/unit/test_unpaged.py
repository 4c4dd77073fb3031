"""A project that is only looked at, or runs already: who of it could page somebody, once its images tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sender_files import POINTS, WEBHOOK, Files

from harness.errors import CannotRun
from harness.stack import configfile, observe, unpaged
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.senders import may_page


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["prom-tickets", "prometheus-demo-app"])
def test_a_service_is_no_prometheus_for_a_part_of_its_name(files: Files, name: str) -> None:
    built: dict[str, Any] = {name: {"build": {"context": "."}}}
    assert files.found(**built) == {}
    outside = files.prometheus("{static_configs: [{targets: ['am.example.com:9093']}]}")
    mounted: dict[str, Any] = {name: {"image": "acme/own", "volumes": outside["volumes"]}}
    assert set(files.found(**mounted)) == {name}, "a configuration in its place says that it is one"
    started: dict[str, Any] = {name: {"image": "acme/own", "command": outside["command"]}}
    assert set(files.found(**started)) == {name}, "so does its --config.file"
    assert "not known" in files.found(prometheus={"build": {"context": "."}})["prometheus"].unkept[0]


def test_who_pages_is_known_once_the_images_are_there(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    built = {name: {"build": {"context": name}} for name in ("api", "prometheus", "my-prom", "alertmanager", "grafana")}
    project = Project("x", (), files.folder, {"name": "x", "services": built})
    made: list[str] = []
    held = {
        "drill/x-prometheus": "{}\n",
        "drill/x-my-prom": "alerting: {alertmanagers: [{static_configs: [{targets: ['am.example.com:9093']}]}]}",
    }
    monkeypatch.setattr(unpaged, "ready_images", lambda kept, **_: made.extend(kept.services))
    monkeypatch.setattr(configfile, "_from_image", lambda image, _: [held[image]] if made and image in held else [])
    image = {"Config": {"Entrypoint": ["/bin/prometheus"]}}
    monkeypatch.setattr(configfile, "inspected", lambda *_: [image] if made else [])
    monkeypatch.setattr(configfile, "_bare", lambda *_: True)
    kept = unpaged.unpaged(project, find_monitoring(project.config), {})
    assert (made, list(kept.services)) == (
        ["api", "prometheus", "my-prom", "grafana"],
        ["api", "prometheus", "grafana"],
    )


def test_a_project_is_looked_at_without_any_of_them(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpaged, "image_exists", lambda _: True)
    mount = files.mount(POINTS, "/etc/grafana/provisioning/alerting/points.yml")
    outside = files.prometheus("{static_configs: [{targets: ['am.example.com:9093']}]}")
    config = {
        "name": "x",
        "services": {
            "api": {"image": "x", "depends_on": {"grafana": {"condition": "service_started"}}},
            "one": files.alertmanager(WEBHOOK),
            "other": files.alertmanager(WEBHOOK),
            "prometheus": outside,
            "metrics": files.prometheus("{static_configs: [{targets: ['one:9093']}]}"),
            "grafana": {"image": "grafana/grafana", "volumes": [mount]},
        },
    }
    started: list[Project] = []

    def stack(project: Project, *_: Any, **__: Any) -> Any:
        started.append(project)
        raise CannotRun("it is only a look at what would be started")

    monkeypatch.setattr(observe, "Stack", stack)
    said: list[str] = []
    with pytest.raises(CannotRun):
        observe.observe(Project("x", (), files.folder, config), "r", files.folder, say=said.append)
    assert list(started[0].services) == ["api", "metrics"]
    assert "without grafana, one, other, prometheus: no mailbox stands here" in said[0]


@pytest.mark.parametrize(
    ("body", "may"),
    [
        ({"image": "shop/web"}, False),
        ({"image": "prom/prometheus"}, True),
        ({"image": "prom/alertmanager"}, True),
        ({"image": "grafana/grafana"}, True),
        ({"image": "grafana/grafana", "environment": {"GF_UNIFIED_ALERTING_ENABLED": "false"}}, False),
        ({"image": "victoriametrics/vmalert", "command": ["-notifier.url=http://am.example.com:9093"]}, True),
    ],
)
def test_what_could_page_somebody_is_known_of_a_project_that_runs(
    files: Files, body: dict[str, Any], may: bool
) -> None:
    config = {"name": "x", "services": {"one": body}}
    assert may_page(Project("x", (), files.folder, config), find_monitoring(config)) == may
