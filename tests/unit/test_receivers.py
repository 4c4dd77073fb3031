"""Alertmanager's configuration: proxies on the way to a receiver, the time intervals of its routes, what it is told at the end."""

from __future__ import annotations

import json

import pytest

from harness.facts import ReceiverSeen
from harness.world.receivers import paging

ROUTE = """
route:
  receiver: board
  routes:
    - {receiver: oncall, mute_time_intervals: [weekend], routes: [{receiver: desk}]}
    - {receiver: oncall, active_time_intervals: [office, weekend]}
receivers:
"""
WEBHOOK = "{name: oncall, webhook_configs: [{url: 'http://pager.example.test/x'%s}]}"


def only(receiver: str, shared: str = "") -> tuple[ReceiverSeen, tuple[str, ...], tuple[str, ...]]:
    found = paging(f"{shared}\n{ROUTE}  - {receiver}\n")
    return found.receivers[0], found.leaking, tuple(found.hosts or {})


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        (", http_config: {proxy_url: 'http://user:word@proxy:3128'}", ""),
        (", http_config: {proxy_from_environment: true}", ""),
        ("", "global: {http_config: {proxy_url: 'http://proxy:3128'}}"),
        (", http_config: {proxy_url: 'http://proxy:3128', no_proxy: 'pager.example.tes, 10.0.0.0/8'}", ""),
    ],
)
def test_a_page_that_goes_through_a_proxy_is_not_seen_and_leaves_the_stack(own: str, shared: str) -> None:
    seen, leaking, hosts = only(WEBHOOK % own, shared)
    assert not seen.observable
    assert "proxy" in seen.why
    assert "word" not in seen.why
    (leak,) = leaking
    assert leak.startswith("oncall (webhook to pager.example.test): it goes through")
    assert hosts == ()


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        (", http_config: {follow_redirects: true}", "global: {http_config: {proxy_url: 'http://proxy:3128'}}"),
        (", http_config: {proxy_url: 'http://proxy:3128', no_proxy: 'localhost, .example.test'}", ""),
        (", http_config: {proxy_url: 'http://proxy:3128', no_proxy: '*'}", ""),
        (", http_config: {proxy_from_environment: false}", ""),
    ],
)
def test_one_whose_own_configuration_has_no_proxy_for_it_is_seen(own: str, shared: str) -> None:
    seen, leaking, hosts = only(WEBHOOK % own, shared)
    assert (seen.observable, leaking, hosts) == (True, (), ("pager.example.test",))


def test_a_provider_behind_a_proxy_leaks_and_mail_knows_no_proxy() -> None:
    shared = "global: {smtp_smarthost: 'mail.example:587', http_config: {proxy_url: 'http://proxy:3128'}}"
    found = paging(
        f"{shared}\n{ROUTE}  - {{name: oncall, slack_configs: [{{}}], email_configs: [{{to: a@example}}]}}\n"
    )
    (leak,) = found.leaking
    assert "oncall (slack to slack.com): it goes through a proxy (proxy)" in leak
    assert tuple(found.hosts or {}) == ("mail.example",)


def test_time_intervals_are_those_of_the_routes_to_a_receiver_and_no_childs() -> None:
    found = paging(f"{ROUTE}  - {{name: oncall}}\n  - {{name: desk}}\n  - {{name: board}}\n")
    assert {seen.receiver: seen.time_intervals for seen in found.receivers} == {
        "oncall": ("weekend", "office"),
        "desk": (),
        "board": (),
    }


@pytest.mark.parametrize(
    ("configs", "told"),
    [
        ("webhook_configs: [{url: 'http://a.test/'}]", True),
        ("webhook_configs: [{url: 'http://a.test/', send_resolved: false}]", False),
        ("slack_configs: [{channel: x}]", False),
        ("slack_configs: [{channel: x, send_resolved: true}]", True),
        ("pagerduty_configs: [{routing_key: x}]", True),
    ],
)
def test_whether_a_receiver_is_told_that_an_alert_cleared(configs: str, told: bool) -> None:
    assert only(f"{{name: oncall, {configs}}}")[0].send_resolved is told


TREE = """
route:
  receiver: slack
  group_wait: 40s
  routes:
    - {matchers: ['severity="page"'], receiver: oncall, group_wait: 5s, routes: [{match: {team: on}, receiver: desk}]}
    - {matchers: ['{severity=~"tick.*", service!=db}'], receiver: desk, continue: true}
    - {match_re: {severity: ticket|info}}
    - {matchers: ['"alertname"="Dead"', team!~"a|b"], receiver: oncall}
receivers: [{name: slack}, {name: oncall}, {name: desk}]
"""


@pytest.mark.parametrize(
    ("labels", "goes"),
    [
        ({}, {"slack": 40.0}),
        ({"severity": "page"}, {"oncall": 5.0}),
        ({"severity": "pages"}, {"slack": 40.0}),
        ({"severity": "page", "team": "on"}, {"desk": 5.0}),
        ({"severity": "ticket"}, {"desk": 40.0, "slack": 40.0}),
        ({"severity": "ticket", "service": "db"}, {"slack": 40.0}),
        ({"alertname": "Dead"}, {"oncall": 40.0}),
        ({"alertname": "Dead", "team": "b"}, {"slack": 40.0}),
    ],
)
def test_an_alert_goes_where_its_labels_lead_it_and_waits_as_its_route_says(
    labels: dict[str, str], goes: dict[str, float]
) -> None:
    found = paging(TREE).reached(labels)
    assert {one.receiver: one.group_wait_s for one in found} == goes


