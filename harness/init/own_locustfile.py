"""A locustfile that is there already: which one, whether it can be used as it is, and what it asks for. Read, never run or changed."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill import elsewhere, locustfile
from harness.drill.endpoints import UNREADABLE, endpoints, requests
from harness.drill.problem import Problem, shown_path
from harness.drill.siblings import Untold, sources
from harness.errors import UsageError
from harness.init.routes import Route

PLACES = ("", "load", "loadtest", "tests/load", "locust")
"""Where one is looked for, below the Compose file's folder and the one in which drill is called."""
USUAL = "locustfile.py"
_PAGE = re.compile(r"/[\w./~%?=&,+-]*")


@dataclass(frozen=True)
class Own:
    """The one that is used; `path` is None where one is written.

    notes    what is worth saying of it, or why none is used
    asks     its requests as claims name them, those that its text tells; `sure`: whether those are all, and each a path
    """

    path: Path | None = None
    notes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    sure: bool = False

    @property
    def routes(self) -> tuple[Route, ...]:
        """Of `asks`, those that are paths."""
        split = (name.partition(" ") for name in self.asks)
        return tuple(Route(method, path) for method, _, path in split if path.startswith("/"))

    @property
    def pages(self) -> tuple[str, ...]:
        """Paths that can be asked for as they stand: a name such as /rooms/{id} is none."""
        return tuple(one.path for one in self.routes if one.method == "GET" and _PAGE.fullmatch(one.path))


def named(path: Path) -> Own:
    """--locustfile. Raises UsageError, with the place, for one that cannot be used."""
    if path.is_dir():
        raise UsageError(f"--locustfile {path}: it is a folder; name the file")
    if wrong := _unfit(path):
        raise UsageError(*wrong)
    return _used(path)


def found(folders: Collection[Path], but: Collection[Path] = ()) -> Own:
    """The locustfile.py of the first folder, or the only file with users in or below them; `but`: what is written anew."""
    left = {path.resolve() for path in but}
    for folder in folders:
        usual = folder / USUAL
        if usual.is_file() and usual.resolve() not in left:
            return _fit(usual)
    there = {path.resolve(): path for folder in folders for path in _below(folder) if path.resolve() not in left}
    several = list(there.values())
    if len(several) > 1:
        which = " and ".join(shown_path(path) for path in several)
        return Own(
            notes=(
                f"{which} are locustfiles, and none is used: name one, drill init --locustfile {shown_path(several[0])} --force",
            )
        )
    return _fit(several[0]) if several else Own()


def _fit(path: Path) -> Own:
    wrong = _unfit(path)
    return Own(notes=tuple(f"{one}; so a new locustfile was written" for one in wrong)) if wrong else _used(path)


def _used(path: Path) -> Own:
    asks, all_told = requests(path)[0], endpoints(path) is not None
    told = f": it asks for {', '.join(asks)}{'' if all_told else ', and more that only a run knows'}" if asks else ""
    first = f"the load is {shown_path(path)} as it is{told}; a new one instead: drill init --new-locustfile --force"
    sure = all_told and all(name.partition(" ")[2].startswith("/") for name in asks)
    return Own(path, (first, *(_line(one) for one in elsewhere.warnings(path))), asks, sure)


def _below(folder: Path) -> Iterator[Path]:
    for place in PLACES:
        inside = sorted((folder / place).glob("*.py"))
        usual = [path for path in inside if path.name == USUAL]
        yield from usual or [path for path in inside if path.name[0] != "_" and _has_users(path)]


def _has_users(path: Path) -> bool:
    """Whether it imports locust and makes a class of users itself."""
    try:
        tree = ast.parse(path.read_bytes())
    except UNREADABLE:
        return False
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not locustfile.is_abstract(node)]
    users = any(name.endswith("User") for cls in classes for name in locustfile.bases(cls))
    return users and any(name == "locust" for name, _ in _imports(tree))


def _unfit(path: Path) -> list[str]:
    """Why it cannot be the load, each with its place."""
    if wrong := locustfile.problems(path):
        return [_line(one) for one in wrong]
    away = [
        f"{one.where}: a request {one.what}: the load would leave the project"
        for file in _files(path)
        for one in elsewhere.fixed(file)
    ]
    return [*away, *_not_installed(path)]


def _files(path: Path) -> Sequence[Path]:
    """It and what it imports from its own folder, as far as that can be told."""
    files = [path]
    try:
        files += [source.path for source in sources(path) if source.path != path]
    except (Untold, *UNREADABLE):
        pass
    return files


def _not_installed(path: Path) -> Iterator[str]:
    """What it imports whatever happens, and nothing here has: the load would end before its first request."""
    tree = ast.parse(path.read_bytes())
    for name, line in _imports(tree):
        beside = (path.parent / f"{name}.py").is_file() or (path.parent / name).is_dir()
        if not beside and name not in sys.modules and importlib.util.find_spec(name) is None:
            yield f"{shown_path(path)}:{line}: it imports {name}, which is not installed here"


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The first name of each module that stands in the text for itself, and where."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node.lineno


def _line(problem: Problem) -> str:
    """Without the source below it."""
    return f"{problem.where}: {problem.what}"
