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
    """A failure is told forty times."""
    return _logging(world, repeats=40)


def accuses_everybody(world: World) -> World:
    """A failure's lines accuse all who could have had to do with it."""
    return _logging(world, blames=("postgres", "payments", "redis", "worker", "dns"))


IN_FIELDS = ("prometheus", "otel", "go")
"""Where a line states in a field whom it accuses. In plain words `payments` may be a thing of the business, too: what is said of it
on every good day is usual there, and accuses nobody."""


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


def accuses_itself(world: World) -> World:
    """The page names the api, through which users felt it; the payment provider, who is down, stands in the lines alone."""
    name = "PaymentsUnavailable"
    mislabelled = rule(world, name, labels=labelled(called(world, name), dependency="api"))
    return _logging(mislabelled, blames=("api", "payments"))


def cries_wolf(world: World) -> World:
    """One request in fifty succeeds and logs an error all the same."""
    return _logging(world, cries=0.02)


def silent_recovery(world: World) -> World:
    """No line tells that the database is back."""
    return _logging(world, recovery=False)


def one_replica_mute(world: World) -> World:
    """The logs of one replica of two are not collected."""
    return _logging(world, mute=1)


def lines_lost_on_the_way(world: World) -> World:
    """The log's driver drops a third of the lines."""
    return _logging(world, lost_share=0.33)


def dies_with_its_lines(world: World) -> World:
    """Lines are written when a request ends, and processes die before."""
    return replace(world, api=replace(world.api, crash_every_s=6.0))


IN_UTC = ("otel", "go", "spring", "logback", "log4j")
"""Where a line states when it was written, and in which zone."""


def local_time_as_utc(world: World) -> World:
    """The processes live in a zone an hour ahead, and their lines state local time as UTC."""
    return _logging(world, ahead_s=3600.0)


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
    Planted(grumbles_on_good_days, "database-gone", "calm-blame", "false_blame", dialects=IN_FIELDS),
    Planted(tells_nothing, "database-gone", "down-blame", "blames_nobody"),
    Planted(all_accuse_another, "database-gone", "down-blame", "wrong_part"),
    Planted(blames_another, "payments-gone", "gone-log", "not_met"),
    Planted(accuses_itself, "payments-gone", "gone-blame", "on_chain_only"),
    Planted(cries_wolf, "bad-release", "release-noise", "noisy_success"),
    Planted(silent_recovery, "database-gone", "down-back", "no_recovery_line"),
    Planted(one_replica_mute, "database-gone", "down-coverage", "no_id"),
    Planted(local_time_as_utc, "database-gone", "down-coverage", "wrong_time", dialects=IN_UTC),
    Planted(lines_lost_on_the_way, "database-gone", "down-coverage", "no_id"),
    Planted(dies_with_its_lines, "database-hangs", "hang-coverage", "lost_log"),
    Planted(stack_traces, "payments-gone", "run-log", "logged"),
)
