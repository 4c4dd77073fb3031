"""Defects of what a page says: whoever it wakes cannot act on it. Each lacks one item, and the finding must name that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from calibration.defects.planted import Planted, called, labelled, rule
from calibration.simulator.world import World

DOWN = "OrdersDatabaseDown"


def _annotations(world: World, **changed: str | None) -> World:
    old: Mapping[str, str] = called(world, DOWN).annotations
    new = {name: text for name, text in {**old, **changed}.items() if text is not None}
    return rule(world, DOWN, annotations=new)


def no_runbook(world: World) -> World:
    """The page has no runbook."""
    return _annotations(world, runbook_url=None)


def runbook_leads_nowhere(world: World) -> World:
    """The runbook that the page names was never written."""
    return replace(world, runbooks=tuple(name for name in world.runbooks if name != DOWN))


def no_summary(world: World) -> World:
    """The page has no summary."""
    return _annotations(world, summary=None)


def no_description(world: World) -> World:
    """The page has no description."""
    return _annotations(world, description=None)


def no_dashboard(world: World) -> World:
    """The page leads to no dashboard."""
    return _annotations(world, dashboard_url=None)


def no_numbers(world: World) -> World:
    """The description tells neither the value nor what it is held against."""
    return _annotations(world, description="{service} is ill{of}.")


def template_broke(world: World) -> World:
    """The summary asks for a label that the alert does not have."""
    return _annotations(world, summary="Checkout is ill in {region}.")


def severity_unheard_of(world: World) -> World:
    """The severity is a word that no route and nobody knows."""
    odd = rule(world, DOWN, labels=labelled(called(world, DOWN), severity="p1"))
    return replace(odd, pager=replace(odd.pager, routes={**odd.pager.routes, "p1": "oncall"}))


def dependency_unnamed(world: World) -> World:
    """The page does not say which dependency is down."""
    labels = {name: value for name, value in called(world, DOWN).labels.items() if name != "dependency"}
    return rule(world, DOWN, labels=labels)


PAGES = (
    Planted(no_runbook, "database-gone", "down-quality", "bad_page", "runbook: "),
    Planted(runbook_leads_nowhere, "database-gone", "down-quality", "bad_page", "leads nowhere"),
    Planted(no_summary, "database-gone", "down-quality", "bad_page", "no summary"),
    Planted(no_description, "database-gone", "down-quality", "bad_page", "no description"),
    Planted(no_dashboard, "database-gone", "down-quality", "bad_page", "dashboard: "),
    Planted(no_numbers, "database-gone", "down-quality", "bad_page", "value: "),
    Planted(template_broke, "database-gone", "down-quality", "bad_page", "template: "),
    Planted(severity_unheard_of, "database-gone", "down-quality", "bad_page", "severity: "),
    Planted(dependency_unnamed, "database-gone", "down-quality", "bad_page", "dependency: "),
)
