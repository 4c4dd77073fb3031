"""A Grafana that pages by itself: its hosts are kept, and what may reach somebody all the same is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sender_files import POINTS, Files

from harness.stack.senders.sender import Sender


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


def test_of_grafanas_own_contact_points_the_hosts_are_kept(files: Files) -> None:
    mount = files.mount(POINTS, "/etc/grafana/provisioning/alerting/points.yml")
    (one,) = files.found(grafana={"image": "grafana/grafana-oss:11", "volumes": [mount]}).values()
    assert (set(one.hosts), one.unkept) == ({"events.pagerduty.com", "hooks.slack.com"}, ())


@pytest.mark.parametrize(
    ("url", "more", "told"),
    [
        ("http://sink:8080/", {"networks": {"inner": None}}, False),
        ("http://bridge:8080/", {"networks": {"default": None}}, True),
        ("http://127.0.0.1:8080/", {}, False),
        ("http://10.1.2.3/", {}, True),
        ("$HOOK", {}, True),
        ("https://$HOST/x", {}, True),
        ("https://chat.example/x", {"network_mode": "host"}, True),
        ("https://chat.example/x", {"environment": {"HTTPS_PROXY": "http://out.example"}}, True),
    ],
)
def test_a_contact_point_is_told_where_it_may_reach_somebody(
    files: Files, url: str, more: dict[str, Any], told: bool
) -> None:
    points = f"contactPoints: [{{name: hook, receivers: [{{uid: a, type: webhook, settings: {{url: '{url}'}}}}]}}]"
    mount = files.mount(points, "/etc/grafana/provisioning/alerting/points.yml")
    others = {name: {"image": "x", "networks": {net: None}} for name, net in (("sink", "inner"), ("bridge", "default"))}
    both = {"networks": {"default": None, "inner": None}} if "networks" in more else {}
    body = {"image": "grafana/grafana", "volumes": [mount], **more, **both}
    services: dict[str, Any] = {"grafana": body, **others}
    one = files.found(**services).get("grafana", Sender("grafana"))
    assert ["its files have hook" in text for text in one.unkept] == [True] * told


@pytest.mark.parametrize(
    ("more", "data", "told"),
    [
        ({}, {}, False),
        ({"volumes": [{"type": "volume", "source": "g", "target": "/var/lib/grafana"}]}, {}, False),
        ({"volumes": [{"type": "volume", "source": "g", "target": "/var/lib/grafana"}]}, {"g": "copy"}, True),
        ({"volumes": [{"type": "bind", "source": "/data/g", "target": "/var/lib/grafana"}]}, {}, True),
        ({"volumes": [{"type": "volume", "source": "g", "target": "/etc/grafana/provisioning"}]}, {}, True),
        ({"volumes": [{"type": "volume", "source": "g", "target": "/etc/grafana/provisioning/dashboards"}]}, {}, False),
        ({"environment": {"GF_UNIFIED_ALERTING_ENABLED": "false"}, "image": "own/grafana-with-alerts"}, {}, False),
        ({"image": "grafana/loki"}, {}, False),
    ],
)
def test_a_grafana_has_contact_points_where_its_database_comes_along(
    files: Files, more: dict[str, Any], data: dict[str, str], told: bool
) -> None:
    found = files.found(data=data, grafana={"image": "grafana/grafana", **more})
    assert bool(found) == told


SOURCE = "datasources: [{name: am, type: TYPE, url: 'URL', jsonData: {handleGrafanaManagedAlerts: HANDLED}}]"


@pytest.mark.parametrize(
    ("url", "kind", "handled", "hosts", "told"),
    [
        ("http://alerts.corp.example:9093", "alertmanager", "true", {"alerts.corp.example"}, False),
        ("http://alerts.corp.example:9093", "alertmanager", "false", set(), False),
        ("http://prometheus.corp.example:9090", "prometheus", "true", set(), False),
        ("http://am:9093", "alertmanager", "true", set(), False),  # before its own receivers a mailbox stands
        ("http://10.1.2.3:9093", "alertmanager", "true", set(), True),
        ("${AM}", "alertmanager", "true", {"alerts.corp.example"}, False),
        ("$OTHER", "alertmanager", "true", set(), True),
    ],
)
def test_an_alertmanager_that_it_sends_its_own_alerts_to_is_stood_before(
    files: Files, url: str, kind: str, handled: str, hosts: set[str], told: bool
) -> None:
    text = SOURCE.replace("URL", url).replace("TYPE", kind).replace("HANDLED", handled)
    mount = files.mount(text, "/etc/grafana/provisioning/datasources/am.yml")
    given = {"AM": "http://alerts.corp.example:9093"}
    body = {"image": "grafana/grafana", "volumes": [mount], "environment": given}
    one = files.found(grafana=body, am={"image": "prom/alertmanager"}).get("grafana", Sender("grafana"))
    assert set(one.hosts) == hosts
    assert ["its files have am" in text for text in one.unkept] == [True] * told


def test_a_contact_point_by_a_variable_that_is_known_is_kept(files: Files) -> None:
    points = "contactPoints: [{name: chat, receivers: [{uid: a, type: slack, settings: {url: $HOOK}}]}]"
    mount = files.mount(points, "/etc/grafana/provisioning/alerting/points.yml")
    given = {"HOOK": "https://hooks.slack.com/x"}
    (one,) = files.found(grafana={"image": "grafana/grafana", "volumes": [mount], "environment": given}).values()
    assert (set(one.hosts), one.unkept) == ({"hooks.slack.com"}, ())
