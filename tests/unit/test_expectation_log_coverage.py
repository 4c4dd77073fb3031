"""log_coverage: a stub service with switches. Each defect lowers exactly its own coverage, and has its own reason."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import facts as f
from harness.expectations.base import Evidence, Line, Reach, Steady
from harness.expectations.log_coverage import LogCoverage
from harness.expectations.logs import PROBE
from harness.faults.latency import Latency
from harness.ledger import request_id, traceparent
from harness.masking import Secret
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
RUN = "0123abcd"
FAULT = Latency(edge="api->postgres", delay="400ms", id="hurt/latency")


@dataclass(frozen=True)
class Stub:
    """A service that answers 200 for ten seconds and then 503 because its database is gone, and the switches of its log."""

    ids: bool = True
    errors: bool = True
    generic: bool = False
    blames: str = "postgres"
    form: str = "json"
    once: int = 1
    access: bool = True

    def lines(self, number: int, at_s: float, status: int) -> list[Line]:
        told = {"request_id": request_id(RUN, 0, number)} if self.ids else {}
        found = []
        if self.access:
            found.append({"level": "INFO", "message": f"POST /checkout {status}", **told})
        if status >= 500 and self.errors:
            error: dict[str, Any] = {"level": "ERROR", "message": "request failed", **told}
            if not self.generic:
                error |= {"message": f"{self.blames or 'it'} is unavailable", "cause": "PoolTimeout: no connection"}
            if self.blames:
                error["dependency"] = self.blames
            found += [error] * self.once
        return [Line("api", "api-1", at_s + 0.01 * i, self.text(line)) for i, line in enumerate(found)]

    def text(self, line: dict[str, Any]) -> str:
        if self.form == "json":
            return json.dumps(line)
        if self.form == "logfmt":
            return " ".join(f'{key}="{value}"' for key, value in line.items())
        rest = " ".join(f"[{line[key]}]" for key in ("request_id",) if key in line)
        why = f": {line['cause']} ({line.get('dependency', '')})" if "cause" in line else ""
        return f"2026-11-28 20:00:00,123 {line['level']} {rest} {line['message']}{why}"


@dataclass
class Run:
    """Requests before (0–10 s) and in the phase (10–20 s), a fault on api->postgres all through it; logs followed to 80 s."""

    stub: Stub = field(default_factory=Stub)
    status: int = 503
    rate: int = 20
    fault: bool = True
    more: list[f.Fact] = field(default_factory=list)
    extra: list[Line] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    until_s: int = 80
    secrets: Sequence[Secret] | None = ()
    followed: bool = True
    door: str = "api"
    version: str = ""

    def check(self, shuffle: int | None = None, over: bool = True, **options: Any) -> Finding:
        rows, lines = [], list(self.extra)
        for number in range(20 * self.rate):
            at_s = number / self.rate
            status = 200 if at_s < 10 else self.status
            rows.append(
                {
                    "at_s": at_s,
                    "outcome": "ok" if status < 400 else "5xx",
                    "status": status,
                    "endpoint": "POST /checkout",
                    "version": self.version,
                }
            )
            lines += self.stub.lines(number, at_s, status)
        rows += self.rows
        if shuffle is not None:
            random.Random(shuffle).shuffle(lines)
        return LogCoverage.model_validate(options).check(
            Evidence(
                journal_of(*self.facts()),
                rows_of(rows),
                WrittenLogs(lines, self.secrets),
                Steady(10.0, ()),
                phase="hurt",
                faults={FAULT.id: FAULT} if self.fault else {},
                against=self.door,
                over=over,
            )
        )

    def facts(self) -> list[f.Fact]:
        hurt: list[f.Fact] = [
            f.Injecting(fault=FAULT.id, kind="latency", target="api->postgres", planned_s=10, seen_s=9.9),
            f.Injected(fault=FAULT.id, begun_s=9.9, seen_s=9.95),
            f.Mended(fault=FAULT.id, begun_s=20.0, seen_s=20.1),
        ]
        services = ("api", "postgres", "redis", "payments")
        return [
            f.Opened(drill="d", run=RUN, wall_unix_s=1e9, monotonic_ns=0),
            *(f.ContainerSeen(service=name, container=f"{name}-1", status="running", seen_s=0.1) for name in services),
            f.EdgeFound(edge="api->postgres", address="10.0.0.1", names=("postgres", "orders-db")),
            f.EdgeFound(edge="api->redis", address="10.0.0.2"),
            f.EdgeFound(edge="api->payments", address="10.0.0.3"),
            f.LoadBegan(begins_s=0.0, seen_s=0.0),
            *(f.LoadSampled(cpu_ratio=0.1, late_ms=0, due=1, dropped=0, seen_s=float(s)) for s in range(1, 25)),
            f.LoadEnded(clean=True, ended_s=22.0, seen_s=24.0),
            f.PhaseBegan(phase="hurt", seen_s=10.0),
            f.PhaseEnded(phase="hurt", seen_s=20.0),
            *(hurt if self.fault else []),
            *(
                f.Looked(probe=PROBE, target=f"{name}-1", seen_s=float(s))
                for s in range(1, self.until_s)
                for name in services
                if self.followed
            ),
            *self.more,
        ]


def shares(finding: Finding) -> list[float]:
    """The shares that the finding tells: found, with cause, naming, accusing."""
    return [float(said.partition("(")[2].partition("%")[0]) for what, said in finding.details if what == "share"]


@pytest.mark.parametrize("form", ["json", "logfmt", "plain"])
def test_an_honest_service_passes_in_each_format(form: str) -> None:
    finding = Run(Stub(form=form)).check()
    assert finding.outcome is PASSED, finding.because
    assert shares(finding) == [100, 100, 100, 0]
    assert "of 200 failed requests 200 (100%) are found by their ids" in finding.because
    assert "one reads 2 lines in the median" in finding.because


SWITCHES = [
    (Stub(ids=False), "no_id", [0, 0, 0, 0]),
    (Stub(errors=False), "only_access_log", [100, 0, 0, 0]),
    (Stub(generic=True), "generic", [100, 0, 100, 0]),
    (Stub(blames=""), "no_dependency", [100, 100, 0, 0]),
    (Stub(blames="redis"), "wrong_dependency", [100, 100, 0, 100]),
]


@pytest.mark.parametrize(("stub", "reason", "expected"), SWITCHES, ids=[reason for _, reason, _ in SWITCHES])
@pytest.mark.parametrize("form", ["json", "logfmt", "plain"])
def test_each_switch_lowers_exactly_its_coverage(stub: Stub, reason: str, expected: list[float], form: str) -> None:
    if form == "plain" and reason == "generic":
        expected = [100, 0, 0, 0]  # without fields a general message names nobody either
    import dataclasses

    finding = Run(dataclasses.replace(stub, form=form)).check()
    assert (finding.outcome, finding.reason) == (FAILED, reason), finding.because
    assert shares(finding) == expected


def test_a_worker_that_drops_the_context_is_found_only_by_its_access_line() -> None:
    lost = Stub(errors=False)
    apart = [
        Line("api", "api-1", 10 + i / 20, '{"level":"ERROR","message":"x","cause":"PoolTimeout"}') for i in range(200)
    ]
    assert Run(lost, extra=apart).check().reason == "only_access_log"


def test_the_order_of_the_lines_does_not_matter() -> None:
    for stub in (Stub(), *(stub for stub, _, _ in SWITCHES)):
        plain = Run(stub).check(quiet_success=True)
        assert all(Run(stub).check(seed, quiet_success=True) == plain for seed in (1, 2))


def test_requests_in_hand_when_the_service_is_killed_and_its_output_was_buffered_are_a_lost_log() -> None:
    """The rows from 400 on were in hand at the kill at 15 s; from 15 to 16 s all are refused, and exempt."""
    died = [
        f.ContainerChanged(service="api", container="api-1", event="kill", seen_s=15.0, happened_s=15.0),
        f.ContainerChanged(service="api", container="api-1", event="start", seen_s=16.0, happened_s=16.0),
    ]
    hand = [{"at_s": 14.8, "took_ms": 201, "outcome": "conn", "endpoint": "POST /checkout"} for _ in range(30)]
    refused = [
        {"at_s": 15.5, "took_ms": 1, "outcome": "conn", "endpoint": "POST /checkout", "unreached": True}
        for _ in range(7)
    ]
    finding = Run(rows=[*hand, *refused], more=died).check()
    assert (finding.outcome, finding.reason) == (FAILED, "lost_log")
    assert "200 (86.96%) are found by their ids" in finding.because


def test_a_connection_that_broke_just_before_docker_said_that_its_container_died_was_in_hand() -> None:
    died = [f.ContainerChanged(service="api", container="api-1", event="die", seen_s=15.1, happened_s=15.1)]
    hand = [{"at_s": 14.8, "took_ms": 201, "outcome": "conn", "endpoint": "POST /checkout"} for _ in range(30)]
    finding = Run(rows=hand, more=died).check()
    assert (finding.outcome, finding.reason) == (FAILED, "lost_log")


def test_requests_in_hand_of_a_replica_that_dies_while_another_one_is_away_are_a_lost_log_too() -> None:
    died = [
        f.ContainerChanged(service="api", container=name, event=event, seen_s=at_s, happened_s=at_s)
        for name, event, at_s in (("api-1", "die", 14.0), ("api-2", "die", 15.0), ("api-1", "start", 15.5))
    ]
    hand = [{"at_s": 14.8, "took_ms": 201, "outcome": "conn", "endpoint": "POST /checkout"} for _ in range(30)]
    finding = Run(rows=hand, more=died).check()
    assert (finding.outcome, finding.reason) == (FAILED, "lost_log")


def test_refused_connections_are_exempt_and_said() -> None:
    refused = [{"at_s": 12.0, "took_ms": 1, "outcome": "conn", "unreached": True} for _ in range(9)]
    finding = Run(rows=refused).check()
    assert finding.outcome is PASSED
    assert "9 more never reached the service" in finding.because


def test_a_broken_connection_without_a_line_leaves_it_open() -> None:
    finding = Run(rows=[{"at_s": 12.0, "took_ms": 90, "outcome": "conn"}]).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unknown_reach")


def test_without_a_failed_request_there_is_nothing_to_look_for() -> None:
    finding = Run(status=200).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "none_failed")
    assert "a fault that makes requests fail" in finding.decide


def test_a_log_that_nobody_followed_decides_nothing() -> None:
    assert Run(followed=False).check().reason == "not_watched"
    assert Run(Stub(ids=False), followed=False).check().outcome is not PASSED


def test_lines_that_may_still_come_leave_it_open_but_what_was_found_stands() -> None:
    assert Run(Stub(ids=False), until_s=30).check().reason == "window_open"
    late = Run(until_s=30).check()
    assert (late.outcome, late.reason) == (UNKNOWN, "window_open")  # somebody else may yet be accused
    assert Run(until_s=30).check(false_blame="100%").outcome is PASSED


def test_trace_ids_are_ids_too() -> None:
    lines = [
        Line("api", "api-1", 10 + i / 20, f'{{"level":"error","trace_id":"{traceparent(RUN, 0, 200 + i)[3:35]}",'
             '"msg":"cannot query","error":{"type":"OperationalError"},"server.address":"orders-db"}')
        for i in range(200)
    ]  # fmt: skip
    finding = Run(Stub(ids=False), extra=lines).check()
    assert finding.outcome is PASSED, finding.because


def test_another_runs_ids_and_longer_numbers_are_not_ours() -> None:
    wrong = [
        Line("api", "api-1", 12, f"ERROR drill-{'f' * 8}-0-240 x"),
        Line("api", "api-1", 12, f"ERROR drill-{RUN}-0-24000000"),
    ]
    assert shares(Run(Stub(ids=False), extra=wrong).check())[0] == 0


def test_a_stack_trace_belongs_to_its_line() -> None:
    trace = "\n".join(
        [
            "",
            "Traceback (most recent call last):",
            '  File "x.py", line 1, in f',
            "psycopg.OperationalError: postgres is gone",
        ]
    )
    lines = [
        Line("api", "api-1", 10 + i / 20, f"ERROR [{request_id(RUN, 0, 200 + i)}] failed{trace}") for i in range(200)
    ]
    finding = Run(Stub(errors=False), extra=lines).check()
    assert finding.outcome is PASSED, finding.because
    assert "one reads 5 lines in the median" in finding.because


def test_who_stands_on_the_way_may_be_named_too() -> None:
    lines = [
        Line(
            "payments",
            "payments-1",
            12,
            f'{{"level":"WARN","request_id":"{request_id(RUN, 0, n)}","peer.service":"api"}}',
        )
        for n in range(200, 400)
    ]
    assert shares(Run(extra=lines).check())[3] == 0


def test_without_a_fault_every_accusation_is_false() -> None:
    finding = Run(fault=False).check()
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_dependency")


def test_own_fields_and_aliases_name_too() -> None:
    lines = [
        Line("api", "api-1", 10 + i / 20, json.dumps({"level": "ERROR", "id": request_id(RUN, 0, 200 + i), "cause": "refused", "backend": "pg-primary:5432"}))
        for i in range(200)
    ]  # fmt: skip
    stub = Stub(errors=False)
    assert Run(stub, extra=lines).check().reason == "no_dependency"
    finding = Run(stub, extra=lines).check(blames=["backend"], aliases={"postgres": ["pg-primary"]})
    assert finding.outcome is PASSED, finding.because


def test_a_storm_of_lines_is_one() -> None:
    finding = Run(Stub(once=60)).check()
    assert (finding.outcome, finding.reason) == (FAILED, "log_storm")
    assert "×59.3 of the usual" in dict(finding.details)["lines a request"]
    assert dict(finding.details)["error lines a request"] == "0 of 200 have exactly one, 200 more than one (no limit)"


LEAKS = [
    ("authorization: Bearer abcdefghij0123456789.klm", "bearer token"),
    ("connecting to postgresql://shop:hunter2secret@db:5432/shop", "password in a URL"),
    ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
    ("card 4539 5787 6362 1486 declined", "card number"),
    ("key AKIAIOSFODNN7EXAMPLE used", "AWS access key"),
    ("login with s3cr3t-of-the-stack failed", "value of DB_PASSWORD"),
]


@pytest.mark.parametrize(("text", "kind"), LEAKS)
def test_a_secret_in_the_log_fails_whatever_else_and_is_never_shown(text: str, kind: str) -> None:
    own = (Secret("DB_PASSWORD", "s3cr3t-of-the-stack"),)
    finding = Run(extra=[Line("api", "api-1", 12.0, text)], secrets=own, followed=False).check()
    assert (finding.outcome, finding.reason, finding.census) == (FAILED, "secret_logged", True)
    assert f"1× {kind} by api" in finding.because
    assert "hunter2" not in repr(finding)
    assert "4539" not in repr(finding)
    assert "s3cr3t" not in repr(finding) + repr(own)
    assert not any(cite.startswith("log ") for cite in finding.cites)


def test_numbers_that_look_like_cards_by_chance_are_none() -> None:
    fine = [
        "took 0.4111111111111111 s",
        "at 1764360000123456",
        "order 4111111111111112",
        "trace a4111111111111111",
        "postgres://u:***@db/x",
        "postgres://u:[REDACTED]@db/x",
        "redis://:%2A%2A%2A@redis:6379",
    ]
    assert Run(extra=[Line("api", "api-1", 12.0, text) for text in fine]).check().outcome is PASSED


def test_what_succeeds_must_be_quiet_when_asked() -> None:
    rows = [{"at_s": 12.0, "endpoint": "POST /checkout"}]
    loud = [Line("api", "api-1", 12.0, f"ERROR drill-{RUN}-0-400 but it went well with postgres down: X")]
    assert Run(rows=rows, extra=loud).check().outcome is PASSED
    finding = Run(rows=rows, extra=loud).check(quiet_success=True)
    assert (finding.outcome, finding.reason) == (FAILED, "noisy_success")
    assert "row 0:400" in finding.cites


def test_a_line_must_say_that_it_is_back_when_asked() -> None:
    assert Run().check(recovery_line=True).reason == "no_recovery_line"
    back = [Line("api", "api-1", 24.0, '{"level":"INFO","message":"postgres is available again"}')]
    assert Run(extra=back).check(recovery_line=True).outcome is PASSED
    early = [Line("api", "api-1", 12.0, '{"level":"INFO","message":"postgres is available again"}')]
    assert Run(extra=early).check(recovery_line=True).reason == "no_recovery_line"


def test_three_requests_and_how_to_look_for_them_are_told() -> None:
    finding = Run(Stub(ids=False)).check()
    told = dict(finding.details)
    assert told["requests"] == ", ".join(request_id(RUN, 0, n) for n in (200, 201, 202))
    assert told["query"].startswith(f"grep -hE '{request_id(RUN, 0, 200)}|{traceparent(RUN, 0, 200)[3:35]}'")
    assert [cite for cite in finding.cites if cite.startswith("row")] == ["row 0:200", "row 0:201", "row 0:202"]


def test_a_service_that_is_not_there_is_refused_at_plan_time() -> None:
    reach = Reach(window_s=10, arrivals=10, timeout_s=10, services=("api",))
    assert "no service 'web'" in LogCoverage(services=("api", "web")).undecidable(reach)


def test_a_plan_tells_how_long_lines_are_waited_for_and_how_much_of_that_the_run_gives() -> None:
    reach = Reach(window_s=20, arrivals=200, timeout_s=10, services=("api",), after_s=12.0)
    assert "logs until 30s after" in LogCoverage().needs(reach)
    assert "may end 12s after the window: what is not found by then is inconclusive" in LogCoverage().doubtful(reach)
    assert "12s after the window: it is inconclusive" in LogCoverage(quiet_success=True).doubtful(reach)
    assert LogCoverage().doubtful(dataclasses.replace(reach, after_s=30.0)) == ""


def test_what_may_still_be_logged_leaves_it_open() -> None:
    """A request that succeeded at the phase's end may log its error half a minute later; a line may come a second late."""
    fine = [{"at_s": 19.5, "endpoint": "POST /checkout"}]
    assert Run(rows=fine).check(quiet_success=True).outcome is PASSED
    assert Run(rows=fine, until_s=45).check(quiet_success=True).reason == "window_open"