@pytest.mark.parametrize("matcher", ["severity", "severity=~'('", 'severity="page" and more'])
def test_a_matcher_that_cannot_be_read_is_told_and_the_receivers_are_known_all_the_same(matcher: str) -> None:
    text = json.dumps({"route": {"receiver": "a", "routes": [{"matchers": [matcher]}]}, "receivers": [{"name": "a"}]})
    found = paging(text)
    assert [one.receiver for one in found.receivers] == ["a"]
    with pytest.raises(ValueError, match="cannot be read"):
        found.reached({"severity": "page"})


def test_routes_lead_to_a_receiver_by_its_name_as_it_is_written() -> None:
    found = paging(
        "route: {receiver: on, group_wait: 5s, matchers: [code=0500]}\nreceivers: [{name: on}, {name: 010}]\n"
    )
    assert [(one.receiver, one.routed) for one in found.receivers] == [("on", True), ("010", False)]
    assert found.receivers[0].group_wait_s == 5.0
    assert [one.receiver for one in found.reached({"code": "0500"})] == ["on"]


def test_what_the_routes_to_a_receiver_ask_of_labels_is_told_and_nothing_of_the_default_one() -> None:
    text = """
route:
  receiver: nobody
  routes:
    - {matchers: [severity = page], receiver: oncall, routes: [{matchers: ['team=~"a|b"'], receiver: desk}]}
    - {match: {severity: warning}, receiver: desk}
    - {matchers: ["=="], receiver: odd}
receivers: [{name: nobody}, {name: oncall}, {name: desk}, {name: odd}]
"""
    assert {seen.receiver: seen.asks for seen in paging(text).receivers} == {
        "nobody": ("",),
        "oncall": ("severity=page",),
        "desk": ("severity=page, team=~a|b", "severity=warning"),
        "odd": ("matchers that cannot be read",),
    }


@pytest.mark.parametrize(
    ("configs", "host"),
    [
        ("pushover_configs: [{user_key: u, token: t, url: 'https://grafana.example.com/d/shop'}]", "api.pushover.net"),
        ("slack_configs: [{app_token: x, app_url: 'https://slack.example/api'}]", "slack.example"),
        ("slack_configs: [{channel: x, title_link: 'https://wiki.example'}]", "slack.com"),
        (
            "discord_configs: [{webhook_url: 'https://discord.example/x', url: 'https://wiki.example'}]",
            "discord.example",
        ),
        ("mattermost_configs: [{webhook_url: 'https://chat.example/hooks/x'}]", "chat.example"),
        ("incidentio_configs: [{url: 'https://incident.example/x'}]", "incident.example"),
        ("rocketchat_configs: [{token: x}]", "open.rocket.chat"),
        ("sns_configs: [{topic_arn: 'arn:aws:sns:eu-west-1:1:pages'}]", "sns.eu-west-1.amazonaws.com"),
        ("sns_configs: [{phone_number: '1', sigv4: {region: cn-north-1}}]", "sns.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_mailbox_stands_where_each_kind_of_receiver_really_goes(configs: str, host: str) -> None:
    _, leaking, hosts = only(f"{{name: oncall, {configs}}}")
    assert (hosts, leaking) == ((host,), ())


def test_its_own_place_goes_before_the_global_one_and_one_in_a_file_is_not_known() -> None:
    shared = "global: {slack_api_url_file: /run/secrets/slack}"
    assert only("{name: a, slack_configs: [{api_url: 'https://slack.example/x'}]}", shared)[2] == ("slack.example",)
    _, (leak,), hosts = only("{name: a, slack_configs: [{channel: x}]}", shared)
    assert (leak.startswith("a (slack): "), hosts) == (True, ("hooks.slack.com", "slack.com"))


@pytest.mark.parametrize(
    ("url", "hosts"), [("pager.example.test.", ("pager.example.test",)), ("api.", ()), ("localhost.", ())]
)
def test_a_dot_at_a_names_end_is_none_of_the_name_that_the_mailbox_bears(url: str, hosts: tuple[str, ...]) -> None:
    """Docker's name server answers for both by the one without."""
    config = f"receivers: [{{name: oncall, webhook_configs: [{{url: 'http://{url}:8080/x'}}]}}]"
    assert tuple(paging(config, own=("api",)).hosts or {}) == hosts


def test_a_webhook_that_fetches_a_token_outside_first_leaves_nothing_and_cannot_be_seen() -> None:
    oauth = ", http_config: {oauth2: {client_id: a, token_url: 'https://login.example/token'}}"
    seen, leaking, hosts = only(WEBHOOK % oauth)
    assert (seen.observable, leaking, hosts) == (False, (), ("pager.example.test",))
    assert "token first, from login.example (oauth2)" in seen.why


@pytest.mark.parametrize(
    ("matcher", "labels"),
    [
        ("service.name=checkout", {"service.name": "checkout"}),
        (r'instance=~"api\d+"', {"instance": "api7"}),
        (r'instance=~"api\\d+"', {"instance": "api7"}),
        (r'path="C:\\temp \"x\""', {"path": 'C:\\temp "x"'}),
    ],
)
def test_matchers_are_read_as_alertmanager_reads_them(matcher: str, labels: dict[str, str]) -> None:
    routes = {"receiver": "a", "routes": [{"matchers": [matcher], "receiver": "b"}]}
    found = paging(json.dumps({"route": routes, "receivers": [{"name": "a"}, {"name": "b"}]}))
    assert [one.receiver for one in found.reached(labels)] == ["b"]
    assert [one.receiver for one in found.reached({})] == ["a"]
