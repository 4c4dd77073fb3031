"""Once a phase has been judged: what a fault left behind is put back, and what did not come back by itself is restarted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.came_back import suspects
from harness.errors import NotApplied
from harness.expectations.rolled_back import RolledBack
from harness.facts import PhaseSettled, Restarted

if TYPE_CHECKING:
    from harness.plan import Plan, PlannedPhase
    from harness.run.injector import Injector
    from harness.run.lease import Held
    from harness.run.levers import Levers
    from harness.run.passing import Passing
    from harness.run.recorder import Recorder
    from harness.run.statebook import StateBook
    from harness.run.steady import SteadyLook
    from harness.world.handles import World


@dataclass
class Restoring:
    plan: Plan
    world: World
    record: Recorder
    injector: Injector
    levers: Levers | None
    state: StateBook | None
    lease: Held
    passing: Passing

    def restore(self, phase: PlannedPhase, settled: PhaseSettled) -> bool:
        """As the drill's `restore:` says; whether the next phase may begin."""
        self._as_left(phase)
        if self.plan.drill.restore == "none":
            return settled.steady and self._put_back(phase)
        if settled.steady and not self._put_back(phase):
            return False
        return self._restart(phase, settled)

    def _restart(self, phase: PlannedPhase, settled: PhaseSettled) -> bool:
        """`restore: restart`: what did not come back by itself is restarted, group after group, until the stack is steady. Whether it is."""
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
            held = self._again_steady()
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

    def _as_left(self, phase: PlannedPhase) -> None:
        """What a release left that somebody else was to roll back, looked at before we mend: our mend must not hide it."""
        awaited = any(isinstance(claim.expectation, RolledBack) for claim in phase.claims)
        if self.state is not None and awaited and any(one.fault.outlasts for one in phase.injections):
            self.lease.aside()  # each source is waited for as long as it may take
            self.state.left(phase.name)

    def _put_back(self, phase: PlannedPhase) -> bool:
        """What outlasted the phase (a release that nobody rolled back) is mended, and the stack steady again."""
        if self.levers is not None:
            self.levers.disarm()
        if not self.injector.mend_outlasting():
            return not self.injector.stuck()
        held = self._again_steady()
        if not held.held:
            detail = f"once we had put the good release back: {held.detail}"
            self.record(PhaseSettled(phase=phase.name, steady=False, detail=detail))
        return held.held

    def _again_steady(self) -> SteadyLook:
        return self.passing.until_steady(self.world.clock.now_s(), self.plan.drill.steady.within_s)
