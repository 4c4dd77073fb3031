"""A service that is frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.facts import ContainerSeen, Witnessed
from harness.faults import felt
from harness.faults.base import Landing
from harness.faults.service import ServiceFault
from harness.world.handles import World


def is_paused(seen: ContainerSeen) -> bool:
    return seen.status == "paused"


class Pause(ServiceFault):
    """
    A service is frozen: its processes get no time, its kernel still takes connections.

        faults:
          - pause: {service: postgres}
          - pause: {service: api, replicas: 1}

    Begins: connections open (until its queue of them is full) and nothing answers; open ones fall silent.
    Ends:   it goes on where it was, and answers what has waited, late. Its clock has jumped.
    Units:  none.
    Raises: NotApplied when it has no running container, or Docker does not call it paused.
    Source: `docker pause` (the cgroup freezer) and `docker unpause`.
    """

    word: ClassVar[str] = "pause"

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        self._running(world)
        self._asked(world, world.containers.pause)
        return self._becomes(world, lambda seen: any(map(is_paused, seen)) and not _some_run(seen), 10.0, "paused")

    def mend(self, holder: str, world: World) -> str:
        return self._put_right(world, is_paused, world.containers.unpause, "unpause")

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        if self.some:
            return Landing("not_measurable", self.some, self.stated())
        if not felt.answered(before, protocol=True):
            return felt.no_baseline(before, "whether an answer comes", 1.0, {"outcome": "hung"})
        return felt.by_outcome(1.0, [look for look in during if look.speaks], ("hung",), weaker=("refused",))


def _some_run(seen: Sequence[ContainerSeen]) -> bool:
    return any(it.status == "running" for it in seen)
