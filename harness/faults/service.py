"""Faults on a service's containers: asked of Docker, read back from it, and judged by looks of all edges into it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer, PlainValidator, PrivateAttr, WithJsonSchema

from harness.errors import DockerAway, NotApplied, NotMended
from harness.facts import ContainerSeen, Witnessed
from harness.faults import felt
from harness.faults.base import Fault, Landing
from harness.quantities import ratio
from harness.world.handles import World

LOOK_S = 0.25  # between two looks for what Docker may still do
READ_S = 0.05  # between two readings while a container changes
TRIES = 2  # of a mend that Docker answers
AWAY_TRIES = 5  # of one that finds Docker away, each once it is back
MEND_S = 30.0  # a container is started or unpaused in under a second; a Docker under load may take several
LATE_S = 10.0
"""What Docker was asked for and did not answer in time is done so long after at most, or never; a stop has its grace beside."""
LIVES = ("running", "restarting")
"""One that Docker is just starting again is hurt with the others, for else it would serve while they do not."""


def some_of(value: Any) -> str | int | float:
    """'all', a number of containers from 1 on, or a share of them ('50%' as 0.5). Raises ValueError."""
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str) and value.strip().endswith("%") and (share := ratio(value)) > 0:
        return share
    raise ValueError(
        f"write how many of its containers: a number from 1 on, a share such as 50%, or all; not {value!r}"
    )


def _shown(value: str | float) -> str | int:
    return f"{value * 100:g}%" if isinstance(value, float) else value


Replicas = Annotated[
    str | int | float,
    PlainValidator(some_of),
    PlainSerializer(_shown),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["all"], "type": "string"},
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$", "examples": ["50%"]},
            ]
        }
    ),
]


class ServiceFault(Fault):
    """The common part: the containers of the service that run when it begins, all of them or those of the lowest numbers.

    Which they are stands among the facts before anything is done to them, and they alone are put right at the end: what did not
    run before, a job that has ended, is not ours to start.
    """

    service: str = Field(min_length=1, description="a service of the stack")
    replicas: Replicas = Field(
        default="all",
        description="how many of its containers: a number, or a share of those that run, rounded down but at least one",
    )

    _chosen: tuple[str, ...] = PrivateAttr(default=())
    _lives: frozenset[tuple[str, str]] = PrivateAttr(default=frozenset())
    _grace_s: float = PrivateAttr(default=0.0)
    _late_s: float = PrivateAttr(default=-math.inf)

    def stated(self) -> Mapping[str, Any]:
        said = dict(super().stated())
        return {word: value for word, value in said.items() if word != "replicas" or value != "all"}

    def aimed(self, world: World) -> Self:
        running = sorted((it.container for it in self._running(world)), key=_natural)
        states = self._states(world)
        mine = self.model_copy()
        mine._chosen = (
            tuple(sorted((it.container for it in states if it.status in LIVES), key=_natural))
            if self.replicas == "all"
            else tuple(self._share(running))
        )
        mine._lives = frozenset((it.container, it.started_at) for it in states if it.container in mine._chosen)
        return mine

    def _share(self, names: Sequence[str]) -> Sequence[str]:
        share = isinstance(self.replicas, float)
        count = (
            max(1, int(float(self.replicas) * len(names) + 1e-9)) if share else int(self.replicas)
        )  # 1e-9: 0.29 * 100
        if count > len(names):
            raise NotApplied(f"{self.service} has {len(names)} running, and {count} were to be hurt")
        return names[:count]

    @property
    def containers(self) -> tuple[str, ...]:
        return self._chosen

    @property
    def only(self) -> tuple[Collection[str], ...]:
        """The last argument of a call to Docker's containers: those chosen. Raises NotApplied."""
        if not self._chosen:
            raise NotApplied(f"which containers of {self.service} are meant was not chosen")
        return (self._chosen,)

    @property
    def some(self) -> str:
        """Why looks from a caller do not tell whether it landed: they reach the other replicas; '' where all are hurt."""
        return "" if self.replicas == "all" else "it hits some of the replicas, and a look goes to any of them"

    @property
    def target(self) -> str:
        return self.service

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return Landing("not_measurable", self.some) if self.some else felt.gone(1.0, before, after)

    def _states(self, world: World) -> Sequence[ContainerSeen]:
        """Those that are meant, as they are now. Raises NotApplied when Docker does not answer."""
        seen = world.containers.states(self.service)
        return [it for it in seen if not self._chosen or it.container in self._chosen]

    def _running(self, world: World) -> Sequence[ContainerSeen]:
        """Those that can be hurt. Raises NotApplied when there is none."""
        seen = [it for it in self._states(world) if it.status == "running"]
        if not seen:
            raise NotApplied(f"{self.service} has no running container")
        return seen

    def _asked(self, world: World, deed: Callable[..., None], *words: Any, grace_s: float = 0.0) -> None:
        """Have it done to those chosen. What Docker does not answer in time it may still do: a mend waits for that. Raises NotApplied."""
        try:
            deed(self.service, *words, *self.only)
        except DockerAway:
            self._grace_s = grace_s
            self._may_come(world)
            raise

    def _may_come(self, world: World) -> None:
        self._late_s = world.clock.now_s() + self._grace_s + LATE_S

    def _awaited(self, world: World, fallen: Collection[str]) -> bool:
        """Whether one of those chosen is still in the life that may yet be ended, or frozen, by what Docker did not answer.

        fallen   those that were put right already
        """
        return world.clock.now_s() < self._late_s and any(
            (it.container, it.started_at) in self._lives and it.container not in fallen for it in self._states(world)
        )

    def _becomes(
        self, world: World, so: Callable[[Sequence[ContainerSeen]], bool], within_s: float, what: str
    ) -> Mapping[str, Any]:
        """Read back until it is so; returns the states by container. Raises NotApplied when it is not so in time."""
        ends_s = world.clock.now_s() + within_s
        while True:
            seen = self._states(world)
            if so(seen):
                return {it.container: it.status for it in seen}
            if world.clock.now_s() >= ends_s:
                now = ", ".join(f"{it.container} is {it.status}" for it in seen) or "no container"
                raise NotApplied(f"{self.service} is not {what} after {within_s:g} s: {now}")
            world.clock.wait_until(world.clock.now_s() + READ_S)

    def _put_right(
        self, world: World, ill: Callable[[ContainerSeen], bool], cure: Callable[..., None], command: str
    ) -> str:
        """Cure what is ill, and read back that it is not so any more; tried twice, and again each time that Docker was away and
        came back; and looked for while Docker may still do what it did not answer. Raises NotMended with the command.

        A container that was started and ended again is put right: that it does not stay up is the stack's affair, which
        shows in the steady state, and no fault of ours that is still on.
        """
        if not self._chosen:
            return ""  # it never came so far
        error: Exception | None = None
        fallen: set[str] = set()
        left, away = TRIES, AWAY_TRIES
        while left and away:
            try:
                were = {(it.container, it.started_at) for it in self._states(world) if ill(it)}
                if were:
                    cure(self.service, *self.only)

                def cured(seen: Sequence[ContainerSeen], were: set[tuple[str, str]] = were) -> bool:
                    return not any(ill(it) and (it.container, it.started_at) in were for it in seen)

                self._becomes(world, cured, MEND_S, "as it was")
                fallen |= {name for name, _ in were}
                if not self._awaited(world, fallen):
                    return ""
                world.clock.wait_until(world.clock.now_s() + LOOK_S)
            except DockerAway as caught:
                if world.clock.now_s() < self._late_s:
                    self._may_come(world)
                error, away = caught, away - 1 if world.containers.await_back() else 0
            except NotApplied as caught:
                error, left = caught, left - 1
        try:
            names = [it.container for it in self._states(world) if ill(it)]
        except NotApplied:
            names = []
        raise NotMended(
            f"{self.service} could not be put right: {error}. By hand:",
            (f"docker {command} {' '.join(names) or f'<the containers of {self.service}>'}",),
        )


def _natural(name: str) -> list[tuple[int, str]]:
    """api-2 before api-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def is_dead(seen: ContainerSeen) -> bool:
    return seen.status in ("exited", "dead", "created")
