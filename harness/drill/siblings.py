"""The files that a locustfile is made of: itself, and what it imports from its own folder, as Locust finds it there. Read, never run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill.problem import shown_path

_OWN = {*sys.stdlib_module_names, "locust"}


class Untold(Exception):
    """What the text does not tell, with its place: users.py:3 imports faker, which is not beside it."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{shown_path(path)}:{line} {what}")


@dataclass(frozen=True)
class Source:
    """One of the files."""

    path: Path
    tree: ast.Module


def sources(path: Path) -> Iterator[Source]:
    """Each once, the locustfile first. Raises Untold for an import from elsewhere, which may make requests too."""
    seen, waiting = {path}, [path]
    while waiting:
        at = waiting.pop()
        yield (source := Source(at, ast.parse(at.read_bytes())))
        new = dict.fromkeys(file for file in _imported(source, path.parent) if file not in seen)
        seen |= new.keys()
        waiting += new


def _imported(source: Source, folder: Path) -> Iterator[Path]:
    """`folder` is the locustfile's, which stands first on Python's path while it is imported."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _known(source, node, alias.name, _beside(folder, alias.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            above = [source.path, *source.path.parents]
            start = above[min(node.level, len(above) - 1)] if node.level else folder
            parts = node.module.split(".") if node.module else []
            found = [*_beside(start, parts), *_submodules(start.joinpath(*parts), [alias.name for alias in node.names])]
            there = found if start.is_relative_to(folder) else []
            yield from _known(source, node, "." * node.level + (node.module or ""), there)


def _known(source: Source, node: ast.stmt, name: str, found: Sequence[Path]) -> Sequence[Path]:
    """What Python runs for one module. Raises Untold where it comes from elsewhere. One beside the locustfile may have a name of Python's
    own, and be meant."""
    if not found and name.partition(".")[0] not in _OWN:
        raise Untold(source.path, node.lineno, f"imports {name}, which is not beside the locustfile")
    return found


def _beside(start: Path, parts: Sequence[str]) -> list[Path]:
    """Its packages' __init__.py and its own file, [] where it is none of the folder's. A folder without code is no package: one that is
    installed goes before it."""
    if not parts:
        return [path] if (path := start / "__init__.py").is_file() else []
    found: list[Path] = []
    at = start
    for part in parts:
        at /= part
        package, module = at / "__init__.py", at.with_name(f"{part}.py")
        if package.is_file():
            found.append(package)
        elif module.is_file():
            found.append(module)
        elif not at.is_dir():
            return []
    return found


def _submodules(package: Path, names: Sequence[str]) -> Iterator[Path]:
    """Which of the names that are imported from a package are modules of it; any of them for `*`."""
    if "*" in names and package.is_dir():
        yield from sorted(package.glob("*.py"))
    for name in names:
        yield from _beside(package, [name]) if name != "*" else ()