def test_requests_that_have_not_ended_may_fail_yet() -> None:
    waits = [{"at_s": 19.5, "took_ms": None, "endpoint": "POST /checkout"}]
    assert Run(rows=waits).check(over=False).reason == "unanswered"
    assert Run(rows=waits).check().outcome is PASSED


# --- how the world's loggers write --------------------------------------------------------------------------------------

WHY = "postgres: connection refused"


@dataclass(frozen=True)
class Writes(Stub):
    """A service that writes, of a request by its ids, these lines when it is served (`fine`) and when it fails (`bad`)."""

    bad: Callable[[str, str], str] = lambda id_, trace: f"ERROR [{id_}] {WHY}"
    fine: Callable[[str, str], str] = lambda id_, trace: f"INFO [{id_}] ok"

    def lines(self, number: int, at_s: float, status: int) -> list[Line]:
        write = self.bad if status >= 500 else self.fine
        text = write(request_id(RUN, 0, number), traceparent(RUN, 0, number)[3:35])
        return [Line("api", "api-1", at_s, text)]


@pytest.mark.parametrize(
    "bad",
    [
        "ERROR:app:request failed [{}]",
        "20:00:00.123 [http-nio-8080-exec-1] ERROR c.s.CheckoutController - request failed [{}]",
        '{{"level":"error","msg":"checkout failed","error":"Internal Server Error","request_id":"{}"}}',
    ],
)
def test_a_general_line_is_one_in_each_layout(bad: str) -> None:
    finding = Run(Writes(bad=lambda id_, trace: bad.format(id_))).check(dependency="0%")
    assert (finding.outcome, finding.reason) == (FAILED, "generic")


