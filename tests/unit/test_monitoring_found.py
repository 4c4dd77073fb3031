"""Where a project's own monitoring is, whom it pages, where it reads targets, what a dashboard asks: all read from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.drill.parse import parse_text
from harness.drill.problem import Invalid
from harness.drill.words import monitor
from harness.plan import make_plan
from harness.stack.file_sd import target_place
from harness.stack.observed import find_monitoring
from harness.world.receivers import paging


def services(**bodies: dict[str, Any]) -> dict[str, Any]:
    return {"services": bodies}


@pytest.mark.parametrize(
    ("config", "prometheus", "alertmanager"),
    [
        (services(wiki={"image": "wiki"}), "", ""),
        (
            services(prometheus={"image": "prom/prometheus:v2.53"}, alertmanager={"image": "prom/alertmanager"}),
            "prometheus:9090",
            "alertmanager:9093",
        ),
        (
            services(metrics={"image": "x", "command": ["/bin/prometheus", "--web.listen-address=:9999"]}),
            "metrics:9999",
            "",
        ),
        (services(am={"image": "watch", "entrypoint": ["prometheus-alertmanager"]}), "", "am:9093"),
        (services(exporter={"image": "prom/node-exporter"}, gateway={"image": "prom/pushgateway"}), "", ""),
        (services(postgres_exporter={"image": "x/postgres-exporter-prometheus"}), "", ""),
        (services(one={"image": "prom/prometheus"}, two={"image": "bitnami/prometheus"}), "", ""),
        (
            services(
                prometheus={"image": "x-prom", "command": ["prometheus", "--config.file=a"]},
                alertmanager={"image": "x-prom", "command": ["prometheus-alertmanager"]},
            ),
            "prometheus:9090",
            "alertmanager:9093",
        ),
        (
            services(prometheus={"build": {"target": "prom"}}, alertmanager={"build": {"target": "prom"}}),
            "prometheus:9090",
            "alertmanager:9093",
        ),
        (
            services(prometheus={"image": "prom/prometheus"}, msteams={"image": "x/prometheus-msteams"}),
            "prometheus:9090",
            "",
        ),
        (
            services(alertmanager={"image": "prom/alertmanager"}, to={"image": "x/alertmanager-discord"}),
            "",
            "alertmanager:9093",
        ),
        (
            services(**{"prometheus": {"image": "prom/prometheus"}, "prometheus-init": {"image": "busybox"}}),
            "prometheus:9090",
            "",
        ),
        (
            services(
                **{
                    "alertmanager": {"image": "prom/alertmanager"},
                    "alertmanager-ntfy": {"image": "x/alertmanager-ntfy"},
                }
            ),
            "",
            "alertmanager:9093",
        ),
        (services(prom={"build": {"context": "."}, "command": "prometheus --config.file=x"}), "prom:9090", ""),
    ],
)
def test_prometheus_and_alertmanager_are_known_by_image_name_or_command(
    config: dict[str, Any], prometheus: str, alertmanager: str
) -> None:
    found = find_monitoring(config)
    assert (found.prometheus, found.alertmanager) == (prometheus, alertmanager)
    assert bool(found.why) == (not prometheus or not alertmanager)


def test_of_several_that_could_be_meant_the_hint_can_be_copied_into_the_drill() -> None:
    why = find_monitoring(services(one={"image": "prom/prometheus"}, two={"image": "prom/prometheus"})).why
    assert "one and two could be prometheus: name one, such as stack: {observe: {prometheus: one:9090}}" in why
    assert monitor("one:9090") == "one:9090"


def test_the_drill_states_it_or_switches_it_off() -> None:
    config = services(a={"image": "prom/prometheus"}, b={"image": "x", "command": ["--web.route-prefix=/deep/"]})
    stated = find_monitoring(config, "b:80", "off")
    assert (stated.prometheus, stated.alertmanager) == ("b:80", "")
    assert stated.prefix == {"prometheus": "/deep"}
    assert "switched off" in stated.why
    assert "no service of it" in find_monitoring(config, "c:80").why


def test_every_alertmanager_is_known_whichever_is_looked_at() -> None:
    config = services(
        a={"image": "prom/alertmanager"},
        b={"image": "prom/alertmanager", "command": ["--web.route-prefix=/am", "--web.listen-address=:80"]},
        c={"image": "x"},
    )
    assert find_monitoring(config).alertmanagers == {"a:9093": "", "b:80": "/am"}
    assert set(find_monitoring(config, alertmanager="c:9").alertmanagers) == {"a:9093", "b:80", "c:9"}
    off = find_monitoring(config, alertmanager="off")
    assert (len(off.alertmanagers), off.asked) == (2, ())


CONFIG = """
global: {smtp_smarthost: "mail.example:587"}
route:
  receiver: board
  group_wait: 5s
  routes:
    - {receiver: oncall, group_wait: 1s, group_interval: 10s, routes: [{receiver: oncall, group_wait: 20s}]}
    - {receiver: others}
