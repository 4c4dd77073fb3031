"""Defects of the service's own metrics: they lie, they are blind, they look away, or they are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted
from calibration.simulator.world import World


def _metrics(world: World, **changed: Any) -> World:
    return replace(world, metrics=replace(world.metrics, **changed))


def lossy_counter(world: World) -> World:
    """One request in six is not counted: two threads write the same number."""
    return _metrics(world, lost_share=0.17)


def counts_twice(world: World) -> World:
    """One request in six is counted by two layers."""
    return _metrics(world, twice_share=0.17)


def swallowed_5xx(world: World) -> World:
    """The middleware counts 200 before the handler fails."""
    return _metrics(world, code_told=(("503", "200"), ("504", "200")))


def errors_uncounted(world: World) -> World:
    """A request that ends in an exception leaves the middleware before it is counted."""
    return _metrics(world, uncounted=(503, 504))


def timeouts_uncounted(world: World) -> World:
    """The service waits for longer than its askers, and counts nobody who has left."""
    patient = replace(world, api=replace(world.api, database_timeout_s=9.0))
    return _metrics(patient, counts_abandoned=False)


def optimistic_timeouts(world: World) -> World:
    """The service goes on for longer than its askers wait, and counts as well what it ends for nobody."""
    patient = replace(world, api=replace(world.api, database_timeout_s=6.0, workers=120))
    return _metrics(patient, abandoned_told="200")


def errors_told_late(world: World) -> World:
    """Errors are counted in batches, seconds after they were answered."""
    return _metrics(world, errors_late_s=4.0)


def loses_a_few(world: World) -> World:
    """One request in fifty is not counted: no window of a minute can tell, the whole run can."""
    return _metrics(world, lost_share=0.02)


def hidden_crash(world: World) -> World:
    """One of a replica's processes dies now and then; the replica goes on, and its counters fall by what that one had counted."""
    return _metrics(world, forgets_every_s=15.0)


def restored_after_a_crash(world: World) -> World:
    """Processes die, and their successors take the counters up where a file of some seconds ago had them: to Prometheus, a second time."""
    dying = replace(world, api=replace(world.api, crash_every_s=12.0))
    return _metrics(dying, restores=True)


def late_timer(world: World) -> World:
    """The timer starts when a worker takes the request up, not when it comes; few workers, so that it waits."""
    few = replace(world, api=replace(world.api, workers=5))
    return _metrics(few, timer="started")


def stretched_timer(world: World) -> World:
    """Durations are told three times as long as they were: milliseconds of another clock."""
    return _metrics(world, stretched=3.0)


def top_bucket_too_low(world: World) -> World:
    """The histogram ends at a quarter of a second, where a slow day begins."""
    return _metrics(world, buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25))


def metric_vanishes(world: World) -> World:
    """The service stops to expose its histogram once it is in trouble."""
    return _metrics(world, silent=("http_request_duration_seconds",))


def stale_copy(world: World) -> World:
    """A cache before the metrics' port gives the last page again and again, once the service is in trouble."""
    return _metrics(world, copied=True)


def born_with_its_first_error(world: World) -> World:
    """Series are not registered before they count, so that the first errors raise nothing."""
    return _metrics(world, preregistered=False)


def scraped_rarely(world: World) -> World:
    """Most scrapes fail: what the rules read is old."""
    return _metrics(world, miss_share=0.85)


INSTRUMENTS = (
    Planted(lossy_counter, "database-slow", "calm-count", "undercount"),
    Planted(counts_twice, "database-slow", "calm-count", "overcount"),
    Planted(swallowed_5xx, "database-gone", "down-truth", "lying"),
    Planted(swallowed_5xx, "database-gone", "down-count", "wrong_status"),
    Planted(errors_uncounted, "database-gone", "down-truth", "undercount"),
    Planted(timeouts_uncounted, "database-hangs", "hang-truth", "blind"),
    Planted(optimistic_timeouts, "database-hangs", "hang-truth", "optimistic"),
    Planted(errors_told_late, "database-gone", "down-fresh", "error_late"),
    Planted(loses_a_few, "database-slow", "run-count", "undercount"),
    Planted(hidden_crash, "database-slow", "calm-count", "several_processes"),
    Planted(restored_after_a_crash, "payments-gone", "gone-count", "overcount"),
    Planted(late_timer, "database-slow", "slow-timer", "hides_latency"),
    Planted(stretched_timer, "database-slow", "calm-timer", "exaggerates"),
    Planted(top_bucket_too_low, "database-slow", "slow-timer", "buckets_too_low"),
    Planted(metric_vanishes, "database-slow", "slow-fresh", "vanished"),
    Planted(stale_copy, "database-slow", "slow-fresh", "frozen"),
    Planted(born_with_its_first_error, "database-gone", "down-fresh", "not_preregistered", dialects=("prometheus",)),
    Planted(scraped_rarely, "database-slow", "calm-fresh", "scrape_gap"),
)
