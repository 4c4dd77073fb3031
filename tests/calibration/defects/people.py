"""Defects of the person on call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted
from calibration.simulator.world import World


def _person(world: World, **changed: Any) -> World:
    return replace(world, person=replace(world.person, **changed))


def nobody_answers(world: World) -> World:
    """The page is shown, and nobody says or does anything."""
    return _person(world, acknowledges_s=None, believes_s=None, runs_s=None)


def answers_too_late(world: World) -> World:
    """The page is acknowledged after a quarter of a minute, and all else after that."""
    return _person(world, acknowledges_s=15.0, believes_s=16.0, runs_s=18.0)


def believes_nothing(world: World) -> World:
    """Somebody acts, and writes nothing down."""
    return _person(world, believes_s=None)


def believes_the_wrong_thing(world: World) -> World:
    """The database is suspected, which is well."""
    return _person(world, believes="postgres is overloaded")


def does_nothing_about_it(world: World) -> World:
    """It is understood, and nobody does anything about it."""
    return _person(world, runs_s=None)


def does_it_badly(world: World) -> World:
    """The right command ends with an error."""
    return _person(world, exit_code=1)


def restarts_the_database(world: World) -> World:
    """The database, which is well, is restarted."""
    return _person(world, runs="docker compose restart postgres")


PEOPLE = (
    Planted(nobody_answers, "bad-release", "release-person", "not_acknowledged"),
    Planted(answers_too_late, "bad-release", "release-person", "late"),
    Planted(believes_nothing, "bad-release", "release-person", "no_hypothesis"),
    Planted(believes_the_wrong_thing, "bad-release", "release-person", "wrong_hypothesis"),
    Planted(does_nothing_about_it, "bad-release", "release-person", "not_mitigated"),
    Planted(does_it_badly, "bad-release", "release-person", "not_mitigated"),
    Planted(restarts_the_database, "bad-release", "release-person", "harmful_action"),
)
