"""Which endpoints the locustfiles call, read from their text and from the modules beside them that they import: names of the ledger.

Only a sure list helps nobody wrongly: where one call's name cannot be told, or a helper comes from elsewhere, there is none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from harness.drill.constants import Constants
from harness.drill.handed import Handed, is_client
from harness.drill.problem import shown_path
from harness.drill.siblings import Source, Untold, sources
from harness.urls import AS_IT_IS

UNREADABLE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)

OTHERS = ("rest", "rest_", "fire")
"""What makes a request without a client, or tells of one: a FastHttpUser's, and Locust's event."""
UNSURE = (*OTHERS, "base_url", "params", "request_name", "rename_request", "request_meta")
"""Attributes by which Locust's users make requests in other ways, or give them other names than their calls say."""
SESSIONS = ("HttpSession", "FastHttpSession")
"""Clients that a locustfile may make itself, under any name."""
HIDING = ("import_module", "__import__", "exec", "exec_module", "run_path", "run_module")
"""What brings code that no import tells of."""
_AS_IT_IS = re.compile(AS_IT_IS, re.ASCII)
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@dataclass(frozen=True)
class Call:
    """One call of a client, by one of the names that it may have: `name` is what the ledger calls it, or '' where only a run knows that."""

    method: str
    name: str
    path: Path
    line: int


class Known:
    """What the files of a locustfile tell together: the clients that are handed on, and the texts that names hold."""

    def __init__(self, files: Sequence[Source]) -> None:
        self.handed = Handed(files)
        self.constants = Constants(files)


def endpoints(*paths: Path) -> tuple[str, ...] | None:
    """Names such as 'POST /checkout', sorted, for the locustfiles at `paths`; None when they cannot all be told."""
    names, methods = requests(*paths)
    return names if methods == () else None


def requests(*paths: Path) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The names that are told, and the methods of calls whose names are not; None where there may be any other request."""
    try:
        called = _asked(paths)
    except (Untold, *UNREADABLE):
        return (), None
    names = {call.name for call in called if call.name}
    return tuple(sorted(names)), tuple(sorted({call.method for call in called if not call.name}))


def untold(*paths: Path) -> str:
    """Why `endpoints` cannot all be told, and where; '' where they can."""
    try:
        unnamed = next((call for call in _asked(paths) if not call.name), None)
    except Untold as why:
        return str(why)
    except UNREADABLE as error:
        return f"{shown_path(paths[0])} or what it imports cannot be read: {error}"
    return str(Untold(unnamed.path, unnamed.line, "makes a request whose name only a run knows")) if unnamed else ""


def prepared(*paths: Path) -> tuple[str, ...]:
    """Those of `endpoints` that only a user's own on_start asks: once per user, as preparation, so that no row of them counts in a
    claim. A helper that on_start calls is taken to be called by tasks too."""
    sure = endpoints(*paths)
    if sure is None:
        return ()
    files = {source.path: source for path in paths for source in sources(path)}
    known = Known(tuple(files.values()))
    asked = [call.name for file in files.values() for call in _called(file, file.tree, known)]
    prepares = [
        call.name
        for file in files.values()
        for node in ast.walk(file.tree)
        if _is_user(node)
        for part in node.body
        if _is_on_start(part)
        for call in _called(file, part, known)
    ]
    return tuple(name for name in sure if 0 < asked.count(name) == prepares.count(name))


def _asked(paths: Sequence[Path]) -> list[Call]:
    """Each call of a client. Raises Untold where there may be others, or one of UNREADABLE."""
    found: list[Call] = []
    for path in paths:
        files = tuple(sources(path))
        known = Known(files)
        called = [call for file in files for call in _called(file, file.tree, known)]
        if not called and any(_is_user(node) for file in files for node in ast.walk(file.tree)):
            raise Untold(path, 1, "has users, and shows no request of theirs")
        found += called
    if not found:
        raise Untold(next(iter(paths), Path()), 1, "shows no request")
    return found


def _is_user(node: ast.AST) -> TypeGuard[ast.ClassDef]:
    """A class that stands on one of Locust's users, as its bases are called."""
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return any(last_name(base).endswith("User") for base in bases if isinstance(base, (ast.Name, ast.Attribute)))


def _is_on_start(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "on_start"


def _called(source: Source, tree: ast.AST, known: Known) -> Iterator[Call]:
    """Each call of a client in a part of a file. Raises Untold for one of an unknown method, or a client that is handed on."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (id(node) in called or node.attr not in (*METHODS, "request"))
    }
    told |= {id(node) for node in known.handed.known(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _of_client(node):
            method, names = _names(node, known.constants)
            if not method:
                raise Untold(source.path, node.lineno, "makes a request whose method only a run knows")
            yield from (Call(method, name, source.path, node.lineno) for name in names or ("",))
        elif isinstance(node, (ast.Name, ast.Attribute, ast.alias)) and _hides(node, told):
            raise Untold(source.path, node.lineno, f"may make requests that no call tells of ({last_name(node)})")


def _hides(node: ast.Name | ast.Attribute | ast.alias, told: set[int]) -> bool:
    """Whether requests may be made here, or named, that no call of a client tells."""
    if (isinstance(node, ast.Attribute) and node.attr in UNSURE) or last_name(node) in (*SESSIONS, *HIDING):
        return True
    return isinstance(node, (ast.Name, ast.Attribute)) and is_client(node) and id(node) not in told


def _of_client(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and is_client(call.func.value)


def last_name(node: ast.Name | ast.Attribute | ast.alias) -> str:
    """`get` of `self.client.get`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else node.name


def _names(call: ast.Call, constants: Constants) -> tuple[str, tuple[str, ...]]:
    """Its method and each whole name that it may have: '' and () where only a run knows."""
    assert isinstance(call.func, ast.Attribute)
    method, rest = call.func.attr, list(call.args)
    if method == "request":
        named = rest.pop(0) if rest else None
        method = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
    words = {word.arg: word.value for word in call.keywords}
    if len(rest) > 1 and call.func.attr == "request":
        words["name"] = rest[1]
    url = words.get("name") or words.get("url") or words.get("path") or (rest[0] if rest else None)
    if method.lower() not in METHODS:
        return "", ()
    method, called = method.upper(), constants.of(url)
    if None in words:
        return method, ()
    if "name" not in words and ("params" in words or not all(map(_AS_IT_IS.match, called))):
        return method, ()  # HttpUser's is named by what is sent: by the path alone, quoted, and with its parameters
    return method, tuple(f"{method} {text}" for text in called)
