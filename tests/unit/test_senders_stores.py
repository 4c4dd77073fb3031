"""A log or metric store that evaluates rules: whom it has paged, and whom the Alertmanager inside of it pages, by its own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sender_files import ONCALL, PAGERDUTY, WEBHOOK, Files

from harness.errors import CannotRun
from harness.stack import configfile
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.senders import may_page
from harness.stack.senders.sender import Sender

RULER = "ruler: {alertmanager_url: URL, enable_alertmanager_v2: true}\n"
AWAY = "http://alerts.corp.example:9093"
FILE = "/etc/store/store.yml"
STATED = [f"-config.file={FILE}"]
LOKI_OWN = "/etc/loki/local-config.yaml"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


def asked(files: Files, text: str, at: str = FILE, **more: Any) -> Sender:
    body = {"image": "grafana/loki:3.0", "command": STATED, "volumes": [files.mount(text, at)], **more}
    return files.found(store=body, am=files.alertmanager(WEBHOOK)).get("store", Sender("store"))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"command": [f"--config.file={FILE}"]},
        {"command": ["-target=all", "-config.file", FILE]},
        {"command": [f"-config.file=/not/there.yml,{FILE}"]},
        {"image": "grafana/mimir"},
        {"image": "cortexproject/cortex:v1"},
        {"image": "acme/logs"},  # what its file holds tells
        {"image": None, "build": {"context": "."}},
    ],
)
def test_the_alertmanager_of_its_ruler_is_stood_before(files: Files, more: dict[str, Any]) -> None:
    found = asked(files, RULER.replace("URL", AWAY), **more)
    assert (found.hosts, found.unkept) == ({"alerts.corp.example": ()}, ())


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (RULER.replace("URL", f"'{AWAY}, http://b.corp.example'"), {"alerts.corp.example", "b.corp.example"}),
        (RULER.replace("URL", "dns+http://b.corp.example:9093/x"), {"b.corp.example"}),
        (f"overrides: {{t: {{ruler_alertmanager_config: {{alertmanager_url: '{AWAY}'}}}}}}", {"alerts.corp.example"}),
        (RULER.replace("URL", "http://am:9093"), set()),
        (RULER.replace("URL", "http://localhost:9093"), set()),
        (RULER.replace("URL", "''"), set()),
        ("server: {http_listen_port: 3100}", set()),
    ],
)
def test_each_that_it_names_is_and_none_of_the_stacks_own(files: Files, text: str, hosts: set[str]) -> None:
    found = asked(files, text)
    assert (set(found.hosts), found.unkept) == (hosts, ())


@pytest.mark.parametrize("url", ["dnssrv+http://am.corp.example", "http://_http._tcp.am.corp.example:9093"])
def test_those_that_only_srv_records_tell_are_told(files: Files, url: str) -> None:
    found = asked(files, RULER.replace("URL", url))
    assert found.hosts == {}
    assert "am.corp.example, which no mailbox answers" in found.unkept[0]


def test_variables_in_its_file_are_followed_and_told_where_they_are_not_known(files: Files) -> None:
    text = RULER.replace("URL", "'http://${AM_HOST:-am}:9093'")
    assert asked(files, text, environment={"AM_HOST": "alerts.corp.example"}).hosts == {"alerts.corp.example": ()}
    assert asked(files, text) == Sender("store")
    (why,) = asked(files, text.replace(":-am", "")).unkept
    assert "whom it tells of them is not known" in why


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"command": STATED}, "neither in its mounts nor in its image"),
        (
            {"command": STATED, "volumes": [{"type": "volume", "source": "v", "target": "/etc/store"}]},
            "in the volume v",
        ),
        ({"volumes": [{"type": "volume", "source": "v", "target": "/etc/loki"}]}, "in the volume v"),
        ({"entrypoint": ["sh", "-c"], "command": [f"envsubst </t >{FILE} && loki {STATED[0]}"]}, "by its own command"),
        ({"image": "acme/my-loki"}, "neither in its mounts nor in its image"),
        ({}, ""),  # what is in Loki's own image tells nobody outside
        ({"command": [f"-config.file={LOKI_OWN}"]}, ""),
        ({"network_mode": "host"}, "localhost, whose address is fixed"),
        ({"image": "grafana/mimir"}, ""),
        ({"image": "thehiveproject/cortex"}, ""),
        ({"image": "grafana/promtail", "command": ["-config.file=/etc/promtail/config.yml"]}, ""),
        ({"image": "grafana/loki-canary"}, ""),
    ],
)
def test_a_file_that_cannot_be_read_is_told(files: Files, body: dict[str, Any], told: str) -> None:
    unkept = files.found(store={"image": "grafana/loki", **body}).get("store", Sender("store")).unkept
    assert [told in text for text in unkept] == [True] * bool(told)


def test_a_file_in_place_of_lokis_own_is_read(files: Files) -> None:
    assert asked(files, RULER.replace("URL", AWAY), LOKI_OWN, command=[]).hosts == {"alerts.corp.example": ()}
    (why,) = asked(files, "ruler: [", LOKI_OWN, command=[]).unkept
    assert "cannot be read: it is no YAML" in why


def test_without_docker_loki_as_it_is_published_is_known_and_another_is_not(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: str) -> list[Any]:
        raise CannotRun("no Docker")

    monkeypatch.setattr(configfile, "inspected", away)
    assert files.found(loki={"image": "grafana/loki"}) == {}
    with pytest.raises(CannotRun):
        files.found(loki={"image": "acme/my-loki"})


MIMIR_AT = "/etc/fallback.yml"


def mimir(files: Files, text: str, command: list[str], **more: Any) -> Sender:
    body = {"image": "grafana/mimir", "command": command, "volumes": [files.mount(text, MIMIR_AT)], **more}
    return files.found(mimir=body).get("mimir", Sender("mimir"))


def test_the_alertmanager_inside_of_it_is_stood_before_as_any_other_is(files: Files) -> None:
    flags = ["-target=all,alertmanager", f"-alertmanager.configs.fallback={MIMIR_AT}"]
    assert mimir(files, PAGERDUTY, flags).hosts == {"events.pagerduty.com": ()}
    assert mimir(files, WEBHOOK, flags).hosts == {"pager.example": (80,)}
    (leak,) = mimir(files, WEBHOOK.replace("pager.example", "10.1.2.3"), flags).unkept
    assert "not caught, and may reach real people" in leak
    (away,) = mimir(files, WEBHOOK, flags, network_mode="host").unkept
    assert "no mailbox can stand before it" in away
    (unread,) = mimir(files, "x: 1", flags).unkept
    assert "it has no list of receivers" in unread
    (absent,) = mimir(files, WEBHOOK, ["-alertmanager.configs.fallback=/elsewhere.yml"]).unkept
    assert "/elsewhere.yml cannot be read" in absent


def test_what_its_file_says_of_it_counts_as_the_flags_do(files: Files, tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "one.yaml").write_text(ONCALL.replace("WAY", "opsgenie_configs: [{api_key: x}]"))
    text = (
        f"alertmanager: {{fallback_config_file: {MIMIR_AT}}}\nalertmanager_storage: {{local: {{path: /etc/tenants}}}}\n"
    )
    mounts = [
        files.mount(text, FILE),
        files.mount(PAGERDUTY, MIMIR_AT),
        {"type": "bind", "source": str(tmp_path / "tenants"), "target": "/etc/tenants"},
    ]
    (one,) = files.found(mimir={"image": "grafana/mimir", "command": STATED, "volumes": mounts}).values()
    assert (set(one.hosts), one.unkept) == ({"events.pagerduty.com", "api.opsgenie.com"}, ())


BUCKET = "target: TARGET\ncommon: {storage: {backend: s3, s3: {endpoint: 'HOST', bucket_name: mimir}}}\n"


@pytest.mark.parametrize(
    ("target", "host", "told"),
    [
        ("'all,alertmanager'", "s3.eu.example", True),
        ("backend", "s3.eu.example", True),
        ("'all,alertmanager'", "minio:9000", False),
        ("all", "s3.eu.example", False),
    ],
)
def test_tenants_configurations_in_a_store_outside_are_told(files: Files, target: str, host: str, told: bool) -> None:
    text = BUCKET.replace("TARGET", target).replace("HOST", host)
    body = {"image": "grafana/mimir", "command": STATED, "volumes": [files.mount(text, FILE)]}
    found = files.found(mimir=body, minio={"image": "minio/minio"}).get("mimir", Sender("mimir"))
    assert ["its tenants' stand in s3 (s3.eu.example)" in text for text in found.unkept] == [True] * told


@pytest.mark.parametrize(
    ("command", "given", "hosts", "told"),
    [
        (["-envflag.enable"], {"notifier_url": f"{AWAY},http://am:9093"}, {"alerts.corp.example": ()}, ""),
        (["--envflag.enable=true", "-envflag.prefix=VM_"], {"VM_notifier_url": AWAY}, {"alerts.corp.example": ()}, ""),
        (
            ["-envflag.enable"],
            {"notifier_config": "/to.yml"},
            {},
            "its /to.yml (-notifier.config) is not in its mounts",
        ),
        (["-rule=/r.yml"], {"notifier_url": AWAY}, {}, ""),
        (["-notifier.url=%{AM_URL}"], {"AM_URL": AWAY}, {"alerts.corp.example": ()}, ""),
        (["-notifier.url=%{AM_URL}"], {}, {}, "whom it tells of them is not known"),
        (["-notifier.url=http://$$AM:9093"], {}, {}, "whom it tells of them is not known"),
    ],
)
def test_vmalerts_variables_are_its_flags_where_it_reads_them(
    files: Files, command: list[str], given: dict[str, str], hosts: dict[str, Any], told: str
) -> None:
    body = {"image": "victoriametrics/vmalert", "command": command, "environment": given}
    one = files.found(vmalert=body, am=files.alertmanager(WEBHOOK)).get("vmalert", Sender("vmalert"))
    assert one.hosts == hosts
    assert [told in text for text in one.unkept] == [True] * bool(told)


def test_on_no_network_of_the_project_no_mailbox_can_stand_before_it(files: Files) -> None:
    (why,) = asked(files, RULER.replace("URL", AWAY), network_mode="host").unkept
    assert "alerts.corp.example, and no mailbox can stand before it: store has network_mode: host" in why


def test_a_project_that_runs_already_may_page_by_them(files: Files) -> None:
    body = {"image": "grafana/loki", "command": STATED, "volumes": [files.mount(RULER.replace("URL", AWAY), FILE)]}
    config = {"name": "x", "services": {"store": body}}
    assert may_page(Project("x", (), files.folder, config), find_monitoring(config))
