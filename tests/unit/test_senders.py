"""Who of a project pages people: a mailbox stands before every one of them, and what it cannot keep from people is told before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sender_files import AT, ONCALL, PAGERDUTY, TO_OWN, WEBHOOK, Files

from harness.init.pages import paging_of
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.senders import senders
from harness.stack.senders.sender import Sender


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


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
        (
            "{dns_sd_configs: [{names: [_am._tcp.example.com]}]}",
            {},
            "the SRV records of _am._tcp.example.com, which no",
        ),
        ("{dns_sd_configs: [{names: [am.example.com], type: SRV}]}", {}, "the SRV records of am.example.com, which no"),
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


def test_init_knows_a_service_by_its_alias(files: Files) -> None:
    bridge = {"image": "x", "networks": {"default": {"aliases": ["chat.example"]}}}
    to_alias = files.alertmanager(TO_OWN.replace("bridge", "chat.example"), networks={"default": None})
    config = {"name": "x", "services": {"am": to_alias, "bridge": bridge}, "networks": {"default": {}}}
    (seen,) = paging_of(Project("x", (), files.folder, config), "am:9093").receivers
    assert (seen.observable, "a service of the stack" in seen.why) == (False, True)