def each(text: str) -> list[Line]:
    """This line of each failed request, as it fails."""
    return [Line("api", "api-1", 10 + n / 20, text.format(request_id(RUN, 0, 200 + n))) for n in range(200)]


def test_a_line_that_tells_only_what_failed_leaves_the_cause_open() -> None:
    finding = Run(Writes(bad=lambda id_, trace: f"ERROR [{id_}] Could not charge customer")).check(dependency="0%")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "vague")
    assert "nobody can tell whether that is why: ERROR [drill-0123abcd-0-200] Could not charge" in finding.because
    both = each("ERROR [{}] PoolTimeout")
    told = Writes(bad=lambda id_, trace: f"ERROR [{id_}] Could not charge customer")
    passed = Run(told, extra=both).check(dependency="0%")
    assert passed.outcome is PASSED
    assert "name who was hurt (at least 0%)" in passed.because
    named = Writes(bad=lambda id_, trace: f"ERROR [{id_}] could not reach postgres")
    assert Run(named).check().outcome is PASSED, "it says who could not be reached"


def test_a_path_accuses_and_names_nobody() -> None:
    path = Writes(bad=lambda id_, trace: f"ERROR [{id_}] POST /payments: PoolTimeout")
    finding = Run(path).check()
    assert (finding.outcome, finding.reason) == (FAILED, "no_dependency")
    assert shares(finding) == [100, 100, 0, 0]
    host = Writes(bad=lambda id_, trace: f"ERROR [{id_}] PoolTimeout at http://payments:8080/charge")
    assert Run(host).check().reason == "wrong_dependency"


