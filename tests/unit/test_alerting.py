"""When alerts fire and since when none does, read from a journal; and how fast an alert could be, against a simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from alert_stories import alert, looks, rule, story

from harness import alerting
from harness import facts as f
from harness.alerting import Quiet, episodes, floor
from harness.expectations import band, dashboard_live, notifications
from harness.expectations.base import Steady
from harness.probes.alerts import AlertsProbe
from harness.probes.pages import PagesProbe
from harness.probes.samples import SamplesProbe
from harness.quiet import quiet_since, waiting
from harness.run import guards
from harness.run.prometheus_probes import DASHBOARD_GAP_S
from harness.run.steady import look
from harness.testing import journal_of, rows_of


def test_an_episode_lasts_from_firing_to_anything_else() -> None:
    journal = story(
        alert("pending", 20), alert("firing", 25), alert("firing", 26), alert("inactive", 30), alert("firing", 40)
    )
    assert [(e.from_s, e.until_s) for e in episodes(journal, "Slow")] == [(25, 30), (40, float("inf"))]


def test_alerts_with_other_labels_are_other_alerts() -> None:
    journal = story(alert("firing", 25), alert("firing", 26, labels={"service": "db"}), alert("inactive", 30))
    assert [(e.labels["service"], e.until_s) for e in episodes(journal)] == [("api", 30), ("db", float("inf"))]
    assert len(episodes(journal, "S*", {"service": "db"})) == 1


@pytest.mark.parametrize(
    ("happened", "now_s", "since_s"),
    [
        ((), 60, 0.5),
        ((alert("firing", 20), alert("inactive", 30)), 60, 30),
        ((alert("firing", 20),), 60, 60),
        ((alert("firing", 20, name="Watchdog"),), 60, 0.5),
        ((f.Blinded(seen_s=40, probe="alerts", target="", error="no answer"),), 60, 40),
        ((), 150, 150),  # nobody looks any more
    ],
)
def test_it_is_quiet_since_the_last_alert_cleared_and_only_while_somebody_looks(
    happened: tuple[f.Fact, ...], now_s: float, since_s: float
) -> None:
    assert quiet_since(story(*happened), Quiet(("Watchdog",)), now_s) == since_s


def late(seen_s: float, evaluated_s: float | None = None, **more: Any) -> f.RuleSeen:
    return rule(evaluated_s, seen_s, rule="Late", interval_s=60.0, **more)


def test_it_is_not_quiet_before_every_rule_that_may_not_fire_was_evaluated() -> None:
    """A rule each minute that was loaded with the stack: an alert of it that always fires would seem to be a fault's."""
    started = (late(5), late(40.5, 40.0))
    journal = story(*started)
    assert quiet_since(journal.cut(12.0), Quiet(), 12.0) == 12.0
    assert [one.rule for one in waiting(journal.cut(12.0), Quiet())] == ["Late"]
    assert quiet_since(journal, Quiet(), 60.0) == 40.0
    assert waiting(journal, Quiet()) == ()
    assert quiet_since(journal.cut(12.0), Quiet(("Late",)), 12.0) == 0.5
    assert quiet_since(story(late(5, kind="recording")).cut(12.0), Quiet(), 12.0) == 0.5
    assert quiet_since(story(late(5), late(8, gone=True)), Quiet(), 12.0) == 0.5


def test_a_prometheus_that_starts_again_is_quiet_only_once_it_has_evaluated_again() -> None:
    journal = story(late(6, 5.0), late(30), late(45.5, 45.0))
    assert quiet_since(journal.cut(29), Quiet(), 28.5) == 0.5
    assert quiet_since(journal.cut(40), Quiet(), 39.5) == 39.5
    assert quiet_since(journal, Quiet(), 60.0) == 45.0


def test_the_gate_says_which_rule_it_waits_for() -> None:
    steady = Steady(5.0, (), Quiet())
    waits = look(steady, rows_of([]), 6.0, 60.0, 12.0, story(late(5)).cut(12.0))
    assert not waits.held
    assert not waits.hopeless
    assert "Prometheus has not evaluated Late yet, which it does every 60 s" in waits.detail
    assert "no alert firing except Late" in waits.detail
    assert "since 0.5 s" not in waits.detail
    assert "firing: Slow" in look(steady, rows_of([]), 6.0, 60.0, 12.0, story(alert("firing", 8)).cut(12.0)).detail
    assert "cannot be looked at" in look(steady, rows_of([]), 6.0, 60.0, 12.0, journal_of()).detail
    gone = look(steady, rows_of([]), 6.0, 60.0, 40.0, story(late(5), hole=(20, 95)))
    assert "cannot be looked at" in gone.detail, "that it waits for a rule was seen 20 s ago"


