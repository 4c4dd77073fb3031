"""The clients of Prometheus and Alertmanager against servers that answer as they do, as they should not, or not at all."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.errors import NotApplied
from harness.quantities import go_duration_s
from harness.world.alertmanager import Alertmanager
from harness.world.jsonapi import JsonApi, on_axis, unix_s
from harness.world.metrics import Prometheus


class AtTen:
    """A clock that stands at 10 s of the run, which is 1000 s of the wall clock."""

    def now_s(self) -> float:
        return 10.0

    def wall_s(self) -> float:
        return 1000.0

    def wait_until(self, at_s: float) -> None:
        raise AssertionError("nothing waits here")


@dataclass
class Server:
    """Answers each path with (status, body); remembers what was asked."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)
    slow_s: float = 0.0


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            told.asked.append((parts.path, parse_qs(parts.query)))
            status, body = told.answers.get(parts.path, (404, {"error": "no such path"}))
            time.sleep(told.slow_s)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = ("127.0.0.1", httpd.server_address[1])
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    yield told
    httpd.shutdown()
    httpd.server_close()


def success(data: Any, **more: Any) -> tuple[int, Any]:
    return 200, {"status": "success", "data": data, **more}


def prometheus(server: Server, prefix: str = "") -> Prometheus:
    return Prometheus(server.address, AtTen(), prefix)


def test_an_instant_query_comes_back_on_the_runs_axis_with_its_warnings(server: Server) -> None:
    result = [{"metric": {"job": "api"}, "value": [998.5, "0.25"]}, {"metric": {}, "value": [998.5, "NaN"]}]
    server.answers["/api/v1/query"] = success({"resultType": "vector", "result": result}, warnings=["w"], infos=["i"])
    answer = prometheus(server).query('up{job="api"}')
    assert [(dict(one.labels), one.points) for one in answer.series] == [
        ({"job": "api"}, ((8.5, 0.25),)),
        ({}, ((8.5, None),)),
    ]
    assert answer.warnings == ("w", "i")
    assert server.asked == [("/api/v1/query", {"query": ['up{job="api"}']})]


def test_a_scalar_is_one_series_and_a_matrix_has_its_raw_samples(server: Server) -> None:
    server.answers["/api/v1/query"] = success({"resultType": "scalar", "result": [999, "+Inf"]})
    assert prometheus(server).query("1/0").series[0].points == ((9.0, float("inf")),)
    matrix = {"resultType": "matrix", "result": [{"metric": {}, "values": [[990, "1"], [992, "2"]]}]}
    server.answers["/api/v1/query_range"] = success(matrix)
    assert prometheus(server).query_range("a", 990, 1000, 2).series[0].points == ((0.0, 1.0), (2.0, 2.0))


def test_raw_samples_keep_the_stamps_of_their_scrapes(server: Server) -> None:
    result = [
        {"metric": {"job": "api"}, "values": [[998.501, "3"], [1000.5, "NaN"]]},
        {"metric": {"job": "native"}, "histograms": [[998.501, {}]]},
    ]
    server.answers["/api/v1/query"] = success({"resultType": "matrix", "result": result})
    (one, native) = prometheus(server).samples('x{job="api"}', 12.2)
    assert one[0] == {"job": "api"}
    assert [ms for ms, _ in one[1]] == [998_501, 1_000_500]
    assert one[1][0][1] == 3
    assert math.isnan(one[1][1][1])
    assert native[1] == [], "a native histogram has no samples that are numbers"
    assert server.asked[-1][1] == {"query": ['x{job="api"}[13s]']}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected"}), "parse error"),
        ((503, b"starting up"), "starting up"),
        ((200, b"<html>"), "as Prometheus does"),
        ((200, {"status": "success", "data": {"resultType": "string", "result": [1, "x"]}}), "gives a string"),
        ((200, []), "as Prometheus does"),
    ],
)
def test_whatever_else_comes_is_refused_with_the_servers_own_words(
    server: Server, answer: tuple[int, Any], said: str
) -> None:
    server.answers["/api/v1/query"] = answer
    with pytest.raises(NotApplied, match=said):
        prometheus(server).query("up")


def test_a_server_that_is_gone_or_too_slow_is_not_applied_and_not_ready(server: Server) -> None:
    with pytest.raises(NotApplied, match="does not answer"):
        Prometheus(("127.0.0.1", 1), AtTen()).query("up")
    server.answers["/-/ready"] = (200, b"ready")
    prometheus(server).ready()
    server.answers["/-/ready"] = (503, b"not yet")
    with pytest.raises(NotApplied, match="503: not yet"):
        prometheus(server).ready()
    server.slow_s = 0.5
    with pytest.raises(NotApplied, match="does not answer"):
        JsonApi("Prometheus", server.address, timeout_s=0.1).get("/-/ready")


