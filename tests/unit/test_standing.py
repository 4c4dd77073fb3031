"""Other instances of an alert that fire since before the fault: alert_clears is about those that fired upon it."""

from __future__ import annotations

import pytest
from alert_stories import alert, judged, rule, ruled, story

from harness import facts as f
from harness.expectations.alert_clears import AlertClears
from harness.verdict import Finding

CLEARS = AlertClears(alert="Slow", within_s="10s")
OTHER = {"service": "shop", "severity": "page"}
SINCE_BEFORE = alert("firing", 12, labels=OTHER)
MINE = alert("firing", 29)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


@pytest.mark.parametrize(
    ("happened", "outcome", "reason"),
    [
        ((MINE, alert("inactive", 55)), "passed", "met"),
        ((MINE, alert("inactive", 55), alert("inactive", 70, labels=OTHER)), "passed", "met"),
        ((MINE,), "failed", "never_resolved"),
        ((MINE, alert("inactive", 65)), "failed", "late"),
        ((MINE, alert("inactive", 53), alert("firing", 58)), "failed", "flapping"),
        ((), "inconclusive", "pre_existing"),
        ((alert("firing", 75),), "inconclusive", "pre_existing"),
        ((alert("inactive", 55, labels=OTHER),), "inconclusive", "pre_existing"),
        ((alert("inactive", 55, labels=OTHER), alert("firing", 75)), "inconclusive", "pre_existing"),
        ((alert("inactive", 55, labels=OTHER), alert("firing", 52), alert("inactive", 56)), "passed", "met"),
        ((alert("inactive", 55, labels=OTHER), alert("firing", 58, labels=OTHER)), "failed", "flapping"),
        ((alert("inactive", 18, labels=OTHER), alert("firing", 30, labels=OTHER)), "failed", "never_resolved"),
        ((alert("inactive", 30, labels=OTHER), alert("firing", 32, labels=OTHER)), "failed", "never_resolved"),
        ((alert("firing", 52),), "failed", "never_resolved"),
        ((alert("firing", 52), alert("inactive", 55)), "passed", "met"),
        ((alert("firing", 52), alert("inactive", 65)), "failed", "late"),
        ((alert("firing", 52), alert("inactive", 53), alert("firing", 58)), "failed", "flapping"),
    ],
)
def test_what_fires_since_before_the_fault_is_not_its_own_and_what_fired_upon_it_is(
    happened: tuple[f.Fact, ...], outcome: str, reason: str
) -> None:
    assert came_out(judged(CLEARS, story(SINCE_BEFORE, *happened), then=True)) == (outcome, reason)


def test_it_is_told_that_others_fire_since_before() -> None:
    journal = story(SINCE_BEFORE, MINE, alert("inactive", 55))
    found = judged(CLEARS, journal, then=True)
    said = 'Slow{service="shop", severity="page"} fires since 12.0 s, before the fault'
    assert found.because.endswith(f"; {said}, and is not counted")
    assert found.measure is not None
    assert (found.measure.low, found.measure.high) == (4.0, 5.0)
    assert journal.of(f.AlertChanged)[0].cite in found.cites
    alone = judged(CLEARS, story(SINCE_BEFORE), then=True)
    assert alone.because == f"{said}, and no other fired upon it, so there was nothing to clear"


def test_one_that_clears_by_itself_after_the_phase_is_told_to_and_waited_on_for_others() -> None:
    journal = story(SINCE_BEFORE, alert("inactive", 55, labels=OTHER))
    found = judged(CLEARS, journal, then=True)
    assert found.because == (
        'Slow{service="shop", severity="page"} fires since 12.0 s, before the fault, and no other fired upon it, so there was'
        " nothing to clear (it was clear from 55.0 s on)"
    )
    assert len(found.cites) >= 2
    assert judged(CLEARS, journal.cut(64.0), then=True).reason == "pre_existing"
    for at_s in (57.0, 59.0):
        assert judged(CLEARS, journal.cut(at_s), then=True).reason == "window_open"


def test_one_that_fires_just_after_the_phase_is_judged_without_those() -> None:
    cleared = judged(CLEARS, story(SINCE_BEFORE, alert("firing", 52), alert("inactive", 55)), then=True)
    assert "shop" not in cleared.because.partition(";")[0]
    assert cleared.because.endswith(
        '; Slow{service="shop", severity="page"} fires since 12.0 s, before the fault, and is not counted'
    )
    fires_on = judged(CLEARS, story(SINCE_BEFORE, alert("firing", 52)), then=True)
    assert fires_on.because.startswith('Slow{service="api", severity="page"} was still firing 10s after the end of')


def test_the_tape_cut_anywhere_never_says_the_opposite() -> None:
    tapes = (
        (SINCE_BEFORE, MINE, alert("inactive", 55), alert("inactive", 70, labels=OTHER)),
        (SINCE_BEFORE, alert("inactive", 52, labels=OTHER), alert("firing", 59)),
        (SINCE_BEFORE, MINE, alert("inactive", 48), alert("firing", 58)),
        (SINCE_BEFORE, alert("firing", 52), alert("inactive", 55)),
        (SINCE_BEFORE, alert("firing", 52), alert("inactive", 55), alert("inactive", 70, labels=OTHER)),
        (SINCE_BEFORE, alert("firing", 52), alert("inactive", 55), alert("inactive", 56, labels=OTHER)),
    )
    for happened in tapes:
        whole = story(*happened)
        last = came_out(judged(CLEARS, whole, then=True))[0]
        cuts = {came_out(judged(CLEARS, whole.cut(at_s), then=True))[0] for at_s in range(50, 95)}
        assert cuts <= {last, "inconclusive"}


def test_an_instance_of_an_earlier_fault_is_a_faults_own() -> None:
    """It began in the trouble of a phase before, and this phase's fault may be what it fires on for."""
    before = (
        f.PhaseBegan(seen_s=11, phase="first"),
        f.Injecting(seen_s=11.5, fault="first/down-db", kind="down", target="api->db", planned_s=11.5),
        f.Mended(seen_s=14, fault="first/down-db", begun_s=14),
        f.PhaseEnded(seen_s=15, phase="first"),
        f.PhaseSettled(seen_s=18, phase="first", steady=False),
    )
    happened = (SINCE_BEFORE, MINE, alert("inactive", 55))
    assert came_out(judged(CLEARS, story(*before, *happened), then=True)) == ("failed", "never_resolved")


def test_a_label_made_of_the_value_makes_no_other_of_it() -> None:
    valued = rule(4.0, labels={"value": "{{ $value }}", "severity": "page"})
    old, new = ({**OTHER, "value": value} for value in ("1", "2"))
    before = (alert("firing", 12, labels=old), alert("inactive", 35, labels=old), alert("firing", 35, labels=new))
    found = judged(CLEARS, ruled(valued, *before, MINE, alert("inactive", 55)), then=True)
    assert came_out(found) == ("passed", "met")
    anew = (*before[:2], alert("firing", 37, labels=new))
    assert came_out(judged(CLEARS, ruled(valued, *anew), then=True)) == ("failed", "never_resolved")
