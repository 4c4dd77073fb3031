"""A service that dies at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from harness.facts import ContainerSeen, Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.service import ServiceFault, is_dead
from harness.faults.stop import GONE
from harness.world.handles import World


class Kill(ServiceFault):
    """
    A service dies at once: its containers get a signal that ends them, and are started at the end.

        faults:
          - kill: {service: worker}
          - kill: {service: api, replicas: 50%}

    Begins: the process is gone (KILL) or told to go (another signal); open connections are closed by the kernel (FIN,
            or RST where data was unread), new ones are refused.
    Ends:   its containers are started; callers are refused until it listens. What it held in memory is lost.
    Units:  none.
    Raises: NotApplied when it has no running container, or still runs 10 s after the signal.
    Source: `docker kill` and `docker start`. Docker's restart policies do not start what was killed by hand.
    """

    word: ClassVar[str] = "kill"

    signal: Literal["KILL", "TERM", "INT", "QUIT", "ABRT", "SEGV"] = Field(default="KILL", description="which ends it")

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        lives = {(it.container, it.started_at) for it in self._running(world)}
        self._asked(world, world.containers.kill, self.signal)

        def over(seen: Sequence[ContainerSeen]) -> bool:
            """Dead, or alive again already by a restart policy: another life than the one that was to end."""
            return all(
                is_dead(it) or (it.started_at != "" and (it.container, it.started_at) not in lives) for it in seen
            )

        return self._becomes(world, over, 10.0, f"ended by SIG{self.signal}")

    def mend(self, holder: str, world: World) -> str:
        return self._put_right(world, is_dead, world.containers.start, "start")

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if self.some:
            return Landing("not_measurable", self.some, self.stated())
        if not felt.answered(before):
            return felt.no_baseline(before, "whether it runs", 1.0, {"outcome": "refused"})
        return felt.by_outcome(1.0, during, GONE)
