"""log_quiet and log_seen: what was logged, and what a silence means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Expectation, Line, Reach, Steady
from harness.expectations.log_quiet import LogQuiet
from harness.expectations.log_seen import LogSeen
from harness.expectations.logs import GAP_S, LAG_S, PROBE, whole
from harness.logrecords import cut_mark
from harness.logtext import level_of
from harness.probes.logs import LogsProbe
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
QUIET = LogQuiet(matches="panic:|Traceback")


def check(
    claim: Expectation, *lines: tuple[float, str], followed: bool = True, ended: bool = True, then: bool = False
) -> Finding:
    """A phase from 10 to 20 s, settled at 30 s; api's log followed until 35 s. Lines are api's."""
    facts: list[f.Fact] = [
        f.ContainerSeen(service="api", container="api-1", status="running", seen_s=1.0),
        f.PhaseBegan(phase="p", seen_s=10.0),
    ]
    if ended:
        facts += [f.PhaseEnded(phase="p", seen_s=20.0), f.PhaseSettled(phase="p", steady=True, seen_s=30.0)]
    last_s = 36 if ended else 19
    facts += [f.Looked(probe=PROBE, target="api-1", seen_s=s) for s in range(2, last_s)] if followed else []
    facts.append(f.ClockRead(wall_unix_s=1.0, seen_s=float(last_s)))
    logs = WrittenLogs([Line("api", "api-1", at_s, text) for at_s, text in lines])
    return claim.check(Evidence(journal_of(*facts), rows_of([]), logs, Steady(10.0, ()), phase="p", then=then))


def test_a_quiet_log_passes_when_it_was_followed() -> None:
    assert check(QUIET, (9.0, "panic: before"), (12.0, "fine"), (20.0, "panic: after")).outcome is PASSED


def test_a_quiet_log_that_nobody_followed_says_nothing() -> None:
    finding = check(QUIET, followed=False)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched")


def test_a_line_that_must_not_be_fails_at_once_and_is_quoted() -> None:
    finding = check(QUIET, (12.0, "panic: oh no"), (13.0, "Traceback (most"), ended=False, followed=False)
    assert finding.outcome is FAILED
    assert finding.census
    assert "api logged at 12.0 s: panic: oh no (2 such lines)" in finding.because


@pytest.mark.parametrize(("first_look_s", "outcome"), [(16.0, PASSED), (19.5, UNKNOWN)])
def test_a_container_is_followed_from_when_it_was_made(first_look_s: float, outcome: Outcome) -> None:
    """A release's new replica, under a name of its own, made 5 s after the phase began."""
    facts: list[f.Fact] = [
        f.PhaseBegan(phase="p", seen_s=10.0),
        f.ContainerChanged(service="api", container="api-2", event="create", happened_s=15.0, seen_s=15.5),
        f.ContainerSeen(service="api", container="api-2", status="running", seen_s=16.0),
        f.PhaseEnded(phase="p", seen_s=20.0),
        f.PhaseSettled(phase="p", steady=True, seen_s=30.0),
        *(f.Looked(probe=PROBE, target="api-2", seen_s=first_look_s + n) for n in range(20)),
    ]
    logs = WrittenLogs([Line("api", "api-2", 16.5, "started")])
    evidence = Evidence(journal_of(*facts), rows_of([]), logs, Steady(10.0, ()), phase="p")
    assert QUIET.check(evidence).outcome is outcome


def test_a_service_that_was_never_there_is_not_quiet() -> None:
    assert check(LogQuiet(service="ghost", matches="x")).reason == "not_watched"


def test_a_line_in_time_passes_once_its_time_is_over() -> None:
    claim = LogSeen.model_validate({"service": "api", "contains": "payments gone", "within": "5s"})
    assert check(claim, (13.0, "WARN payments gone")).outcome is PASSED
    assert check(claim, (16.0, "WARN payments gone")).outcome is FAILED
    assert check(claim, (12.0, "fine")).outcome is FAILED
    assert check(claim, followed=False).reason == "not_watched"
    assert claim.late_s() == 5.0


