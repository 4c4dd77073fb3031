"""Injects on time, mends on time, and mends whatever is on when the story ends in any other way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from harness import errors
from harness.facts import Aimed, Fact, Injected, Injecting, Mended, NotInjected, NotMended
from harness.faults.base import Fault
from harness.plan import Injection, PlannedPhase
from harness.run.taking_out import TakeOut, chains, one_by_one
from harness.world.handles import World

ARM_S = 0.25  # an injection is written to disk and handed to the starter so long before it is due: fsync may take tens of ms


class Record(Protocol):
    def __call__(self, fact: Fact, *, durable: bool = False) -> Fact: ...


class Starter(Protocol):
    """Calls a function at an instant (see run/ontime.py; the fake clock's own in tests)."""

    def at(self, due_s: float, fn: Callable[[], None]) -> Future[None]: ...


@dataclass
class Held:
    """One injection on its way: planned → armed → on → gone. 'stuck' is on although we tried to take it away.

    aimed    its fault, once what it hurts was chosen
    ladder   how it was taken away, as its fault says
    begins   it is just being injected; `begun` is held by whoever changes that, or hastens it
    """

    injection: Injection
    due_s: float
    until_s: float
    state: str = "planned"
    mend_armed: bool = False
    ladder: str = ""
    begins: bool = False
    begun: threading.Lock = field(default_factory=threading.Lock)
    aimed: Fault | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def fault(self) -> Fault:
        return self.aimed or self.injection.fault


class Injector:
    """Every injection's beginning names its end: what was armed is mended by plan, or by mend_all, and read back.

    lapsed     tells, by anything that is true, that the run's lease has lapsed: nothing is injected any more
    take_out   how several are taken out at once
    goes_on    told before each wait for a mend: every fault has its own time, however long the others took
    """

    def __init__(
        self,
        world: World,
        record: Record,
        starter: Starter,
        lapsed: Callable[[], object] = lambda: None,
        take_out: TakeOut = one_by_one,
        goes_on: Callable[[], None] = lambda: None,
    ) -> None:
        self._world = world
        self._record = record
        self._starter = starter
        self._lapsed = lapsed
        self._take_out = take_out
        self._goes_on = goes_on
        self._held: list[Held] = []
        self._over = False
        self._why = "plan"

    def arm(self, phase: PlannedPhase, begun_s: float) -> None:
        self._held += [Held(i, begun_s + i.at_s, begun_s + min(i.until_s, phase.length_s)) for i in phase.injections]

    def tick(self, now_s: float) -> None:
        """Hand over what is due soon. Never waits: one that is just being injected (a stop has its grace) is for a later tick."""
        for held in self._held:
            if not held.lock.acquire(blocking=False):
                continue
            try:
                if held.state == "planned" and held.due_s <= now_s + ARM_S:
                    fault = held.injection.fault
                    held.state = "armed"
                    self._record(
                        Injecting(
                            fault=held.injection.id,
                            kind=fault.kind(),
                            target=fault.target,
                            planned_s=held.due_s,
                            until_s=None if fault.outlasts else held.until_s,
                            stated=dict(fault.stated()),
                        ),
                        durable=True,
                    )
                    self._starter.at(held.due_s, lambda held=held: self._inject(held))  # type: ignore[misc]
                ends = held.state != "gone" and not held.mend_armed and not held.injection.fault.outlasts
                if ends and held.until_s <= now_s + ARM_S:
                    held.mend_armed = True
                    self._starter.at(held.until_s, lambda held=held: self._mend(held, "plan"))  # type: ignore[misc]
            finally:
                held.lock.release()

    def settled(self) -> bool:
        """Whether nothing is on its way, and nothing on but what outlasts its phase."""
        return all(
            held.state in ("gone", "stuck") or (held.state == "on" and held.injection.fault.outlasts)
            for held in self._held
        )

    def quiet(self, now_s: float, for_s: float) -> bool:
        """Whether none begins or ends by plan within so long, before or after."""
        return not any(
            abs(at_s - now_s) <= for_s
            for held in self._held
            if held.state != "gone"
            for at_s in (held.due_s, held.until_s)
        )

    def on(self) -> tuple[str, ...]:
        return tuple(held.injection.id for held in self._held if held.state in ("on", "stuck"))

    def stuck(self) -> tuple[str, ...]:
        return tuple(held.injection.id for held in self._held if held.state == "stuck")

    def mend_due(self) -> tuple[str, ...]:
        """Take away everything whose time is over, whatever one of them does. Returns what is still on."""
        due = [held for held in self._held if self._over or not held.injection.fault.outlasts]
        edges = [held for held in due if held.injection.fault.on_edge]
        others = [held for held in due if not held.injection.fault.on_edge]
        after = [
            [others[place] for place in places] for places in chains([held.injection.fault.targets for held in others])
        ]
        self._goes_on()
        self._take_out([self._mends([held]) for held in edges], [self._mends(those) for those in after], self._goes_on)
        return self.stuck()

    def _mends(self, those: Sequence[Held]) -> Callable[[], None]:
        """One after the other."""

        def mend() -> None:
            for held in those:
                self._mend(held, self._why)

        return mend

    def mend_outlasting(self) -> bool:
        """Their phase has been judged: take away what outlasts it. Whether that changed the stack (nobody else had done it)."""
        left = [held for held in self._held if held.injection.fault.outlasts and held.state != "gone"]
        for held in left:
            self._mend(held, self._why)
        return any(held.ladder != "rollback" for held in left)

    def mend_all(self, why: str) -> tuple[str, ...]:
        """The end: take away everything, and inject nothing any more. Returns what is still on. May be called again."""
        self._over = True
        self._why = why
        for held in self._held:
            self._hasten(held)
        return self.mend_due()

    def _hasten(self, held: Held) -> None:
        """What it still waits for while it is injected (a grace) is cut short: nothing else mends it before."""
        with held.begun:
            if held.begins:
                with contextlib.suppress(Exception, SystemExit):  # then it takes its time
                    held.fault.hasten(self._world)

    def _inject(self, held: Held) -> None:
        with held.lock:
            if held.state != "armed":
                return
            if self._over or self._lapsed():
                self._spare(held, self._why if self._over else "lease")
                return
            begun_s = self._world.clock.now_s()
            held.state, held.begins = "on", True  # from here on it may be on, whatever happens
            try:
                try:
                    held.aimed = held.injection.fault.aimed(self._world)
                    if held.fault.containers:
                        self._record(Aimed(fault=held.injection.id, containers=held.fault.containers), durable=True)
                    readback = dict(held.fault.inject(held.injection.id, self._world))
                finally:
                    with held.begun:
                        held.begins = False
            except (
                Exception,
                SystemExit,
            ) as error:  # a fault that could not be injected is a fact, and is mended like any other
                untouched = not self._may_be_on(held)
                self._record(
                    NotInjected(fault=held.injection.id, begun_s=begun_s, error=_words(error), untouched=untouched)
                )
                return
            self._record(Injected(fault=held.injection.id, begun_s=begun_s, readback=readback))

    def _may_be_on(self, held: Held) -> bool:
        """Whether a part of what could not be injected may have taken place."""
        try:
            return bool(held.fault.begun(held.injection.id, self._world))
        except (Exception, SystemExit):
            return True

    def _spare(self, held: Held, why: str) -> None:
        """What was announced and is not injected any more is out, and the journal says so."""
        held.state = "gone"
        begun_s = self._world.clock.now_s()
        error = "the run ended before it was due"
        self._record(NotInjected(fault=held.injection.id, begun_s=begun_s, error=error, untouched=True))
        self._record(Mended(fault=held.injection.id, begun_s=begun_s, why=why), durable=True)

    def _mend(self, held: Held, why: str) -> None:
        with held.lock:
            if held.state == "armed":
                self._spare(held, why)
            if held.state == "planned":
                held.state = "gone"
            if held.state == "gone":
                return
            begun_s = self._world.clock.now_s()
            try:
                ladder = held.fault.mend(held.injection.id, self._world) or ""
            except (Exception, SystemExit) as error:
                held.state = "stuck"
                commands = getattr(error, "commands", ())
                self._record(
                    NotMended(fault=held.injection.id, error=_words(error), commands=tuple(commands)), durable=True
                )
                return
            held.state, held.ladder = "gone", ladder
            was = dict(held.fault.came_to(held.injection.id, self._world))
            self._record(
                Mended(fault=held.injection.id, begun_s=begun_s, why=why, ladder=ladder, readback=was), durable=True
            )


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, errors.DrillError) else f"{type(error).__name__}: {error}"
