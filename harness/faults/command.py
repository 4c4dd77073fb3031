"""A condition that a command of the user's own makes: the way to any fault that has no word of its own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from harness.errors import NotApplied, NotMended
from harness.facts import Witnessed
from harness.faults.base import Fault, Landing
from harness.masking import masked
from harness.quantities import Seconds, spell
from harness.world.handles import Commands, Running, World

LOOK_S = 0.1  # between two looks at whether a command has ended
CHECK_S = 10.0  # a check is a question: what has not answered by then does not answer
NOT_BY_LOOKS = "a command is told by its exit code and its check, not by a witness"
TAIL = 1500  # characters of the output that go into the journal; all of it is in the run folder


class Command(Fault):
    """
    A command of your own makes the condition, and another takes it away: a long read, a migration, a full disk.

        faults:
          - command: {name: long-read, run: [long-read, "20"], undo: [long-read, --end]}
          - command: {name: migration, run: [migrate, "2"], exits: 0}
          - command: {name: full-disk, run: [fill-disk], undo: [empty-disk], check: [is-full], for: 25s}

    Begins: `run` is started in the drill file's folder, without a shell. It finds what the command of `rolled_back` finds
            (COMPOSE_PROJECT_NAME, COMPOSE_FILE, DRILL_RUN), and DRILL_FAULT. With a `check` the condition is on once that
            ends with 0; it must not do so before.
    Ends:   `run` is killed with all that it started, where it still runs; then `undo` is run, which must end with 0, also
            when there is nothing to undo; then `check` must soon not end with 0 any more. A killed process in a container
            lives on when only `docker compose exec` was killed: end it in `undo`. What was never started is not undone: its check
            held before, the program is not there. One that was started and failed is, also by `drill halt` and `drill mend`, which
            undo too where a run died before it could tell whether it had started anything.
    Units:  none. `check_within` (at either end), `undo_within`: after so long they have failed.
    Raises: NotApplied when it cannot be started, ends with another code than 0 before the check holds, or the check does
            not hold in time. NotMended, with the command, when `undo` fails.
    Source: its exit code and the check; what it printed is in the run folder, under levers/. Landed when it ended with 0,
            or still ran when its time was over; with `exits` it must have ended by itself, with that code.
    """

    word: ClassVar[str] = "command"
    witnessed: ClassVar[bool] = False

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="what the condition is called")
    run: tuple[str, ...] = Field(min_length=1, description="what makes it: program and arguments")
    undo: tuple[str, ...] = Field(default=(), description="what takes it away; may be run more than once")
    check: tuple[str, ...] = Field(default=(), description="ends with 0 while the condition is on, and only then")
    exits: int | None = Field(default=None, ge=0, le=255, description="it must end by itself, with this exit code")
    service: str = Field(default="", description="the service that it hurts, where claims ask who is to blame")
    check_within_s: Seconds = Field(
        default=10.0, alias="check_within", gt=0, description="until the check holds; at the end, no more"
    )
    undo_within_s: Seconds = Field(default=30.0, alias="undo_within", gt=0, description="until the undo has ended")

    @property
    def target(self) -> str:
        return self.service or self.name

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.service,) if self.service else ()

    def stated(self) -> Mapping[str, Any]:
        """The commands as texts: with `undo` on disk, a run that died is mended by anybody."""
        texts = {word: shlex.join(getattr(self, word)) for word in ("run", "undo", "check") if getattr(self, word)}
        return {**texts, **({} if self.exits is None else {"exits": self.exits})}

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        commands = _commands(world)
        if self.check and self._holds(holder, world):
            raise NotApplied(
                f"{shlex.join(self.check)} ended with 0 before {self.name} began, so it tells nothing of it"
            )
        running = commands.start(holder, self.run, _told(holder, world))
        if not self.check:
            return {"started": shlex.join(self.run)}
        ends_s = world.clock.now_s() + self.check_within_s
        while not self._holds(holder, world):
            code = running.ended()
            if code not in (None, self._code):
                raise NotApplied(f"{shlex.join(self.run)} ended with {code}{_tail(running)}")
            if world.clock.now_s() >= ends_s:
                raise NotApplied(f"{shlex.join(self.check)} did not end with 0 within {spell(self.check_within_s)}")
            world.clock.wait_until(world.clock.now_s() + LOOK_S)
        return {"started": shlex.join(self.run), "check": "ended with 0"}

    def begun(self, holder: str, world: World) -> bool:
        return world.commands is not None and world.commands.running(holder) is not None

    def mend(self, holder: str, world: World) -> str:
        running = _commands(world).running(holder)
        if running is None:
            return ""  # it was never started: what its check may find is not its own
        running.kill()
        if self.undo:
            code, said = _run(f"{holder}-undo", holder, self.undo, world, self.undo_within_s)
            if code != 0:
                how = f"ended with {code}" if code is not None else f"had not ended after {spell(self.undo_within_s)}"
                raise NotMended(f"{self.name}: its undo {how}{said}. By hand:", (shlex.join(self.undo),))
        ends_s = world.clock.now_s() + self.check_within_s
        while self.check and self._holds(holder, world):
            if world.clock.now_s() >= ends_s:
                by_hand = (shlex.join(self.undo),) if self.undo else ()
                after = f"{spell(self.check_within_s)} after it was taken away"
                raise NotMended(f"{self.name}: {shlex.join(self.check)} still ends with 0 {after}", by_hand)
            world.clock.wait_until(world.clock.now_s() + LOOK_S)
        return ""

    def came_to(self, holder: str, world: World) -> Mapping[str, Any]:
        """How the command ended, how long it ran, and the last that it printed; no exit code for one that was killed."""
        running = world.commands.running(holder) if world.commands else None
        if running is None:
            return {}
        return {
            "exit_code": running.ended(),
            "ran_s": round(running.ran_s(), 3),
            "output": masked(running.output())[-TAIL:],
        }

    def by_readback(self, injected: Mapping[str, Any], mended: Mapping[str, Any] | None) -> Landing:
        stated = dict(self.stated())
        if not mended:
            return Landing("not_measurable", "nothing tells how its command ended", stated)
        code, ran = mended.get("exit_code"), f"after {mended.get('ran_s', 0.0):.1f} s"
        measured = {word: mended[word] for word in ("exit_code", "ran_s") if mended.get(word) is not None}
        if code is None and self.exits is not None:
            return Landing("not_landed", f"its command had not ended by itself {ran}, and was killed", stated, measured)
        if code is None:
            return Landing("landed", f"its command ran until it was taken away, {ran}", stated, measured)
        outcome: Any = "landed" if code == self._code else "not_landed"
        said = str(mended.get("output", "")).strip().splitlines()
        last = f": {said[-1]}" if said and outcome == "not_landed" else ""
        return Landing(outcome, f"its command ended with {code} {ran}{last}", stated, measured)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        return Landing("not_measurable", NOT_BY_LOOKS, self.stated())

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return Landing("not_measurable", NOT_BY_LOOKS, self.stated())

    @property
    def _code(self) -> int:
        """The exit code that is no failure."""
        return self.exits or 0

    def _holds(self, holder: str, world: World) -> bool:
        return _run(f"{holder}-check", holder, self.check, world, CHECK_S)[0] == 0


def _run(name: str, holder: str, command: Sequence[str], world: World, within_s: float) -> tuple[int | None, str]:
    """Run it to its end: its exit code (None: it had to be killed) and the last line that it printed."""
    running = _commands(world).start(name, command, _told(holder, world))
    ends_s = world.clock.now_s() + within_s
    while running.ended() is None and world.clock.now_s() < ends_s:
        world.clock.wait_until(world.clock.now_s() + LOOK_S)
    code = running.ended()
    if code is None:
        running.kill()
    return code, _tail(running)


def _tail(running: Running) -> str:
    lines = masked(running.output()).strip().splitlines()
    return f": {lines[-1]}" if lines else ""


def _told(holder: str, world: World) -> Mapping[str, str]:
    told = world.releases.told() if world.releases is not None else {}
    return {**told, "DRILL_FAULT": holder}


def _commands(world: World) -> Commands:
    if world.commands is None:
        raise NotApplied("nothing in this world can start a command")
    return world.commands