@pytest.mark.parametrize(
    ("labels", "wanted", "may"),
    [
        ({}, {"severity": "page"}, True),
        ({"severity": "page"}, {"severity": "page"}, True),
        ({"severity": "ticket"}, {"severity": "page"}, False),
        ({"severity": ""}, {"severity": "page"}, False),
        ({"severity": "{{ $labels.severity }}"}, {"severity": "page"}, True),
        ({"team": "web"}, {"severity": "page", "team": "db"}, False),
        ({"severity": "ticket"}, {}, True),
    ],
)
def test_which_labels_the_alerts_of_a_rule_may_bear(labels: dict[str, str], wanted: dict[str, str], may: bool) -> None:
    assert alerting.may_bear(f.RuleSeen(rule="Slow", labels=labels), wanted) is may


def test_the_floor_is_that_of_the_rules_with_these_labels() -> None:
    severities = (
        rule(4.0, labels={"severity": "ticket"}, for_s=60.0),
        rule(4.0, labels={"severity": "page"}, for_s=300.0),
    )
    journal = journal_of(*severities)
    low_s = [one.low_s for labels in ({"severity": "page"}, {}) if (one := floor(journal, "Slow", labels=labels))]
    assert low_s == [300.0, 60.0]
    assert floor(journal, "Slow", labels={"severity": "info"}) is None


def test_the_floor_of_an_alert_that_fired_is_that_of_the_rule_that_made_it_fire() -> None:
    journal = journal_of(rule(4.0, group="quick", for_s=60.0), rule(4.0, group="slow", for_s=300.0))
    found = [floor(journal, "Slow", group=group) for group in ("quick", "slow", "", "gone")]
    assert [one.links["fired"].high_s for one in found if one] == [60.0, 300.0, 300.0, 300.0]


def test_a_gap_between_looks_begins_the_quiet_anew() -> None:
    assert quiet_since(story(hole=(30, 37)), Quiet(), 60) == 37.5
    assert quiet_since(journal_of(*looks("pages")), Quiet(), 60) == 60


def test_a_floor_holds_against_200000_random_phases_of_scrape_and_evaluation() -> None:
    """S = E = 15 s, a scrape takes up to 70 ms, for 20 s, group_wait 30 s: a page comes 60 to 90.07 s after its cause, and both ends
    are met as nearly as so many phases come to them."""
    journal = journal_of(
        f.RuleSeen(seen_s=1, rule="Slow", for_s=20.0, interval_s=15.0),
        f.TargetSeen(seen_s=1, job="api", instance="a", health="up", interval_s=15.0, took_s=0.07),
        f.ReceiverSeen(seen_s=1, receiver="oncall", observable=True, group_wait_s=30.0),
    )
    found = floor(journal, "Slow", "oncall")
    assert found is not None
    assert (found.low_s, round(found.high_s - alerting.DELIVERY_S, 2)) == (60.0, 90.07)
    dice, n = np.random.default_rng(1), 200_000
    scrape_s, evaluation_s = dice.uniform(0, 15, n), dice.uniform(0, 15, n)  # the first of each after the cause, at 0
    there_s = scrape_s + dice.uniform(0, 0.07, n)
    active_s = evaluation_s + 15 * np.ceil((there_s - evaluation_s) / 15)
    fired_s = active_s + 15 * math.ceil(20 / 15)
    page_s = fired_s + 30
    assert 60.0 < page_s.min() < 60.3
    assert 89.8 < page_s.max() <= 90.07
    links = found.links
    assert np.all((there_s > 0) & (there_s <= links["sample"].high_s))
    assert np.all((active_s >= there_s) & (active_s - there_s <= links["active"].high_s))
    assert np.allclose(fired_s - active_s, links["fired"].low_s)
    assert links["fired"].low_s == links["fired"].high_s == 30.0


def test_the_claims_and_the_probes_agree_on_how_often_is_watching() -> None:
    class Nobody:
        """No one is asked."""

    alerts = AlertsProbe(Nobody())  # type: ignore[arg-type]
    pages = PagesProbe(Nobody())  # type: ignore[arg-type]
    samples = SamplesProbe(Nobody(), ())  # type: ignore[arg-type]
    assert (alerts.name, alerts.gap_s, alerts.lag_s) == (alerting.PROBE, alerting.GAP_S, alerting.LAG_S)
    assert (pages.name, pages.gap_s, pages.lag_s) == (notifications.PROBE, notifications.GAP_S, notifications.LAG_S)
    assert (samples.name, samples.gap_s, samples.lag_s) == (band.PROBE, band.GAP_S, band.LAG_S)
    assert samples.name == guards.ASKED
    assert dashboard_live.GAP_S == DASHBOARD_GAP_S