receivers:
  - {name: oncall, webhook_configs: [{url: "http://pager.example.test/v1/pages?token=secret"}]}
  - {name: board, webhook_configs: [{url: "http://board.example.test:8081/"}]}
  - name: others
    webhook_configs:
      - {url: "https://safe.example/"}
      - {url: "http://10.0.0.7/"}
      - {url: "http://bridge:9000/"}
      - {url: "http://pinned.example/"}
      - {url_file: /run/secrets/url}
    slack_configs: [{channel: "#ops", api_url: "https://hooks.slack.com/services/T/B/x"}]
    pagerduty_configs: [{service_key: x}]
    email_configs: [{to: a@example}]
  - {name: nobody}
"""


def test_http_receivers_are_seen_and_every_other_says_what_would_make_it_so() -> None:
    found = paging(CONFIG, own=("bridge",), pinned=("pinned.example",))
    seen = {(r.receiver, r.kind, r.url): r for r in found.receivers}
    assert {r.receiver for r in found.receivers if r.observable} == {"oncall", "board"}
    assert all(r.why for r in found.receivers if not r.observable)
    assert "secret" not in "".join(r.url for r in found.receivers)
    whys = " ".join(r.why for r in seen.values())
    for word in (
        "https://",
        "address 10.0.0.7",
        "service of the stack",
        "extra_hosts",
        "in a file",
        "kind slack",
        "kind email",
    ):
        assert word in whys, word


def test_every_host_that_pages_could_go_to_leads_to_the_mailbox_and_what_cannot_is_said() -> None:
    found = paging(CONFIG, own=("bridge",), pinned=("pinned.example",))
    assert found.hosts is not None
    assert set(found.hosts) == {
        "pager.example.test", "board.example.test", "safe.example", "hooks.slack.com", "events.pagerduty.com", "mail.example",
    }  # fmt: skip
    assert found.ports == (80, 8081)
    leaks = " ".join(found.leaking)
    assert "10.0.0.7" in leaks
    assert "pinned.example" in leaks
    assert "in a file" in leaks
    assert "bridge" not in leaks


def test_the_least_wait_of_the_routes_to_a_receiver_counts() -> None:
    waits = {r.receiver: (r.group_wait_s, r.group_interval_s) for r in paging(CONFIG).receivers}
    assert waits["oncall"] == (1.0, 10.0)
    assert waits["board"] == (5.0, 300.0)
    assert waits["nobody"] == (30.0, 300.0)


@pytest.mark.parametrize("text", ["a: [", "just text", "receivers: 3"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"YAML|receivers"):
        paging(text)


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("/etc/prometheus/file_sd/*.json", "/etc/prometheus/file_sd/drill.json"),
        ("file_sd/*.yml", "/etc/prometheus/file_sd/drill.yml"),
        ("/etc/targets/drill*.yaml", "/etc/targets/drill.yaml"),
        ("/etc/targets/fixed.json", ""),
        ("/etc/*/targets.json", ""),
    ],
)
def test_a_target_file_goes_where_prometheus_would_read_a_new_one(pattern: str, place: str) -> None:
    text = yaml.safe_dump({"scrape_configs": [{"job_name": "x", "file_sd_configs": [{"files": [pattern]}]}]})
    assert target_place(text, "/etc/prometheus/prometheus.yml") == place


def test_the_drill_may_state_the_folder_and_without_any_there_is_no_place() -> None:
    assert target_place("", "/etc/prometheus.yml", "/targets") == "/targets/drill.json"
    assert target_place("scrape_configs: []", "/etc/prometheus.yml") == ""
    assert target_place("a: [", "/etc/prometheus.yml") == ""


DRILL = """
drill: d
stack: {compose: [compose.yaml], observe: {alertmanager: "am:9093"}}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 5/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%STEADY]}
phases:
  - name: calm
    for: 30s
    expect:
      - alert_fires: {alert: Slow, within: 10s}
      - page_sent: {alert: Slow}
      - alert_quiet: {alert: "*"}
