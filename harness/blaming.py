"""Whom to blame: the parts of a stack under all their names, who was hurt, who stands between, and how a ranking scores. Pure.

A ranking is an ordered list of distinct parts. AC@k and Avg@k are those of the root-cause literature (RCAEval, evaluation.py);
parts are made distinct before they are ranked, which its service-level variant leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.edges import edge_id
from harness.facts import ContainerSeen, EdgeFound
from harness.hostnames import Addresses, bare, within
from harness.journal import Journal
from harness.products import product_names

CLIENT = "client"  # the users' side of an edge: nobody that could be blamed


@dataclass(frozen=True)
class Parts:
    """
    names      by each name in lower case (an address of an edge is one), the part that it means: its service or external host
    callers    by part, those that call it
    services   the parts that are services of the stack
    addresses  who held those of containers, and when
    dialled    by caller, the part that each name of its edges means to it: on another network it may be another's
    """

    names: Mapping[str, str] = field(default_factory=dict)
    callers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    services: frozenset[str] = frozenset()
    addresses: Addresses = field(default_factory=Addresses)
    dialled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @staticmethod
    def of(journal: Journal, aliases: Mapping[str, Iterable[str]] | None = None) -> Parts:
        """The parts as the journal tells of edges and containers; `aliases` are more names by part."""
        names: dict[str, str] = {}
        callers: dict[str, set[str]] = {}
        # an edge's address is what its caller dials, and so what its errors may state; what several bear means none of them
        behind: dict[str, set[str]] = {}
        dialled: dict[str, dict[str, str]] = {}
        services = dict.fromkeys(seen.service for seen in journal.of(ContainerSeen) if seen.service)
        for found in journal.of(EdgeFound):
            caller, dependency = edge_id(found.edge)
            callers.setdefault(dependency, set()).add(caller)
            names[bare(dependency)] = dependency
            dialled.setdefault(caller, {}).update((bare(name), dependency) for name in found.names)
            for name in found.names:
                behind.setdefault(bare(name), set()).add(dependency)
            if found.address:
                behind.setdefault(found.address.lower(), set()).add(dependency)
            if caller != CLIENT:
                names.setdefault(caller.lower(), caller)
        for seen in journal.of(ContainerSeen):
            names.setdefault(seen.container.lower(), seen.service)
        for service in services:
            names[service.lower()] = service
        for seen in journal.of(ContainerSeen):
            for name in seen.names:
                behind.setdefault(name.lower(), set()).add(seen.service)
        for name, those in behind.items():
            if len(those) == 1 and name != "localhost":
                names.setdefault(name, *those)
        names = {**{name: one for name, one in product_names(journal).items() if name not in behind}, **names}
        for part, others in (aliases or {}).items():
            names[part.lower()] = part
            names.update((bare(other), part) for other in others)
        known = {part: frozenset(who) for part, who in callers.items()}
        return Parts(names, known, frozenset(services), Addresses.of(journal), dialled)

    def part(self, name: str, at_s: float | None = None) -> str:
        """The part that a name means; a name that nobody knows stands for itself. `at_s`: when it was said, as a container's
        address is another's later."""
        return self.meant(name, at_s) or bare(name)

    def meant(self, name: str, at_s: float | None = None) -> str:
        """The part that a name means, however it is written; '' when no part bears it."""
        return self.names.get(name.strip().lower()) or self.known(bare(name), at_s)

    def known(self, word: str, at_s: float | None = None) -> str:
        """The part that a word of a text means; '' when it is the name of none."""
        if (part := self.names.get(word, "")) or ("." not in word and ":" not in word):
            return part
        return self.addresses.part(word, at_s) or within(word, self.addresses.domains, self._named)

    def accused(self, name: str, service: str, at_s: float) -> str:
        """The part that a service accuses by a name. A container's address does so only where the service is known to call that
        part: servers also write down from where they were called."""
        if part := self.dialled.get(service, {}).get(name, "") or self.names.get(name, ""):
            return part
        if not ("." in name or ":" in name or "/" in name):  # most words of a text
            return self.names.get(name.strip().lower(), "")
        host = bare(name)
        if part := self.dialled.get(service, {}).get(host, ""):
            return part
        part = self.meant(name, at_s)
        unsure = bool(part) and host not in self.names and self.addresses.part(host, at_s) == part
        return "" if unsure and service not in self.callers.get(part, frozenset()) else part

    def came_from(self, name: str, service: str, at_s: float) -> bool:
        """Whether a name in what a service says is an address of its own, or of one that calls it, and so accuses nobody."""
        part = self.addresses.part(bare(name), at_s)
        return bool(part) and (part == service or part in self.callers.get(service, frozenset()))

    def _named(self, name: str) -> str:
        return self.names.get(name, "")

    def above(self, part: str) -> frozenset[str]:
        """Everybody who calls it, directly or through others; not itself."""
        found: set[str] = set()
        waiting = [part]
        while waiting:
            fresh = self.callers.get(waiting.pop(), frozenset()) - found - {part}
            found |= fresh
            waiting += sorted(fresh)
        return frozenset(found)

    def between(self, entry: str, chain: Iterable[str]) -> frozenset[str]:
        """Those of a chain that are reached from the entry; all but the users themselves where it is not known."""
        return frozenset(
            one for one in chain if one != CLIENT and (not entry or one == entry or entry in self.above(one))
        )


