"""Defects of logging: the line that would have told, and does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted, called, labelled, rule, without
from calibration.simulator.world import World

DOWN = "OrdersDatabaseDown"


def _logging(world: World, **changed: Any) -> World:
    return replace(world, logging=replace(world.logging, **changed))


def generic_line(world: World) -> World:
    """A failure's line says `internal error`, and not whose."""
    return _logging(world, specific=False)


def blames_another(world: World) -> World:
    """A failure's line names the worker, whatever failed."""
    return _logging(world, blames=("worker",))


def stack_traces(world: World) -> World:
    """One checkout in a hundred leaves a stack trace."""
    return _logging(world, traceback=0.02)


def lines_without_id(world: World) -> World:
    """No line bears the id of its request."""
    return _logging(world, request_id=False)


def access_log_alone(world: World) -> World:
    """A failed request leaves its line in the access log, and no other."""
    return _logging(world, failures=False)


def names_nobody(world: World) -> World:
    """A failure's line tells what happened, and not to whom."""
    return _logging(world, names=False)


def secret_in_the_log(world: World) -> World:
    """A failure's line holds the address of the database, with its password."""
    return _logging(world, secret=True)


def log_storm(world: World) -> World:
    """A failure is told a hundred times."""
    return _logging(world, repeats=100)


def accuses_everybody(world: World) -> World:
    """A failure's lines accuse all who could have had to do with it."""
    return _logging(world, blames=("postgres", "payments", "redis", "worker", "dns"))


def grumbles_on_good_days(world: World) -> World:
    """The payment provider is accused in a tenth of the checkouts, though all is well."""
    return _logging(world, grumbles=0.1)


def tells_nothing(world: World) -> World:
    """Neither a page nor a line names the database that is down, and nothing is traced."""
    untraced = replace(world, tracing=replace(world.tracing, sampled=0.0))
    return _logging(without(without(untraced, "OrdersDatabaseDown"), "CheckoutErrorsHigh"), specific=False)


def all_accuse_another(world: World) -> World:
    """Page and lines name the payment provider while the database is down."""
    mislabelled = rule(world, DOWN, labels=labelled(called(world, DOWN), dependency="payments"))
    return _logging(without(mislabelled, "CheckoutErrorsHigh"), blames=("payments",))


LOGS = (
    Planted(generic_line, "database-gone", "down-log", "not_met"),
    Planted(generic_line, "database-gone", "down-coverage", "generic"),
    Planted(lines_without_id, "database-gone", "down-coverage", "no_id"),
    Planted(access_log_alone, "database-gone", "down-coverage", "only_access_log"),
    Planted(names_nobody, "database-gone", "down-coverage", "no_dependency"),
    Planted(blames_another, "database-gone", "down-coverage", "wrong_dependency"),
    Planted(secret_in_the_log, "database-gone", "down-coverage", "secret_logged"),
    Planted(log_storm, "database-gone", "down-coverage", "log_storm"),
    Planted(accuses_everybody, "database-gone", "down-blame", "blames_everybody"),
    Planted(grumbles_on_good_days, "database-gone", "calm-blame", "false_blame"),
    Planted(tells_nothing, "database-gone", "down-blame", "blames_nobody"),
    Planted(all_accuse_another, "database-gone", "down-blame", "wrong_part"),
    Planted(blames_another, "payments-gone", "gone-log", "not_met"),
    Planted(stack_traces, "payments-gone", "run-log", "logged"),
)
