"""Defects of rules and of what they read: alerts that do not fire, fire late, for others, or for nothing."""

from __future__ import annotations

from dataclasses import replace

from calibration.defects.planted import Planted, called, labelled, rule, without
from calibration.simulator.rules import Quantile, Ratio, Select
from calibration.simulator.world import World

SLOW = "CheckoutLatencyHigh"
DURATIONS = "http_request_duration_seconds"
CHECKOUT = {"route": "/checkout"}


def no_rule(world: World) -> World:
    """Nobody wrote the alerting rule."""
    return without(world, SLOW)


def rule_cannot_be_evaluated(world: World) -> World:
    """Prometheus has the rule and cannot evaluate it."""
    return rule(world, SLOW, error="found duplicate series for the match group")


def threshold_too_high(world: World) -> World:
    """The rule asks for ten times the promised latency."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.9, 15.0, 5.0))


def threshold_below_normal(world: World) -> World:
    """The alert fires on every good day, so that it tells nothing on a bad one."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.9, 15.0, 0.01))


def waits_too_long(world: World) -> World:
    """`for` is half a minute: the alert comes, but not in time."""
    return rule(world, SLOW, for_s=31.0)


def window_too_long(world: World) -> World:
    """The rule averages over a minute what must be known in half of one."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.55, 60.0, 0.5))


def scrapes_fail(world: World) -> World:
    """Two of three scrapes fail and the window is short: the rule's `for` begins anew again and again."""
    patchy = replace(world, metrics=replace(world.metrics, miss_share=0.65))
    return rule(patchy, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.9, 3.0, 0.5), for_s=20.0)


def no_for(world: World) -> World:
    """Without `for` a hiccup of a second wakes somebody."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.99, 6.0, 0.5), for_s=0.0)


def wrong_severity(world: World) -> World:
    """The alert is labelled as a ticket, though it is a page."""
    return rule(world, SLOW, labels=labelled(called(world, SLOW), severity="ticket"))


def wrong_service(world: World) -> World:
    """The alert names another service."""
    return rule(world, SLOW, labels=labelled(called(world, SLOW), service="worker"))


def wrong_dependency(world: World) -> World:
    """The payments alert was copied from the database's and still names it."""
    name = "PaymentsUnavailable"
    return rule(world, name, labels=labelled(called(world, name), dependency="postgres"))


def slow_taken_for_down(world: World) -> World:
    """The alert that says `down` fires while the database is only slow."""
    return rule(world, "OrdersDatabaseDown", expression=Quantile(DURATIONS, CHECKOUT, 0.9, 15.0, 0.5))


def never_clears(world: World) -> World:
    """Once it fires, the alert goes on for ever: its expression holds on to its own last value."""
    return rule(world, SLOW, clears=False)


def clears_late(world: World) -> World:
    """The rule remembers the trouble for longer than anybody wants to."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.9, 58.0, 0.5))


def metric_renamed(world: World) -> World:
    """The service stops to expose what the rule reads; the rule finds nothing, and is silent."""
    return replace(world, metrics=replace(world.metrics, silent=(DURATIONS,)))


def dead_panel(world: World) -> World:
    """A panel of the dashboard asks for a metric that was renamed long ago."""
    return replace(world, panels=(*world.panels, ("Errors", "http_request_errors_total")))


def flat_dashboard(world: World) -> World:
    """The dashboard shows how many come, and not how they fare."""
    return replace(world, panels=world.panels[:1])


def queue_not_exposed(world: World) -> World:
    """The queue's length is no longer exposed, so that nobody can say whether it stays short."""
    return replace(world, metrics=replace(world.metrics, silent=("orders_waiting",)))


def flaps(world: World) -> World:
    """Without `for`, and with a window of three scrapes, the alert comes and goes while the trouble lasts."""
    return rule(world, SLOW, expression=Quantile(DURATIONS, {}, 0.58, 3.0, 0.5), for_s=0.0)


def flaps_in_the_aftermath(world: World) -> World:
    """After the fault the database stalls in waves, and the alert calls people for each of them."""
    waves = replace(world, api=replace(world.api, waves=(8.0, 4.0, 70.0)))
    return rule(waves, SLOW, expression=Quantile(DURATIONS, CHECKOUT, 0.9, 3.0, 0.5), for_s=0.0)


def burns_slowly(world: World) -> World:
    """The rule averages over ten minutes, of which a rehearsal has one: in production it comes a minute later."""
    requests = Select("http_requests_total", CHECKOUT)
    failed = Select("http_requests_total", {**CHECKOUT, "code": "5.."})
    return rule(world, "CheckoutErrorsHigh", expression=Ratio(failed, requests, 600.0, 0.12))


ALERTING = (
    Planted(no_rule, "database-slow", "slow-alert", "rule_missing"),
    Planted(rule_cannot_be_evaluated, "database-slow", "slow-page", "rule_broken"),
    Planted(threshold_too_high, "database-slow", "slow-alert", "missed"),
    Planted(threshold_below_normal, "database-slow", "slow-alert", "pre_existing"),
    Planted(waits_too_long, "database-slow", "slow-alert", "late"),
    Planted(window_too_long, "database-slow", "slow-alert", "late"),
    Planted(scrapes_fail, "database-slow", "slow-alert", "pending_only"),
    Planted(no_for, "database-slow", "calm-quiet", "false_alarm"),
    Planted(wrong_severity, "database-slow", "slow-alert", "wrong_labels"),
    Planted(wrong_service, "database-slow", "slow-alert", "other_service"),
    Planted(wrong_dependency, "payments-gone", "gone-alert", "other_service"),
    Planted(slow_taken_for_down, "database-slow", "slow-collateral", "collateral"),
    Planted(never_clears, "database-slow", "slow-clears", "never_resolved"),
    Planted(clears_late, "database-slow", "slow-clears", "late"),
    Planted(metric_renamed, "database-slow", "slow-alert", "missed"),
    Planted(dead_panel, "database-slow", "run-dashboard", "no_samples"),
    Planted(flat_dashboard, "database-slow", "run-dashboard", "flat"),
    Planted(flaps, "database-slow", "slow-flaps", "flapping"),
    Planted(flaps_in_the_aftermath, "database-slow", "slow-clears", "flapping"),
    Planted(burns_slowly, "database-gone", "down-production", "production_late"),
    Planted(queue_not_exposed, "database-slow", "run-queue", "no_data"),
)