def test_a_part_s_name_among_other_words_is_no_sure_blame() -> None:
    row = each("WARN [{}] stored no payments row")
    assert Run(extra=row).check().outcome is PASSED, "another line names who was hurt"
    finding = Run(Stub(blames=""), extra=row).check(dependency="0%")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "in_passing")
    assert "stored no payments row" in finding.because
    sure = each("WARN [{}] payments: refused")
    assert Run(extra=sure).check().reason == "wrong_dependency"
    logger = each("payments WARN [{}] slow pool")
    assert Run(Stub(blames=""), extra=logger).check(dependency="0%").reason == "in_passing"


def test_a_service_on_the_way_that_logged_nothing_in_the_whole_run_may_log_elsewhere() -> None:
    silent = Stub(access=False, errors=False)
    db = [Line("postgres", "postgres-1", 1.0, "LOG:  ready")]
    for extra in ([], db):
        finding = Run(silent, extra=extra).check()
        assert (finding.outcome, finding.reason) == (UNKNOWN, "never_logged")
        assert "api" in finding.because
        assert "it may log elsewhere, to a file" in finding.because
    started = [Line("api", "api-1", 1.0, "started")]
    assert Run(silent, extra=started).check().reason == "no_id"


def uuid(trace: str) -> str:
    return "-".join((trace[:8], trace[8:12], trace[12:16], trace[16:20], trace[20:]))


