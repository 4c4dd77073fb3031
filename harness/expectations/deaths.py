"""When containers died, and which of them may be what an address names. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.facts import ContainerChanged, ContainerSeen

if TYPE_CHECKING:
    from harness.journal import Journal


@dataclass(frozen=True)
class Deaths:
    """
    by_container  when each died, in order
    names         by container, all that it answers to: its own name, its service's, aliases, addresses
    """

    by_container: Mapping[str, tuple[float, ...]]
    names: Mapping[str, frozenset[str]]

    @staticmethod
    def of(journal: Journal) -> Deaths:
        names: dict[str, set[str]] = defaultdict(set)
        died: dict[str, list[float]] = defaultdict(list)
        for seen in journal.of(ContainerSeen):
            addresses = (one for both in seen.addresses.values() for one in both.split())
            names[seen.container].update((seen.container, seen.service, *seen.names, *addresses))
        for change in journal.of(ContainerChanged):
            names[change.container].update((change.container, change.service))
            if change.event == "die":
                died[change.container].append(change.at_s)
        return Deaths(
            {container: tuple(sorted(at_s)) for container, at_s in died.items()},
            {container: frozenset(its) for container, its in names.items()},
        )

    @property
    def all_s(self) -> list[float]:
        return sorted(at_s for its in self.by_container.values() for at_s in its)

    def of_s(self, address: str) -> list[float]:
        """When those died that may be at `host:port`; where no container is known by that host, any may be."""
        host = re.sub(r":\d+$", "", address).strip("[]")
        known = {container for container, its in self.names.items() if host in its}
        return sorted(
            at_s for container, its in self.by_container.items() if not known or container in known for at_s in its
        )
