"""Defects of the service itself: it fails where it should degrade, does not come back, or dies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted
from calibration.simulator.world import World


def _api(world: World, **changed: Any) -> World:
    return replace(world, api=replace(world.api, **changed))


def no_fallback(world: World) -> World:
    """Without the payment provider nobody can order, though they could pay later."""
    return _api(world, pay_later=False)


def gives_up_too_soon(world: World) -> World:
    """The time-out of the database is below what it takes on a slow day."""
    return _api(world, database_timeout_s=0.35)


def too_few_workers(world: World) -> World:
    """The replicas have fewer workers than requests wait for a slow database at once."""
    return _api(world, workers=3)


def loses_its_workers(world: World) -> World:
    """A worker that waited for a slow database is never given back: the service does not recover."""
    return _api(world, pool_lost=24)


def works_off_what_piled_up(world: World) -> World:
    """After the fault everybody waits behind the requests of before, which take all of the machine: a storm of its own."""
    return _api(world, backlog_s=30.0)


def crashes(world: World) -> World:
    """The process dies while its dependency is away, again and again."""
    return _api(world, crash_every_s=6.0)


def out_of_memory(world: World) -> World:
    """What waits for the dependency fills the memory: the kernel kills the process."""
    return _api(world, crash_every_s=8.0, crash_exit_code=137, oom=True)


def worker_stuck(world: World) -> World:
    """The worker handles nothing any more; the queue grows, and every checkout is answered with 201."""
    return _api(world, worker_stuck=True)


def friendly_failure(world: World) -> World:
    """A failure is answered as a friendly page, with 200."""
    return _api(world, friendly=True)


def retry_storm(world: World) -> World:
    """Each checkout asks a provider that is down eight times."""
    return _api(world, payments_attempts=8)


def slow_leak(world: World) -> World:
    """Every request leaves something behind: the memory is full within minutes."""
    return _api(world, leak_mib_s=1.5)


def leads_to_a_page(world: World) -> World:
    """A failure is answered by a redirect to a page that says sorry."""
    return _api(world, redirects=True)


def comes_back_in_waves(world: World) -> World:
    """After the fault the database is well for some seconds, and stalls again."""
    return _api(world, waves=(12.0, 4.0, 40.0))


def acknowledges_before_commit(world: World) -> World:
    """A checkout is answered with 201 before it is written; what the database then refuses is lost."""
    return _api(world, acknowledges_first=True)


def charges_twice(world: World) -> World:
    """A payment whose answer was lost is asked for again without a key, and booked again."""
    return _api(world, charges_again=True)


def kept_down_by_retries(world: World) -> World:
    """Six attempts for each failed call are more than the database bears: they keep it down when the fault is gone."""
    return _api(world, database_attempts=6, database_capacity=36.0, database_timeout_s=0.15)


def warms_up_for_minutes(world: World) -> World:
    """After a fault of seconds requests go on failing, fewer and fewer, for two minutes."""
    return _api(world, aftermath=(0.9, 120.0))


def never_whole_again(world: World) -> World:
    """What the fault broke stays broken: a third of the requests fail from then on."""
    return _api(world, aftermath=(0.33, 1e6))


def gives_up_for_good(world: World) -> World:
    """A replica that cannot reach its database ends, and nobody starts it again: what is sent to it fails from then on."""
    return _api(world, gives_up=True, aftermath=(0.33, 1e6))


def memory_full(world: World) -> World:
    """The memory is at its limit all the time."""
    return _api(world, memory_full=True)


SERVICE = (
    Planted(friendly_failure, "database-gone", "down-answers", "new_success"),
    Planted(no_fallback, "payments-gone", "gone-answers", "new_error"),
    Planted(leads_to_a_page, "database-gone", "down-answers", "moved_elsewhere"),
    Planted(acknowledges_before_commit, "database-gone", "run-orders", "new_error"),
    Planted(charges_twice, "payments-reset", "reset-booked", "amplified"),
    Planted(kept_down_by_retries, "database-cut", "cut-sustained", "metastable"),
    Planted(warms_up_for_minutes, "database-cut", "cut-sustained", "slow_recovery"),
    Planted(never_whole_again, "database-cut", "cut-sustained", "permanent_damage"),
    Planted(never_whole_again, "database-cut", "cut-back", "not_back"),
    Planted(never_whole_again, "database-cut", "database-cut/settles", "not_settled"),
    Planted(gives_up_for_good, "database-cut", "database-cut/settles", "needs_restart"),
    Planted(comes_back_in_waves, "database-slow", "slow-recovers", "relapsed"),
    Planted(memory_full, "database-slow", "run-leak", "full"),
    Planted(retry_storm, "payments-gone", "gone-retries", "amplified"),
    Planted(slow_leak, "database-slow", "run-leak", "leaks"),
    Planted(no_fallback, "payments-gone", "gone-errors", "not_met"),
    Planted(no_fallback, "payments-gone", "gone-outage", "outage_too_long"),
    Planted(gives_up_too_soon, "database-slow", "slow-errors", "not_met"),
    Planted(too_few_workers, "database-slow", "slow-latency", "not_met"),
    Planted(loses_its_workers, "database-slow", "slow-recovers", "late"),
    Planted(works_off_what_piled_up, "database-gone", "down-recovers", "late"),
    Planted(crashes, "payments-gone", "gone-up", "died"),
    Planted(out_of_memory, "payments-gone", "gone-up", "died"),
    Planted(worker_stuck, "database-slow", "run-queue", "beyond"),
)
