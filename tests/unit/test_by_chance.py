"""An alert that comes and goes without a fault detects none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from alert_stories import alert, judged, page, story

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.page_sent import PageSent
from harness.scoring import least_per_hour, most_per_hour

FIRES = AlertFires(alert="Slow", within_s="15s")
PAGED = PageSent(alert="Slow", within_s="20s")


def flaps(*times: float, **labels: str) -> list[f.Fact]:
    own = {"service": "api", "severity": "page", **labels}
    return [
        alert(state, at_s + after_s, labels=own)
        for at_s in times
        for state, after_s in (("firing", 0), ("inactive", 1))
    ]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ((), "met"),
        ((19.5,), "met"),
        ((4.0, 6.0, 8.0), "met"),
        ((12.0, 17.0), "pre_existing"),
        ((11, 13, 16, 19), "pre_existing"),
    ],
)
def test_one_that_comes_so_often_would_have_come_anyhow(before: Sequence[float], reason: str) -> None:
    """The gate holds at 10 s; what came before it was the start's."""
    journal = story(*flaps(*before), alert("firing", 27), page(28.2, start_s=27))
    assert judged(FIRES, journal).reason == reason
    assert judged(PAGED, journal).reason == reason


def test_it_says_how_often_and_with_what_chance() -> None:
    found = judged(FIRES, story(*flaps(11, 13, 16, 19), alert("firing", 27)))
    assert "it had fired 4 times in the 11.0 s without a fault before" in found.because
    assert "fires in 14s with a chance of at least 82% whatever is done" in found.because
    assert "it had fired 1 time in the" in judged(FIRES, story(*flaps(19.5), alert("firing", 27))).because


def test_an_alert_about_another_service_that_was_quiet_meets_it() -> None:
    loud = flaps(11, 13, 16, 19, 24)
    quiet = alert("firing", 28, labels={"service": "db", "severity": "page"})
    assert judged(FIRES, story(*loud, quiet)).reason == "met"
    assert judged(FIRES, story(*loud)).reason == "pre_existing"


def test_the_trouble_of_an_earlier_phase_is_no_calm() -> None:
    earlier = (
        f.PhaseBegan(seen_s=11, phase="first"),
        f.Injecting(seen_s=11.1, fault="first/x", kind="down", target="db", planned_s=11),
        f.Mended(seen_s=17, fault="first/x", begun_s=17),
        f.PhaseEnded(seen_s=17.5, phase="first"),
        f.PhaseSettled(seen_s=18, phase="first", steady=True),
    )
    assert judged(FIRES, story(*earlier, *flaps(12, 14, 16), alert("firing", 27))).reason == "met"


def test_the_least_rate_of_few_events_lies_below_what_was_seen() -> None:
    assert least_per_hour(0, 3600) == 0
    assert least_per_hour(1, 3600) == pytest.approx(0.0513, abs=1e-4)  # Garwood: -ln 0.95
    assert least_per_hour(4, 3600) < 4 < most_per_hour(4, 3600)