def test_the_environments_proxy_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answers["/-/ready"] = (200, b"ready")
    prometheus(server).ready()


RULES = {
    "groups": [
        {
            "name": "g",
            "file": "/etc/rules.yml",
            "interval": 15,
            "rules": [
                {
                    "state": "firing",
                    "name": "Slow",
                    "query": "p95 > 1",
                    "duration": 20,
                    "keepFiringFor": 5,
                    "labels": {"severity": "page"},
                    "annotations": {"description": "{{ $value }}"},
                    "alerts": [
                        {
                            "labels": {"alertname": "Slow", "service": "api"},
                            "state": "firing",
                            "activeAt": "1970-01-01T00:16:20.5Z",
                            "value": "1.5e+00",
                        }
                    ],
                    "health": "ok",
                    "lastEvaluation": "1970-01-01T00:16:35.250000000Z",
                    "type": "alerting",
                }
            ],
        }
    ]
}


def test_rules_and_alerts_are_read_with_their_waits_and_the_evaluations_own_time(server: Server) -> None:
    server.answers["/api/v1/rules"] = success(RULES)
    read = prometheus(server).rules()
    (rule,) = read.rules
    assert (rule.rule, rule.for_s, rule.keep_firing_s, rule.interval_s, rule.evaluated_s) == ("Slow", 20, 5, 15, 5.25)
    assert rule.annotations == {"description": "{{ $value }}"}
    (alert,) = read.alerts
    assert (alert.state, alert.labels, alert.active_s, alert.at_s) == ("firing", {"service": "api"}, -9.5, 5.25)
    assert alert.value == 1.5
    assert server.asked == [("/api/v1/rules", {})]


def test_what_fired_between_two_looks_is_read_from_the_series_of_alerts(server: Server) -> None:
    metric = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "service": "api"}
    result = [{"metric": metric, "values": [[991, "1"], [992, "1"]]}]
    server.answers["/api/v1/query"] = success({"resultType": "matrix", "result": result})
    found = prometheus(server).alerts_since(4.2)
    assert [(one.alert, one.state, one.labels, one.at_s) for one in found] == [
        ("Slow", "firing", {"service": "api"}, 1.0),
        ("Slow", "firing", {"service": "api"}, 2.0),
    ]
    assert server.asked[0][1] == {"query": ["ALERTS[5s]"]}


def test_a_metric_is_described_by_its_own_name_or_its_familys(server: Server) -> None:
    server.answers["/api/v1/metadata"] = success({"seconds": [{"type": "histogram", "help": "", "unit": ""}]})
    assert prometheus(server).described("seconds_bucket")
    assert server.asked[-1][1] == {"metric": ["seconds_bucket"]}
    server.answers["/api/v1/metadata"] = success({})
    assert not prometheus(server).described("seconds_bucket")
    assert server.asked[-1][1] == {"metric": ["seconds"]}


def test_the_names_of_all_metrics_are_told(server: Server) -> None:
    server.answers["/api/v1/label/__name__/values"] = success(["up", "waiting"])
    assert prometheus(server).metrics() == ("up", "waiting")


def test_targets_tell_their_health_and_interval_under_a_prefix(server: Server) -> None:
    target = {
        "labels": {"job": "api", "instance": "api:80"},
        "health": "down",
        "lastError": "refused",
        "scrapeInterval": "1m30s",
        "lastScrapeDuration": 0.02,
    }
    server.answers["/deep/api/v1/targets"] = success({"activeTargets": [target]})
    (seen,) = prometheus(server, "/deep").targets()
    assert (seen.job, seen.health, seen.interval_s, seen.took_s, seen.error) == ("api", "down", 90.0, 0.02, "refused")


@pytest.mark.parametrize(
    ("page", "expr"),
    [
        ("http://p:9090/graph?g0.expr=up+%3D%3D%0A++0&g0.tab=1", "up == 0"),
        ("http://p:9090/graph?g0.expr=a%7Bb%3D%22%26%22%7D&g0.tab=1", 'a{b="&"}'),
        ("http://loki:3100/explore?left=x", ""),
        ("http://[p", ""),
        (None, ""),
    ],
)
def test_alertmanager_tells_the_expression_that_an_alerts_page_shows(
    server: Server, page: str | None, expr: str
) -> None:
    held = {"labels": {"alertname": "Slow"}, "fingerprint": "f", "status": {}, "generatorURL": page}
    server.answers["/api/v2/alerts"] = (200, [held])
    assert [one.expr for one in Alertmanager(server.address).alerts()] == [expr]