@dataclass(frozen=True)
class Truth:
    """Who was hurt: `roots`; and `chain`, those on the way from the users to them: what is hurt makes them look ill."""

    roots: frozenset[str] = frozenset()
    chain: frozenset[str] = frozenset()

    @property
    def allowed(self) -> frozenset[str]:
        return self.roots | self.chain


def truth_of(targets: Iterable[str], parts: Parts, entry: str = "") -> Truth:
    """By what faults were on: of an edge the dependency is the root, and its caller and who calls that are the chain; of a
    service the service itself, and all who call it. Where the users come in is known (`entry`), only those on a way from there
    are of the chain: who merely watches a service (a Prometheus) is not.
    """
    roots: set[str] = set()
    chain: set[str] = set()
    for target in targets:
        if "->" in target:
            caller, root = edge_id(target)
            chain |= {caller, *parts.above(caller)}
        else:
            root = target
            chain |= parts.above(root)
        roots.add(root)
    return Truth(frozenset(roots), parts.between(entry, chain) - roots)


# --- rankings ------------------------------------------------------------------------------------------------------------


def distinct(ranking: Iterable[str]) -> tuple[str, ...]:
    """Each part once, at its first place."""
    return tuple(dict.fromkeys(ranking))


def ac_at(k: int, cases: Sequence[tuple[Sequence[str], str]]) -> float:
    """AC@k: the share of cases, each (ranking, truth), whose truth is among the first k. 0 without cases."""
    return sum(truth in distinct(ranking)[:k] for ranking, truth in cases) / len(cases) if cases else 0.0


def avg_at(k: int, cases: Sequence[tuple[Sequence[str], str]]) -> float:
    """Avg@k: the mean of AC@1 … AC@k."""
    return sum(ac_at(j, cases) for j in range(1, k + 1)) / k


REACH = 3
"""How far down the list a root may stand so that a list that begins on the chain still leads there."""


def verdict(ranking: Sequence[str], truth: Truth) -> str:
    """One word for a ranking against the truth.

    root      every root is before everything else
    on_chain  it begins on the chain, and every root is within the first three (or as many as there are roots)
    wrong     it begins with a part that was neither hurt nor on the way, or the root comes too late
    none      it names nobody
    spray     it names more parts than were hurt and stand on the way together: blame on everybody is blame on nobody
    false     it names somebody, and nobody was hurt
    quiet     it names nobody, and nobody was hurt
    """
    named = distinct(ranking)
    if not truth.roots:
        return "false" if named else "quiet"
    if not named:
        return "none"
    if len(named) > len(truth.allowed):
        return "spray"
    many = len(truth.roots)
    if truth.roots <= set(named[:many]):
        return "root"
    if named[0] in truth.allowed and truth.roots <= set(named[: max(REACH, many)]):
        return "on_chain"
    return "wrong"
