"""Levers: a step that the drill declares (a rollback, or what heals after it) is started upon its trigger, by a command or a person.

A step that starts upon a fact, always with a deadline: it waits until its phase has been judged, its command is killed at
its time-out, and nothing is pulled any more once the run is being ended. A rollback of a release that still goes out makes it
leave off first, and begins when nothing of the deployment is under way any more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from harness.errors import NotApplied
from harness.expectations.on_call import OnCall
from harness.expectations.steps import Step
from harness.facts import (
    Deployed,
    Fact,
    Injected,
    Injecting,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    NotInjected,
)
from harness.masking import masked
from harness.plan import PlannedPhase
from harness.run.injector import Record
from harness.run.oncall import question, sign
from harness.run.people import People
from harness.world.handles import Running, World

YES = ("y", "yes", "ok", "rollback", "roll back")
TAIL = 1500  # characters of a command's output that go into the journal; all of it is in the run folder


@dataclass
class _Lever:
    """waiting → asked → pulled → over; held between the last two while its release still goes out.

    out     its release is out; `settled` also where that failed
    """

    id: str
    claim: Step | OnCall
    faults: tuple[str, ...]
    state: str = "waiting"
    deployed_s: float | None = None
    out: Injected | None = None
    settled: bool = False
    rolled_back_s: float | None = None
    trigger: str = ""
    called: Fact | None = None
    running: Running | None = None
    begun_s: float = 0.0

    @property
    def takes_back(self) -> str:
        """The release that it is to take back; '' for none."""
        return next(iter(self.faults), "") if self.claim.rolls_back else ""


class Levers:
    """`hear` takes every fact, from any thread; `tick` acts on them, and is called by the engine about ten times a second."""

    def __init__(self, world: World, record: Record, people: People | None = None) -> None:
        """`people` keep what is typed at the terminal in a record of their own; without them it goes into the run's."""
        self._world = world
        self._record = record
        self._people = people
        self._levers: list[_Lever] = []
        self._news: deque[Fact] = deque()
        self._over = False

    def hear(self, fact: Fact) -> None:
        if self._levers:
            self._news.append(fact)

    def arm(self, phase: PlannedPhase) -> None:
        """The levers of a phase begin to wait, each for its own trigger after its own release was deployed (or the phase's first
        fault was asked for, where there is no release)."""
        faults = [i.fault for i in phase.injections]
        releases = [fault for fault in faults if fault.outlasts] or faults
        for claim in phase.claims:
            wanted = claim.expectation
            if not isinstance(wanted, Step) or wanted.by == "system" or claim.then:
                continue
            mine = [fault.id for fault in releases if wanted.service in ("", *fault.targets)]
            self._levers.append(_Lever(claim.id, wanted, tuple(mine[:1])))
        every = tuple(i.id for i in phase.injections[:1])
        for one in phase.claims:
            if isinstance(one.expectation, OnCall) and not one.then and not self._shown(one.expectation):
                self._levers.append(_Lever(one.id, one.expectation, every))

    def _shown(self, called: OnCall) -> bool:
        """Whether people are asked upon the same already: once is enough, whatever is claimed of them."""
        people = (lever.claim for lever in self._levers if lever.claim.by == "human")
        return any((one.trigger, one.waits_s) == (called.trigger, called.waits_s) for one in people)

    def disarm(self, why: str = "its phase was judged") -> None:
        """What waits, waits no longer; a command that still runs is killed. Called at the end of each phase, and of the run."""
        for lever in self._levers:
            if lever.running is not None:
                self._kill(lever, f"was killed: {why}")
            elif lever.state == "held":
                self._give_up(lever, why)
            lever.state = "over"
        self._levers = []
        self._news.clear()

    def stop(self, why: str) -> None:
        """The run is being ended: no lever is pulled any more."""
        self._over = True
        self.disarm(f"the run was ended ({why})")

    def tick(self, now_s: float) -> None:
        if self._people is not None:
            self._people.look()
        while self._news:
            fact = self._news.popleft()
            for lever in self._levers:
                self._told(lever, fact)
        for lever in self._levers:
            self._step(lever, now_s)

    def _told(self, lever: _Lever, fact: Fact) -> None:
        if lever.rolled_back_s is None and self._rolled_back(fact):
            lever.rolled_back_s = fact.seen_s
        if isinstance(fact, Injecting) and fact.fault in lever.faults:
            lever.deployed_s = fact.seen_s
        elif isinstance(fact, Injected) and fact.fault in lever.faults:
            lever.out, lever.settled = fact, True
        elif isinstance(fact, NotInjected) and fact.fault in lever.faults:
            lever.settled = True
        elif lever.state != "waiting" or lever.trigger or lever.deployed_s is None:
            return
        elif lever.claim.trigger.answers(fact, lever.deployed_s):
            lever.trigger, lever.called = fact.cite, fact

    def _rolled_back(self, fact: Fact) -> bool:
        """Whether a rollback has ended: its command with 0; without a command, or by a person, who may type another, when no container
        runs the bad release any more."""
        commands = {lever.id: lever for lever in self._levers if lever.claim.rolls_back and lever.claim.command}
        if isinstance(fact, LeverEnded):
            return fact.lever in commands and fact.exit_code == 0
        by_hand = all(lever.claim.by == "human" for lever in commands.values())
        return isinstance(fact, Deployed) and fact.by == "rollback" and by_hand

    def _step(self, lever: _Lever, now_s: float) -> None:
        if lever.running is not None:
            self._watch(lever, lever.running, now_s)
        elif lever.state == "waiting" and self._due(lever, now_s):
            if lever.claim.by == "human":
                self._ask(lever)
            else:
                self._pull(lever)
        elif lever.state == "asked":
            self._listen(lever)
        elif lever.state == "held":
            self._hold(lever, now_s)

    def _due(self, lever: _Lever, now_s: float) -> bool:
        waits = lever.claim.trigger
        if waits.kind == "after" and lever.out is not None and now_s >= lever.out.seen_s + waits.after_s:
            lever.trigger = lever.out.cite
        rest_s = lever.claim.waits_s
        if rest_s is not None and (lever.rolled_back_s is None or now_s < lever.rolled_back_s + rest_s):
            return False
        # A page may come while the release still goes out: whoever is called by it is told, and may roll back at once.
        early = (lever.claim.rolls_back or isinstance(lever.claim, OnCall)) and self._goes_out(lever)
        return bool(lever.trigger) and (lever.out is not None or early) and not self._over

    def _goes_out(self, lever: _Lever) -> bool:
        """Whether its release is being deployed just now."""
        releases = self._world.releases
        return releases is not None and lever.deployed_s is not None and not lever.settled and releases.busy()

    def _ask(self, lever: _Lever) -> None:
        people = self._world.people
        there = people is not None and people.there()
        command = lever.claim.text
        asked = question(lever.claim, lever.called, command)
        lever.state = "asked" if there else "over"
        self._record(
            LeverAsked(
                lever=lever.id,
                question=asked,
                there=there,
                trigger=lever.trigger,
                command=command,
                fault=lever.takes_back,
            )
        )

    def _listen(self, lever: _Lever) -> None:
        steps = (one for one in self._levers if one.state == "asked" and isinstance(one.claim, Step))
        if isinstance(lever.claim, OnCall) and any(steps):
            return  # a yes is to what it runs
        said = self._world.people.heard() if self._world.people is not None else None
        if not said:
            return
        write = self._people.write if self._people is not None else self._record
        if (fact := sign(said)) is not None:
            write(fact)
            return
        write(LeverAnswered(lever=lever.id, text=masked(said)[:200]))
        if said.lower().rstrip(".!") in YES:
            self._pull(lever)

    def _pull(self, lever: _Lever) -> None:
        lever.state = "pulled"
        claim = lever.claim
        decided = LeverPulled(
            lever=lever.id, by=claim.by, command=claim.text, trigger=lever.trigger, fault=lever.takes_back
        )
        pulled = self._record(decided, durable=True)
        lever.begun_s = pulled.seen_s
        if claim.rolls_back and self._goes_out(lever):
            assert self._world.releases is not None
            (fault,) = lever.faults
            why = self._world.releases.leave_off(fault)
            self._record(LeverHeld(lever=lever.id, fault=fault, why=why), durable=True)
            lever.state = "held"
        else:
            self._begin(lever)

    def _hold(self, lever: _Lever, now_s: float) -> None:
        """Until the deployment is over, though no longer than the command itself may take."""
        if lever.settled:
            lever.state, lever.begun_s = "pulled", now_s
            self._begin(lever)
        elif now_s >= lever.begun_s + lever.claim.timeout_s:
            self._give_up(lever, f"the release still went out {lever.claim.timeout_s:g} s after the lever was pulled")

    def _give_up(self, lever: _Lever, why: str) -> None:
        lever.state = "over"
        if lever.claim.text:
            self._record(LeverEnded(lever=lever.id, begun_s=lever.begun_s, detail=f"was not started: {why}"))

    def _begin(self, lever: _Lever) -> None:
        claim = lever.claim
        if not claim.text:
            return
        command = (claim.command,) if isinstance(claim.command, str) else claim.command
        releases, commands = self._world.releases, self._world.commands
        try:
            if commands is None:
                raise NotApplied("nothing in this world can start a command")
            told = releases.told() if releases else {}
            lever.running = commands.start(lever.id, command, told, shell=claim.shell)
        except Exception as error:  # a lever that breaks is a fact about the runbook, and ends nothing else
            lever.state = "over"
            self._record(LeverEnded(lever=lever.id, begun_s=lever.begun_s, detail=f"could not be started: {error}"))

    def _watch(self, lever: _Lever, running: Running, now_s: float) -> None:
        code = running.ended()
        if code is not None:
            lever.running, lever.state = None, "over"
            self._record(
                LeverEnded(
                    lever=lever.id, begun_s=lever.begun_s, exit_code=code, output=masked(running.output())[-TAIL:]
                )
            )
        elif now_s >= lever.begun_s + lever.claim.timeout_s:
            self._kill(lever, f"was killed: not ended after {lever.claim.timeout_s:g} s")

    def _kill(self, lever: _Lever, why: str) -> None:
        running, lever.running, lever.state = lever.running, None, "over"
        if running is not None:
            running.kill()
            self._record(
                LeverEnded(lever=lever.id, begun_s=lever.begun_s, detail=why, output=masked(running.output())[-TAIL:])
            )