@pytest.mark.parametrize(
    "bad",
    [
        lambda id_, trace: f"\x1b[31merror\x1b[39m: [{id_}] {WHY}",
        lambda id_, trace: f"fail: Shop.Orders[0]\n      [{id_}] {WHY}",
        lambda id_, trace: f"E1128 20:00:00.123456 1 orders.go:42] [{id_}] {WHY}",
        lambda id_, trace: f"2026-11-28 [trace: {trace}] ERROR {WHY}",
        lambda id_, trace: f"[{id_}] GET /info failed ERROR {WHY}",
        lambda id_, trace: json.dumps({"@t": "x", "@l": "Error", "@mt": WHY, "RequestId": id_}),
        lambda id_, trace: json.dumps(
            {"level": "ERROR", "fields": {"message": WHY, "id": id_}, "target": "checkout::db"}
        ),
        lambda id_, trace: json.dumps({"level": "ERROR", "msg": WHY, "id": id_, "peer": "172.18.0.9:51234"}),
        lambda id_, trace: json.dumps(
            {"level": "ERROR", "msg": "dial: refused", "id": id_, "server.address": "10.0.0.1"}
        ),
        lambda id_, trace: f'level=error msg="dial tcp 10.0.0.1:5432: connect: connection refused" request_id={id_}',
        lambda id_, trace: f"ERROR [{trace.upper()}] {WHY}",
        lambda id_, trace: f"ERROR [{uuid(trace)}] {WHY}",
        lambda id_, trace: f"ERROR [{uuid(trace).upper()}] {WHY}",
        lambda id_, trace: f"ERROR [Root=1-{trace[:8]}-{trace[8:]}] {WHY}",
        lambda id_, trace: f"ERROR {WHY} dd.trace_id={int(trace[16:], 16)} dd.span_id=1",
    ],
)
def test_an_honest_service_passes_however_its_logger_writes(bad: Callable[[str, str], str]) -> None:
    finding = Run(Writes(bad=bad)).check()
    assert finding.outcome is PASSED, finding.because
    assert shares(finding) == [100, 100, 100, 0]


