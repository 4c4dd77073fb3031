"""Defects of a release and of the way back from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibration.defects.planted import Planted, rule, without
from calibration.simulator.rules import Rate, Select
from calibration.simulator.world import BAD, World


def _release(world: World, **changed: Any) -> World:
    return replace(world, release=replace(world.release, **changed))


def nobody_is_paged(world: World) -> World:
    """No rule tells a bad release, so nobody takes it back."""
    return without(world, "BadRelease")


def nobody_acts(world: World) -> World:
    """The page comes, and the runbook is not begun."""
    return _release(world, takes_back="nobody")


def decides_too_late(world: World) -> World:
    """The page waits for forty seconds before somebody acts on it."""
    return _release(world, hesitates_s=42.0)


def takes_too_long(world: World) -> World:
    """The rollback's command needs more than a minute."""
    return _release(world, takes_s=80.0)


def rollback_does_nothing(world: World) -> World:
    """The command ends with 0, and nothing was changed."""
    return _release(world, does_nothing=True)


def one_replica_left(world: World) -> World:
    """The command ends with 0, and one replica of two still runs the bad release."""
    return _release(world, leaves=1)


def one_variable_left(world: World) -> World:
    """The command ends with 0, all run the good image again, and one variable of the bad release is still there."""
    return _release(world, keeps="PRICE_FACTOR")


def rollback_fails(world: World) -> World:
    """The command ends with an error."""
    return _release(world, exit_code=1)


def another_hand(world: World) -> World:
    """Something else took the release back before the page came."""
    return _release(world, takes_back="system")


def heals_by_itself(world: World) -> World:
    """The errors stop by themselves; the bad release goes on serving."""
    return _release(without(world, "BadRelease"), heals_after_s=12.0)


def leaves_poison(world: World) -> World:
    """What the bad release wrote makes the good one fail, too."""
    return _release(world, poison_share=0.3)


def leaves_it_slow(world: World) -> World:
    """What the bad release wrote makes the good one slower than it was, within what the steady state allows."""
    return _release(world, slows=25.0)


def healthy_taken_back(world: World) -> World:
    """The release is well, and a rule that fires for every new version has it taken back."""
    new = Rate(Select("http_requests_total", {"version": BAD}), 20.0, 0.0)
    return rule(_release(world, error_share=0.0), "BadRelease", expression=new)


def _replay(world: World, **changed: Any) -> World:
    return replace(world, replay=replace(world.replay, **changed))


def nobody_replays(world: World) -> World:
    """The runbook has no second step: what was parked stays parked."""
    return _replay(world, begins=False)


def replay_does_nothing(world: World) -> World:
    """The command that replays what was parked ends with 0, and all of it is still parked."""
    return _replay(world, does_nothing=True)


def replay_fails(world: World) -> World:
    """The command that replays what was parked ends with an error, and nothing was replayed."""
    return _replay(world, does_nothing=True, exit_code=1)


def replay_takes_too_long(world: World) -> World:
    """What was parked is replayed, half a minute after it should have been."""
    return _replay(world, takes_s=50.0)


RELEASE = (
    Planted(nobody_is_paged, "bad-release", "release-back", "never_decided"),
    Planted(nobody_acts, "bad-release", "release-back", "never_decided"),
    Planted(decides_too_late, "bad-release", "release-back", "decided_late"),
    Planted(takes_too_long, "bad-release", "release-back", "late"),
    Planted(rollback_does_nothing, "bad-release", "release-back", "said_done_but_still_serving"),
    Planted(one_replica_left, "bad-release", "release-back", "said_done_but_still_serving"),
    Planted(one_variable_left, "bad-release", "release-back", "taken_back_in_part"),
    Planted(rollback_fails, "bad-release", "release-back", "rollback_failed"),
    Planted(another_hand, "bad-release", "release-back", "wrong_trigger"),
    Planted(heals_by_itself, "bad-release", "release-back", "restored_without_rollback"),
    Planted(leaves_poison, "bad-release", "release-back", "rolled_back_and_still_broken"),
    Planted(leaves_it_slow, "bad-release", "release-back", "worse_than_before"),
    Planted(nobody_replays, "bad-release", "release-healed", "step_never_begun"),
    Planted(replay_does_nothing, "bad-release", "release-healed", "said_done_but_still_broken"),
    Planted(replay_does_nothing, "bad-release", "release-heals", "not_healed"),
    Planted(replay_fails, "bad-release", "release-healed", "step_failed"),
    Planted(replay_takes_too_long, "bad-release", "release-healed", "late"),
    Planted(healthy_taken_back, "bad-release", "release-back", "false_rollback"),
)
