"""recovers: the steady state is back in time, and stays."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.recovers import Recovers
from harness.faults.bad_release import BadRelease
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
TEN = Recovers(within="10s")  # type: ignore[call-arg]


def told(
    *bad: tuple[float, float],
    mended: bool = True,
    until_s: float = 60.0,
    extra: tuple[f.Fact, ...] = (),
    per_s: int = 20,
) -> Evidence:
    """A phase with one fault that ends at 20 s, then `per_s` requests a second until `until_s`, failing in the given stretches."""
    facts: list[f.Fact] = [
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.PhaseBegan(phase="down", seen_s=10.0),
        f.Injecting(fault="down/stop", kind="stop", target="db", planned_s=10.0, seen_s=10.0),
        f.Injected(fault="down/stop", begun_s=10.0, seen_s=10.1),
        f.PhaseEnded(phase="down", seen_s=20.0),
        *extra,
    ]
    if mended:
        facts.append(f.Mended(fault="down/stop", begun_s=19.5, seen_s=19.9))
    facts += [f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=s + 0.5) for s in range(1, int(until_s))]
    entries: list[dict[str, Any]] = []
    for tick in range(per_s, int(per_s * until_s)):
        at_s = tick / per_s
        failing = any(start_s <= at_s < end_s for start_s, end_s in bad)
        entries.append({"at_s": at_s, "outcome": "5xx" if failing else "ok"})
    steady = Steady(10.0, (Condition.parse("errors < 1%"),))
    fault: Any = object()
    return Evidence(journal_of(*facts), rows_of(entries), WrittenLogs(), steady, "down", True, {"down/stop": fault})


def test_a_stack_that_is_back_in_time_and_stays_passes() -> None:
    finding = TEN.check(told((10, 25)))
    assert finding.outcome is PASSED
    assert finding.measure is not None
    assert finding.measure.low <= 5.0 <= finding.measure.high


def test_a_stack_that_comes_back_late_fails_and_is_told_when_it_did() -> None:
    finding = TEN.check(told((10, 35)))
    assert (finding.outcome, finding.reason) == (FAILED, "late")
    assert "back only" in finding.because


def test_a_stack_that_never_comes_back_fails_with_what_did_not_hold() -> None:
    finding = TEN.check(told((10, 99)))
    assert finding.outcome is FAILED
    assert "errors < 1%: 100%" in finding.because


def test_a_relapse_inside_the_hold_is_no_recovery() -> None:
    relapsed = TEN.check(told((10, 22), (28, 33)))
    assert (relapsed.outcome, relapsed.reason) == (FAILED, "relapsed"), relapsed.because
    assert "it had looked steady, and broke again 8.0 s after" in relapsed.because
    assert TEN.check(told((10, 22), (28, 29))).outcome is PASSED, "back again at nine seconds, within the limit"


def test_a_relapse_after_the_hold_while_no_fault_is_on_is_no_pass() -> None:
    again = TEN.check(told((10, 22), (35, 50)))
    assert (again.outcome, again.reason) == (UNKNOWN, "broke_again")
    assert "after that it broke again, though no fault was on" in again.because


def test_what_breaks_in_the_next_phase_is_another_story() -> None:
    settled = f.PhaseSettled(phase="down", steady=True, seen_s=34.0)
    following = f.Injecting(fault="next/kill", kind="kill", target="db", planned_s=34, seen_s=34.0)
    assert TEN.check(told((10, 22), (35, 50), extra=(settled,))).outcome is PASSED
    assert TEN.check(told((10, 22), (35, 50), extra=(following,))).outcome is PASSED


def test_a_service_that_flaps_for_ever_has_not_recovered() -> None:
    flaps = [(20.0 + 20 * n, 28.0 + 20 * n) for n in range(6)]
    assert TEN.check(told((10, 20), *flaps, until_s=140.0)).reason == "broke_again"


def test_at_a_low_rate_it_is_decided_by_longer_watching() -> None:
    """At 2/s a hold of 10 s has 20 requests, and `errors < 1%` takes 100."""
    few = TEN.check(told((10, 22), per_s=2, until_s=60.0))
    assert (few.outcome, few.reason) == (UNKNOWN, "too_few")
    assert "and 100 are needed to show errors < 1%" in few.because
    assert TEN.check(told((10, 22), per_s=2, until_s=80.0)).outcome is PASSED
    assert TEN.check(told((10, 99), per_s=2, until_s=80.0)).outcome is FAILED


def test_an_ill_service_at_a_low_rate_has_not_recovered_because_it_was_lucky_for_ten_seconds() -> None:
    ill = tuple((30.0 + 11 * n, 31.0 + 11 * n) for n in range(12))  # one of eleven at 1/s, for ever
    finding = TEN.check(told((10, 20), *ill, per_s=1, until_s=160.0))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "broke_again")


def test_a_hold_that_the_next_fault_cuts_short_decides_nothing() -> None:
    following = f.Injecting(fault="next/kill", kind="kill", target="db", planned_s=27, seen_s=27.0)
    assert TEN.check(told((10, 22), (27, 60), extra=(following,))).outcome is UNKNOWN


def test_before_it_was_held_long_enough_nothing_is_said() -> None:
    finding = TEN.check(told((10, 22), until_s=30.0))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "window_open")


def test_a_fault_that_is_still_on_leaves_nothing_to_recover_from() -> None:
    assert TEN.check(told((10, 22), mended=False)).reason == "not_mended"


def test_a_fault_that_is_not_available_here_is_told_as_that_and_not_as_one_that_is_on() -> None:
    absent = f.Unavailable(what="down/stop", why="nobody sees its containers", seen_s=0.5)
    finding = TEN.check(told((10, 22), mended=False, extra=(absent,)))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_mended")
    assert finding.because == "not available here, so that nothing had to recover from it: down/stop"


def test_a_recovery_at_the_very_limit_is_not_decided() -> None:
    finding = TEN.check(told((10, 29.9)))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_near")


def test_it_stands_in_then_after_a_fault() -> None:
    assert "then" in TEN.undecidable(Reach(window_s=30, arrivals=100, timeout_s=10))
    assert "no fault" in TEN.undecidable(Reach(window_s=30, arrivals=100, timeout_s=10, then=True, faulted=False))
    assert TEN.undecidable(Reach(window_s=30, arrivals=100, timeout_s=10, then=True)) == ""
    assert TEN.late_s() == 10.0


def test_what_did_not_recover_is_shown_by_the_first_requests_after_the_limit_that_ended_in_error() -> None:
    evidence = told((10, 40))
    finding = TEN.check(evidence)
    shown = [cite for cite in finding.cites if cite.startswith("row ")]
    at_30 = next(i for i, at_s in enumerate(evidence.rows.intended_s) if at_s >= 30.0)
    assert (finding.outcome, shown) == (FAILED, [f"row 0:{at_30 + i}" for i in range(3)])


def test_what_never_broke_was_never_away() -> None:
    finding = TEN.check(told())
    assert finding.outcome is PASSED
    assert "never away" in finding.because
    assert "was back" not in finding.because


def test_what_broke_before_the_mend_alone_was_back_at_once() -> None:
    finding = TEN.check(told((10, 19)))
    assert finding.outcome is PASSED
    assert "was back 0.0 to 1.0 s" in finding.because


def test_that_it_may_have_been_back_before_is_told_where_a_release_may_have_been_taken_back() -> None:
    early, late = told((10, 15)), told((10, 23))
    sooner = "it may have been back before 'down' ended"
    assert sooner not in TEN.check(early).because
    released = {"down/stop": BadRelease(service="db", image="db:2", id="down/stop")}
    assert sooner in TEN.check(dataclasses.replace(early, faults=released)).because
    assert sooner not in TEN.check(dataclasses.replace(late, faults=released)).because


def test_a_relapse_within_the_limit_is_told_though_it_passes() -> None:
    finding = TEN.check(told((10, 22), (27, 28)))
    assert finding.outcome is PASSED
    assert "broke again 7.0 s after" in finding.because
    assert "broke again" not in TEN.check(told((10, 22), (22.5, 24))).because, "half a second is not steady"


def test_a_fault_that_is_hardly_felt_leaves_its_end_known_less_well() -> None:
    weak = TEN.check(told(*((10 + 1.25 * n, 10.05 + 1.25 * n) for n in range(8))))  # 4 % of the requests, where 1 % may
    strong = TEN.check(told((10, 20)))
    assert weak.outcome is strong.outcome is PASSED
    assert "low contrast: the faults broke it by less than 5 times what it allows" in weak.because
    assert "low contrast" not in strong.because
    assert weak.measure is not None
    assert strong.measure is not None
    assert (weak.measure.high, strong.measure.high) == (2.0, 1.0)


def test_five_seconds_at_twenty_requests_a_second_are_enough_to_decide() -> None:
    short = Recovers(within="5s")  # type: ignore[call-arg]
    for evidence, outcome in ((told((10, 22)), PASSED), (told((10, 28)), FAILED)):
        assert (
            short.check(dataclasses.replace(evidence, steady=Steady(5.0, evidence.steady.conditions))).outcome
            is outcome
        )


def test_what_was_never_away_is_told_apart_from_a_recovery() -> None:
    never, back = TEN.check(told()), TEN.check(told((10, 25)))
    assert (never.outcome, never.reason) == (PASSED, "unhurt")
    assert never.because.startswith("no recovery was seen")
    assert (back.outcome, back.reason) == (PASSED, "met")