def test_lines_without_a_readable_level_leave_open_what_they_may_tell() -> None:
    finding = Run(Writes(bad=lambda id_, trace: f"[{id_}] {WHY}")).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_levels")
    assert "no level could be read in 200 of 200 lines of api (100%)" in finding.because
    assert "state their level" in finding.decide
    wrong = Run(extra=[Line("api", "api-1", 12.0, f"[{request_id(RUN, 0, n)}] redis refused") for n in range(200, 400)])
    assert wrong.check().reason == "no_levels", "they may accuse somebody else"
    dull = Run(Writes(bad=lambda id_, trace: f"[{id_}] request failed")).check()
    assert (dull.outcome, dull.reason) == (FAILED, "generic"), "whatever its level is"


@pytest.mark.parametrize(
    ("fine", "reason"),
    [
        ("\x1b[31merror\x1b[39m: [{}] redis refused", "noisy_success"),
        ("E1128 20:00:00.1 1 x.go:3] [{}] redis refused", "noisy_success"),
        ("[{}] redis refused", "no_levels"),
        ("INFO [{}] ok", "met"),
    ],
)
def test_whether_what_succeeds_is_quiet_is_read_or_open(fine: str, reason: str) -> None:
    rows = [{"at_s": 12.0, "endpoint": "POST /checkout"} for _ in range(9)]
    extra = [Line("api", "api-1", 12.0, fine.format(request_id(RUN, 0, 400 + n))) for n in range(9)]
    finding = Run(rows=rows, extra=extra).check(quiet_success=True)
    assert finding.reason == reason
    assert (finding.outcome is PASSED) == (reason == "met")


def test_a_name_that_no_part_bears_may_be_an_alias() -> None:
    finding = Run(Stub(blames="pg-main")).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unknown_names")
    assert "'pg-main', which no part of the stack is called" in finding.because
    assert ("unknown names", "'pg-main': aliases?") in finding.details
    assert Run(Stub(blames="pg-main")).check(aliases={"postgres": ["pg-main"]}).outcome is PASSED


OWN = f.LoadSaid(kind="own_ids", text="the locustfile sets X-Request-ID itself", seen_s=1.0)
ANSWERS = f.LoadSaid(kind="answer_ids", text="answers bear X-Request-IDs that the load did not send", seen_s=1.0)


@pytest.mark.parametrize("said", [OWN, ANSWERS])
def test_requests_that_bear_other_ids_than_ours_cannot_be_looked_for(said: f.LoadSaid) -> None:
    stub = Writes(bad=lambda id_, trace: f"ERROR [shopper-{id_[-3:]}] {WHY}")
    finding = Run(stub, more=[said]).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "other_ids")
    assert said.text in finding.because
    assert Run(stub).check().reason == "no_id"
    assert Run(more=[said]).check().outcome is PASSED, "found by ours all the same"
    assert Run(Stub(errors=False), more=[said]).check().reason == "only_access_log"


# --- whose they are -----------------------------------------------------------------------------------------------------


def test_what_is_missing_is_told_by_request_name() -> None:
    """Health checks that fail and are never logged: nothing is wrong with what users ask."""
    checks = [{"at_s": 12 + i / 10, "outcome": "5xx", "status": 503, "endpoint": "GET /healthz"} for i in range(40)]
    finding = Run(rows=checks).check()
    assert (finding.outcome, finding.reason) == (FAILED, "no_id")
    assert (
        "200 (83.33%) are found by their ids (at least 100%; not: 40 of 40 GET /healthz; answered 40× 503)"
        in finding.because
    )
    assert "not:" not in Run(Stub(ids=False)).check().because, "there are no others"


