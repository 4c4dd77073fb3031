"""healed: what a rollback leaves broken is healed by the next step, and every way in which it is not has its own name."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import BOUNDS, judged, looks, page
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Reach
from harness.expectations.healed import Healed
from harness.journal import Journal
from harness.testing import journal_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
QUERY, LEVER, ROLLBACK = "parked", "hurt/healed-runbook", "hurt/rolled_back-runbook"
BEGAN, SETTLED = 20.0, 80.0

MIXED = (
    f.MonitoringFound(prometheus="p:9090", alertmanager="a:9093", seen_s=9),
    f.ReceiverSeen(receiver="oncall", kind="webhook", observable=True, seen_s=9),
    f.ReceiverSeen(receiver="duty", kind="pagerduty", why="it is a pager", group_wait_s=1.0, seen_s=9),
    f.AlertRouted(alert="Slow", state="active", fingerprint="s", receivers=("duty",), seen_s=26),
)


def claim(**changes: Any) -> Healed:
    given: dict[str, Any] = {
        "by": "runbook",
        "command": ["./replay.sh"],
        "trigger": "page Slow",
        "after_rollback": "5s",
        "harm": {"query": QUERY, "below": 1},
        "within": "28s",
        "id": LEVER,
    }
    given.update(changes)
    return Healed.model_validate({name: value for name, value in given.items() if value is not None})


def parked(from_s: float = 24.0, until_s: float = 44.0, count: float = 14.0) -> list[f.Fact]:
    """The query each second: 0, but in [from_s, until_s)."""
    times = [number + 0.4 for number in range(95)]
    return [
        f.Sampled(query=QUERY, value=count if from_s <= at_s < until_s else 0.0, happened_s=at_s, seen_s=at_s)
        for at_s in times
    ]


def rollback(ended_s: float = 33.0) -> list[f.Fact]:
    return [
        f.LeverPulled(lever=ROLLBACK, by="runbook", command="./rollback.sh", seen_s=30),
        f.LeverEnded(lever=ROLLBACK, begun_s=30, exit_code=0, seen_s=ended_s),
    ]


def step(pulled_s: float = 40.0, ended_s: float | None = 43.0, code: int | None = 0, **more: Any) -> list[f.Fact]:
    pulled = f.LeverPulled(lever=LEVER, by="runbook", command="./replay.sh", seen_s=pulled_s)
    if ended_s is None:
        return [pulled]
    return [pulled, f.LeverEnded(lever=LEVER, begun_s=pulled_s, exit_code=code, seen_s=ended_s, **more)]


def story(*happened: f.Fact, settled: bool = True, hole: tuple[float, float] = (0, 0)) -> Journal:
    bounds = [fact for fact in BOUNDS if settled or not isinstance(fact, f.PhaseSettled)]
    return journal_of(*bounds, *happened, *looks("samples", QUERY, hole=hole))


def of(*happened: f.Fact, **changes: Any) -> Finding:
    return judged(claim(**changes), story(*happened))


def test_a_step_that_heals_passes_and_tells_what_the_rollback_alone_had_come_to() -> None:
    found = of(*parked(), page(29), *rollback(), *step())
    assert found.outcome is PASSED, found.because
    assert "parked was 0 from 24.4 s on (limit 28s)" in found.because
    assert "./replay.sh was begun at 20.0 s and ended with 0 at 23.0 s" in found.because
    assert "the rollback alone did not heal it: 14 after it at 13.0 s, and 14 6.4 s later" in found.because
    assert found.measure is not None
    assert (found.measure.low, found.measure.high) == pytest.approx((21.4, 24.4)), "scraped every 2 s"


@pytest.mark.parametrize(
    ("happened", "changes", "outcome", "reason", "says"),
    [
        (
            [*parked(until_s=99), page(29), *rollback(), *step()],
            {},
            FAILED,
            "said_done_but_still_broken",
            "was still 14",
        ),
        (
            [*parked(until_s=99), page(29), *rollback(), *step(code=1, output="a line\nno such table\n")],
            {},
            FAILED,
            "step_failed",
            "ended with 1 (no such table)",
        ),
        (
            [*parked(until_s=99), page(29), *rollback(), *step(code=None, detail="was killed: too slow")],
            {},
            FAILED,
            "step_failed",
            "was killed: too slow",
        ),
        ([*parked(until_s=99), page(29), *rollback()], {}, FAILED, "step_never_begun", "nobody began the step"),
        ([*parked(until_s=99), *rollback()], {}, FAILED, "step_never_begun", "a page for Slow never came"),
        ([*parked(until_s=99), page(29)], {}, FAILED, "step_never_begun", "no rollback ended"),
        (
            [f.MonitoringFound(prometheus="p:9090", why="none", seen_s=9), *parked(until_s=99), *rollback()],
            {},
            UNKNOWN,
            "no_alertmanager",
            "nobody began the step, for a page for Slow could not be seen",
        ),
        (
            [*MIXED, *parked(until_s=99), *rollback()],
            {},
            UNKNOWN,
            "not_observable",
            "a page for Slow could not be seen: Slow at 27.0 s went to duty",
        ),
        ([*MIXED, *parked(until_s=99), page(29)], {}, FAILED, "step_never_begun", "no rollback ended"),
        (
            [*parked(until_s=99), *rollback()],
            {"by": "system", "command": None},
            FAILED,
            "not_healed",
            "nothing healed it",
        ),
        ([*parked(until_s=99), page(29), *step(ended_s=None)], {"by": "human"}, FAILED, "not_healed", "was begun at"),
        ([*parked(until_s=55), page(29), *rollback(), *step()], {}, FAILED, "late", "after the limit of 28s"),
        ([*parked(), page(29), *rollback(), *step()], {"within": "24s"}, UNKNOWN, "too_near", "too near the limit"),
        ([*parked(24, 24)], {}, UNKNOWN, "nothing_to_heal", "never beyond its limit"),
        ([*parked(until_s=36), page(29), *rollback(), *step()], {}, UNKNOWN, "nothing_to_heal", "nothing left to heal"),
        ([*parked(until_s=36)], {}, UNKNOWN, "nothing_to_heal", "no step was begun"),
        ([*parked(), *rollback()], {"by": "system", "command": None}, PASSED, "met", "parked was 0 from"),
    ],
)
def test_each_way_in_which_it_is_not_healed_has_its_own_name(
    happened: list[f.Fact], changes: dict[str, Any], outcome: Outcome, reason: str, says: str
) -> None:
    found = of(*happened, **changes)
    assert (found.outcome, found.reason) == (outcome, reason), found.because
    assert says in found.because


SCRAPED = f.TargetSeen(job="worker", instance="worker:8080", health="up", interval_s=15.0, seen_s=1.0)
"""At 15, 30, 45 s …: the query shows what was so then."""


def test_what_was_scraped_before_the_step_does_not_credit_the_step() -> None:
    """The harm was over at 38 s, and shown until the scrape at 45 s; the step was begun at 44 s."""
    found = of(SCRAPED, *parked(30.0, 45.0), page(29), *rollback(), *step(44.0, 44.2))
    assert (found.outcome, found.reason) == (UNKNOWN, "too_near")
    assert "may be 15s old" in found.because
    assert "the rollback alone" not in found.because
    seen = of(SCRAPED, *parked(30.0, 60.0), page(29), *rollback(), *step(48.0, 50.0), within="50s")
    assert seen.outcome is PASSED, seen.because


def test_what_the_last_scrape_still_shows_makes_nothing_late() -> None:
    """Healed at 46.5 s, with a limit at 48 s; the scrape at 60 s is the first that shows it."""
    found = of(SCRAPED, *parked(30.0, 60.0), page(29), *rollback(), *step(44.0, 46.5))
    assert (found.outcome, found.reason) == (UNKNOWN, "too_near")
    assert found.measure is not None
    assert (found.measure.low, found.measure.high) == pytest.approx((24.4, 40.4))
    late = of(SCRAPED, *parked(30.0, 65.0), page(29), *rollback(), *step(44.0, 46.5))
    assert (late.outcome, late.reason) == (FAILED, "late")
    to_the_end = of(SCRAPED, *parked(until_s=99), page(29), *rollback(), *step(), within="50s")
    assert (to_the_end.outcome, to_the_end.reason) == (UNKNOWN, "too_near")


def test_a_query_that_reads_back_shows_what_was_so_then() -> None:
    query = "max_over_time(parked[12s])"
    shown = [f.Sampled(**{**vars(one), "query": query}) for one in parked() if isinstance(one, f.Sampled)]
    harm = {"query": query, "below": 1}
    bounds = journal_of(*BOUNDS, *shown, page(29), *rollback(), *step(40.0), *looks("samples", query))
    assert judged(claim(harm=harm), bounds).reason == "too_near"
    early = journal_of(*BOUNDS, *shown, page(29), *rollback(), *step(36.0), *looks("samples", query))
    assert judged(claim(harm=harm), early).outcome is PASSED


def test_what_is_beyond_its_limit_again_was_not_healed() -> None:
    again = f.Sampled(query=QUERY, value=3.0, labels={"queue": "orders"}, happened_s=79.41, seen_s=79.41)
    found = of(*parked(), again, page(29), *rollback(), *step())
    assert found.reason == "said_done_but_still_broken"
    assert "still 3 for queue" in found.because.replace('{queue="orders"}', "queue")


def test_of_several_series_one_that_is_beyond_its_limit_is_enough() -> None:
    other = [
        f.Sampled(query=QUERY, value=2.0, happened_s=number + 0.4, seen_s=number + 0.41) for number in range(24, 95)
    ]
    assert of(*parked(), *other, page(29), *rollback(), *step()).reason == "said_done_but_still_broken"


def test_a_person_at_no_terminal_was_not_asked_and_one_who_is_silent_began_nothing() -> None:
    nobody = f.LeverAsked(lever=LEVER, question="?", there=False, seen_s=40)
    found = of(*parked(until_s=99), *rollback(), nobody, by="human")
    assert (found.outcome, found.reason) == (UNKNOWN, "not_asked")
    silent = f.LeverAsked(lever=LEVER, question="?", seen_s=40)
    assert "nobody answered" in of(*parked(until_s=99), *rollback(), silent, by="human").because
    no = f.LeverAnswered(lever=LEVER, text="no", seen_s=44)
    assert "said 'no'" in of(*parked(until_s=99), *rollback(), silent, no, by="human").because


def test_without_looks_without_numbers_and_before_the_end_nothing_is_decided() -> None:
    facts = (*parked(), page(29), *rollback(), *step())
    assert judged(claim(), story(*facts, hole=(60, 70))).reason == "not_watched"
    assert judged(claim(), story(*facts, settled=False)).reason == "window_open"
    empty = f.Sampled(query=QUERY, count=0, happened_s=79.6, seen_s=79.6)
    assert of(*facts, empty).reason == "no_data"


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    until_s=st.floats(24, 99),
    pulled_s=st.floats(30, 60),
    code=st.sampled_from((0, 1)),
    paged=st.booleans(),
    cut_s=st.floats(0, 95),
    by=st.sampled_from(("runbook", "system", "human")),
)
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(
    until_s: float, pulled_s: float, code: int, paged: bool, cut_s: float, by: str
) -> None:
    told = [*parked(until_s=until_s), *rollback()]
    told += [page(29), *step(pulled_s, pulled_s + 3, code)] if paged else []
    journal = story(*told)
    one = claim(by=by, command=None if by == "system" else ["./replay.sh"])
    whole, part = judged(one, journal), judged(one, journal.cut(cut_s))
    assert {part.outcome, whole.outcome} != {PASSED, FAILED}, (part.because, whole.because)
    assert part.outcome is UNKNOWN or cut_s >= SETTLED


@pytest.mark.parametrize(
    ("changes", "reach", "why"),
    [
        ({}, {"then": True}, "write it under that phase's `expect`"),
        ({}, {"faulted": False}, "a phase with a fault"),
        ({}, {"releases": ()}, "waits for a rollback"),
        ({"after_rollback": None}, {"releases": ()}, ""),
        ({"service": "worker"}, {}, "is of worker"),
        ({"within": "2m"}, {}, "the phase is over after 1m"),
        ({}, {}, ""),
    ],
)
def test_what_a_run_could_never_decide_is_refused_at_plan_time(
    changes: dict[str, Any], reach: dict[str, Any], why: str
) -> None:
    said = claim(**changes).undecidable(
        Reach(**{"window_s": 60.0, "arrivals": 100.0, "timeout_s": 10.0, "releases": ("api",), **reach})
    )
    assert why in said
    assert bool(said) == bool(why)


def test_a_runbook_needs_its_command_and_harm_a_limit() -> None:
    with pytest.raises(ValidationError, match="needs the `command` that heals"):
        claim(command=None)
    with pytest.raises(ValidationError, match="give `below`, `above`, or both"):
        claim(harm={"query": QUERY})


def test_a_person_is_asked_with_the_number() -> None:
    assert claim().asks() == "parked is not below 1: begin the next step of the runbook?"
