"""responds_within and errors_below, each a small story told in requests and looks."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.responds_within import RespondsWithin
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def samples(start_s: int, end_s: int, late_ms: float = 1.0) -> list[f.Fact]:
    return [
        f.LoadSampled(cpu_ratio=0.1, late_ms=late_ms, due=1, dropped=0, seen_s=s + 0.5) for s in range(start_s, end_s)
    ]


def evidence(
    entries: list[dict[str, Any]], *more: f.Fact, ended: bool = True, seen: list[f.Fact] | None = None
) -> Evidence:
    """A phase from 10 to 20 s, the load seen at work from 1 to 30 s."""
    facts = [f.LoadBegan(begins_s=1.0, seen_s=0.9), f.PhaseBegan(phase="slow", seen_s=10.0), *more]
    if ended:
        facts.append(f.PhaseEnded(phase="slow", seen_s=20.0))
    facts += samples(1, 30) if seen is None else seen
    rows = rows_of(entries)
    return Evidence(journal_of(*facts), rows, WrittenLogs(), Steady(10.0, ()), phase="slow", timeout_s=5.0)


def spread(n: int, **entry: Any) -> list[dict[str, Any]]:
    return [{"at_s": 10.0 + 9.9 * i / n, **entry} for i in range(n)]


def outcome(claim: RespondsWithin | ErrorsBelow, given: Evidence) -> tuple[Outcome, str]:
    finding = claim.check(given)
    return finding.outcome, finding.reason


P95 = RespondsWithin(p95="200ms")  # type: ignore[arg-type]
TWO = ErrorsBelow(ratio="2%")  # type: ignore[arg-type]


def test_fast_answers_pass_and_the_finding_cites_its_window_and_its_slowest_row() -> None:
    finding = P95.check(evidence([*spread(100, took_ms=20), {"at_s": 15, "took_ms": 90}]))
    assert finding.outcome is PASSED
    assert "limit 200 ms, 101 requests" in finding.because
    assert finding.cites[-1] == "row 0:100"
    assert finding.measure is not None
    assert finding.measure.kind == "census"


def test_slow_answers_fail_from_when_they_were_due_though_the_service_was_quick() -> None:
    stalled = evidence(spread(100, took_ms=20, late_ms=1500))
    assert outcome(P95, stalled) == (FAILED, "not_met")
    assert outcome(RespondsWithin(p95="200ms", service_time=True), stalled) == (PASSED, "met")  # type: ignore[arg-type]
    assert "service time 20 ms" in P95.check(stalled).because


def test_a_service_that_refuses_fast_does_not_respond() -> None:
    assert outcome(P95, evidence(spread(100, took_ms=1, outcome="conn"))) == (FAILED, "not_met")


def test_a_percentile_that_is_no_time_says_how_many_had_no_answer() -> None:
    finding = P95.check(evidence([*spread(90, took_ms=20), *spread(10, took_ms=5000, outcome="timeout")]))
    assert finding.outcome is FAILED
    assert finding.because.startswith(
        "p95 of all requests is none: 6 or more had no answer (limit 200 ms, 100 requests"
    )
    assert "service time none" in finding.because


def test_one_of_several_percentiles_that_is_missed_fails_the_claim() -> None:
    claim = RespondsWithin(p50="100ms", max="500ms")  # type: ignore[arg-type]
    assert outcome(claim, evidence([*spread(100, took_ms=20), {"at_s": 15, "took_ms": 700}])) == (FAILED, "not_met")


def test_a_failure_tells_how_many_slow_requests_it_tolerates_by_the_percentile_that_failed() -> None:
    claim = RespondsWithin.model_validate({"p50": "100ms", "p99": "300ms", "max": "500ms"})
    slow = [{"at_s": 15, "took_ms": 700}]
    for many, tolerated in ((1, 0.0), (10, 0.01), (400, 0.5)):
        finding = claim.check(evidence([*spread(300, took_ms=20), *slow * many]))
        assert finding.outcome is FAILED
        assert claim.tolerates(finding) == pytest.approx(tolerated)
    assert TWO.tolerates(TWO.check(evidence(spread(100, took_ms=1, outcome="5xx")))) == 0.02


def test_too_few_requests_decide_no_percentile_unless_even_they_show_it() -> None:
    assert outcome(P95, evidence(spread(40, took_ms=20))) == (UNKNOWN, "too_few")
    assert "59" in P95.check(evidence(spread(40, took_ms=20))).decide
    assert outcome(P95, evidence(spread(40, took_ms=900))) == (FAILED, "not_met")


def test_errors_are_counted_exactly_and_the_first_ones_are_cited() -> None:
    bad = evidence([*spread(97), *({"at_s": 15, "outcome": "5xx"} for _ in range(3))])
    assert outcome(TWO, bad) == (FAILED, "not_met")
    finding = TWO.check(bad)
    assert "3 of 100 requests ended in error, 3% (limit 2%: 3 5xx" in finding.because
    assert finding.cites[-3:] == ("row 0:97", "row 0:98", "row 0:99")
    assert outcome(TWO, evidence([*spread(98), *({"at_s": 15, "outcome": "5xx"} for _ in range(2))])) == (PASSED, "met")


def test_allowed_outcomes_are_no_errors() -> None:
    given = evidence([*spread(90), *({"at_s": 15, "outcome": "4xx"} for _ in range(10))])
    assert outcome(TWO, given) == (FAILED, "not_met")
    assert outcome(ErrorsBelow(ratio="2%", allow=("4xx",)), given) == (PASSED, "met")  # type: ignore[arg-type]


def test_no_error_among_too_few_requests_proves_no_share() -> None:
    assert outcome(TWO, evidence(spread(49))) == (UNKNOWN, "too_few")
    assert outcome(TWO, evidence([*spread(10), {"at_s": 12, "outcome": "5xx"}])) == (FAILED, "not_met")


@pytest.mark.parametrize("claim", [P95, TWO])
def test_nothing_is_said_while_the_phase_lasts_however_bad_it_looks(claim: RespondsWithin | ErrorsBelow) -> None:
    assert outcome(claim, evidence(spread(100, outcome="timeout"), ended=False)) == (UNKNOWN, "window_open")


@pytest.mark.parametrize("claim", [P95, TWO])
def test_a_load_that_nobody_saw_at_work_says_nothing(claim: RespondsWithin | ErrorsBelow) -> None:
    assert outcome(claim, evidence(spread(100), seen=[])) == (UNKNOWN, "not_watched")
    assert outcome(claim, evidence(spread(100), seen=[*samples(1, 12), *samples(19, 30)])) == (UNKNOWN, "not_watched")
    assert outcome(claim, evidence(spread(100), seen=samples(1, 20))) == (UNKNOWN, "not_watched"), "not until the end"
    late = [*samples(1, 20), *samples(20, 23, late_ms=9000.0)]
    assert outcome(claim, evidence(spread(100), seen=late)) == (UNKNOWN, "not_watched"), "rows may still be missing"


@pytest.mark.parametrize("claim", [P95, TWO])
def test_no_requests_are_no_evidence(claim: RespondsWithin | ErrorsBelow) -> None:
    assert outcome(claim, evidence([])) == (UNKNOWN, "no_evidence")


def test_a_request_that_was_never_sent_is_named_with_what_was() -> None:
    finding = RespondsWithin(request="POST /chekout", p95="1s").check(  # type: ignore[arg-type]
        evidence(spread(100, endpoint="POST /checkout"))
    )
    assert finding.outcome is UNKNOWN
    assert "did you mean 'POST /checkout'?" in finding.because


def test_requests_that_still_wait_leave_open_what_they_could_turn() -> None:
    waiting = [{"at_s": 19.0, "took_ms": None} for _ in range(4)]
    assert outcome(TWO, evidence([*spread(100), *waiting])) == (UNKNOWN, "unanswered")
    assert outcome(TWO, evidence([*spread(400), *waiting])) == (PASSED, "met"), "four of four hundred may all fail"
    assert outcome(P95, evidence([*spread(40), *spread(20, took_ms=None)])) == (FAILED, "not_met"), (
        "waited 10 s already"
    )


def test_failures_that_do_not_say_whether_there_was_an_answer_leave_open_what_they_could_turn() -> None:
    mute = spread(10, outcome="wrong", status=0, took_ms=None)
    finding = P95.check(evidence([*spread(100, took_ms=20), *mute]))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unanswered")
    assert "10 failed and did not say whether there was an answer" in finding.because
    assert outcome(P95, evidence([*spread(100, took_ms=20), *mute[:2]])) == (PASSED, "met")
    assert outcome(P95, evidence([*spread(100, took_ms=900), *mute])) == (FAILED, "not_met")


def test_what_was_never_answered_when_the_load_ended_is_an_error_once_older_than_the_timeout() -> None:
    over = f.LoadEnded(clean=True, ended_s=29.0, seen_s=29.5)
    hung = [{"at_s": 19.0, "took_ms": None} for _ in range(4)]
    finding: Finding = TWO.check(evidence([*spread(100), *hung], over))
    assert (finding.outcome, finding.reason) == (FAILED, "not_met")
    assert "4 never answered" in finding.because


def test_a_plan_that_sends_too_little_is_refused_with_what_is_needed() -> None:
    few = Reach(window_s=10, arrivals=30, timeout_s=10)
    assert "p95 59" in P95.undecidable(few)
    assert "50" in TWO.undecidable(few)
    assert P95.undecidable(Reach(window_s=10, arrivals=59, timeout_s=10)) == ""
    assert TWO.undecidable(Reach(window_s=10, arrivals=50, timeout_s=10)) == ""


def test_a_claim_without_a_limit_or_with_a_bare_number_is_refused() -> None:
    for wrong in ({}, {"p95": 300}, {"p95": "300"}, {"p97": "1s"}):
        with pytest.raises(ValidationError):
            RespondsWithin.model_validate(wrong)
    for wrong in ({}, {"ratio": 2}, {"ratio": "2%", "allow": ["ok"]}):
        with pytest.raises(ValidationError):
            ErrorsBelow.model_validate(wrong)


def test_only_errors_that_took_too_long_can_come_of_a_want_of_processors() -> None:
    late = [{"at_s": 15, "took_ms": 5000, "outcome": "timeout"}] * 5 + [{"at_s": 16, "outcome": "dropped"}] * 5
    finding = TWO.check(evidence([*spread(90, took_ms=20), *late]))
    assert finding.outcome is FAILED
    assert TWO.by_time(finding)
    assert dict(finding.details)["ended in error without those that took too long"] == "0%"
    for wrong in ("wrong", "5xx", "4xx", "conn"):
        finding = TWO.check(evidence([*spread(90, took_ms=20), *late, *spread(3, outcome=wrong)]))
        assert finding.outcome is FAILED
        assert not TWO.by_time(finding), wrong
    for late_answer in ({"outcome": "5xx", "status": 504}, {"outcome": "4xx", "status": 408}):
        finding = TWO.check(evidence([*spread(90, took_ms=20), *spread(10, **late_answer)]))
        assert TWO.by_time(finding), "whose own time-out had run out"
    allowed = ErrorsBelow(ratio="2%", allow=("timeout",))  # type: ignore[arg-type]
    assert allowed.by_time(allowed.check(evidence([*spread(90, took_ms=20), *late])))


def test_by_name_dropped_arrivals_keep_from_passing_what_they_could_turn() -> None:
    """Of all requests together they are errors without an answer; of the load's only name they are so, too."""
    pay = [{"endpoint": "POST /pay", "took_ms": 20, **one} for one in spread(100)]
    seen = [{"endpoint": "GET /", "took_ms": 20, **one} for one in spread(100)]
    gone = [{"at_s": 15.0, "outcome": "dropped"}] * 20
    five = ErrorsBelow(request="POST /pay", ratio="5%")  # type: ignore[arg-type]
    fast = RespondsWithin(request="POST /pay", p90="200ms")  # type: ignore[arg-type]
    for claim in (five, fast):
        assert outcome(claim, evidence([*pay, *gone])) == (FAILED, "not_met")
        assert outcome(claim, evidence([*pay, *seen, *gone])) == (UNKNOWN, "dropped")
        assert "20 arrivals were dropped" in claim.check(evidence([*pay, *seen, *gone])).because
        assert outcome(claim, evidence([*pay, *seen, *gone[:4]])) == (PASSED, "met")
        late = [*pay, *seen, *({**one, "at_s": 25.0} for one in gone)]
        assert outcome(claim, evidence(late)) == (PASSED, "met"), "dropped after the window"
    assert outcome(ErrorsBelow(request="POST /pya", ratio="5%"), evidence([*pay, *gone])) == (UNKNOWN, "no_evidence")  # type: ignore[arg-type]
