"""Files that a mounted folder merely brings along: another server's configuration is no evidence of what is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.stack.find import found
from harness.stack.project import Project


def edges(services: dict[str, Any], directory: Path) -> set[str]:
    config = {"name": "hotel", "services": services, "networks": {"default": {"name": "hotel_default"}}}
    return {edge.id for edge in found(Project("hotel", (directory / "compose.yaml",), directory, config)).edges}


SCRAPED = """
scrape_configs:
  - {job_name: worker, static_configs: [{targets: ["worker:9100"]}]}
alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}
"""


def watched(directory: Path, **more: Any) -> dict[str, Any]:
    (directory / "watch").mkdir(exist_ok=True)
    (directory / "watch" / "prometheus.yml").write_text(SCRAPED)
    (directory / "watch" / "alertmanager.yml").write_text("receivers: [{webhook_configs: [{url: 'http://pager:80/'}]}]")
    mount = {"type": "bind", "source": str(directory / "watch"), "target": "/etc/watch"}
    return {
        "worker": {"image": "hotel"},
        "pager": {"image": "hotel"},
        "prometheus": {
            "image": "hotel",
            "command": ["prometheus", "--config.file=/etc/watch/prometheus.yml"],
            "volumes": [mount],
        },
        "alertmanager": {
            "image": "hotel",
            "command": ["prometheus-alertmanager", "--config.file=/etc/watch/alertmanager.yml"],
            "volumes": [mount],
        },
        **{name: {"image": "hotel", "volumes": [mount], **body} for name, body in more.items()},
    }


def test_another_server_s_configuration_in_a_folder_that_both_mount_is_no_evidence(tmp_path: Path) -> None:
    assert edges(watched(tmp_path), tmp_path) == {
        "prometheus->worker",
        "prometheus->alertmanager",
        "alertmanager->pager",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"command": ["vmagent", "-promscrape.config=/etc/watch/prometheus.yml"]},
        {"environment": {"SCRAPES": "prometheus.yml"}},
        {"command": ["reader", "--folder", "/etc/watch/"]},
    ],
)
def test_one_that_speaks_of_the_file_or_its_folder_may_read_it_too(tmp_path: Path, body: dict[str, Any]) -> None:
    assert "reader->worker" in edges(watched(tmp_path, reader=body), tmp_path)


def test_so_may_one_that_has_the_file_mounted_for_itself_and_a_second_prometheus(tmp_path: Path) -> None:
    services = watched(tmp_path, prom2={"command": ["prometheus"]}, reader={})
    file = {"type": "bind", "source": str(tmp_path / "watch" / "prometheus.yml"), "target": "/cfg/prometheus.yml"}
    services["reader"]["volumes"] = [file]
    assert {"prom2->worker", "reader->worker"} <= edges(services, tmp_path)


def test_the_project_mounted_whole_for_work_on_it_makes_no_caller_of_what_prometheus_scrapes(tmp_path: Path) -> None:
    services = watched(tmp_path)
    whole = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    services["api"] = {"image": "hotel", "command": ["python", "/app/main.py"], "volumes": [whole]}
    assert not any(edge.startswith("api->") for edge in edges(services, tmp_path))


def test_where_nobody_is_known_to_read_it_a_file_stays_evidence(tmp_path: Path) -> None:
    services = watched(tmp_path)
    del services["prometheus"]
    assert "alertmanager->worker" in edges(services, tmp_path)
