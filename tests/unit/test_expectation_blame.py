"""blame: whom pages, logs and traces accuse, against who was hurt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from trace_stories import Node, call, server, spans

from harness import facts as f
from harness.expectations.base import Evidence, Line, Steady
from harness.expectations.blame import Blame
from harness.faults.latency import Latency
from harness.ledger.layout import trace_prefix
from harness.spans import GivenSpans
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
FAULT = Latency(edge="api->postgres", delay="400ms", id="hurt/latency")
SERVICES = ("api", "postgres", "redis", "payments")


def page(alert: str, at_s: float, severity: str = "page", starts_s: float | None = None, **labels: str) -> f.Paged:
    return f.Paged(
        receiver="oncall",
        alert=alert,
        status="firing",
        labels={"alertname": alert, "severity": severity, **labels},
        fingerprint=alert + str(labels),
        group_key=alert,
        starts_s=at_s - 5 if starts_s is None else starts_s,
        start=str(at_s),
        happened_s=at_s,
        seen_s=at_s,
    )


def said(at_s: float, *names: str, level: str = "ERROR") -> list[Line]:
    return [
        Line("api", "api-1", at_s, json.dumps({"level": level, "message": "gone", "dependency": name}))
        for name in names
    ]


def check(
    *pages: f.Fact,
    lines: list[Line] | None = None,
    fault: bool = True,
    watched: bool = True,
    alertmanager: bool = True,
    traced: list[Node] | None = None,
    collected_until_s: int = 170,
    **options: Any,
) -> Finding:
    """A phase from 100 to 160 s, the database hurt from 100 to 160 s. `traced`: requests of the phase by their traces, one each
    0.1 s from 110 s on, after as many ordinary ones from 50 s on."""
    nodes = [call_on("postgres")] * 100 + (traced or [])
    starts_s = [*(50 + i / 10 for i in range(100)), *(110 + i / 10 for i in range(len(nodes) - 100))]
    ids = [f"{number:016x}" for number in range(1, len(nodes) + 1)]
    found = [
        spans(node, trace_prefix("r", 0) + id_, id_, at_s) for node, id_, at_s in zip(nodes, ids, starts_s, strict=True)
    ]
    rows = rows_of({"at_s": at_s, "took_ms": node.took_ms + 1} for node, at_s in zip(nodes, starts_s, strict=True))
    seen: list[f.Fact] = [
        f.Opened(drill="d", run="r", wall_unix_s=1.7e9, monotonic_ns=1, seen_s=0.0),
        f.ExporterSeen(service="api", observable=True, seen_s=0.5),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0.1, due=1, dropped=0, seen_s=float(s)) for s in range(1, 170)),
        *(f.Looked(probe="traces", seen_s=float(s)) for s in range(1, collected_until_s)),
    ]
    journal = journal_of(
        *(seen if traced is not None else []),
        f.MonitoringFound(
            prometheus="prometheus:9090", alertmanager="alertmanager:9093" if alertmanager else "", seen_s=1
        ),
        *(f.ContainerSeen(service=name, container=f"{name}-1", status="running", seen_s=1.0) for name in SERVICES),
        *(f.EdgeFound(edge=f"api->{name}", address="10.0.0.1", seen_s=1.0) for name in SERVICES[1:]),
        f.PhaseBegan(phase="hurt", seen_s=100.0),
        f.PhaseEnded(phase="hurt", seen_s=160.0),
        *(
            [f.Injecting(fault=FAULT.id, kind="latency", target="api->postgres", planned_s=0, seen_s=100.1)]
            if fault
            else []
        ),
        *([f.Injected(fault=FAULT.id, begun_s=100.1, seen_s=100.2)] if fault else []),
        *(f.Looked(probe="logs", target=f"{name}-1", seen_s=float(s)) for s in range(1, 170) for name in SERVICES),
        *(f.Looked(probe="pages", seen_s=float(s)) for s in range(1, 170) if watched),
        *pages,
    )
    faults = {FAULT.id: FAULT} if fault else {}
    evidence = Evidence(
        journal,
        rows if traced is not None else rows_of([]),
        WrittenLogs(lines or []),
        Steady(10.0, ()),
        phase="hurt",
        faults=faults,
        spans=GivenSpans.of(span for one in found for span in one),
    )
    return Blame.model_validate(options).check(evidence)


def call_on(name: str, *, error: bool = False, took_ms: float = 20) -> Node:
    return server("api", took_ms + 2, call("api", f"{name}:80", took_ms, error=error), error=error)


GOOD = page("OrdersDatabaseSlow", 120, dependency="postgres")


def test_pages_and_logs_that_accuse_who_was_hurt_pass() -> None:
    finding = check(GOOD, lines=said(110, *["postgres"] * 9))
    assert finding.outcome is PASSED
    assert finding.because == "postgres was hurt, and pages and logs accuse 1. postgres"
    assert ("AC@1", "1") in finding.details
    assert any(cite.startswith("harness:") for cite in finding.cites)


def test_the_first_page_counts_and_of_two_at_once_the_more_severe() -> None:
    wrong = page("PaymentsUnavailable", 119, dependency="payments")
    assert check(wrong, GOOD).reason == "wrong_part"
    ticket = page("AQueue", 120, severity="ticket", service="api")
    assert check(ticket, GOOD).outcome is PASSED
    assert check(GOOD, ticket).outcome is PASSED


def test_who_stands_on_the_way_may_come_first_when_the_claim_allows_it() -> None:
    burn = page("CheckoutLatencyHigh", 115, dependency="api")
    assert check(burn, GOOD).reason == "on_chain_only"
    assert check(burn, GOOD, at=2).outcome is PASSED
    assert check(burn, lines=said(110, *["postgres"] * 9), at=2).outcome is PASSED
    assert check(burn, at=3).reason == "wrong_part"


def test_of_a_pages_labels_the_best_one_accuses() -> None:
    assert check(page("Slow", 115, service="api", dependency="postgres")).outcome is PASSED
    assert check(page("Slow", 115, service="api", dependency="postgres"), labels=["service"]).reason == "wrong_part"
    assert check(page("Slow", 115, service="api", blamed="postgres:5432"), labels=["blamed"]).outcome is PASSED


def test_nobody_accused_is_a_failure_only_when_somebody_looked() -> None:
    assert check().reason == "blames_nobody"
    assert check(watched=False).reason == "not_watched"
    assert check(alertmanager=False).reason == "not_watched"
    assert check(alertmanager=False, by=["logs"]).reason == "blames_nobody"


def test_a_source_that_the_drill_states_must_accuse_somebody() -> None:
    lines = said(110, *["postgres"] * 9)
    for pages, logs, mute, loud in ([], lines, "pages", "logs"), ([GOOD], [], "logs", "pages"):
        told = f"postgres was hurt, and {loud} alone accuse 1. postgres ({mute}: nobody)"
        finding = check(*pages, lines=logs)
        assert (finding.outcome, finding.because) == (PASSED, told), "nobody asked for the other one by name"
        finding = check(*pages, lines=logs, by=["pages", "logs"])
        assert (finding.outcome, finding.reason) == (FAILED, "blames_nobody")
        assert finding.because == f"{told}: `by` asks {mute} too, by which nobody finds who was hurt"
    assert check(GOOD, lines=lines, by=["pages", "logs"]).outcome is PASSED
    assert check(GOOD, by=["pages", "traces"]).outcome is PASSED, "no service sends any"
    assert check(fault=False, lines=[], by=["pages", "logs"]).outcome is PASSED
    assert check(lines=lines, by=["pages", "logs"], watched=False).reason == "not_watched"


MAIL = f.ReceiverSeen(receiver="mail", kind="email", why="it is of the kind email", group_wait_s=1.0, seen_s=1)
ONCALL = f.ReceiverSeen(receiver="oncall", kind="webhook", observable=True, seen_s=1)
SILENT = f.ReceiverSeen(receiver="null", why="it sends nothing", seen_s=1)


def held(*receivers: str, at_s: float = 120, state: str = "active", part: str = "postgres", **more: Any) -> f.Fact:
    labels = {"severity": "page", "dependency": part}
    given = {"alert": "Down", "state": state, "labels": labels, "fingerprint": "a", "receivers": receivers, **more}
    return f.AlertRouted(seen_s=at_s, **given)


def test_pages_that_went_where_nobody_sees_them_leave_open_what_they_would_turn() -> None:
    lines = said(110, *["postgres"] * 9)
    finding = check(MAIL, ONCALL, held("mail"), lines=lines, by=["pages", "logs"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_observable")
    assert "Down at 121.0 s went to mail, and pages to mail cannot be seen: it is of the kind email" in finding.because
    assert check(MAIL, ONCALL, held("mail"), GOOD, lines=lines, by=["pages", "logs"]).outcome is PASSED
    wrong = check(MAIL, ONCALL, held("mail", at_s=110, part="redis"), GOOD, by=["pages"])
    assert (wrong.outcome, wrong.reason) == (UNKNOWN, "not_observable")
    calm = check(MAIL, ONCALL, held("mail"), fault=False, by=["pages"])
    assert (calm.outcome, calm.reason) == (UNKNOWN, "not_observable")


@pytest.mark.parametrize(
    "happened",
    [
        (held("oncall"),),  # nobody delivered it there
        (held("mail", "oncall"),),
        (held("null"),),
        (held("mail", part="redis"),),  # that would not help
        (held("mail", state="suppressed"),),
        (held("mail", muted={"mail": "weekend"}),),
        (held("mail", at_s=90),),  # before the fault
        (held("mail", at_s=159.5),),  # not due by the end
        (held("mail"), held("mail", at_s=120.5, state="gone")),
    ],
)
def test_pages_that_surely_did_not_go_there_or_would_not_turn_it_are_no_excuse(happened: tuple[f.Fact, ...]) -> None:
    lines = said(110, *["postgres"] * 9)
    finding = check(MAIL, ONCALL, SILENT, *happened, lines=lines, by=["pages", "logs"])
    assert (finding.outcome, finding.reason) == (FAILED, "blames_nobody")


def test_a_stated_source_that_may_mean_who_was_hurt_leaves_it_open() -> None:
    finding = check(page("Down", 115, dependency="pg-main"), lines=said(110, *["postgres"] * 9), by=["pages", "logs"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unknown_names")


def test_blame_on_everybody_is_none() -> None:
    finding = check(GOOD, lines=said(110, *["postgres"] * 9, *["redis"] * 9, *["payments"] * 9))
    assert (finding.outcome, finding.reason) == (FAILED, "blames_everybody")
    assert "more than the 2 that were hurt or on the way" in finding.because


def test_where_nobody_was_hurt_nobody_may_be_accused() -> None:
    assert check(fault=False).outcome is PASSED
    assert check(GOOD, fault=False).reason == "false_blame"
    assert check(lines=said(110, *["redis"] * 4), fault=False).reason == "false_blame"
    assert check(watched=False, fault=False).reason == "not_watched"
    assert check(GOOD, fault=False, watched=False).reason == "false_blame"


def hurt_before(mended_s: float = 99.0) -> list[f.Fact]:
    """A phase before, with a fault of its own on the same edge."""
    return [
        f.PhaseBegan(phase="slow", seen_s=mended_s - 24.1),
        f.Injecting(fault="slow/latency", kind="latency", target="api->postgres", planned_s=0, seen_s=mended_s - 24),
        f.Injected(fault="slow/latency", begun_s=mended_s - 24, seen_s=mended_s - 23.9),
        f.Mended(fault="slow/latency", begun_s=mended_s, seen_s=mended_s + 0.1),
        f.PhaseEnded(phase="slow", seen_s=mended_s + 0.2),
    ]


def test_who_was_hurt_just_before_a_calm_phase_may_be_accused_for_a_while() -> None:
    soon = page("OrdersDatabaseSlow", 105, starts_s=102.0, dependency="postgres")
    finding = check(*hurt_before(), soon, fault=False, by=["pages"])
    assert finding.outcome is PASSED, finding.because
    assert any("was hurt before, and may be accused until 129.1 s" in text for _, text in finding.details)
    assert check(*hurt_before(), soon, lines=said(103, *["postgres"] * 9), fault=False).outcome is PASSED
    assert check(*hurt_before(60.0), soon, fault=False, by=["pages"]).reason == "false_blame", "that is long over"


def test_the_aftermath_excuses_nobody_else_and_nothing_that_comes_later() -> None:
    other = page("CacheSlow", 105, starts_s=102.0, dependency="redis")
    late = page("OrdersDatabaseSlow", 150, starts_s=148.0, dependency="postgres")
    soon = page("OrdersDatabaseSlow", 105, starts_s=102.0, dependency="postgres")
    for pages in ((other,), (soon, other), (late,), (soon, late)):
        assert check(*hurt_before(), *pages, fault=False, by=["pages"]).reason == "false_blame", pages
    lines = said(150, *["postgres"] * 9)
    assert check(*hurt_before(), lines=lines, fault=False, by=["logs"]).reason == "false_blame"


def test_a_few_lines_about_somebody_else_are_noise() -> None:
    assert check(GOOD, lines=said(110, *["postgres"] * 99, *["redis"] * 4, "payments")).outcome is PASSED
    assert check(lines=said(110, "redis"), fault=False).outcome is PASSED
    assert check(lines=said(110, "redis"), fault=False, least=1).reason == "false_blame"


def test_logs_rank_by_how_many_lines_and_of_a_tie_by_who_came_first() -> None:
    lines = [*said(111, *["api"] * 5), *said(110, *["postgres"] * 5)]
    assert check(lines=lines, by=["logs"]).outcome is PASSED
    assert check(lines=list(reversed(lines)), by=["logs"]) == check(lines=lines, by=["logs"])
    assert check(lines=[*lines, *said(112, "api")], by=["logs"]).reason == "on_chain_only"


def test_what_was_accused_before_the_fault_is_no_answer_to_it() -> None:
    old = page("PaymentsUnavailable", 130, starts_s=80.0, dependency="payments")
    assert check(old, GOOD).outcome is PASSED
    assert check(GOOD, lines=said(50, *["redis"] * 90)).outcome is PASSED


def test_lines_below_warning_accuse_nobody() -> None:
    assert check(GOOD, lines=said(110, *["redis"] * 9, level="INFO")).outcome is PASSED


def test_root_aliases_and_chain_can_be_stated() -> None:
    assert check(page("X", 120, db="pg-1:5432"), aliases={"postgres": ["pg-1"]}).outcome is PASSED
    assert check(page("X", 120, service="payments"), root=["payments"]).outcome is PASSED
    assert check(page("X", 115, service="shop"), GOOD, chain=["shop"], at=2).outcome is PASSED


@pytest.mark.parametrize("wrong", [{"by": []}, {"by": ["rumours"]}, {"at": 0}, {"labels": []}])
def test_a_claim_that_says_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Blame.model_validate(wrong)


# --- traces, the third source -------------------------------------------------------------------------------------------


def failed_on(*names: str) -> list[Node]:
    return [call_on(name, error=True) for name in names]


def test_traces_accuse_where_a_failure_began_and_alone_they_can_do() -> None:
    finding = check(traced=failed_on(*["postgres"] * 9), by=["traces"])
    assert (finding.outcome, finding.because) == (PASSED, "postgres was hurt, and traces accuse 1. postgres")
    assert ("accused by traces", "postgres (9 of 9 traces)") in finding.details
    assert "row 0:100" in finding.cites
    assert check(traced=failed_on(*["redis"] * 9), by=["traces"]).reason == "wrong_part"


def test_what_each_of_the_three_said_is_shown() -> None:
    finding = check(GOOD, lines=said(110, *["api"] * 9), traced=failed_on(*["redis"] * 9), at=3)
    assert "pages, logs and traces accuse 1. postgres, 2. api, 3. redis" in finding.because
    assert "(pages: 1. postgres; logs: 1. api; traces: 1. redis)" in finding.because
    assert (finding.outcome, finding.reason) == (FAILED, "blames_everybody")
    assert [text for name, text in finding.details if name == "traces accuse"] == ["1. redis"]


def test_where_no_service_sends_traces_they_say_nothing_and_nothing_is_asked_of_them() -> None:
    finding = check(GOOD, lines=said(110, *["postgres"] * 9))
    assert finding.outcome is PASSED
    assert any(name == "traces accuse" and text.startswith("nothing (no traces") for name, text in finding.details)
    assert check(by=["traces"]).reason == "no_exporter"
    assert check().reason == "blames_nobody"


def test_traces_that_may_still_come_leave_it_open() -> None:
    finding = check(GOOD, traced=failed_on(*["postgres"] * 9), collected_until_s=163)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched")
    assert "traces were not taken all the time" in finding.because


def test_slow_traces_accuse_where_they_are_more_than_the_one_in_a_hundred_that_always_is() -> None:
    slow, usual = call_on("postgres", took_ms=400), call_on("postgres")
    assert check(traced=[*[usual] * 60, *[slow] * 20], by=["traces"]).outcome is PASSED
    stray = call_on("redis", took_ms=400)
    assert check(traced=[*[usual] * 300, *[stray] * 5], by=["traces"], fault=True).reason == "blames_nobody"
    assert check(traced=[*[usual] * 60, *[stray] * 20], by=["traces"], fault=False).outcome is PASSED


def test_failed_traces_where_nobody_was_hurt_are_false_blame() -> None:
    assert check(traced=failed_on(*["redis"] * 4), fault=False, by=["traces"]).reason == "false_blame"
    assert check(traced=failed_on("redis"), fault=False, by=["traces"]).outcome is PASSED, "one is noise"


def test_a_page_more_may_come_while_nobody_looked_but_one_that_came_has_come() -> None:
    assert check(GOOD, lines=said(110, *["postgres"] * 9), watched=False).reason == "not_watched"
    spray = [page(name, 115 + i, dependency=name) for i, name in enumerate(("redis", "payments", "postgres"))]
    assert check(*spray, watched=False).reason == "blames_everybody"


# --- what cannot be read, and what is usual -----------------------------------------------------------------------------


def spoken(times: range, text: str) -> list[Line]:
    return [Line("api", "api-1", float(at_s), text) for at_s in times]


def test_a_page_about_who_stands_on_the_way_tells_of_a_symptom_and_accuses_nobody() -> None:
    burn = page("CheckoutLatencyHigh", 115, service="api")
    finding = check(burn, lines=said(115, *["postgres"] * 20))
    assert finding.outcome is PASSED
    told = [text for name, text in finding.details if name == "no accusation by pages"]
    assert told == ["CheckoutLatencyHigh at 115.0 s is about api, on the way: a symptom"]
    assert check(burn).reason == "blames_nobody"
    assert check(page("Down", 115, service="postgres")).outcome is PASSED
    assert check(page("Down", 115, service="redis"), GOOD).reason == "wrong_part"
    assert check(burn, fault=False).reason == "false_blame"


def test_a_page_about_a_name_that_no_part_bears_was_not_understood() -> None:
    burn = page("CheckoutLatencyHigh", 115, service="shop-api")
    assert check(burn, lines=said(115, *["postgres"] * 20)).outcome is PASSED
    finding = check(burn)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unknown_names")
    assert "'shop-api'" in finding.because
    assert "aliases" in finding.decide


def test_an_accusation_by_a_name_that_no_part_bears_leaves_it_open() -> None:
    strange = page("Down", 115, dependency="pg-main")
    assert check(strange).reason == "unknown_names"
    assert check(strange, GOOD).reason == "unknown_names", "it may be somebody else, and came first"
    assert check(strange, GOOD, aliases={"postgres": ["pg-main"]}).outcome is PASSED
    assert check(strange, fault=False).reason == "false_blame", "whoever it is"
    assert check(lines=said(115, *["pg-main"] * 9), by=["logs"]).reason == "unknown_names"
    assert check(lines=said(115, *["pg-main"] * 9), by=["logs"], fault=False).reason == "unknown_names"


def test_what_is_logged_all_the_time_is_no_answer_to_the_fault() -> None:
    text = json.dumps({"level": "WARNING", "message": "cache miss, asking redis again"})
    noise = spoken(range(10, 165), text)
    assert check(lines=[*noise, *said(115, *["postgres"] * 20)], by=["logs"]).outcome is PASSED
    assert check(lines=noise, by=["logs"]).reason == "blames_nobody"
    more = [*noise, *spoken(range(110, 160), text), *spoken(range(110, 160), text)]
    assert check(lines=more, by=["logs"]).reason == "wrong_part"


def test_words_of_the_trade_are_no_accusation_but_fields_are() -> None:
    trade = spoken(range(10, 165, 7), "WARN payments declined the card: insufficient funds")
    assert check(lines=trade, fault=False, by=["logs"]).outcome is PASSED
    stated = [line for at_s in range(10, 165, 7) for line in said(float(at_s), "payments", level="WARNING")]
    assert check(lines=stated, fault=False, by=["logs"]).reason == "false_blame"


@pytest.mark.parametrize(
    "text",
    [
        "E1128 20:00:00.1 1 x.go:4] redis is down",
        "\x1b[31merror\x1b[39m: redis is down",
        "fail: A[0]\n      redis is down",
    ],
)
def test_levels_are_read_as_their_writers_state_them(text: str) -> None:
    assert check(lines=spoken(range(110, 140), text), fault=False, by=["logs"]).reason == "false_blame"


def test_lines_without_a_readable_level_that_accuse_somebody_leave_it_open() -> None:
    lines = spoken(range(110, 140), "redis is down")
    finding = check(lines=lines, fault=False, by=["logs"])
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_levels")
    assert "no level could be read in 30 of 30 lines of api (100%)" in finding.because
    assert check(lines=[*lines, *said(115, *["postgres"] * 9)], by=["logs"]).reason == "no_levels"
    assert check(lines=spoken(range(110, 140), "order is paid"), fault=False, by=["logs"]).outcome is PASSED
    assert check(lines=spoken(range(110, 140), "postgres is down"), by=["logs"]).reason == "no_levels"


def test_the_module_that_logs_is_nobody_who_is_accused() -> None:
    line = {"level": "WARN", "fields": {"message": "slow request"}, "target": "shop::http"}
    assert check(lines=spoken(range(110, 140), json.dumps(line)), fault=False, by=["logs"]).outcome is PASSED


def test_a_false_accusation_is_told_as_the_reason_with_a_line_that_makes_it() -> None:
    lines = [*said(110, *["redis"] * 9), *said(111, *["postgres"] * 3)]
    finding = check(lines=lines, by=["logs"], at=2)
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_part")
    assert finding.because.startswith(
        "postgres was hurt, and logs accuse 1. redis, 2. postgres: redis was neither hurt nor on"
    )
    assert "whatever `at` is: redis (9 of 12 lines, the first:" in finding.because
    assert '"dependency": "redis"' in finding.because
    alone = check(lines=lines[:9], by=["logs"], fault=False)
    assert (alone.reason, '"dependency": "redis"' in alone.because) == ("false_blame", True)
