"""Defects of Alertmanager: an alert fires, and nobody, or the wrong one, or everybody ten times, hears of it."""

from __future__ import annotations

from dataclasses import replace

from calibration.defects.alerting import SLOW
from calibration.defects.planted import Planted, rule, without
from calibration.simulator.rules import Ratio, Select
from calibration.simulator.world import Inhibition, Silence, World


def page_without_rule(world: World) -> World:
    """There is no rule, so there is no page."""
    return without(world, SLOW)


def inhibited(world: World) -> World:
    """A sloppy inhibition: what both alerts lack, they have in common, and the watchdog always fires."""
    sloppy = Inhibition("Watchdog", SLOW, ("dependency",))
    return replace(world, pager=replace(world.pager, inhibitions=(sloppy,)))


def silenced(world: World) -> World:
    """A silence of last week was never taken away."""
    silence = Silence("5b2f", {"service": "api"})
    return replace(world, pager=replace(world.pager, silences=(silence,)))


def routed_to_the_board(world: World) -> World:
    """Pages go to the team's board, which nobody reads at night."""
    return replace(
        world, pager=replace(world.pager, routes={**world.pager.routes, "page": "tickets", "urgent": "oncall"})
    )


def url_leads_nowhere(world: World) -> World:
    """The receiver's URL was changed at the provider."""
    return replace(world, pager=replace(world.pager, deaf=("oncall",)))


def one_page_for_each_replica(world: World) -> World:
    """The rule leaves the instance in its answer, and the route groups by it."""
    calls = {"dependency": "payments"}
    each = Ratio(
        Select("dependency_calls_total", {**calls, "outcome": "refused|timeout"}),
        Select("dependency_calls_total", calls),
        15.0,
        0.2,
        by=("instance",),
    )
    grouped = replace(world, pager=replace(world.pager, group_by=("alertname", "instance")))
    return rule(grouped, "PaymentsUnavailable", expression=each)


def waits_for_company(world: World) -> World:
    """group_wait is as in production, half a minute: the page comes, but not in time."""
    return replace(world, pager=replace(world.pager, group_wait_s=29.0))


def no_all_clear(world: World) -> World:
    """send_resolved is off: nobody is told that it is over."""
    return replace(world, pager=replace(world.pager, send_resolved=False))


def alertmanager_unknown(world: World) -> World:
    """Prometheus sends its alerts to an address at which no Alertmanager is."""
    return replace(world, pager=replace(world.pager, unsent=True))


def users_unmentioned(world: World) -> World:
    """The database's alert is all that comes: no page tells that users suffer."""
    return without(world, "CheckoutErrorsHigh")


PAGING = (
    Planted(page_without_rule, "database-slow", "slow-page", "rule_missing"),
    Planted(inhibited, "database-slow", "slow-page", "suppressed"),
    Planted(silenced, "database-slow", "slow-page", "suppressed"),
    Planted(routed_to_the_board, "database-slow", "slow-page", "wrong_receiver"),
    Planted(url_leads_nowhere, "database-slow", "slow-page", "not_delivered"),
    Planted(one_page_for_each_replica, "payments-gone", "gone-page", "too_many_pages"),
    Planted(waits_for_company, "database-slow", "slow-page", "late"),
    Planted(alertmanager_unknown, "database-slow", "slow-page", "fired_not_routed"),
    Planted(users_unmentioned, "database-gone", "down-pages", "too_few_pages"),
    Planted(no_all_clear, "database-slow", "slow-allclear", "missed"),
)
