"""Faults on a service's containers: asked of Docker, read back from it, and judged by looks of all edges into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from harness.errors import DockerAway, NotApplied, NotMended
from harness.facts import ContainerSeen, Witnessed
from harness.faults import felt
from harness.faults.base import Fault, Landing
from harness.world.handles import World

READ_S = 0.05  # between two readings while a container changes
TRIES = 2  # of a mend that Docker answers
AWAY_TRIES = 5  # of one that finds Docker away, each once it is back
MEND_S = 30.0  # a container is started or unpaused in under a second; a Docker under load may take several


class ServiceFault(Fault):
    """The common part: all containers of the service, replicas too."""

    service: str = Field(min_length=1, description="a service of the stack; all its containers")

    @property
    def target(self) -> str:
        return self.service

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return felt.gone(1.0, before, after)

    def _running(self, world: World) -> Sequence[ContainerSeen]:
        """Those that can be hurt. Raises NotApplied when there is none."""
        seen = [it for it in world.containers.states(self.service) if it.status == "running"]
        if not seen:
            raise NotApplied(f"{self.service} has no running container")
        return seen

    def _becomes(
        self, world: World, so: Callable[[Sequence[ContainerSeen]], bool], within_s: float, what: str
    ) -> Mapping[str, Any]:
        """Read back until it is so; returns the states by container. Raises NotApplied when it is not so in time."""
        ends_s = world.clock.now_s() + within_s
        while True:
            seen = world.containers.states(self.service)
            if so(seen):
                return {it.container: it.status for it in seen}
            if world.clock.now_s() >= ends_s:
                now = ", ".join(f"{it.container} is {it.status}" for it in seen) or "no container"
                raise NotApplied(f"{self.service} is not {what} after {within_s:g} s: {now}")
            world.clock.wait_until(world.clock.now_s() + READ_S)

    def _put_right(
        self, world: World, ill: Callable[[ContainerSeen], bool], cure: Callable[[str], None], command: str
    ) -> str:
        """Cure what is ill, and read back that it is not so any more; tried twice, and again each time that Docker was away and
        came back. Raises NotMended with the command.

        A container that was started and ended again is put right: that it does not stay up is the stack's affair, which
        shows in the steady state, and no fault of ours that is still on.
        """
        error: Exception | None = None
        left, away = TRIES, AWAY_TRIES
        while left and away:
            try:
                were = {(it.container, it.started_at) for it in world.containers.states(self.service) if ill(it)}
                if were:
                    cure(self.service)

                def cured(seen: Sequence[ContainerSeen], were: set[tuple[str, str]] = were) -> bool:
                    return not any(ill(it) and (it.container, it.started_at) in were for it in seen)

                self._becomes(world, cured, MEND_S, "as it was")
                return ""
            except DockerAway as caught:
                error, away = caught, away - 1 if world.containers.await_back() else 0
            except NotApplied as caught:
                error, left = caught, left - 1
        try:
            names = [it.container for it in world.containers.states(self.service) if ill(it)]
        except NotApplied:
            names = []
        raise NotMended(
            f"{self.service} could not be put right: {error}. By hand:",
            (f"docker {command} {' '.join(names) or f'<the containers of {self.service}>'}",),
        )


def is_dead(seen: ContainerSeen) -> bool:
    return seen.status in ("exited", "dead", "created")
