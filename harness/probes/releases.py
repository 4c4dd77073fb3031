"""Which release each container runs, where one of ours was deployed: who still has the bad one, and when it was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import NotApplied
from harness.facts import Blinded, Deployed, Fact, Looked, ReleaseSeen
from harness.world.handles import World


@dataclass(frozen=True, eq=False)
class ReleasesProbe:
    """A container's release is written when it differs from what was written last. That a service runs the good release on
    all its containers again, without our doing, is written as Deployed by rollback.

    happened_s of what is seen is the look's beginning, for nothing can be known of what came after it.
    """

    name: str = "releases"
    every_s: float = 0.5
    gap_s: float = 5.0
    lag_s: float = 0.5
    _seen: dict[str, ReleaseSeen] = field(default_factory=dict)
    _bad_s: dict[str, float] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        if world.releases is None:
            return ()
        began_s = world.clock.now_s()
        try:
            containers = world.releases.current()
        except NotApplied as error:
            return (*self._ours(world), Blinded(probe=self.name, target="", error=str(error)))
        services = dict.fromkeys([*(seen.service for seen in containers), *(s.service for s in self._seen.values())])
        busy = world.releases.busy()  # asked before the news: what ended between the two is in them
        ours = self._ours(world)
        mended = {deployed.service for deployed in ours if deployed.by == "mend"}  # seen before it, perhaps
        return (
            *ours,
            *self._changed(containers, began_s),
            *self._taken_back([seen for seen in containers if seen.service not in mended], began_s, busy),
            *(Looked(probe=self.name, target=service) for service in services),
        )

    def _ours(self, world: World) -> Sequence[Deployed]:
        """What we deployed ourselves; after a mend of ours there is nothing left to take back."""
        assert world.releases is not None
        news = tuple(world.releases.news())
        for deployed in news:
            if deployed.by == "mend":
                self._bad_s.pop(deployed.service, None)
        return news

    def _changed(self, containers: Sequence[ReleaseSeen], began_s: float) -> Sequence[Fact]:
        now = {seen.container: seen for seen in containers}
        facts = []
        for name, before in tuple(self._seen.items()):
            if name not in now and before.release != "gone":
                now[name] = replace(before, release="gone")
        for name, seen in sorted(now.items()):
            if self._seen.get(name) != seen:
                self._seen[name] = seen
                facts.append(replace(seen, happened_s=round(began_s, 6)))
        return facts

    def _taken_back(self, containers: Sequence[ReleaseSeen], began_s: float, busy: bool) -> Sequence[Fact]:
        """While we change a release nobody is said to have taken it back."""
        facts = []
        for service in dict.fromkeys(seen.service for seen in containers):
            mine = [seen for seen in containers if seen.service == service]
            if any(seen.release == "bad" or seen.stayed for seen in mine):
                self._bad_s[service] = began_s
            elif not busy and service in self._bad_s and all(seen.release == "good" for seen in mine):
                facts.append(
                    Deployed(
                        service=service,
                        image=mine[0].image,
                        by="rollback",
                        replicas=len(mine),
                        begun_s=self._bad_s.pop(service),
                        happened_s=round(began_s, 6),
                    )
                )
        return facts
