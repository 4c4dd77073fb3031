"""Blast radius: which services and edges a drill may touch, stated by the drill, by its project, or both. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from harness.quantities import Model

WORDS = ("services", "edges")


def edge_pattern(value: str) -> str:
    """'api->postgres', or with patterns: 'api->*'. Raises ValueError on anything else."""
    caller, arrow, dependency = (part.strip() for part in value.partition("->"))
    if not caller or not arrow or not dependency or "->" in dependency:
        raise ValueError(f"{value!r} is not an edge; write caller->dependency, such as api->postgres or api->*")
    return f"{caller}->{dependency}"


ServicePattern = Annotated[str, Field(min_length=1), WithJsonSchema({"type": "string", "examples": ["api"]})]
EdgePattern = Annotated[
    str, AfterValidator(edge_pattern), WithJsonSchema({"type": "string", "examples": ["api->postgres", "api->*"]})
]


class BlastRadius(Model):
    """What the drill's faults, releases and steps may touch; anything else is refused before it begins. Names or patterns.

        blast_radius: {services: [worker], edges: ["api->*"]}

    Of a kind that is left out nothing may be touched. `[tool.drill.blast_radius]` in pyproject.toml states the same for all drills of
    the project; what a drill states narrows it, and never widens it.
    """

    services: tuple[ServicePattern, ...] = Field(default=(), description="for stop, kill, pause, releases and commands")
    edges: tuple[EdgePattern, ...] = Field(default=(), description="for faults on edges")


@dataclass(frozen=True)
class Limit:
    """A blast radius and where it stands: `who` may not ('this drill'), `where` it is stated."""

    radius: BlastRadius
    who: str
    where: str

    def refuses(self, target: str) -> str:
        """Why this service or edge may not be touched, in a sentence; '' where it may."""
        word = "edges" if "->" in target else "services"
        allowed: Sequence[str] = getattr(self.radius, word)
        if any(fnmatchcase(target, pattern) for pattern in allowed):
            return ""
        listed = ", ".join(allowed) or "none"
        return f"it touches {target}, which {self.who} may not ({self.where} has {word}: {listed}); add it there, or leave this out"

    def refuses_unknown(self, what: str) -> str:
        """Why a command that states no target may not run."""
        return f"nothing says what {what} touches, and {self.who} may touch only what {self.where} lists: give it a `service`"


def unknown(radius: BlastRadius, services: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """(word, number, service) of each name in it that is no service of the stack; patterns are left alone."""
    for number, name in enumerate(radius.services):
        if not _pattern(name) and name not in services:
            yield "services", number, name
    for number, edge in enumerate(radius.edges):
        caller = edge.partition("->")[0]
        if not _pattern(caller) and caller not in (*services, "client"):
            yield "edges", number, caller


def _pattern(name: str) -> bool:
    return bool(set("*?[") & set(name))