expect: [{metric_stays: {query: up, above: 0}}]
abort: {any: [errors > 50%GUARD], max_duration: 5m}
"""

NOTHING = {"prometheus": "", "alertmanager": "", "why": "no service of it is known to be prometheus"}


@pytest.fixture
def drill(tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text("from locust import HttpUser, task\n")

    def made(steady: str = "", guard: str = "") -> Any:
        return parse_text(DRILL.replace("STEADY", steady).replace("GUARD", guard), file=tmp_path / "d.yaml", env={})

    return made


def test_claims_that_a_stack_without_prometheus_leaves_open_are_said_at_plan_time_and_nothing_is_refused(
    drill: Callable[..., Any],
) -> None:
    plan = make_plan(drill(), monitoring=NOTHING)
    said = [problem.what for problem in plan.problems if "will be inconclusive" in problem.what]
    assert len(said) == 4
    assert all("no service of it is known" in text for text in said)
    assert not plan.errors
    here = {"prometheus": "p:9090", "alertmanager": "a:9093", "why": ""}
    assert not [p for p in make_plan(drill(), monitoring=here).problems if "inconclusive" in p.what]
    assert not [p for p in make_plan(drill()).problems if "inconclusive" in p.what]


def test_a_gate_and_a_guard_that_need_prometheus_are_refused_without_one(drill: Callable[..., Any]) -> None:
    made = drill(", no alert firing except Watchdog", ', "promql: up == 0 for 5s"')
    assert str(made.steady.quiet) == "no alert firing except Watchdog"
    assert [str(guard) for guard in made.abort.any] == ["errors > 50%", "promql: up == 0 for 5s"]
    errors = [problem.what for problem in make_plan(made, monitoring=NOTHING).errors]
    assert any("could never hold" in text for text in errors)
    assert any("could never be asked" in text for text in errors)
    assert not make_plan(made).errors


def test_a_steady_state_is_about_requests_too(drill: Callable[..., Any], tmp_path: Path) -> None:
    text = DRILL.replace("[errors < 1%STEADY]", "[no alert firing]").replace("GUARD", "")
    with pytest.raises(Invalid, match="condition on requests"):
        parse_text(text, file=tmp_path / "d.yaml", env={})


@pytest.mark.parametrize("text", ["prometheus", "prometheus:", ":9090", "http://p:9090"])
def test_a_place_of_monitoring_is_a_service_and_its_port(drill: Callable[..., Any], tmp_path: Path, text: str) -> None:
    wrong = DRILL.replace("am:9093", text).replace("STEADY", "").replace("GUARD", "")
    with pytest.raises(Invalid, match="service and its container port"):
        parse_text(wrong, file=tmp_path / "d.yaml", env={})
