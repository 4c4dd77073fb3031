"""page_sent {status: resolved}: an all-clear that came, and was not the last word."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, page, story

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.page_sent import PageSent
from harness.ledger import NO_ROWS
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding

ONE, TWO = ({**SERVICE, "instance": number} for number in "12")
TICKET = {**SERVICE, "severity": "ticket"}


def over(at_s: float, start_s: float, ends_s: float, **more: Any) -> f.Paged:
    return page(at_s, start_s=start_s, status="resolved", ends_s=ends_s, delivery=2, **more)


def both(*happened: f.Fact) -> tuple[f.Fact, ...]:
    """Two instances fire, and people are called of both."""
    called = (page(28, labels=ONE, fingerprint="1"), page(28, labels=TWO, fingerprint="2"))
    return (alert("firing", 27, labels=ONE), alert("firing", 27, labels=TWO), *called, *happened)


def found(*happened: f.Fact, then: bool = True, **more: Any) -> Finding:
    claim = PageSent(**{"receiver": "oncall", "alert": "Slow", "status": "resolved", "within_s": "20s", **more})
    return judged(claim, story(*happened), then=then)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


FLAPPED = (alert("firing", 27), page(28), alert("inactive", 32), over(33, 27, 32), alert("firing", 38))


def test_an_alert_that_fired_anew_and_never_cleared_is_not_over() -> None:
    again = found(*FLAPPED, page(39, start_s=38, delivery=3))
    assert came_out(again) == ("failed", "never_resolved")
    assert "was sent at 33.0 s, but Slow" in again.because
    assert "fired anew at 38.0 s and was still firing at 70.0 s" in again.because
    assert came_out(found(*FLAPPED)) == ("failed", "never_resolved"), "nobody was called of it again"


def test_one_that_cleared_at_last_needs_another_all_clear_where_people_were_called_again() -> None:
    cleared = (*FLAPPED, alert("inactive", 52))
    assert came_out(found(*cleared)) == ("passed", "met"), "nobody was called again"
    called = (*cleared, page(39, start_s=38, delivery=3))
    missed = found(*called)
    assert came_out(missed) == ("failed", "missed")
    assert "of which oncall was told at 39.0 s" in missed.because
    assert came_out(found(*called, over(53, 38, 52))) == ("passed", "met")
    late = found(*called, over(75, 38, 52))
    assert came_out(late) == ("failed", "late")
    assert late.measure is not None
    assert late.measure.low == 25.0


def test_each_alert_that_people_were_called_of_needs_its_all_clear() -> None:
    first = (alert("inactive", 40, labels=ONE), over(41, 27, 40, labels=ONE, fingerprint="1"))
    assert came_out(found(*both(*first))) == ("failed", "never_resolved")
    cleared = both(*first, alert("inactive", 52, labels=TWO))
    assert came_out(found(*cleared)) == ("failed", "missed")
    assert came_out(found(*cleared, over(53, 27, 52, labels=TWO, fingerprint="2"))) == ("passed", "met")
    assert came_out(found(*cleared, labels={"instance": "1"})) == ("passed", "met")


def test_what_another_receiver_hears_of_is_no_matter_of_this_one() -> None:
    mine = (alert("firing", 27), page(28), alert("inactive", 52), over(53, 27, 52))
    others = (alert("firing", 27, labels=TICKET), page(28, receiver="tickets", labels=TICKET, fingerprint="t"))
    assert came_out(found(*mine, *others)) == ("passed", "met")
    assert came_out(found(*mine, *others, receiver="")) == ("failed", "never_resolved")


def test_of_a_pattern_an_alert_that_fires_always_is_no_trouble() -> None:
    watchdog = (alert("firing", 4, "Watchdog", {}), page(5, alert="Watchdog", labels={}, fingerprint="w"))
    mine = (alert("firing", 27), page(28), alert("inactive", 52), over(53, 27, 52))
    repeated = page(45, start_s=4, alert="Watchdog", labels={}, fingerprint="w", delivery=7)
    assert came_out(found(*mine, *watchdog, repeated, alert="*")) == ("passed", "met")


OPTIONAL = {**SERVICE, "service": "optional"}
BEFORE = (alert("firing", 5, labels=OPTIONAL), page(6, start_s=5, labels=OPTIONAL, fingerprint="o"))
CAME_BACK = (alert("firing", 27), page(28), alert("inactive", 52), over(53, 27, 52))


@pytest.mark.parametrize("receiver", ["", "oncall"])
@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (BEFORE[:1], ("passed", "met")),
        (BEFORE, ("passed", "met")),
        ((*BEFORE, page(45, start_s=5, labels=OPTIONAL, fingerprint="o", delivery=7)), ("failed", "never_resolved")),
        ((*BEFORE, over(60, 5, 59, labels=OPTIONAL, fingerprint="o")), ("failed", "never_resolved")),  # it fires on
    ],
)
def test_another_of_that_name_that_fires_since_before_the_run_is_open_only_where_somebody_was_told_of_it_since(
    receiver: str, happened: tuple[f.Fact, ...], expected: tuple[str, str]
) -> None:
    assert came_out(found(*CAME_BACK, *happened, receiver=receiver)) == expected


def test_who_was_called_of_it_before_is_told_too_when_it_clears() -> None:
    cleared = (*BEFORE, alert("inactive", 52, labels=OPTIONAL))
    assert came_out(found(*CAME_BACK, *cleared)) == ("failed", "missed")
    told = over(53, 5, 52, labels=OPTIONAL, fingerprint="o")
    assert came_out(found(*CAME_BACK, *cleared, told)) == ("passed", "met")


def test_what_the_next_fault_makes_fire_does_not_take_an_all_clear_back() -> None:
    mine = (alert("firing", 27), page(28), alert("inactive", 52), over(53, 27, 52))
    next_ = f.Injecting(seen_s=60, fault="next/down-db", kind="down", target="db", planned_s=60)
    anew = (alert("firing", 65), page(66, start_s=65, delivery=3))
    assert came_out(found(*mine, next_, *anew)) == ("passed", "met")
    assert came_out(found(*mine, *anew)) == ("failed", "never_resolved")


def test_where_nobody_looked_whether_it_fires_still_nothing_is_decided() -> None:
    claim = PageSent(receiver="oncall", alert="Slow", status="resolved", within_s="20s")
    known = story(
        *both(alert("inactive", 40, labels=ONE), over(41, 27, 40, labels=ONE, fingerprint="1")), hole=(60, 90)
    )
    assert came_out(judged(claim, known, then=True)) == ("inconclusive", "not_watched")


def test_of_a_whole_run_one_all_clear_is_enough() -> None:
    """Its last phase may end while the alert fires."""
    claim = PageSent(receiver="oncall", alert="Slow", status="resolved", within_s="70s")
    assert came_out(judged(claim, story(*FLAPPED), "")) == ("passed", "met")


@pytest.mark.parametrize("left_out", [0, 2])
def test_an_all_clear_may_be_among_those_that_a_delivery_left_out(left_out: int) -> None:
    cut = over(53, 20, 52, alert="Other", fingerprint="o", truncated=left_out)
    expected = ("inconclusive", "not_observable") if left_out else ("failed", "missed")
    assert came_out(found(alert("firing", 27), page(28), alert("inactive", 52), cut)) == expected


def test_a_tape_that_goes_on_decides_nothing_before_the_evaluations_until_the_limit_are_seen() -> None:
    claim = PageSent(receiver="oncall", alert="Slow", status="resolved", within_s="20s")
    told = story(alert("firing", 27), page(28), alert("inactive", 52), over(53, 27, 52))
    running = journal_of(*(fact for fact in told.facts if fact.seen_s <= 71))
    assert judged(claim, running, then=True).outcome.value == "passed", "the run is over"
    given: dict[str, Any] = {
        "rows": NO_ROWS,
        "logs": WrittenLogs(),
        "steady": Steady(5.0, ()),
        "phase": "hurt",
        "then": True,
    }
    assert came_out(claim.check(Evidence(journal=running, **given))) == ("inconclusive", "window_open")
    assert came_out(claim.check(Evidence(journal=told, **given))) == ("passed", "met")