def test_without_within_the_line_has_the_whole_phase() -> None:
    claim = LogSeen(service="api", matches=r"gone after \d+ ms")
    assert check(claim, (19.9, "gone after 31 ms")).outcome is PASSED
    assert check(claim, (20.1, "gone after 31 ms")).outcome is FAILED
    assert check(claim, (12.0, "gone after 31 ms"), ended=False).reason == "window_open"


def test_in_then_the_time_counts_from_the_phases_end() -> None:
    claim = LogSeen.model_validate({"service": "*", "contains": "back", "within": "5s"})
    assert check(claim, (24.0, "back"), then=True).outcome is PASSED
    assert check(claim, (12.0, "back"), then=True).outcome is FAILED


def test_a_line_must_be_severe_enough() -> None:
    claim = LogSeen(service="api", contains="payments", level="warn")
    assert check(claim, (12.0, "2026 INFO payments slow")).outcome is FAILED
    assert check(claim, (12.0, "2026 [error] payments slow")).outcome is PASSED


@pytest.mark.parametrize(
    ("text", "level"),
    [("level=warning msg=x", 4), ("[ERROR] y", 5), ("panic: z", 6), ("DEBUG a ERROR b", 1), ("informed", -1), ("", -1)],
)
def test_a_lines_level_is_the_first_that_it_names(text: str, level: int) -> None:
    assert level_of(text) == level


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "api"},
        {"service": "api", "contains": "x", "matches": "y"},
        {"service": "api", "matches": "("},
        {"service": "api", "contains": "x", "level": "loud"},
        {"service": "api", "contains": "x", "within": 5},
    ],
)
def test_a_claim_that_says_nothing_or_two_things_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LogSeen.model_validate(wrong)


def test_claims_know_what_a_run_could_never_decide() -> None:
    reach = Reach(window_s=10, arrivals=10, timeout_s=10, services=("api",))
    late = LogSeen.model_validate({"service": "api", "contains": "x", "within": "30s"})
    assert "30s" in late.undecidable(reach)
    assert "no service 'web'" in LogQuiet(service="web", matches="x").undecidable(reach)


def test_the_claims_ask_for_the_grain_that_the_probe_promises() -> None:
    assert (LogsProbe.name, LogsProbe.gap_s, LogsProbe.lag_s) == (PROBE, GAP_S, LAG_S)


def test_a_log_line_that_decides_a_claim_is_cited_by_container_and_second() -> None:
    seen = check(LogSeen(service="api", contains="payments"), (13.0, "WARN payments gone"))
    assert "log api-1@13.000000" in seen.cites
    loud = check(QUIET, *((12.0 + i, f"panic: {i}") for i in range(5)))
    assert [cite for cite in loud.cites if cite.startswith("log ")] == [f"log api-1@{12 + i}.000000" for i in range(3)]


@pytest.mark.parametrize("step_s", [-30.0, 30.0])
@pytest.mark.parametrize("lines", [(), ((12.0, "panic: oh no"),)])
def test_where_the_wall_clock_was_stepped_the_logs_do_not_say_when_a_line_was_written(
    step_s: float, lines: tuple[tuple[float, str], ...]
) -> None:
    """Stamps from before a step back are met again after it, and those right after a step forward lie in the future."""
    facts: list[f.Fact] = [
        f.Opened(drill="d", run="r", wall_unix_s=1000.0, monotonic_ns=0),
        f.ContainerSeen(service="api", container="api-1", status="running", seen_s=1.0),
        f.PhaseBegan(phase="p", seen_s=10.0),
        f.PhaseEnded(phase="p", seen_s=20.0),
        *(f.Looked(probe=PROBE, target="api-1", seen_s=s) for s in range(2, 30)),
        *(f.ClockRead(wall_unix_s=1000.0 + s + (step_s if s > 14 else 0.001), seen_s=float(s)) for s in range(1, 30)),
    ]
    logs = WrittenLogs([Line("api", "api-1", at_s, text) for at_s, text in lines])
    for claim in (QUIET, LogSeen.model_validate({"service": "api", "contains": "panic"})):
        finding = claim.check(Evidence(journal_of(*facts), rows_of([]), logs, Steady(10.0, ()), phase="p"))
        assert (finding.outcome, finding.reason) == (UNKNOWN, "clock_stepped")
        assert f"{step_s:+.1f} s between 14.0 s and 15.0 s" in finding.because


