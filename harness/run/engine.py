"""The story of a run: load, gate, phases one after another, and the end, whatever it is. Everything it decides on is in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.bounded import asked_within
from harness.came_back import suspects
from harness.errors import CannotRun, NotApplied
from harness.expectations.base import Evidence, Logs, Steady
from harness.expectations.rolled_back import RolledBack
from harness.facts import (
    Blinded,
    Broke,
    Fact,
    GateHeld,
    GateMissed,
    HaltAsked,
    Interrupted,
    LoadBegan,
    LoadEnded,
    LoadSaid,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
    Restarted,
    Surveyed,
)
from harness.faults.base import Fault
from harness.lateness import tightest_ms
from harness.ledger import Rows
from harness.plan import Plan, PlannedPhase
from harness.run import guards
from harness.run.gate import Gate
from harness.run.injector import Injector
from harness.run.lease import Held, Unwatched
from harness.run.levers import Levers
from harness.run.memory import QUIET_S
from harness.run.orderbook import OrderBook
from harness.run.recorder import Recorder
from harness.run.statebook import StateBook
from harness.run.steady import SteadyLook, look
from harness.run.stop import Stopped
from harness.run.watch import Watch
from harness.verdict import Outcome
from harness.world.handles import World

if TYPE_CHECKING:
    from harness.drill.guards import AnyGuard
    from harness.journal import Journal

TICK_S = 0.1
SECOND_S = 1.0
ENDS: tuple[type[Fact], ...] = (Interrupted, HaltAsked)
LEAD_S = 0.5  # arrivals begin so long after they are ordered, so that the order is there before the first is due
BEFORE_S = (
    120.0  # nothing that is decided while a run goes asks for looks so long before its phase, and no guard for longer
)
SURVEYED_S = 5.0  # so long a survey of an edge is waited for once the gate is open
SETTLE_LAG_S = 3.0  # facts about the last second of a window may arrive so late
STOPPED_S = 4.0  # a probe's last look may take so long; a run that was stopped looks on no longer than this
ASKED_S = 5.0  # so long the story waits for a claim of the user's own, which is asked again when the run is judged
MEND_LIMIT_S = 60.0  # the slowest ordinary mend: a stopped container that starts again, the clean-up ladder


class Load(Protocol):
    """The load process, as the engine needs it."""

    def begin(self, at_s: float) -> None: ...
    def poll(self) -> list[Fact]: ...
    def stop(self) -> list[Fact]: ...
    def rows(self) -> Rows: ...


class LoadGone(Exception):
    """The load process ended by itself; nothing more can be seen."""


class Stop(Protocol):
    def check(self) -> None: ...


@dataclass
class Engine:
    """Runs one plan. `tell` is called each second with a line's worth of state for the display, `tidy` with whether no fault is due.
    `say` has a line for who waits."""

    plan: Plan
    world: World
    load: Load
    record: Recorder
    watch: Watch
    injector: Injector
    stop: Stop
    steady: Steady
    logs: Logs
    limits: tuple[AnyGuard, ...] = ()
    levers: Levers | None = None
    orders: OrderBook | None = None
    state: StateBook | None = None
    lease: Held = field(default_factory=Unwatched)
    tell: Callable[[str, tuple[str, ...], Rows, float], None] = lambda *_: None
    say: Callable[[str], None] = lambda _: None
    tidy: Callable[[float, bool], None] = lambda *_: None
    phase: str = ""
    load_began_s: float = 0.0
    _next_second_s: float = 0.0

    def __post_init__(self) -> None:
        drill = self.plan.drill
        self._guards = guards.Guards(self.limits, drill.abort.blind_s, drill.origin.endpoints is not None)
        self.record.listeners.append(self._guards.hear)
        if self.levers is not None:
            self.record.listeners.append(self.levers.hear)

    def run(self) -> None:
        """Play the plan to its end, or to the end that a guard, a halt, a signal or an error makes; never leaves a fault.

        Raises an error of the harness itself once everything is mended and the journal says so.
        """
        why = "plan"
        try:
            if self.orders is not None:
                self.orders.begin()
            if self.state is not None:
                self.state.begin()
            self._begin_load()
            if self._gate():
                self._prove_edges()
                for phase in self.plan.phases:
                    if not self._play(phase):
                        break
        except LoadGone:
            why = "error"  # LoadEnded stands in the journal; without its load the run is invalid
        except Stopped as end:
            why = end.why
            self.say(f"ending ({why}): what is on is taken out")
            self._take_out(why)
            self.record(end.fact)
        except CannotRun as error:
            why = "error"
            self._take_out(why)
            self.record(Refused(reason=str(error)))
        except (Exception, SystemExit) as error:
            why = "error"
            self._take_out(why)
            self.record(Broke(error=f"{type(error).__name__}: {error}"))
            raise
        finally:
            if self._take_out(why):
                self._take_out(why)  # one more try: what stuck once often lets go
            if not self.injector.stuck():  # of one that is still on, the watchdog takes over should we hang
                self.lease.rest()
            self._end_load(STOPPED_S + (self.watch.lag_s if why == "plan" else 0.0))
        self._finish_orders()
        self._finish_state(why)

    def _finish_orders(self) -> None:
        """With the load stopped and the faults out: what became of the orders. A run that was refused, or whose load never began,
        has none to ask after."""
        journal = self.record.journal()
        if self.orders is None or journal.of(Refused) or journal.first(LoadBegan) is None:
            return
        on = ", ".join(self.injector.on())
        try:
            self.orders.finish(f"still on: {on}" if on else "")
        except Stopped as end:
            self.record(end.fact)

    def _finish_state(self, why: str) -> None:
        """When the orders have settled, too: what the stack is. Of a run that was ended early it is not read."""
        journal = self.record.journal()
        if self.state is None or journal.of(Refused) or journal.first(LoadBegan) is None:
            return
        if why == "plan" and (any(map(journal.of, ENDS))):
            why = "signal"  # while the orders settled
        on = ", ".join(self.injector.on())
        played = {ended.phase for ended in journal.of(PhaseEnded)}
        unplayed = tuple(phase.name for phase in self.plan.phases if phase.name not in played)
        cut = f"still on: {on}" if on else "" if why == "plan" else f"cut short ({why})"
        try:
            self.state.finish(cut, unplayed)
        except Stopped as end:
            self.record(end.fact)

    def _take_out(self, why: str) -> tuple[str, ...]:
        """No lever is pulled any more, and every fault is mended; returns what is still on."""
        self.lease.aside()
        try:
            if self.levers is not None:
                self.levers.stop(why)
        finally:
            still_on = self.injector.mend_all(why)
        return still_on

    # --- the chapters -------------------------------------------------------------------------------------------------

    def _begin_load(self) -> None:
        self.phase = "baseline"
        self.load_began_s = self.world.clock.now_s() + LEAD_S
        self.load.begin(self.load_began_s)
        self.watch.start()

    def _gate(self) -> bool:
        drill, within_s = self.plan.drill, self.plan.drill.steady.within_s
        tightest = tightest_ms((claim.expectation for claim in self.plan.all_claims), drill.steady.all)
        gate = Gate(self.steady, tightest, self.load_began_s, self.load_began_s + within_s)
        held = self._wait_until(gate.look, gate.until_s)
        if held.held:
            self.record(GateHeld(detail=held.detail, waited=gate.waited))
            return True
        what = "steady, and the load in time," if gate.waited else "steady"
        self.record(GateMissed(detail=f"not {what} within {within_s:g} s: {held.detail}"))
        return False

    def _prove_edges(self) -> None:
        """An edge that its caller goes around is refused before anything is injected; so is one that nobody could survey."""
        touched = {i.fault.target for p in self.plan.phases for i in p.injections if i.fault.on_edge}
        if not touched:
            return

        def surveyed() -> set[str]:
            return {fact.edge for fact in self.record.journal().of(Surveyed)}

        if not touched <= surveyed():  # the gate may open before the first survey, or before a caller has connected
            self._pass(self.world.clock.now_s() + SURVEYED_S, lambda: touched <= surveyed())
        surveys = [f for f in self.record.journal().of(Surveyed) if isinstance(f, Surveyed)]
        for edge in sorted(touched):
            seen = [s for s in surveys if s.edge == edge]
            if not seen:
                blind = [f.error for f in self.record.journal().of(Blinded, probe="survey") if f.target in ("", edge)]
                why = f": {blind[-1]}" if blind else ""
                raise CannotRun(
                    f"edge {edge}: its caller's connections could not be surveyed, so nothing is injected on it{why}"
                )
            direct = [s for s in seen if s.direct]
            if direct:
                raise CannotRun(
                    f"edge {edge} is bypassed: {direct[-1].direct} connections go straight to the dependency "
                    f"({', '.join(direct[-1].examples) or 'no example'}); a fault on it would not land (see {direct[-1].cite})"
                )

    def _play(self, phase: PlannedPhase) -> bool:
        """One phase; whether the next may begin."""
        self.phase = phase.name
        begun = self.record(PhaseBegan(phase=phase.name))
        self.record.forget_looks(begun.seen_s - BEFORE_S)
        self.injector.arm(phase, begun.seen_s)
        if self.levers is not None:
            self.levers.arm(phase)
        self._pass(begun.seen_s + phase.length_s, self._forget_middle)
        limit_s = self.world.clock.now_s() + MEND_LIMIT_S
        if not self._pass(limit_s, self.injector.settled, TICK_S) or self.injector.stuck():
            self.injector.mend_due()
        ended = self.record(PhaseEnded(phase=phase.name))
        if any(claim.then for claim in phase.claims):
            self.record.recall_looks()
        if self.injector.stuck():
            self.record(PhaseSettled(phase=phase.name, steady=False, detail="a fault could not be mended"))
            return False
        self._decide(phase, ended.seen_s)
        held = self._wait_steady(ended.seen_s, self.plan.drill.steady.within_s)
        settled = self.record(PhaseSettled(phase=phase.name, steady=held.held, detail=held.detail))
        self._as_left(phase)
        if self.plan.drill.restore == "none":
            return held.held and self._put_back(phase)
        if held.held and not self._put_back(phase):
            return False
        return self._restart(phase, settled)

    def _restart(self, phase: PlannedPhase, settled: Fact) -> bool:
        """`restore: restart`: the phase has been judged; what did not come back by itself is restarted, group after group, until the
        stack is steady. Whether it is."""
        assert isinstance(settled, PhaseSettled)
        if not settled.steady:
            if self.levers is not None:
                self.levers.disarm()
            self.injector.mend_outlasting()
        steady = settled.steady
        for services, why in suspects(self.record.journal(), settled):
            begun_s = self.world.clock.now_s()
            errors = [error for service in services if (error := self._restarted(service))]
            self.record(
                Restarted(phase=phase.name, services=services, begun_s=begun_s, why=why, error="; ".join(errors)),
                durable=True,
            )
            held = self._wait_steady(self.world.clock.now_s(), self.plan.drill.steady.within_s)
            detail = f"once {', '.join(services)} had been restarted: {held.detail}"
            self.record(PhaseSettled(phase=phase.name, steady=held.held, detail=detail))
            steady = held.held
            if steady:
                break
        return steady and not self.injector.stuck()

    def _restarted(self, service: str) -> str:
        """Why it could not be, '' when every container of the service has a new life."""
        beyond = next((why for limit in self.plan.limits if (why := limit.refuses(service))), "")
        if beyond:
            return beyond
        try:
            self.world.containers.restart(service)
        except NotApplied as error:
            return str(error)
        return ""

    def _forget_middle(self) -> bool:
        """Of a long phase, what nobody asks for any more (guards keep their own): memory must not grow with its length. Never ends it."""
        self.record.forget_middle(self.world.clock.now_s() - BEFORE_S)
        return False

    def _as_left(self, phase: PlannedPhase) -> None:
        """What a release left that somebody else was to roll back, looked at before we mend: our mend must not hide it."""
        awaited = any(isinstance(claim.expectation, RolledBack) for claim in phase.claims)
        if self.state is not None and awaited and any(one.fault.outlasts for one in phase.injections):
            self.lease.aside()  # each source is waited for as long as it may take
            self.state.left(phase.name)

    def _put_back(self, phase: PlannedPhase) -> bool:
        """The phase has been judged: what outlasted it (a release that nobody rolled back) is mended, and the stack steady again."""
        if self.levers is not None:
            self.levers.disarm()
        if not self.injector.mend_outlasting():
            return not self.injector.stuck()
        held = self._wait_steady(self.world.clock.now_s(), self.plan.drill.steady.within_s)
        if not held.held:
            detail = f"once we had put the good release back: {held.detail}"
            self.record(PhaseSettled(phase=phase.name, steady=False, detail=detail))
        return held.held

    def _decide(self, phase: PlannedPhase, ended_s: float) -> None:
        """Wait until every `then` of the phase is decided or late. One that does not answer in time is not asked again: its
        window is waited for to its end."""
        slow: set[str] = set()
        open_claims = {claim.id: claim for claim in phase.claims if claim.then}
        if not open_claims:
            return
        limits = [claim.expectation.late_s() or 0.0 for claim in open_claims.values()]
        deadline_s = ended_s + max(limits) + phase.hold_s + SETTLE_LAG_S
        faults = {i.id: i.fault for i in phase.injections}

        def decided() -> bool:
            if self.record.recalling:
                return False
            evidence = self._evidence(phase.name, faults)
            for claim in [one for one in open_claims.values() if one.id not in slow]:
                self.lease.aside()  # on long logs and many traces a claim takes its time; the faults of the phase are out
                finding = asked_within(claim.expectation, evidence, ASKED_S)
                if finding.reason == "check_overran":
                    slow.add(claim.id)
                if finding.outcome is not Outcome.INCONCLUSIVE or finding.reason in ("not_mended", "check_broke"):
                    del open_claims[claim.id]
            return not open_claims

        self._pass(deadline_s, decided)

    # --- the pieces ---------------------------------------------------------------------------------------------------

    def _evidence(self, phase: str, faults: Mapping[str, Fault]) -> Evidence:
        return Evidence(
            journal=self.record.journal(),
            rows=self.load.rows(),
            logs=self.logs,
            steady=self.steady,
            phase=phase,
            then=True,
            faults=faults,
        )

    def _seen(self) -> Journal | None:
        """The journal, where the steady state asks it."""
        return self.record.journal() if self.steady.quiet is not None else None

    def _wait_steady(self, since_s: float, within_s: float) -> SteadyLook:
        """The steady state has to *begin* within `within_s` and be held for its length."""
        return self._wait_until(
            lambda rows, now_s, journal: look(self.steady, rows, since_s, within_s, now_s, journal), since_s + within_s
        )

    def _wait_until(self, looked: Callable[[Rows, float, Journal | None], SteadyLook], until_s: float) -> SteadyLook:
        """What begins until then is waited for until it has been held."""
        seen = [SteadyLook(False, False, "nothing seen")]

        def told() -> bool:
            seen[0] = looked(self.load.rows(), self.world.clock.now_s(), self._seen())
            return seen[0].held or seen[0].hopeless

        self._pass(until_s + self.steady.for_s + SETTLE_LAG_S, told)
        return seen[0]

    def _pass(self, until_s: float, done: Callable[[], bool] | None = None, every_s: float = SECOND_S) -> bool:
        """Let time pass; True as soon as `done`, which is asked once in `every_s`, False at `until_s`."""
        clock = self.world.clock
        ask_s = clock.now_s()
        while True:
            now_s = clock.now_s()
            self._tick(now_s)
            if done is not None and now_s >= ask_s:
                ask_s = now_s + every_s
                if done():
                    self.lease.aside()
                    return True
            if now_s >= until_s:
                self.lease.aside()
                return False
            clock.wait_until(min(until_s, now_s + TICK_S))

    def _tick(self, now_s: float) -> None:
        self.lease.beat()
        self.injector.tick(now_s)
        self.stop.check()
        if self.levers is not None:
            self.levers.tick(now_s)
        self.watch.tick(now_s)
        self._hear(self.load.poll())
        self.record.recall_more()
        if self.record.broken:
            raise Stopped("error", Broke(error=f"the journal is not whole: {self.record.broken}"))
        if now_s >= self._next_second_s:
            self._next_second_s = now_s + SECOND_S
            rows = self.load.rows()
            guards.check_duration(self.plan.max_duration_s, now_s)
            self._guards.check(rows, self.load_began_s, now_s)
            self.tell(self.phase, self.injector.on(), rows, now_s)
            self.tidy(now_s, self.injector.quiet(now_s, QUIET_S))

    def _hear(self, facts: list[Fact]) -> None:
        """What the load says. One that cannot keep its ledger is an error of ours; one that is gone ends the drill."""
        for fact in facts:
            self.record(fact)
        for fact in facts:
            if isinstance(fact, LoadSaid) and fact.kind == "broken":
                raise Stopped("error", Broke(error=f"the load cannot go on: {fact.text}"))
        for fact in facts:
            if isinstance(fact, LoadEnded):
                raise LoadGone(fact.detail)

    def _end_load(self, late_s: float) -> None:
        """Stop the load, wait for what is still in flight, and keep looking until the last window has closed watched.

        late_s   how long at most: a scrape that has yet to begin may be the slowest
        """
        try:
            for fact in self.load.stop():
                self.record(fact)
            ended_s = self.world.clock.now_s()
            self.watch.end(ended_s)
            while not self.watch.ended and self.world.clock.now_s() < ended_s + late_s:
                self.world.clock.wait_until(self.world.clock.now_s() + TICK_S)
                self.watch.tick(self.world.clock.now_s())
        finally:
            self.watch.close()
        if self.record.broken and not self.record.journal().of(Broke):
            self.record(Broke(error=f"the journal is not whole: {self.record.broken}"))
