"""The parts of the user's own that this process knows: those of the projects whose drills it reads, and of installed packages.

A project is trusted with its Python by naming one of its drills, or by standing in its folder. A run's folder that came from elsewhere
names the project that it was of, and is not: its parts are used only where the same project was trusted already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.parts import Parts

if TYPE_CHECKING:
    from harness.drill.project import Project
    from harness.parts.source import Source


@dataclass(frozen=True)
class Own:
    """One part of the user's own: `kind` is fault, expectation, probe, check or report; `where` is its file and line."""

    kind: str
    name: str
    part: Any
    where: str


class _Now:
    """What is in use; `known` are the sources of each project that was trusted, by its root."""

    own: tuple[Own, ...] = ()
    known: dict[tuple[Path, tuple[Path, ...]], tuple[Source, ...]] = {}  # noqa: RUF012  (of the process, as it says)


def own() -> tuple[Own, ...]:
    """Every part in use, by kind, in the order of its files."""
    return _Now.own


def of_kind(kind: str) -> tuple[Any, ...]:
    """The parts of one kind."""
    return tuple(one.part for one in _Now.own if one.kind == kind)


def use(*folders: Path) -> None:
    """Put the parts of the working directory's project and of those of these folders in use. Raises Invalid with all that is wrong."""
    from harness.drill.project import find_project

    _put(find_project(folder) for folder in (None, *folders))


def use_again(folder: Path) -> None:
    """As `use` of the working directory; of the folder's project only if it was in use before."""
    from harness.drill.project import find_project

    projects = [find_project()]
    if _Now.known:
        there = find_project(folder)
        projects += [there] if (there.root, there.parts) in _Now.known else []
    _put(projects)


def _put(projects: Iterable[Project]) -> None:
    sources: dict[str, Source] = {source.name: source for source in _installed()}
    for project in projects:
        if project.parts:
            key = (project.root, project.parts)
            if key not in _Now.known:
                from harness.parts.source import of_file

                _Now.known[key] = tuple(of_file(path, project.root) for path in project.parts)
            sources |= {source.name: source for source in _Now.known[key]}
    _Now.own = _checked(tuple(sources.values())) if sources else ()


@cache
def _checked(sources: tuple[Source, ...]) -> tuple[Own, ...]:
    from harness.parts.checked import checked

    return checked(sources)


@cache
def _installed() -> Sequence[Source]:
    """What installed packages bring along; looked for once."""
    from importlib.metadata import entry_points

    found = entry_points(group="drill.parts")
    if not found:
        return ()
    from harness.parts.source import of_entry_point

    return tuple(of_entry_point(point) for point in found)


__all__ = ["Own", "Parts", "of_kind", "own", "use", "use_again"]