def test_a_line_whose_level_cannot_be_read_decides_nothing() -> None:
    claim = LogSeen(service="api", contains="payments", level="warn")
    finding = check(claim, (12.0, "payments refused the order"))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_levels")
    assert "1 line of api said so, but no level could be read in it" in finding.because
    assert check(claim, (12.0, "payments refused"), (13.0, "\x1b[33mwarn\x1b[39m: payments gone")).outcome is PASSED
    assert check(claim, (12.0, "GET /info: WARN payments gone")).outcome is PASSED


def test_lines_that_continue_one_are_of_it() -> None:
    texts = ["fail: Shop[0]", "      postgres is gone", "info: Shop[0]", "      ok"]
    lines = [Line("api", "api-1", 12.0 + i, text) for i, text in enumerate(texts)]
    other = Line("web", "web-1", 12.5, "hello")
    found = {line.text for line in whole([lines[0], other, *lines[1:]])}
    assert found == {"fail: Shop[0]\n      postgres is gone", "info: Shop[0]\n      ok", "hello"}


RED = "\x1b[31mERROR\x1b[0m: payment failed for \x1b[1morder\x1b[0m 17"


@pytest.mark.parametrize("matches", ["ERROR: payment failed for order 17", "^ERROR", r"\x1b\[31mERROR"])
def test_colours_are_no_part_of_what_a_line_says(matches: str) -> None:
    assert check(LogQuiet(matches=matches), (12.0, RED)).reason == "logged"
    assert check(LogSeen(service="api", matches=matches), (12.0, RED)).outcome is PASSED
    assert check(LogSeen(service="api", contains="payment failed for order 17"), (12.0, RED)).outcome is PASSED
    assert check(LogSeen(service="api", contains="order 18"), (12.0, RED)).outcome is FAILED
    shown = check(LogSeen(service="api", matches=matches), (12.0, f"\x1b[2K{RED}")).because
    assert shown.endswith("ERROR: payment failed for order 17")


@pytest.mark.parametrize("ahead", ["x" * 150, "postgres://shop:hunter2hunter2@db/ " * 9, "\x1b[31mred\x1b[0m  " * 50])
def test_a_long_line_is_quoted_where_it_says_what_was_looked_for(ahead: str) -> None:
    line = f"{ahead} at (1) : valkey gone {'y' * 300}"
    for claim in (LogSeen(service="api", contains="valkey"), LogQuiet(matches="valkey")):
        shown = check(claim, (12.0, line)).because
        assert " at (1) : valkey gone yyy" in shown, "and as it was written"
        assert ": …" in shown
        assert "hunter2" not in shown
        assert len(shown) < 230
    at_the_end = check(LogSeen(service="api", contains="valkey"), (12.0, f"{'x' * 300} valkey")).because
    assert at_the_end.endswith("x valkey")
    assert check(LogSeen(service="api", contains="at"), (12.0, f"at {'x' * 300}")).because.endswith(
        "s: at " + "x" * 156 + "…"
    )


NODE = "    at place (/app/orders.js:7:1)"
TRACE = ("Traceback (most recent call last):", '  File "a.py", line 1', "psycopg.OperationalError: refused")


