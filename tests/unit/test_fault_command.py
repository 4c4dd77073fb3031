"""command: a condition that a command of the user's own makes, told by its exit code and its check."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotApplied, NotMended
from harness.facts import Fact, Injected, Injecting, Mended, NotInjected
from harness.facts import NotMended as StillOn
from harness.fakeworld import FakeWorld
from harness.faults.command import Command
from harness.journal import merged
from harness.plan import Injection, PlannedPhase
from harness.run.clock import MonotonicClock
from harness.run.injector import Injector
from harness.safety.openfaults import open_faults
from harness.world.commands import Commands


def command(**fields: Any) -> Command:
    return Command.model_validate({"name": "long-read", "run": ["./read.sh", "20"], **fields})


def test_a_command_that_ends_with_0_has_landed_and_says_how_long_it_ran() -> None:
    fake, it = FakeWorld(), command(exits=0)
    injected = it.inject("p/it", fake.world)
    fake.clock.wait_until(5.0)
    assert it.mend("p/it", fake.world) == ""
    landing = it.by_readback(injected, it.came_to("p/it", fake.world))
    assert landing.outcome == "landed"
    assert landing.because == "its command ended with 0 after 2.0 s"


def test_a_command_that_fails_has_not_landed() -> None:
    fake, it = FakeWorld(), command()
    fake.commands.exit_code = 3
    it.inject("p/it", fake.world)
    fake.clock.wait_until(5.0)
    it.mend("p/it", fake.world)
    assert it.by_readback({}, it.came_to("p/it", fake.world)).outcome == "not_landed"


@pytest.mark.parametrize(("exits", "outcome"), [(None, "landed"), (0, "not_landed")])
def test_one_that_still_runs_is_killed_and_has_landed_unless_it_had_to_end_by_itself(
    exits: int | None, outcome: str
) -> None:
    fake, it = FakeWorld(), command(exits=exits)
    fake.commands.took_s = 60.0
    it.inject("p/it", fake.world)
    fake.clock.wait_until(5.0)
    it.mend("p/it", fake.world)
    assert not fake.still_on()
    assert it.by_readback({}, it.came_to("p/it", fake.world)).outcome == outcome


def test_a_check_that_holds_before_it_began_tells_nothing_of_it() -> None:
    fake, it = FakeWorld(), command(check=["./reads.sh"])  # every fake command ends with 0
    with pytest.raises(NotApplied, match="before long-read began"):
        it.inject("p/it", fake.world)


def played(place: Path, **fields: Any) -> list[Fact]:
    """As the injector tells it, with commands that are really run in this folder."""
    facts: list[Fact] = []

    class AtOnce:
        def at(self, due_s: float, fn: Callable[[], None]) -> Any:
            fn()

    def record(fact: Fact, *, durable: bool = False) -> Fact:
        facts.append(fact)
        return fact

    clock = MonotonicClock(time.monotonic_ns())
    world = dataclasses.replace(FakeWorld().world, commands=Commands(place, place / "levers"), clock=clock)
    injector = Injector(world, record, AtOnce())
    injection = Injection("p/flag", Command.model_validate({"name": "flag", **fields}), 0.0, 1.0, "")
    injector.arm(PlannedPhase("p", 1.0, (injection,), (), 0, 0, 0, 0), 0.0)
    injector.tick(0.0)
    injector.tick(1.0)
    return facts


def test_what_was_never_started_is_not_undone_and_is_on_no_account_of_ours(tmp_path: Path) -> None:
    (tmp_path / "on").touch()
    told = played(tmp_path, run=["touch", "begun"], undo=["rm", "-f", "on"], check=["test", "-e", "on"])
    assert [type(fact) for fact in told] == [Injecting, NotInjected, Mended]
    assert (tmp_path / "on").exists(), "somebody else's"
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize(
    ("run", "check", "untouched"),
    [
        (["touch", "begun"], ["true"], True),  # its check held before
        (["no-such-program-here"], [], True),
        (["sh", "-c", "touch begun; exit 3"], ["false"], False),
        (["touch", "begun"], ["false"], False),
    ],
)
def test_what_failed_is_undone_if_a_part_of_it_may_have_taken_place_and_never_if_it_was_not_begun(
    tmp_path: Path, run: list[str], check: list[str], untouched: bool
) -> None:
    told = played(tmp_path, run=run, check=check, undo=["touch", "undone"], check_within="300ms")
    (failed,) = [fact for fact in told if isinstance(fact, NotInjected)]
    assert failed.untouched is untouched
    assert (tmp_path / "undone").exists() is (tmp_path / "begun").exists() is not untouched
    assert open_faults(merged(told[:2])) == (() if untouched else (told[0],)), "what a death here leaves to others"


LATE = ["sh", "-c", "(sleep 0.5; rm on) >/dev/null 2>&1 &"]


@pytest.mark.parametrize(("undo", "within", "end"), [(LATE, "10s", Mended), (["true"], "300ms", StillOn)])
def test_what_an_undo_does_may_take_its_time_until_the_check_holds_no_more(
    tmp_path: Path, undo: list[str], within: str, end: type
) -> None:
    told = played(tmp_path, run=["touch", "on"], undo=undo, check=["test", "-e", "on"], check_within=within)
    assert [type(fact) for fact in told] == [Injecting, Injected, end]
    assert (tmp_path / "on").exists() == (end is StillOn)


def test_a_check_that_does_not_hold_in_time_is_not_applied() -> None:
    fake, it = FakeWorld(), command(check=["./reads.sh"], exits=1)
    fake.commands.exit_code = 1
    with pytest.raises(NotApplied, match=r"did not end with 0 within 10s"):
        it.inject("p/it", fake.world)


def test_an_undo_that_fails_is_told_with_the_command_for_a_person() -> None:
    fake, it = FakeWorld(), command(undo=["./read.sh", "end it"])
    it.inject("p/it", fake.world)
    fake.commands.exit_code = 1
    with pytest.raises(NotMended, match="its undo ended with 1") as failed:
        it.mend("p/it", fake.world)
    assert failed.value.commands == ("./read.sh 'end it'",)


def test_without_a_mend_in_the_journal_nobody_knows() -> None:
    assert command().by_readback({}, None).outcome == "not_measurable"
    assert command().by_readback({}, {}).outcome == "not_measurable"


def test_what_is_written_before_the_deed_has_the_undo() -> None:
    assert command(undo=["./end.sh", "a b"]).stated() == {"run": "./read.sh 20", "undo": "./end.sh 'a b'"}
