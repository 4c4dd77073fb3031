"""Protected targets: what a drill touches, held against the names that its project wants confirmed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.edges import edge_id
from harness.expectations.steps import Step

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.faults.base import Fault


@dataclass(frozen=True)
class Protected:
    """One protected thing that a drill touches: its name, which is what a person types, and what it is here."""

    name: str
    what: str


def protected(patterns: Sequence[str], touched: Iterator[Protected]) -> tuple[Protected, ...]:
    """Those that are protected, each name once."""
    found: dict[str, Protected] = {}
    for one in touched:
        if one.name and any(fnmatchcase(one.name, pattern) for pattern in patterns):
            found.setdefault(one.name, one)
    return tuple(found.values())


def touched(drill: Drill, faults: Sequence[Fault], project: str, machines: Sequence[str]) -> Iterator[Protected]:
    """Everything that a run of this drill, with these of its faults, touches under a name.

    project    the Compose project's name
    machines   names of the Docker that it runs on: its context, its host
    """
    yield Protected(drill.name, "the drill")
    yield Protected(project, "the Compose project")
    yield from (Protected(name, "the Docker that it runs on") for name in machines)
    yield from (Protected(text, "its Compose file") for text in drill.stack.compose)
    yield from (Protected(text, "its file of variables") for text in drill.stack.env_file)
    for fault in faults:
        for target in fault.targets:
            yield Protected(target, f"hurt by {fault.id}")
            if fault.on_edge:
                yield from (Protected(end, f"an end of {target}, hurt by {fault.id}") for end in edge_id(target))
    for _, _, claim in drill.claims():
        if isinstance(claim, Step) and claim.command and claim.service:
            yield Protected(claim.service, f"touched by the step of {claim.id}")