def test_alertmanager_tells_who_is_meant_to_hear_and_what_is_kept_quiet(server: Server) -> None:
    server.answers["/api/v2/alerts"] = (
        200,
        [
            {
                "labels": {"alertname": "Slow", "service": "api"},
                "fingerprint": "f1",
                "receivers": [{"name": "oncall"}],
                "status": {"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []},
            }
        ],
    )
    server.answers["/api/v2/silences"] = (
        200,
        [
            {
                "id": "s1",
                "status": {"state": "active"},
                "matchers": [
                    {"name": "service", "value": "a.*", "isRegex": True, "isEqual": True},
                    {"name": "env", "value": "dev", "isRegex": False, "isEqual": False},
                ],
                "createdBy": "me",
                "comment": "work",
            }
        ],
    )
    server.answers["/api/v2/status"] = (200, {"config": {"original": "route: {}"}})
    alertmanager = Alertmanager(server.address)
    (routed,) = alertmanager.alerts()
    assert (routed.alert, routed.state, routed.receivers, routed.silenced_by) == (
        "Slow",
        "suppressed",
        ("oncall",),
        ("s1",),
    )
    (silence,) = alertmanager.silences()
    assert (silence.state, silence.matchers) == ("active", ('service=~"a.*"', 'env!="dev"'))
    assert alertmanager.config() == "route: {}"
    server.answers["/api/v2/alerts"] = (200, {"not": "a list"})
    with pytest.raises(NotApplied, match="as Alertmanager does"):
        alertmanager.alerts()


def grouped(receiver: str, fingerprint: str, *muted_by: str) -> dict[str, Any]:
    alert = {"fingerprint": fingerprint, "status": {"state": "suppressed", "mutedBy": list(muted_by)}}
    return {"receiver": {"name": receiver}, "alerts": [alert]}


def test_what_a_time_interval_mutes_is_read_from_the_groups(server: Server) -> None:
    """As Alertmanager 0.28.1 answers: the alert itself stays active, and only its groups tell."""
    status = {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    held = [{"labels": {"alertname": "Slow"}, "fingerprint": name, "status": status} for name in ("f1", "f2")]
    server.answers["/api/v2/alerts"] = (200, held)
    server.answers["/api/v2/status"] = (200, {"config": {"original": "mute_time_intervals: []"}})
    server.answers["/api/v2/alerts/groups"] = (
        200,
        [
            grouped("oncall", "f1", "weekend"),
            grouped("oncall", "f1", "night"),
            grouped("board", "f1", "weekend"),
            grouped("board", "f1"),
            grouped("oncall", "f2"),
        ],
    )
    alertmanager = Alertmanager(server.address)
    one, two = alertmanager.alerts()
    assert (one.state, one.muted, two.muted) == ("active", {"oncall": "night, weekend"}, {})
    assert one.mutes_told
    server.answers["/api/v2/alerts/groups"] = (500, "no")
    assert [(seen.muted, seen.mutes_told) for seen in alertmanager.alerts()] == [({}, False)] * 2


def test_without_time_intervals_the_groups_are_not_asked_for(server: Server) -> None:
    status = {"state": "active", "mutedBy": []}
    server.answers["/api/v2/alerts"] = (200, [{"labels": {"alertname": "Slow"}, "fingerprint": "f", "status": status}])
    server.answers["/api/v2/status"] = (200, {"config": {"original": "route: {receiver: a}"}})
    (seen,) = Alertmanager(server.address).alerts()
    assert (seen.muted, seen.mutes_told) == ({}, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T01:00:01.250000001+01:00", 1.250000001),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
def test_times_are_read_as_go_writes_them(text: str | None, value: float | None) -> None:
    assert unix_s(text) == value


def test_a_zero_time_has_no_place_on_the_axis() -> None:
    assert on_axis(AtTen(), None) is None
    assert on_axis(AtTen(), 999.0) == 9.0


@pytest.mark.parametrize(
    ("text", "value"), [("1m30s", 90.0), ("500ms", 0.5), ("1d2h", 93600.0), ("0s", 0.0), ("", 0.0), (None, 0.0)]
)
def test_durations_are_read_as_prometheus_writes_them(text: str | None, value: float) -> None:
    assert go_duration_s(text) == value