def test_how_those_were_answered_that_logs_do_not_tell_of_is_told_and_how_refusals_are_left_out() -> None:
    """The page with the token failed, so what was sent without one is refused: no error of the service, and in no log as such."""
    refused = [{"at_s": 12 + i / 10, "outcome": "4xx", "status": 403, "endpoint": "POST /cart"} for i in range(40)]
    finding = Run(rows=refused).check()
    assert finding.outcome is FAILED
    assert "not: 40 of 40 POST /cart; answered 40× 403; `allow: [4xx]` leaves refusals out)" in finding.because
    assert Run(rows=refused).check(allow=["4xx"]).outcome is PASSED
    assert "; answered 200× 503)" in Run(Stub(ids=False)).check().because


def test_who_accuses_falsely_and_who_is_noisy_is_told_by_name_too() -> None:
    other = {"outcome": "5xx", "status": 503, "endpoint": "GET /cart"}
    more = [{"at_s": 12.0 + i / 10, **other} for i in range(10)]
    cart = [line for i in range(10) for line in Stub().lines(400 + i, 12.0 + i / 10, 503)]
    accusing = Run(Stub(blames="redis"), rows=more, extra=cart).check(dependency="0%")
    assert "200 (95.24%) accuse somebody else (at most 1%: 200 of 200 POST /checkout)" in accusing.because
    fine = [{"at_s": 12.0 + i / 10, "outcome": "ok", "status": 200, "endpoint": "GET /cart"} for i in range(10)]
    more_fine = [{"at_s": 13.0, "outcome": "ok", "status": 200, "endpoint": "GET /items"}]
    noisy = Run(rows=[*fine, *more_fine], extra=cart).check(quiet_success=True)
    assert "10 of 11 requests that succeeded logged an error (at most 0: 10 of 10 GET /cart)" in noisy.because


# --- limits that could not be tried -------------------------------------------------------------------------------------


def test_a_line_of_recovery_is_not_seen_where_nothing_was_hurt() -> None:
    finding = Run(Stub(blames=""), fault=False).check(recovery_line=True)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_tried")
    assert "no fault was on in the phase" in finding.because


def test_a_line_of_recovery_by_an_unknown_name_leaves_it_open() -> None:
    back = [Line("api", "api-1", 24.0, json.dumps({"level": "INFO", "message": "is back", "dependency": "pg-main"}))]
    assert Run(extra=back).check(recovery_line=True).reason == "unknown_names"


def test_a_storm_that_cannot_be_told_from_the_usual_is_open_where_the_claim_states_its_limit() -> None:
    early = [fact for fact in Run().facts() if not isinstance(fact, f.LoadBegan)]

    class Begun(Run):
        def facts(self) -> list[f.Fact]:
            return [*early, f.LoadBegan(begins_s=7.0, seen_s=7.0)]

    finding = Begun(Stub(once=60)).check(storm=20)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_tried")
    assert "how much is logged usually is not known" in finding.because
    assert Begun().check().outcome is PASSED
    assert dict(Begun().check().details)["lines a request"].startswith("not tried: ")


def test_success_that_never_was_cannot_be_quiet() -> None:
    assert Run().check(quiet_success=True).reason == "not_tried"


def behind_lb(count: int = 9, **row: Any) -> Run:
    """The service behind a proxy that answered some by itself: no version, and no line of the service."""
    front = {"at_s": 12.0, "outcome": "5xx", "status": 503, "endpoint": "POST /checkout"} | row
    edges = (f.EdgeFound(edge="lb->api", address="10.0.0.4"), f.EdgeFound(edge="mailer->api", address="10.0.0.5"))
    return Run(door="lb", more=list(edges), rows=[front] * count, version="3.1.0")