@pytest.mark.parametrize(
    ("texts", "contains", "outcome"),
    [
        (("ERROR checkout failed", *TRACE), "OperationalError", PASSED),
        (("WARNING checkout failed", *TRACE), "OperationalError", FAILED),
        (("checkout failed", *TRACE), "OperationalError", PASSED),
        (("fail: Shop.Checkout[0]", "      Payment gateway down"), "gateway down", PASSED),
        (("info: Shop.Checkout[0]", "      Payment gateway down"), "gateway down", FAILED),
        (("ERROR checkout failed", "  2026 INFO gateway down"), "gateway down", FAILED),
        (("ERROR checkout failed", "gateway down"), "gateway down", UNKNOWN),
        (("ERROR checkout failed", " WARN gateway down"), "gateway down", FAILED),
        (("TypeError: x is undefined", NODE), "TypeError", PASSED),
        (("GET /orders 200", "TypeError: x is undefined", NODE), "TypeError", PASSED),
        (("GET /orders 200", "TypeError: x is undefined", NODE), "GET /orders", UNKNOWN),
        (
            ("WARNING slow", "java.net.ConnectException: refused", "\tat c.s.Orders.place(Orders.java:7)"),
            "refused",
            FAILED,
        ),
        # printed by who raised it, or what the line before logged (exc_info=True): nobody knows
        (("INFO GET /orders 200", "TypeError: x is undefined", NODE), "TypeError", UNKNOWN),
        (("INFO tried again", *TRACE), "OperationalError", UNKNOWN),
        (
            ("info: tried again", "      TimeoutError: refused", "         at Shop.Orders.Place(Order one)"),
            "refused",
            FAILED,
        ),
    ],
)
def test_a_line_that_goes_on_with_another_has_its_level(texts: Sequence[str], contains: str, outcome: Outcome) -> None:
    claim = LogSeen(service="api", contains=contains, level="ERROR")
    assert check(claim, *((12.0, text) for text in texts)).outcome is outcome


def test_the_line_that_is_continued_may_lie_just_before_the_window() -> None:
    claim = LogSeen(service="api", contains="gateway down", level="ERROR")
    assert check(claim, (9.9, "fail: Shop[0]"), (10.0, "      gateway down")).outcome is PASSED
    assert check(claim, (9.9, "fail: Shop[0]"), (9.95, "      gateway down")).outcome is FAILED


LONG = "x" * 100 + cut_mark(2093)


def test_what_was_not_found_may_stand_in_a_line_that_was_not_kept_whole() -> None:
    seen = LogSeen(service="api", contains="payments")
    for claim in (QUIET, seen):
        finding = check(claim, (12.0, LONG))
        assert (finding.outcome, finding.reason) == (UNKNOWN, "cut")
        assert "a line of api at 12.0 s is too long to be kept whole (2093 more bytes left out)" in finding.because
        assert "log api-1@12.000000" in finding.cites
    assert check(QUIET, (9.0, LONG), (12.0, "fine")).outcome is PASSED
    assert check(QUIET, (12.0, LONG), (13.0, "panic: oh no")).outcome is FAILED
    assert check(seen, (12.0, LONG), (13.0, "payments gone")).outcome is PASSED


def test_a_service_that_logged_nothing_in_the_whole_run_may_log_elsewhere() -> None:
    quiet, seen = LogQuiet(service="api", matches="panic:"), LogSeen(service="api", contains="panic:")
    for claim, told in ((QUIET, PASSED), (quiet, PASSED), (seen, FAILED)):
        finding = check(claim)
        assert (finding.outcome, finding.reason) == (UNKNOWN, "never_logged")
        assert "wrote no line at all in the whole run: it may log elsewhere, to a file" in finding.because
        assert check(claim, (1.5, "started")).outcome is told


def test_a_quiet_log_of_every_service_tells_who_logged_nothing() -> None:
    facts: list[f.Fact] = [
        *(f.ContainerSeen(service=s, container=f"{s}-1", status="running", seen_s=1.0) for s in ("api", "cache")),
        f.PhaseBegan(phase="p", seen_s=10.0),
        f.PhaseEnded(phase="p", seen_s=20.0),
        *(f.Looked(probe=PROBE, target=f"{name}-1", seen_s=s) for s in range(2, 36) for name in ("api", "cache")),
    ]
    logs = WrittenLogs([Line("api", "api-1", 1.5, "started")])
    finding = QUIET.check(Evidence(journal_of(*facts), rows_of([]), logs, Steady(10.0, ()), phase="p"))
    assert finding.outcome is PASSED
    assert finding.because.endswith("; cache wrote no line at all in the whole run")
    seen = LogSeen(service="*", contains="gone").check(
        Evidence(journal_of(*facts), rows_of([]), logs, Steady(10.0, ()), phase="p")
    )
    assert seen.outcome is FAILED
    assert seen.because.endswith("; cache wrote no line at all in the whole run")
