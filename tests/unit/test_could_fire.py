"""An alert that is clear, and an all-clear, count only where the alert could have fired: its rule and its series are there."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, page, rule, ruled, story

from harness import facts as f
from harness.expectations.alert_clears import AlertClears
from harness.expectations.page_sent import PageSent
from harness.verdict import Finding

CLEARS = AlertClears(alert="Slow", within_s="15s")
ALL_CLEAR = PageSent(alert="Slow", status="resolved", within_s="40s")
FAILED_ONES = 'requests_total{job="api",code=~"5.."}'
ALL = 'requests_total{job="api"}'
DOWN = "replicas_down"
THROUGHOUT = ((2.0, 92.0),)
GONE = ((2.0, 52.0),)
TROUBLE = ((22.0, 53.0),)
FIRED = (alert("pending", 24), alert("firing", 29), page(30.2, start_s=29))
CLEARED = (*FIRED, alert("inactive", 57), page(70, start_s=29, status="resolved", ends_s=57.0))


def reads(text: str = FAILED_ONES, evaluated_s: float = 4.0, **more: Any) -> f.RuleSeen:
    return rule(evaluated_s, expr=f"sum by (service) (rate({text}[5s])) > 0.5", for_s=5.0, **more)


def selector(spans: tuple[tuple[float, float], ...], text: str = FAILED_ONES, **more: Any) -> f.SelectorSeen:
    return f.SelectorSeen(seen_s=92, selector=text, metric=text.partition("{")[0], spans=spans, **more)


def given(spans: tuple[tuple[float, float], ...], text: str = FAILED_ONES, **labels: str) -> f.SeriesSeen:
    target = {"job": "api", "instance": "api:80", **labels}
    return f.SeriesSeen(seen_s=92, selector=text, labels=target, spans=spans)


def down(at_s: float) -> f.TargetSeen:
    return f.TargetSeen(seen_s=at_s, job="api", instance="api:80", health="down", interval_s=2.0)


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


def both(*happened: f.Fact) -> set[tuple[str, str]]:
    journal = ruled(*happened, *CLEARED)
    return {came_out(judged(claim, journal, then=True)) for claim in (CLEARS, ALL_CLEAR)}


MET, NO_SERIES = ("passed", "met"), ("inconclusive", "no_series")


@pytest.mark.parametrize(
    ("happened", "out"),
    [
        ((reads(), selector(THROUGHOUT)), MET),
        ((reads(),), MET),  # nobody asked, as in a run that was ended early
        ((reads(), down(53)), NO_SERIES),
        ((reads(), down(8)), MET),  # it was so before
        ((reads(), down(53), f.TargetSeen(seen_s=55, job="api", instance="api:80", health="up")), MET),
        ((reads(), selector(GONE), down(53)), NO_SERIES),
        # the same of another service are there all the time
        ((reads(), selector(THROUGHOUT), given(GONE, service="api"), given(THROUGHOUT, service="shop")), NO_SERIES),
        ((reads(), selector(THROUGHOUT), given(THROUGHOUT, service="api"), given(GONE, service="shop")), MET),
        # its service is back, and has answered nothing with an error since
        ((reads(), selector(GONE), given(GONE), given(THROUGHOUT, ALL)), MET),
        ((reads(), selector(GONE), given(GONE), given(GONE, ALL), down(53)), NO_SERIES),
        # what is there only with trouble went with it, and its target is scraped
        ((reads(DOWN), selector(TROUBLE, DOWN), given(TROUBLE, DOWN)), MET),
        ((reads(DOWN), selector(TROUBLE, DOWN), given(TROUBLE, DOWN), down(54)), NO_SERIES),
        ((reads(DOWN), selector(TROUBLE, DOWN)), NO_SERIES),  # nobody knows whose it was
        ((reads(DOWN), selector(GONE, DOWN), given(GONE, DOWN)), NO_SERIES),  # it was there in calm as well
        ((reads('ALERTS{alertname="Low"}'), selector(TROUBLE, 'ALERTS{alertname="Low"}')), MET),
        ((rule(4.0, expr=f"absent({DOWN})"), selector(GONE, DOWN)), MET),
        ((rule(4.0, expr=f"{DOWN} > 1 or up == 0"), selector(GONE, DOWN), selector(THROUGHOUT, "up")), MET),
        ((reads(), selector((), why="it is gone")), ("passed", "met")),  # as where nobody asked: its target is up
        ((reads(), reads(seen_s=56.0, gone=True)), ("inconclusive", "rule_missing")),
        ((reads(), reads(seen_s=57.5, health="err", error="many-to-many")), ("inconclusive", "rule_broken")),
        ((reads(), rule(None, 56.0, expr=reads().expr, for_s=5.0)), ("inconclusive", "not_evaluated")),
    ],
)
def test_clear_is_what_could_fire_and_does_not(happened: tuple[f.Fact, ...], out: tuple[str, str]) -> None:
    assert both(*happened) == {out}


def test_it_says_what_was_gone_and_since_when() -> None:
    found = judged(CLEARS, ruled(reads(), selector(GONE), *CLEARED), then=True)
    assert f"but its rule reads {FAILED_ONES}, which gave no sample of it after 52.0 s" in found.because


def test_series_that_come_back_count_from_then_on() -> None:
    back = (reads(), selector(((2.0, 52.0), (60.0, 92.0))))
    found = judged(CLEARS, ruled(*back, *CLEARED), then=True)
    assert came_out(found) == MET
    assert "was clear within 10.0 s" in found.because
    assert "gave no sample of it after 52.0 s until 60.0 s" in found.because
    again = alert("pending", 63)
    assert came_out(judged(CLEARS, ruled(*back, *CLEARED, again), then=True)) == NO_SERIES
    late = selector(((2.0, 52.0), (68.0, 92.0)))
    assert came_out(judged(CLEARS, ruled(reads(), late, *CLEARED), then=True)) == NO_SERIES


def test_a_prometheus_that_began_anew_ends_an_alert_that_may_come_again() -> None:
    anew = (reads(), rule(None, 56.0, expr=reads().expr, for_s=5.0))
    since = ruled(*anew, reads(evaluated_s=57.0, seen_s=57.5), *CLEARED)
    found = judged(CLEARS, since, then=True)
    assert came_out(found) == MET
    assert came_out(judged(ALL_CLEAR, since, then=True)) == MET, "it was sent later"
    assert "was clear within 12.0 s" in found.because, "evaluated from 57 s on, and its `for` is 5 s"
    assert came_out(judged(CLEARS, ruled(*anew, reads(evaluated_s=62.0, seen_s=62.5), *CLEARED), then=True)) == (
        "inconclusive",
        "not_evaluated",
    )
    earlier = (reads(), rule(None, 35.0, expr=reads().expr, for_s=5.0), reads(evaluated_s=36.0, seen_s=36.5))
    assert both(*earlier) == {MET}, "it fired on, and cleared later"


def test_a_rule_that_never_cleared_fails_whatever_it_reads() -> None:
    assert came_out(judged(CLEARS, ruled(reads(), selector(GONE), *FIRED), then=True)) == ("failed", "never_resolved")


def test_an_all_clear_while_prometheus_is_gone_proves_nothing() -> None:
    sent = page(70, start_s=29, status="resolved", ends_s=57.0)
    found = judged(ALL_CLEAR, story(*FIRED, sent, hole=(50, 95)), then=True)
    assert came_out(found) == ("inconclusive", "not_watched")


def test_a_label_that_the_rule_itself_sets_is_no_series_own() -> None:
    own = reads(labels=dict(SERVICE))
    assert both(own, selector(THROUGHOUT), given(THROUGHOUT, service="backend")) == {MET}