def test_what_a_proxy_in_front_may_have_answered_by_itself_is_no_missing_line() -> None:
    finding = behind_lb().check(services=["api"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "answered_in_front"), finding.because
    assert "9 more were answered 503 and left no line: lb, which the load goes to, may have answered" in finding.because
    assert "of 200 failed requests 200 (100%) are found" in finding.because
    assert "in_front" in finding.decide


def beside_an_unnamed(status: int = 503) -> Run:
    """Of this status one answer without a version before the phase, so that the proxy writes none on it; 9 of 503 with one, and
    no line."""
    run = behind_lb(version="3.1.0")
    run.rows.append({"at_s": 5.0, "outcome": "5xx", "status": status, "endpoint": "POST /checkout"})
    return run


def test_what_bears_the_service_s_version_reached_it_where_the_proxy_is_seen_to_write_none() -> None:
    finding = beside_an_unnamed().check(services=["api"])
    assert (finding.outcome, finding.reason) == (FAILED, "no_id")
    assert beside_an_unnamed().check(services=["api"], in_front=[503]).reason == "no_id"
    among = beside_an_unnamed()
    among.more.append(f.EdgeFound(edge="lb->web", address="10.0.0.6"))
    assert among.check(services=["api"]).reason == "answered_in_front", "web may name a version, too"
    assert among.check(services=["api"], in_front=[503]).reason == "answered_in_front"


def test_a_proxy_that_may_write_a_version_on_all_that_it_sends_is_not_accused() -> None:
    finding = behind_lb(version="3.1.0").check(services=["api"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "answered_in_front"), finding.because
    assert behind_lb(version="3.1.0").check(services=["api"], in_front=[]).reason == "no_id"
    other = beside_an_unnamed(502).check(services=["api"])
    assert other.reason == "answered_in_front", "what it writes on a 502 tells nothing of its 503"


@pytest.mark.parametrize(
    ("method", "reason"), [("GET", "answered_in_front"), ("HEAD", "answered_in_front"), ("POST", "no_id")]
)
def test_what_a_cache_may_have_kept_names_the_version_of_the_answer_it_copied(method: str, reason: str) -> None:
    """nginx: proxy_cache_valid 404 1m."""
    run = behind_lb(version="3.1.0", status=404, outcome="4xx", endpoint=f"{method} /item")
    run.rows.append({"at_s": 5.0, "outcome": "4xx", "status": 404, "endpoint": f"{method} /item"})
    assert run.check(services=["api"]).reason == reason
    assert run.check(services=["api"], in_front=[404]).reason == reason
    assert run.check(services=["api"], in_front=[]).reason == "no_id"


def test_other_statuses_than_a_proxy_s_reached_the_service() -> None:
    assert behind_lb(status=500).check(services=["api"]).reason == "no_id"


def test_a_proxy_s_statuses_that_are_stated_are_exempt_but_for_what_bears_a_version() -> None:
    finding = behind_lb().check(services=["api"], in_front=[503])
    assert finding.outcome is PASSED, finding.because
    assert "9 more were answered in front of it" in finding.because
    assert behind_lb().check(services=["api"], in_front=[]).reason == "no_id"
    mute = dataclasses.replace(behind_lb(), stub=Stub(ids=False))
    assert mute.check(services=["api"], in_front=[503]).reason == "no_id"
    assert "in_front" in dataclasses.replace(behind_lb(), stub=Stub(ids=False)).check().because
    assert dataclasses.replace(mute, door="api").check(services=["api"]).reason == "no_id"


@pytest.mark.parametrize("services", [["api"], ["*"]])
def test_a_status_that_is_stated_is_no_excuse_for_what_names_a_version(services: list[str]) -> None:
    """The service's own, unless the proxy writes a version on all that it sends: nobody knows."""
    own = dataclasses.replace(behind_lb(50, version="3.1.0"), status=500)
    finding = own.check(services=services, in_front=[503])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "answered_in_front"), finding.because
    assert "50 more were answered 503, which `in_front` names, with a version, and left no line" in finding.because
    assert "of 200 failed requests 200 (100%) are found" in finding.because
    assert "no version" in finding.decide
    assert "`in_front` with" not in finding.decide, "it is stated already"
    silent = dataclasses.replace(behind_lb(version="3.1.0"), stub=Stub(ids=False))
    assert silent.check(services=services, in_front=[503]).reason == "answered_in_front"


def broken(count: int) -> Run:
    """So many connections broke, which no line tells of."""
    return Run(rows=[{"at_s": 12.0, "outcome": "conn", "status": 0, "endpoint": "POST /checkout"}] * count)


@pytest.mark.parametrize(
    ("make", "services", "said"),
    [
        (behind_lb, ["api"], "2 more were answered 503 and left no line"),
        (broken, ["*"], "2 broken connections left no"),
    ],
    ids=["in front", "broken"],
)
def test_what_left_no_line_is_told_where_the_shares_would_hold_with_all_of_it(
    make: Callable[[int], Run], services: list[str], said: str
) -> None:
    finding = make(2).check(services=services, found="95%")
    assert finding.outcome is PASSED, finding.because
    assert said in finding.because
    assert "the shares hold" in finding.because
    assert make(2).check(services=services, found="99.5%").outcome is UNKNOWN
    assert make(2).check(services=services, found="95%", cause="99.5%").outcome is UNKNOWN
    assert make(20).check(services=services, found="95%").outcome is UNKNOWN


def test_where_nothing_but_the_proxy_s_own_failed_that_is_said() -> None:
    finding = dataclasses.replace(behind_lb(), status=200).check(services=["api"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "answered_in_front")


@pytest.mark.parametrize(("edge", "reason"), [("lb->api", "unknown_reach"), ("mailer->api", "no_id")])
def test_what_a_fault_between_the_proxy_and_the_service_swallowed_may_not_have_reached_it(
    edge: str, reason: str
) -> None:
    run = behind_lb(outcome="timeout", status=0, took_ms=3000)
    hang = [
        f.Injecting(fault="hurt/hang", kind="hang", target=edge, planned_s=10, seen_s=9.9),
        f.Injected(fault="hurt/hang", begun_s=9.9, seen_s=9.95),
        f.Mended(fault="hurt/hang", begun_s=20.0, seen_s=20.1),
    ]
    run.more += hang
    assert run.check(services=["api"], false_blame="100%", dependency="0%").reason == reason
