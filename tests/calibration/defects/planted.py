"""What a planted defect is, and the two ways in which most of them change a world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from calibration.simulator.dialects import DIALECTS
from calibration.simulator.rules import Rule
from calibration.simulator.world import World

SPOKEN = tuple(one.name for one in DIALECTS)


@dataclass(frozen=True)
class Planted:
    """
    plant    makes it, in a world that is honest otherwise; its name is the defect's, its docstring what is wrong
    phase    of the rehearsal, in which it shows (the calm phase is always played before)
    claim    the id of the claim that must find it, and `reason`: the code by which
    dialects those in which it can be: it has no meaning in others
    says     what its sentence must name, where one code stands for several things
    """

    plant: Callable[[World], World]
    phase: str
    claim: str
    reason: str
    says: str = ""
    dialects: tuple[str, ...] = SPOKEN

    @property
    def name(self) -> str:
        return self.plant.__name__

    @property
    def about(self) -> str:
        return " ".join((self.plant.__doc__ or "").split())


def rule(world: World, name: str, **changed: Any) -> World:
    """The world with one alerting rule changed."""
    rules = tuple(replace(one, **changed) if one.name == name else one for one in world.rules)
    assert rules != world.rules, f"there is no rule {name}, or nothing was changed"
    return replace(world, rules=rules)


def without(world: World, name: str) -> World:
    """The world without a rule."""
    return replace(world, rules=tuple(one for one in world.rules if one.name != name))


def labelled(one: Rule, **labels: str) -> dict[str, str]:
    return {**one.labels, **labels}


def called(world: World, name: str) -> Rule:
    return next(one for one in world.rules if one.name == name)
