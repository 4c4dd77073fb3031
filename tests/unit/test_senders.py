"""Who of a project pages people: a mailbox stands before every one of them, and what it cannot keep from people is told before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import CannotRun
from harness.init.pages import paging_of
from harness.stack import configfile, observe, unpaged
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.senders import may_page, senders
from harness.stack.senders.sender import Sender

ONCALL = "route: {receiver: oncall}\nreceivers: [{name: oncall, WAY}]\n"
WEBHOOK = ONCALL.replace("WAY", "webhook_configs: [{url: 'http://pager.example/x'}]")
PAGERDUTY = ONCALL.replace("WAY", "pagerduty_configs: [{routing_key: x}]")
TO_OWN = ONCALL.replace("WAY", "webhook_configs: [{url: 'http://bridge:9094/'}]")
AT = "/etc/alertmanager/alertmanager.yml"
PROM_AT = "/etc/prometheus/prometheus.yml"


@pytest.fixture(autouse=True)
def _no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configfile, "inspected", lambda *_: [])


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder, self._number = folder, 0

    def mount(self, text: str, target: str) -> dict[str, Any]:
        self._number += 1
        path = self.folder / f"{self._number}.yml"
        path.write_text(text)
        return {"type": "bind", "source": str(path), "target": target}

    def alertmanager(self, text: str, **more: Any) -> dict[str, Any]:
        command = [f"--config.file={AT}"]
        return {"image": "prom/alertmanager", "command": command, "volumes": [self.mount(text, AT)], **more}

    def prometheus(self, alerting: str) -> dict[str, Any]:
        text = f"alerting: {{alertmanagers: [{alerting}]}}\n" if alerting else "{}\n"
        command = [f"--config.file={PROM_AT}"]
        return {"image": "prom/prometheus", "command": command, "volumes": [self.mount(text, PROM_AT)]}

    def secret(self, text: str) -> str:
        (self.folder / "secret").write_text(text)
        return str(self.folder / "secret")

    def found(self, observe: str = "", data: dict[str, str] | None = None, **services: Any) -> dict[str, Sender]:
        named = {name.replace("_", "-"): body for name, body in services.items()}
        nets = {"default": {"name": "x_default"}, "inner": {"name": "x_inner", "internal": True}}
        config = {"name": "x", "services": named, "networks": nets}
        project = Project("x", (), self.folder, config)
        monitoring = find_monitoring(config, alertmanager=observe)
        return {one.service: one for one in senders(project, monitoring, data or {})}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("observe", ["", "alertmanager:9093"])
def test_of_a_pair_of_alertmanagers_both_are_stood_before_whether_one_is_named_or_none(
    files: Files, observe: str
) -> None:
    found = files.found(observe, alertmanager=files.alertmanager(WEBHOOK), other=files.alertmanager(PAGERDUTY))
    assert found["alertmanager"].hosts == {"pager.example": (80,)}
    assert found["other"].hosts == {"events.pagerduty.com": ()}
    assert not any(one.unkept for one in found.values())


def test_a_bridge_beside_an_alertmanager_makes_no_second_one(files: Files) -> None:
    bridge = {"image": "benjojo/alertmanager-discord"}
    assert set(files.found(alertmanager=files.alertmanager(WEBHOOK), alertmanager_discord=bridge)) == {"alertmanager"}


def test_beside_one_for_sure_another_is_one_where_it_has_a_configuration(files: Files) -> None:
    sure, custom = files.alertmanager(WEBHOOK), files.alertmanager(PAGERDUTY, image="acme/pages")
    ntfy, logger = {"image": "alexbakker/alertmanager-ntfy"}, {"build": {"context": "."}}
    given: dict[str, Any] = {"alertmanager": sure, "alertmanager_ntfy": ntfy, "alertmanager_logger": logger}
    bare = {"image": "acme/pages", "volumes": custom["volumes"]}
    assert set(files.found(**given)) == {"alertmanager"}
    assert set(files.found(**given, alertmanager_b=custom)) == {"alertmanager", "alertmanager-b"}
    assert set(files.found(**given, alertmanager_b=bare)) == {"alertmanager", "alertmanager-b"}
    assert set(files.found("alertmanager-ntfy:9093", **given)) == {"alertmanager", "alertmanager-ntfy"}
    assert set(files.found(alertmanager_ntfy=ntfy)) == {"alertmanager-ntfy"}, "where no other is one, it may be"


def test_one_that_is_left_alone_is_told_where_it_would_page_somebody(files: Files) -> None:
    (one,) = files.found("off", alertmanager=files.alertmanager(PAGERDUTY)).values()
    assert (one.hosts, len(one.unkept)) == ({}, 1)
    assert "left alone (stack.observe.alertmanager: off)" in one.unkept[0]
    (nobody,) = files.found("off", alertmanager=files.alertmanager(ONCALL.replace(", WAY", ""))).values()
    assert nobody.unkept == ()


def test_one_on_no_network_of_the_project_can_have_no_mailbox(files: Files) -> None:
    (one,) = files.found(alertmanager=files.alertmanager(PAGERDUTY, network_mode="host")).values()
    assert "no mailbox can stand before it: alertmanager has network_mode: host" in one.unkept[0]


SLACK_FILE = "global: {slack_api_url_file: /run/secrets/chat}\n" + ONCALL.replace(
    "WAY", "slack_configs: [{channel: x}]"
)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (SLACK_FILE, {"hooks.slack.com", "slack.com"}),
        (ONCALL.replace("WAY", "discord_configs: [{webhook_url_file: chat}]"), {"discord.com", "discordapp.com"}),
        (ONCALL.replace("WAY", "webhook_configs: [{url_file: chat}]"), set()),
    ],
)
def test_a_url_in_a_file_that_is_not_here_is_told_and_the_usual_hosts_of_its_kind_are_kept(
    files: Files, text: str, hosts: set[str]
) -> None:
    (one,) = files.found(alertmanager=files.alertmanager(text)).values()
    assert set(one.hosts) == hosts
    assert "its URL is in a file that is not here to be read (" in one.unkept[0]
    assert one.known is not None
    assert not one.known.receivers[0].observable


def test_a_url_in_a_file_that_is_mounted_or_a_secret_is_read(files: Files) -> None:
    beside = files.alertmanager(ONCALL.replace("WAY", "webhook_configs: [{url_file: keys/chat}]"))
    beside["volumes"].append(files.mount("http://pager.example:81/x\n", "/etc/alertmanager/keys/chat"))
    (one,) = files.found(alertmanager=beside).values()
    assert one.known is not None
    assert (one.hosts, one.unkept, one.known.receivers[0].observable) == ({"pager.example": (81,)}, (), True)
    body = files.alertmanager(SLACK_FILE, secrets=[{"source": "chat"}])
    config = {"name": "x", "services": {"alertmanager": body}}
    config["secrets"] = {"chat": {"file": files.secret("https://chat.example/hooks/1")}}
    (sender,) = senders(Project("x", (), files.folder, config), find_monitoring(config), {})
    assert (sender.hosts, sender.unkept) == ({"chat.example": ()}, ())


LOCAL = [
    ONCALL.replace("WAY", "webhook_configs: [{url: 'http://127.0.0.1:5001/'}]"),
    ONCALL.replace("WAY", "email_configs: [{to: 'root@localhost', smarthost: 'localhost:25'}]"),
]
"""Alertmanager's own default, and Debian's."""


@pytest.mark.parametrize("text", LOCAL)
def test_what_one_sends_to_itself_reaches_nobody_unless_others_are_in_its_network(files: Files, text: str) -> None:
    assert files.found(alertmanager=files.alertmanager(text))["alertmanager"].unkept == ()
    bridge = {"image": "x", "network_mode": "service:alertmanager"}
    (shared,) = files.found(alertmanager=files.alertmanager(text), bridge=bridge).values()
    lodger = files.alertmanager(text, network_mode="service:web")
    (lodging,) = files.found(alertmanager=lodger, web={"image": "x"}).values()
    (on_host,) = files.found(alertmanager=files.alertmanager(text, network_mode="host")).values()
    assert ["reach real people" in one.unkept[0] for one in (shared, lodging, on_host)] == [True] * 3
    proxied = text.replace("5001/'", "5001/', http_config: {proxy_url: 'http://out.example'}")
    assert bool(files.found(alertmanager=files.alertmanager(proxied))["alertmanager"].unkept) == (proxied != text)


@pytest.mark.parametrize(("networks", "told"), [({"default": None}, True), ({"inner": None}, False)])
def test_a_service_of_the_stack_that_takes_pages_may_pass_them_on_unless_it_reaches_nobody(
    files: Files, networks: dict[str, Any], told: bool
) -> None:
    both = {"default": None, "inner": None}
    pager = files.alertmanager(TO_OWN, networks=both)
    (one,) = files.found(alertmanager=pager, bridge={"image": "x", "networks": networks}).values()
    assert [text for text in one.unkept if "bridge, a service of the stack that may pass them on" in text] == (
        list(one.unkept) if told else []
    )
    assert bool(one.unkept) == told


@pytest.mark.parametrize(
    "script",
    [
        f"sed s/KEY/$KEY/ /tmpl/am.yml > {AT} && exec /bin/alertmanager --config.file={AT}",
        "cp /tmpl/* /etc/alertmanager/; exec alertmanager",
    ],
)
def test_a_configuration_that_is_written_at_the_start_is_not_known_and_its_template_still_tells_where_to_stand(
    files: Files, script: str
) -> None:
    template = PAGERDUTY.replace("routing_key: x", "routing_key: x, url: 'https://pd.example/KEY'")
    body = {
        "image": "prom/alertmanager",
        "entrypoint": ["/bin/sh", "-c"],
        "command": [script],
        "environment": {"HOOK": "https://chat.example/hooks/1", "LEVEL": "info"},
        "volumes": [files.mount(template, "/tmpl/am.yml")],
    }
    (one,) = files.found(alertmanager=body).values()
    assert one.known is None
    assert {"pd.example", "chat.example", "events.pagerduty.com", "hooks.slack.com"} <= set(one.hosts)
    (text,) = one.unkept
    assert "whom alertmanager pages is not known" in text
    assert "written by its own command" in text


@pytest.mark.parametrize(
    ("alerting", "hosts", "told"),
    [
        ("", {}, ""),
        ("{static_configs: [{targets: ['alertmanager:9093']}]}", {}, ""),
        ("{static_configs: [{targets: ['am.example.com:9093']}]}", {"am.example.com": ()}, ""),
        ("{dns_sd_configs: [{names: [am.example.com], type: A, port: 9093}]}", {"am.example.com": ()}, ""),
        ("{static_configs: [{targets: ['10.1.2.3:9093']}]}", {}, "10.1.2.3, whose address is fixed"),
        ("{consul_sd_configs: [{server: 'consul:8500'}]}", {}, "consul_sd_configs, which is not followed"),
    ],
)
def test_alerts_for_an_alertmanager_outside_stay_in_the_stack_or_are_told(
    files: Files, alerting: str, hosts: dict[str, Any], told: str
) -> None:
    found = files.found(alertmanager=files.alertmanager(WEBHOOK), prometheus=files.prometheus(alerting))
    one = found.get("prometheus", Sender("prometheus"))
    assert one.hosts == hosts
    assert [told in text for text in one.unkept] == ([True] if told else [])


def test_vmalert_that_tells_one_outside_is_stood_before_too(files: Files) -> None:
    body = {"image": "victoriametrics/vmalert", "command": ["-rule=/r.yml", "-notifier.url=http://am.example.com:9093"]}
    assert files.found(vmalert=body)["vmalert"].hosts == {"am.example.com": ()}


VMALERT = "static_configs: [{targets: ['am.example.com:9093']}]\nconsul_sd_configs: [{server: 'consul:8500'}]\n"
THANOS = "alertmanagers: [{scheme: https, static_configs: ['dns+am.example.com:9093', 'alertmanager:9093']}]"


@pytest.mark.parametrize(
    ("command", "text", "hosts", "told"),
    [
        (["-notifier.config=/etc/to.yml"], VMALERT, {"am.example.com": ()}, "consul_sd_configs, which is not followed"),
        (["-notifier.config", "/etc/to.yml"], None, {}, "its /etc/to.yml (-notifier.config) is not in its mounts"),
        (["-notifier.blackhole"], None, {}, ""),
        (["rule", "--alertmanagers.config-file=/etc/to.yml"], THANOS, {"am.example.com": ()}, ""),
        (["rule", "--alertmanagers.config-file=/etc/to.yml"], "- x", {}, "not written as it should be"),
        (["rule", f"--alertmanagers.config={THANOS}"], None, {"am.example.com": ()}, ""),
        (["rule", "--alertmanagers.config", THANOS], None, {}, "--alertmanagers.config cannot be read"),
    ],
)
def test_a_file_that_names_those_outside_is_read_and_told_where_it_cannot_be(
    files: Files, command: list[str], text: str | None, hosts: dict[str, Any], told: str
) -> None:
    volumes = [] if text is None else [files.mount(text, "/etc/to.yml")]
    body = {"image": "x", "command": command, "volumes": volumes}
    one = files.found(ruler=body, alertmanager=files.alertmanager(WEBHOOK)).get("ruler", Sender("ruler"))
    assert one.hosts == hosts
    assert [told in text for text in one.unkept] == ([True] if told else [])


POINTS = """
contactPoints:
  - {name: pd, receivers: [{uid: a, type: pagerduty, settings: {integrationKey: x}}]}
  - {name: chat, receivers: [{uid: b, type: slack, settings: {url: 'https://hooks.slack.com/services/x'}}]}
"""


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


def test_init_knows_a_service_by_its_alias(files: Files) -> None:
    bridge = {"image": "x", "networks": {"default": {"aliases": ["chat.example"]}}}
    to_alias = files.alertmanager(TO_OWN.replace("bridge", "chat.example"), networks={"default": None})
    config = {"name": "x", "services": {"am": to_alias, "bridge": bridge}, "networks": {"default": {}}}
    (seen,) = paging_of(Project("x", (), files.folder, config), "am:9093").receivers
    assert (seen.observable, "a service of the stack" in seen.why) == (False, True)


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
