"""Defects of tracing: traces with holes, without an end, or that accuse the wrong one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted
from calibration.simulator.world import World


def _tracing(world: World, **changed: Any) -> World:
    return replace(world, tracing=replace(world.tracing, **changed))


def context_lost_in_the_queue(world: World) -> World:
    """A message is put into the queue without its trace; the worker begins a new one."""
    return _tracing(world, through_the_queue=False)


def missing_parent(world: World) -> World:
    """The span between the request and its calls is made, and never sent."""
    return _tracing(world, handlers=False)


def no_root(world: World) -> World:
    """The span of the request itself is never sent."""
    return _tracing(world, roots=False, handlers=True)


def samples_by_itself(world: World) -> World:
    """The service traces half of what it is asked to trace."""
    return _tracing(world, sampled=0.5)


def calls_another(world: World) -> World:
    """Spans of calls bear the address of another dependency."""
    return _tracing(world, calls_it="payments")


TRACING = (
    Planted(context_lost_in_the_queue, "payments-gone", "gone-traces", "broken_context"),
    Planted(missing_parent, "database-gone", "down-traces", "missing_parent"),
    Planted(no_root, "database-gone", "down-traces", "missing_root"),
    Planted(samples_by_itself, "database-gone", "down-traces", "untraced"),
    Planted(calls_another, "database-gone", "down-traces", "wrong_attribution"),
)
