"""What a locustfile's text tells of a LoadTestShape, which says under Locust what the load is: here the drill says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.drill.locustfile import bases, is_abstract
from harness.drill.model import Drill
from harness.drill.problem import Problem, shown_path

SHAPE = "LoadTestShape"


@dataclass(frozen=True)
class _Shape:
    """Where a file has it: its class, or the import that brings it. An abstract one is there to be stood on."""

    at: ast.stmt
    abstract: bool


def shape_warnings(drill: Drill) -> Iterator[Problem]:
    """Each that Locust would find in the drill's files, one of a module beside them too. The load process, which runs the files,
    tells of any other."""
    for path in drill.locustfiles:
        try:
            shapes = _shapes(path, frozenset())
            lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # which others tell
        for name, shape in shapes.items():
            if not shape.abstract:
                line, column = shape.at.lineno, shape.at.col_offset + 1
                own = "users" if drill.load.users else "arrivals"
                what = f"{name} is a {SHAPE} and is left unused: the drill's own {own} are the load"
                yield Problem(shown_path(path), line, column, what, lines[line - 1], severity="warning")


def _shapes(path: Path, seen: frozenset[Path]) -> Mapping[str, _Shape]:
    """By the names under which a file has them."""
    found: dict[str, _Shape] = {}
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            found |= _imported(node, path, seen | {path})
        elif isinstance(node, ast.ClassDef) and any(base == SHAPE or base in found for base in bases(node)):
            found[node.name] = _Shape(node, is_abstract(node))
    return found


def _imported(node: ast.ImportFrom, path: Path, seen: frozenset[Path]) -> Mapping[str, _Shape]:
    """Those that it brings from a module that stands beside the file, and Locust's own, whatever it is called here."""
    beside = path.parent / f"{(node.module or '').replace('.', '/')}.py"
    there = _shapes(beside, seen) if node.level < 2 and beside.is_file() and beside not in seen else {}
    there = {SHAPE: _Shape(node, abstract=True), **there}
    names = {alias.asname or alias.name: alias.name for alias in node.names}
    if "*" in names:
        names = {name: name for name in there}
    return {name: replace(there[known], at=node) for name, known in names.items() if known in there}
