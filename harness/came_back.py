"""What does not come back by itself when the faults of a phase are out, and what could be restarted so that it does. Pure.

A container that has ended stays ended; one in the network of another loses it when that one is started again; and a caller may
hold a pool of connections that are all dead. Nothing in the world mends these but a restart.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts import ContainerSeen, EdgeFound, GateHeld, Injecting, PhaseBegan, PhaseSettled
from harness.journal import Journal

ENDED = ("exited", "dead")
SERVICE_FAULTS = ("stop", "kill", "pause")


@dataclass(frozen=True)
class Down:
    """A container that only a restart brings back.

    why        in words, as it goes on after the service's name
    stranded   it runs, in a network that is gone
    """

    service: str
    container: str
    why: str
    cite: str
    stranded: bool = False


def down(journal: Journal, at_s: float) -> tuple[Down, ...]:
    """Those that ran when the gate held, as Docker last told of them at that instant: ended with an error, or stranded."""
    held = journal.first(GateHeld)
    if held is None:
        return ()
    before, now = _states(journal, held.at_s), _states(journal, at_s)
    found = []
    for name, was in before.items():
        seen = now[name]
        if was.status != "running":
            continue
        if seen.status in ENDED and seen.exit_code:
            found.append(Down(seen.service, name, f"has ended with code {seen.exit_code}", seen.cite))
        elif seen.status == "running" and was.network_of in before and (why := _stranded(seen, now)):
            found.append(Down(seen.service, name, why, seen.cite, stranded=True))
    return tuple(sorted(found, key=lambda one: one.container))


def left_down(journal: Journal, settled: PhaseSettled) -> tuple[Down, ...]:
    """Of those what a phase left so. Where the stack is steady nobody misses a container that ended, and whoever rolled back or
    scaled down may have ended it: only the phase's own targets count then, and what is stranded."""
    found = down(journal, settled.at_s)
    if not settled.steady:
        return found
    hurt = {fact.target for fact in _injections(journal, settled) if fact.kind in SERVICE_FAULTS}
    return tuple(one for one in found if one.stranded or one.service in hurt)


def suspects(journal: Journal, settled: PhaseSettled) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What to restart after this phase, one group after the other until the stack is steady, each with why: what is down; the
    callers of what was hurt, whose connections may be dead; what was hurt itself. Of a steady stack only what is down."""
    services = {seen.service for seen in journal.of(ContainerSeen)}
    targets = [name for fact in _injections(journal, settled) for name in fact.target.split("+")]
    hurt = [target.rpartition("->")[2] for target in targets]
    callers = [target.partition("->")[0] for target in targets if "->" in target]
    edges = [edge.edge.partition("->")[::2] for edge in journal.of(EdgeFound)]
    callers += [caller for caller, dependency in edges if dependency in targets]
    downs = left_down(journal, settled)
    said = "; ".join(f"{one.service} {one.why}" for one in downs)
    guesses = (
        (callers, f"the stack was not steady, and this calls {_listed(hurt)}, which was hurt"),
        (hurt, "the stack was not steady, and this was hurt"),
    )
    groups, seen = [], set[str]()
    for names, why in (([one.service for one in downs], said), *(() if settled.steady else guesses)):
        group = tuple(name for name in dict.fromkeys(names) if name in services - seen)
        seen |= set(group)
        groups += [(group, why)] if group else []
    return tuple(groups)


def _states(journal: Journal, at_s: float) -> dict[str, ContainerSeen]:
    return {seen.container: seen for seen in journal.of(ContainerSeen, until_s=at_s)}


def _stranded(seen: ContainerSeen, now: dict[str, ContainerSeen]) -> str:
    """Docker writes its times so that the later one is the greater text, but within a second."""
    owner = now.get(seen.network_of)
    if owner is None:
        return "sits in the network of a container that is gone"
    if owner.status == "running" and owner.started_at > seen.started_at:
        return f"sits in a network of {owner.service} that went when {owner.service} was started again"
    return ""


def _injections(journal: Journal, settled: PhaseSettled) -> tuple[Injecting, ...]:
    began = journal.last(PhaseBegan, phase=settled.phase)
    return journal.of(Injecting, since_s=began.at_s if began else 0.0, until_s=settled.at_s)


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))
