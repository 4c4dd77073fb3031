"""An alert that clears while its fault is still on is told so, and fails what claims that it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from alert_stories import FAULT, SERVICE, Hurt, alert, judged, page, rule, ruled, story

from harness import facts as f
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.page_sent import PageSent
from harness.ledger import NO_ROWS, Rows, rows_of
from harness.testing import WrittenLogs
from harness.verdict import Finding

HOLDS = AlertFires(alert="Slow", within_s="20s", holds=True)
FIRES = AlertFires(alert="Slow", within_s="20s")
PAGED = PageSent(alert="Slow", within_s="20s")
CLEARS = AlertClears(alert="Slow", within_s="20s")
ALL_CLEAR = PageSent(alert="Slow", status="resolved", within_s="20s")
FIRED = (alert("firing", 30),)
EARLY = (*FIRED, alert("inactive", 43))
LATER = (*FIRED, alert("inactive", 52))
OTHER = {"service": "web", "severity": "page"}
ON = f"; {FAULT} was on then, and was taken out only"
AGE = 'oldest_age_seconds{job="worker"}'


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


class Released(Hurt):
    """A release of the story."""

    outlasts: ClassVar[bool] = True


def released(*happened: f.Fact) -> Evidence:
    """The story, of a release of api that is put back by us at 85 s."""
    out = f.Injecting(seen_s=21, fault=FAULT, kind="bad_release", target="api", planned_s=21)
    back = f.Mended(seen_s=85.5, fault=FAULT, begun_s=85)
    journal = story(out, back, *happened, but=(f.Injecting, f.Mended))
    faults = {FAULT: Released(id=FAULT)}
    return Evidence(journal, NO_ROWS, WrittenLogs(), Steady(5.0, ()), phase="hurt", faults=faults, over=True)


def pulled(at_s: float, **more: Any) -> f.LeverPulled:
    return f.LeverPulled(**{"seen_s": at_s, "lever": "back", "by": "runbook", "fault": FAULT, **more})


# --- alert_fires: {holds: true} -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "out"),
    [
        (FIRED, ("passed", "met")),
        (LATER, ("passed", "met")),
        ((*FIRED, alert("inactive", 49.45)), ("passed", "met")),  # its fault was being taken out
        (EARLY, ("failed", "cleared_early")),
        ((*EARLY, alert("firing", 32, labels=OTHER)), ("passed", "met")),  # another of them went on
        ((*EARLY, alert("firing", 46, labels=OTHER)), ("failed", "cleared_early")),
    ],
)
def test_an_alert_holds_when_one_fires_until_the_fault_is_taken_out(
    happened: tuple[f.Fact, ...], out: tuple[str, str]
) -> None:
    assert came_out(judged(HOLDS, story(*happened))) == out
    assert came_out(judged(FIRES, story(*happened))) == ("passed", "met")


def test_it_says_when_it_cleared_and_that_its_series_had_gone() -> None:
    reads = rule(4.0, expr=f"{AGE} > 10")
    gone = f.SelectorSeen(seen_s=92, selector=AGE, metric="oldest_age_seconds", spans=((5.0, 41.0),))
    found = judged(HOLDS, ruled(reads, gone, *EARLY))
    assert found.because == (
        "Slow fired at 30.0 s, but was clear from 43.0 s on, 6.4 s before the fault was taken out: its rule reads "
        f"{AGE}, which gave no sample of it after 41.0 s"
    )


def test_where_nobody_looked_all_the_time_it_is_open_and_flapping_comes_first() -> None:
    assert came_out(judged(HOLDS, story(*FIRED, hole=(38, 46)))) == ("inconclusive", "not_watched")
    anew = (*EARLY, alert("firing", 46))
    assert came_out(judged(HOLDS, story(*anew))) == ("failed", "flapping")
    twice = HOLDS.model_copy(update={"flaps": 1})
    assert came_out(judged(twice, story(*anew))) == ("failed", "cleared_early")


GONE_EARLY = (f.Mended(seen_s=33.1, fault=FAULT, begun_s=33), alert("firing", 35), page(36, start_s=35))


def test_an_alert_that_came_when_the_fault_was_out_held_at_no_time() -> None:
    gone = story(*GONE_EARLY, but=(f.Mended,))
    found = judged(HOLDS, gone)
    assert came_out(found) == ("failed", "late")
    assert "2.0 s after the fault was taken out" in found.because
    told = judged(FIRES, gone)
    assert came_out(told) == ("passed", "met")
    assert "2.0 s after the fault was taken out" in told.because
    assert "3.0 s after the fault was taken out" in judged(PAGED, gone).because


def served(bad_until_s: int, good_until_s: int = 90) -> Rows:
    """Answers of the good version, of the release from 22 s on, and of the good one again."""
    spans = (("good", 11, 21), ("bad", 22, bad_until_s), ("good", bad_until_s, good_until_s))
    return rows_of([{"at_s": at_s, "took_ms": 100.0, "version": who} for who, a, b in spans for at_s in range(a, b)])


FIRED_LATE = (alert("firing", 35), page(36, start_s=35))


@pytest.mark.parametrize(
    "told",
    [
        {"rows": served(31)},
        {
            "seen": [
                f.ReleaseSeen(seen_s=22, service="api", container="a", release="bad"),
                f.ReleaseSeen(seen_s=30, service="api", container="a", release="good"),
                f.Deployed(seen_s=30, service="api", image="good", by="rollback", begun_s=29),
            ]
        },
    ],
)
def test_an_alert_that_came_when_the_release_had_left_held_at_no_time(told: dict[str, Any]) -> None:
    back = replace(released(*FIRED_LATE, pulled(27), *told.get("seen", ())), rows=told.get("rows", NO_ROWS))
    found = HOLDS.check(back)
    assert came_out(found) == ("failed", "late")
    assert "8.0 s after the rollback was decided" in found.because
    assert "which was out by 30." in found.because
    fires = FIRES.check(back)
    assert came_out(fires) == ("passed", "met")
    assert "8.0 s after the rollback was decided" in fires.because
    assert "9.0 s after the rollback was decided" in PAGED.check(back).because


@pytest.mark.parametrize("pulled_s", [24, 28.5, 29])
def test_an_alert_that_came_while_the_release_served_on_after_its_rollback_was_decided_is_met(pulled_s: float) -> None:
    found = HOLDS.check(replace(released(*FIRED, pulled(pulled_s)), rows=served(40)))
    assert came_out(found) == ("passed", "met")
    assert f"{30 - pulled_s:.1f} s after the rollback was decided" in found.because


def test_a_release_that_no_rollback_took_away_was_on() -> None:
    bad = f.ReleaseSeen(seen_s=22, service="api", container="a", release="bad")
    assert came_out(HOLDS.check(released(*FIRED, pulled(27), bad))) == ("passed", "met")


def test_where_nothing_tells_when_the_release_left_it_is_open() -> None:
    found = HOLDS.check(released(*FIRED, pulled(27)))
    assert came_out(found) == ("inconclusive", "too_near")
    assert "it had not left at 27.0 s and had by 85.0 s" in found.because
    few = HOLDS.check(replace(released(*FIRED_LATE, pulled(27)), rows=served(31, 31)))
    assert came_out(few) == ("inconclusive", "too_near")
    assert "it had not left at 30.1 s" in few.because


def test_while_the_release_is_watched_still_nothing_is_known_of_when_it_left() -> None:
    whole = replace(released(*FIRED_LATE, pulled(27)), rows=served(31))
    cut = [fact for fact in whole.journal.facts if fact.seen_s < 60]
    found = HOLDS.check(replace(whole, journal=type(whole.journal)(tuple(cut)), over=False))
    assert came_out(found) == ("inconclusive", "too_near")


def test_a_rollback_that_was_quicker_than_the_rule_can_be_fails_no_alert() -> None:
    found = HOLDS.check(replace(released(*FIRED_LATE, pulled(24)), rows=served(26)))
    assert came_out(found) == ("inconclusive", "below_floor")
    assert "4.1 s after it was asked for, and the alert may take 5–8 s" in found.because
    slow = replace(released(*FIRED_LATE, pulled(23)), rows=served(24))  # not even its `for` of 5 s
    assert came_out(HOLDS.check(slow)) == ("inconclusive", "below_floor")


def test_where_the_rule_waits_longer_than_the_fault_was_on_that_is_why() -> None:
    brief = story(f.Mended(seen_s=25.1, fault=FAULT, begun_s=25), *FIRED, but=(f.Mended,))
    found = judged(HOLDS, brief)  # `for` is 5 s, and it was asked for at 21 s
    assert came_out(found) == ("failed", "rule_too_slow")
    assert "`for` of the rule Slow is 5s" in found.because


def test_what_came_while_the_fault_was_on_is_told_without_that() -> None:
    on = story(*FIRED, page(31, start_s=30))
    back = released(*FIRED, page(31, start_s=30), pulled(32))
    for found in (judged(FIRES, on), judged(PAGED, on), FIRES.check(back), PAGED.check(back)):
        assert came_out(found) == ("passed", "met")
        assert "taken out" not in found.because
        assert "rollback" not in found.because
    assert came_out(HOLDS.check(back)) == ("passed", "met")


def test_of_a_release_it_holds_until_the_rollback_is_decided_or_the_phase_ends() -> None:
    assert came_out(HOLDS.check(released(*EARLY))) == ("failed", "cleared_early")
    assert came_out(HOLDS.check(released(*LATER))) == ("passed", "met")


ASKED = f.LeverAsked(seen_s=32, lever="back", question="Roll back api?", fault=FAULT)


@pytest.mark.parametrize(
    "happened",
    [
        (pulled(35),),
        (pulled(35, fault=None),),  # as it was written before
        (f.Deployed(seen_s=38.5, service="api", image="good", by="rollback", begun_s=38),),  # a system's hand
        tuple(
            f.ReleaseSeen(seen_s=at_s, service="api", container=name, release=release)
            for at_s, name, release in ((22, "a", "bad"), (23, "b", "bad"), (40, "a", "good"))
        ),  # of the first of two
        (ASKED, f.Noted(seen_s=36, writer="people-ada", by="ada", kind="decide", text="back")),
        (
            replace(ASKED, command="./back.sh"),
            f.Executing(seen_s=36, writer="people-ada", by="ada", command=("./back.sh",)),
        ),
    ],
)
def test_whoever_takes_a_release_back_it_need_hold_no_longer(happened: tuple[f.Fact, ...]) -> None:
    assert came_out(HOLDS.check(released(*EARLY, *happened))) == ("passed", "met")


def test_a_release_that_answers_alone_tell_of_was_taken_back_by_its_last_answer() -> None:
    assert came_out(HOLDS.check(replace(released(*EARLY), rows=served(40)))) == ("passed", "met")
    assert came_out(HOLDS.check(replace(released(*EARLY), rows=served(40, 40)))) == ("failed", "cleared_early")


@pytest.mark.parametrize(
    "happened",
    [
        pulled(12),  # of an earlier phase
        pulled(12, fault=None),
        pulled(36, fault=""),  # heals what a rollback leaves
        pulled(36, fault="hurt/bad_release-web"),
        f.Deployed(seen_s=38.5, service="web", image="good", by="rollback", begun_s=38),
        replace(ASKED, fault=""),
    ],
)
def test_a_step_that_takes_back_another_or_none_is_no_rollback_of_it(happened: f.Fact) -> None:
    noted = f.Noted(seen_s=36, writer="people-ada", by="ada", kind="decide", text="back")
    assert came_out(HOLDS.check(released(*EARLY, happened, noted))) == ("failed", "cleared_early")


def test_of_a_fault_that_was_on_twice_it_holds_until_it_goes_again() -> None:
    first = (
        f.Injecting(seen_s=21, fault=FAULT, kind="x", target="x", planned_s=21),
        f.Mended(seen_s=26, fault=FAULT, begun_s=25),
    )
    again = (
        f.Injecting(seen_s=27, fault=FAULT, kind="x", target="x", planned_s=27),
        f.Mended(seen_s=49, fault=FAULT, begun_s=48),
    )
    twice = story(*first, *again, *EARLY, but=(f.Injecting, f.Mended))
    assert came_out(judged(HOLDS, twice)) == ("failed", "cleared_early")


def test_an_alert_that_goes_on_with_another_value_is_told_a_moment_later() -> None:
    new = {**SERVICE, "value": "2"}
    changed = (
        alert("firing", 30, labels={**SERVICE, "value": "1"}),
        alert("inactive", 40, labels={**SERVICE, "value": "1"}),
    )
    valued = rule(4.0, labels={"value": "{{ $value }}", "severity": "page"})
    assert came_out(judged(HOLDS, ruled(valued, *changed, alert("firing", 40.05, labels=new)))) == ("passed", "met")
    assert came_out(judged(HOLDS, ruled(valued, *changed))) == ("failed", "cleared_early")


@pytest.mark.parametrize("where", [{"then": True}, {"faulted": False}])
def test_it_can_only_be_claimed_where_a_fault_is_on(where: dict[str, bool]) -> None:
    reach = replace(Reach(window_s=60, arrivals=1, timeout_s=1, faulted=True), **where)
    assert HOLDS.undecidable(reach).startswith("`holds` lasts until a fault is out")
    assert FIRES.undecidable(reach) == ""


# --- alert_clears and the all-clear ---------------------------------------------------------------------------------------------


def test_what_cleared_in_the_middle_of_the_outage_is_told() -> None:
    happened = (*EARLY, page(31, start_s=30), page(44, start_s=30, status="resolved", ends_s=43.0))
    found = judged(CLEARS, story(*happened), then=True)
    assert came_out(found) == ("passed", "met")
    assert found.because.endswith(f"{ON} 6.4 s later")
    paged = judged(ALL_CLEAR, story(*happened), then=True)
    assert came_out(paged) == ("passed", "met")
    assert f"{ON} 5.4 s later" in paged.because


def test_what_cleared_when_the_fault_was_out_or_by_a_rollback_is_not() -> None:
    assert FAULT not in judged(CLEARS, story(*LATER), then=True).because
    assert FAULT not in CLEARS.check(replace(released(*EARLY), then=True)).because


def test_while_the_run_goes_such_an_alert_is_looked_at_until_its_time_is_over() -> None:
    """Only when the phases are over is Prometheus asked whether its rule had what it reads."""
    bounds = story(*EARLY, but=(f.LoadEnded, f.PhaseSettled))
    going = replace(released(), journal=bounds, faults={FAULT: Hurt(id=FAULT)}, then=True, over=False)
    until = [fact for fact in bounds.facts if fact.seen_s < 60]
    cut = replace(going, journal=type(bounds)(tuple(until)))
    assert came_out(CLEARS.check(cut)) == ("inconclusive", "window_open")
    assert came_out(CLEARS.check(going)) == ("passed", "met")


def test_a_series_that_went_is_the_reason_and_not_a_prometheus_that_was_looked_at_too_briefly() -> None:
    reads = rule(4.0, expr=f"{AGE} > 10")
    gone = f.SelectorSeen(seen_s=92, selector=AGE, metric="oldest_age_seconds", spans=((5.0, 41.0),))
    whole = ruled(reads, gone, *EARLY)
    briefly = [fact for fact in whole.facts if not (isinstance(fact, f.Looked) and fact.seen_s > 62)]
    found = judged(CLEARS, type(whole)(tuple(briefly)), then=True)
    assert came_out(found) == ("inconclusive", "no_series")
    assert f"its rule reads {AGE}, which gave no sample of it after 41.0 s" in found.because
    assert f"{ON} 6.4 s later" in found.because
