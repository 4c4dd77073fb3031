"""The story of a run: load, gate, phases one after another, and the end, whatever it is. Everything it decides on is in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness import inhibiting
from harness.bounded import asked_within
from harness.errors import CannotRun
from harness.expectations.base import Evidence, Logs, Steady
from harness.facts import (
    Blinded,
    Broke,
    Fact,
    GateHeld,
    GateMissed,
    HaltAsked,
    Interrupted,
    LoadBegan,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
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
from harness.run.orderbook import OrderBook
from harness.run.passing import SETTLE_LAG_S, TICK_S, Load, LoadGone, Passing, Stop
from harness.run.recorder import Recorder
from harness.run.restoring import Restoring
from harness.run.statebook import StateBook
from harness.run.stop import Stopped
from harness.run.watch import Watch
from harness.verdict import Outcome
from harness.world.handles import World

if TYPE_CHECKING:
    from harness.drill.guards import AnyGuard

ENDS: tuple[type[Fact], ...] = (Interrupted, HaltAsked)
LEAD_S = 0.5  # arrivals begin so long after they are ordered, so that the order is there before the first is due
BEFORE_S = (
    120.0  # nothing that is decided while a run goes asks for looks so long before its phase, and no guard for longer
)
SURVEYED_S = 5.0  # so long a survey of an edge is waited for once the gate is open
STOPPED_S = 4.0  # a probe's last look may take so long; a run that was stopped looks on no longer than this
ASKED_S = 5.0  # so long the story waits for a claim of the user's own, which is asked again when the run is judged
MEND_LIMIT_S = 60.0  # the slowest ordinary mend: a stopped container that starts again, the clean-up ladder


@dataclass
class Engine:
    """Runs one plan. `tell` and `tidy`: see `Passing`; `say` has a line for who waits."""

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

    def __post_init__(self) -> None:
        drill = self.plan.drill
        self._waits = False
        limits = guards.Guards(self.limits, drill.abort.blind_s, drill.origin.endpoints is not None)
        self.record.listeners.append(limits.hear)
        if self.levers is not None:
            self.record.listeners.append(self.levers.hear)
        self._passing = Passing(
            world=self.world,
            load=self.load,
            record=self.record,
            watch=self.watch,
            injector=self.injector,
            stop=self.stop,
            steady=self.steady,
            guards=limits,
            max_duration_s=self.plan.max_duration_s,
            levers=self.levers,
            lease=self.lease,
            tell=self.tell,
            tidy=self.tidy,
        )
        self._restoring = Restoring(
            plan=self.plan,
            world=self.world,
            record=self.record,
            injector=self.injector,
            levers=self.levers,
            state=self.state,
            lease=self.lease,
            passing=self._passing,
        )

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
                self._prove_orders()
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
        self._passing.phase = "baseline"
        self._passing.load_began_s = self.world.clock.now_s() + LEAD_S
        self.load.begin(self._passing.load_began_s)
        self.watch.start()

    def _gate(self) -> bool:
        drill, within_s = self.plan.drill, self.plan.drill.steady.within_s
        tightest = tightest_ms((claim.expectation for claim in self.plan.all_claims), drill.steady.all)
        began_s = self._passing.load_began_s
        gate = Gate(self.steady, tightest, began_s, began_s + within_s, unsent=self._unsent)
        held = self._passing.until_held(gate.look, gate.until_s)
        if held.held:
            self.record(GateHeld(detail=held.detail, waited=gate.waited))
            return True
        what = "steady, and the load in time," if gate.waited else "steady"
        self.record(GateMissed(detail=f"not {what} within {within_s:g} s: {held.detail}"))
        return False

    def _unsent(self, now_s: float) -> str:
        """Which alerts fire that may hold back pages that claims are about, and that Alertmanager has not heard of; ''."""
        alerts = {claim.expectation.pages() for claim in self.plan.all_claims} - {""}
        if not alerts:
            return ""
        journal = self.record.journal()
        missing = [one for one in inhibiting.unsent(journal, now_s) if inhibiting.may_hold_back(journal, one, alerts)]
        if not missing:
            return ""
        names = ", ".join(dict.fromkeys(one.alert for one in missing))
        if not self._waits:
            self._waits = True
            self.say(
                f"steady, but Alertmanager has not heard yet of {names}, which may hold pages back: a minute at the most"
            )
        return f"Alertmanager had not heard of {names}, which may hold pages back,"

    def _prove_edges(self) -> None:
        """An edge that its caller goes around is refused before anything is injected; so is one that nobody could survey."""
        touched = {i.fault.target for p in self.plan.phases for i in p.injections if i.fault.on_edge}
        if not touched:
            return

        def surveyed() -> set[str]:
            return {fact.edge for fact in self.record.journal().of(Surveyed)}

        if not touched <= surveyed():  # the gate may open before the first survey, or before a caller has connected
            self._passing.until(self.world.clock.now_s() + SURVEYED_S, lambda: touched <= surveyed())
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
                    f"({', '.join(direct[-1].examples) or 'no example'}); a fault on it would not land (see {direct[-1].cite}). "
                    "Its caller goes by addresses: it asks the DNS as it runs (HAProxy's and nginx's resolvers), was handed them, or "
                    "has them in its settings; one that looks the name up by its hosts file goes over the edge"
                )

    def _prove_orders(self) -> None:
        """Nothing is injected either where a source that claims stand on cannot be read."""
        if self.orders is not None:
            self.lease.aside()
            self.orders.prove()

    def _play(self, phase: PlannedPhase) -> bool:
        """One phase; whether the next may begin."""
        self._passing.phase = phase.name
        begun = self.record(PhaseBegan(phase=phase.name))
        self.record.forget_looks(begun.seen_s - BEFORE_S)
        self.injector.arm(phase, begun.seen_s)
        if self.levers is not None:
            self.levers.arm(phase)
        self._passing.until(begun.seen_s + phase.length_s, self._forget_middle)
        limit_s = self.world.clock.now_s() + MEND_LIMIT_S
        if not self._passing.until(limit_s, self.injector.settled, TICK_S) or self.injector.stuck():
            self.injector.mend_due()
        ended = self.record(PhaseEnded(phase=phase.name))
        if any(claim.then for claim in phase.claims):
            self.record.recall_looks()
        if self.injector.stuck():
            self.record(PhaseSettled(phase=phase.name, steady=False, detail="a fault could not be mended"))
            return False
        self._decide(phase, ended.seen_s)
        held = self._passing.until_steady(ended.seen_s, self.plan.drill.steady.within_s)
        settled = self.record(PhaseSettled(phase=phase.name, steady=held.held, detail=held.detail))
        assert isinstance(settled, PhaseSettled)
        return self._restoring.restore(phase, settled)

    def _forget_middle(self) -> bool:
        """Of a long phase, what nobody asks for any more (guards keep their own): memory must not grow with its length. Never ends it."""
        self.record.forget_middle(self.world.clock.now_s() - BEFORE_S)
        return False

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

        self._passing.until(deadline_s, decided)

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
