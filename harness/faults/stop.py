"""A service that is stopped in an orderly way, and started again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.service import ServiceFault, is_dead
from harness.quantities import Seconds
from harness.world.handles import World

GONE = ("refused", "unreachable", "closed", "reset", "hung")  # how a look ends at a service that does not run


class Stop(ServiceFault):
    """
    A service is stopped as a deployment does it (its stop signal, then kill after `grace`), and started at the end.

        faults:
          - stop: {service: postgres, grace: 10s}
          - stop: {service: api, replicas: 1}

    Begins: the service gets its stop signal and may finish what it does; as soon as it does not listen any more, its
            callers are refused. Their open connections are closed then, too.
    Ends:   its containers are started; callers are refused until it listens. What it held in memory is lost.
    Units:  grace in seconds; the injection lasts until the containers have ended.
    Raises: NotApplied when it has no running container, or still runs after its grace.
    Source: `docker stop` and `docker start`. Docker's restart policies do not start what was stopped by hand.
    """

    word: ClassVar[str] = "stop"

    grace_s: Seconds = Field(default=10.0, alias="grace", description="from the stop signal to the kill")

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        self._running(world)
        self._asked(world, world.containers.stop, self.grace_s, grace_s=self.grace_s)
        return self._becomes(world, lambda seen: all(map(is_dead, seen)), 10.0, "stopped")

    def hasten(self, world: World) -> None:
        """Without its grace: whoever halts a drill does not wait for it."""
        world.containers.kill(self.service, "SIGKILL", *self.only)

    def mend(self, holder: str, world: World) -> str:
        return self._put_right(world, is_dead, world.containers.start, "start")

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if self.some:
            return Landing("not_measurable", self.some, self.stated())
        if not felt.answered(before):
            return felt.no_baseline(before, "whether it runs", 1.0, {"outcome": "refused"})
        return felt.by_outcome(1.0, during, GONE)
