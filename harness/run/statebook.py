"""The stack's state in a run: its parts read before the load, when a phase has left a release to us, and when all is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from harness.drill.state import ContainersReader, Kept
from harness.endstate import BEFORE, CONTAINERS, GROWS, LEFT, done, ill, most_rows, never_seen
from harness.facts import Fact, StateRead, StateSettled
from harness.run.readings import Reading, Readings, Sourced
from harness.run.settling import Look, Settling
from harness.run.stop import Stopped

HOME = "state"
"""Where readings stand in a run's folder, and what is settled."""
HELD = 200
"""So many rows of a declared part stand in the journal; its file has them all."""
SAY_S = 10.0  # between two words about what is waited for


@dataclass(frozen=True)
class Containers:
    """The part that every stack has, beside those that a drill declares."""

    role: str = "same"
    reader: ContainersReader = field(default_factory=ContainersReader)


@dataclass(frozen=True)
class Wait:
    """See run.settling.Limits."""

    quiet_s: float
    within_s: float


@dataclass(frozen=True)
class Parts:
    """What is waited for (run.settling.Settled). Beside a target there are no `containers`."""

    settle: Wait
    declared: Mapping[str, Kept]
    containers: bool = True

    @property
    def sources(self) -> Mapping[str, Sourced]:
        return {**({CONTAINERS: Containers()} if self.containers else {}), **self.declared}


@dataclass
class StateBook:
    """
    parts          what is read, and how long it is waited for
    record, say    where facts go, and lines for who watches
    interruptible  around what may be left at once when somebody asks for it: raises Stopped
    """

    parts: Parts
    readings: Readings
    record: Callable[[Fact], object]
    say: Callable[[str], None]
    interruptible: Callable[[], AbstractContextManager[None]]
    _before: dict[str, StateRead] = field(default_factory=dict)

    def begin(self) -> None:
        """Before the load. A part that cannot be read is no reason to stop. Raises Stopped."""
        with self.interruptible():
            self.readings.afresh()
            for name, source in self.parts.sources.items():
                self._before[name] = self._fact(name, self.readings.take(HOME, name, source, BEFORE))
                self.record(self._before[name])
                if never_seen(self._before[name]):
                    self.say(
                        f"state: {name} is empty, as it is under a misspelt name: unless it is seen otherwise, that shows nothing"
                    )

    def left(self, phase: str) -> None:
        """What all is that may not grow, before we take back what is left of a release that was to be rolled back in this phase.
        Raises Stopped."""
        with self.interruptible():
            for name, source in self.parts.sources.items():
                if source.role != GROWS:
                    self.record(self._fact(name, self.readings.take(HOME, name, source, LEFT), phase))

    def finish(self, cut: str = "", unplayed: tuple[str, ...] = ()) -> None:
        """When all is over: wait until nothing changes, and read every part twice. Raises Stopped, the rest cut.

        cut       why that cannot be: then nothing is read
        unplayed  phases of the plan that were never begun
        """
        if cut:
            self.record(StateSettled(quiet=False, cut=cut, unplayed=unplayed))
            return
        self.say("state: waiting until nothing changes any more")
        waiting = Waiting(self.parts, self.readings, self._before)
        try:
            with self.interruptible():
                self._settle(waiting)
        except Stopped as end:
            self.record(StateSettled(quiet=False, cut=f"cut short ({end.why})", unplayed=unplayed))
            raise
        for reading in waiting.taken:
            self.record(self._fact(reading.fact.source, reading))
        settled = waiting.settled
        assert settled is not None
        self.record(
            StateSettled(quiet=settled.quiet, waited_s=settled.waited_s, detail=settled.detail, unplayed=unplayed)
        )

    def _settle(self, waiting: Waiting) -> None:
        clock = self.readings.clock
        said_s = clock.now_s()
        while True:
            clock.wait_until(waiting.due_s)
            if waiting.look():
                return
            if clock.now_s() >= said_s + SAY_S:
                said_s = clock.now_s()
                self.say(f"state: {waiting.waits_for or 'nothing may change for a while'}")

    def _fact(self, part: str, reading: Reading, phase: str = "") -> StateRead:
        fact, kept = reading.fact, self.parts.declared.get(part)
        error = fact.error
        held: tuple[str, ...] = ()
        try:
            held = tuple(self._lines(reading, None if kept is None else HELD))
        except OSError as failed:
            error = f"{fact.file} cannot be read: {failed.strerror}"
        return StateRead(
            part=part,
            reading=fact.reading,
            phase=phase,
            compare=fact.role,
            at_most=None if kept is None else kept.at_most,
            margin=None if kept is None else kept.margin,
            unproven=kept is not None and kept.unproven,
            may_be_empty=kept is not None and kept.may_be_empty,
            most=fact.most,
            rows=fact.rows,
            content="" if error else reading.content,
            held=held,
            file=fact.file,
            sha256=fact.sha256,
            error=error,
            begun_s=fact.begun_s,
            happened_s=fact.happened_s,
        )

    def _lines(self, reading: Reading, most: int | None) -> Iterator[str]:
        if not reading.fact.file:
            return
        with (self.readings.folder / reading.fact.file).open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                if most is not None and number == most:
                    return
                yield line.rstrip("\n")


class Waiting(Settling):
    """The parts of the state, waited for until they are quiet, no queue is longer than before, and no health is other."""

    def __init__(self, parts: Parts, readings: Readings, before: Mapping[str, StateRead]) -> None:
        self._before = before
        self._ill: list[Mapping[str, Any]] = []
        super().__init__(HOME, parts, readings, {name: one.error for name, one in before.items() if one.error})

    def unfinished(self, look: Look) -> str:
        """What keeps it from being as it was, though it may still come to be, in words; '' for nothing but time."""
        for name, reading in look.readings.items():
            before, fact = self._before[name], reading.fact
            if fact.error and fact.error != before.error:
                return f"{name} could not be read: {fact.error}"
            if fact.error or before.error or fact.role == GROWS:
                continue
            if name == CONTAINERS:
                names = sorted({str(row["container"]) for row in self._ill})
                if names:
                    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not as well as before"
            elif fact.rows > most_rows(before):
                return f"{fact.rows} in {name}, {before.rows} before"
        return ""

    def _read(self, reading: str) -> Look:
        """All parts; whose health is worse is kept, for the file will have another name when it is asked for."""
        look = super()._read(reading)
        if CONTAINERS not in look.readings:
            return look
        file = look.readings[CONTAINERS].fact.file
        lines = (self._readings.folder / file).read_text(encoding="utf-8").splitlines() if file else []
        then, now = ([json.loads(line) for line in rows] for rows in (self._before[CONTAINERS].held, lines))
        services = {row["service"] for row in now}
        pairs = [(_of(one, then), _of(one, now)) for one in services]
        self._ill = [row for was, rows in pairs for row in ill(was, rows) if row not in done(was, rows)]
        return look


def _of(service: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["service"] == service]
