"""Which endpoints the locustfiles call, read from their text and from the modules beside them that they import: names of the ledger.

Only a sure list helps nobody wrongly: where one call's name cannot be told, or a helper comes from elsewhere, there is none.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from harness.urls import AS_IT_IS

OTHERS = ("rest", "rest_", "fire")
"""What makes a request without a client, or tells of one: a FastHttpUser's, and Locust's event."""
UNSURE = (*OTHERS, "base_url", "params", "request_name", "rename_request", "request_meta")
"""Attributes by which Locust's users make requests in other ways, or give them other names than their calls say."""
SESSIONS = ("HttpSession", "FastHttpSession")
"""Clients that a locustfile may make itself, under any name."""
_AS_IT_IS = re.compile(AS_IT_IS, re.ASCII)
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def endpoints(*paths: Path) -> tuple[str, ...] | None:
    """Names such as 'POST /checkout', sorted, for the locustfiles at `paths`; None when they cannot all be told."""
    found: set[str | None] = set()
    try:
        for path in paths:
            trees = list(_trees(path, set()))
            called = {name for tree in trees for name in _called(tree)}
            if not called and any(_is_user(node) for tree in trees for node in ast.walk(tree)):
                return None
            found |= called
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if None in found or not found else tuple(sorted(name for name in found if name))


def prepared(*paths: Path) -> tuple[str, ...]:
    """Those of `endpoints` that only a user's own on_start asks: once per user, as preparation, so that no row of them counts in a
    claim. A helper that on_start calls is taken to be called by tasks too."""
    sure = endpoints(*paths)
    if sure is None:
        return ()
    seen: set[Path] = set()
    trees = [tree for path in paths for tree in _trees(path, seen)]
    inside = [
        part for tree in trees for node in ast.walk(tree) if _is_user(node) for part in node.body if _is_on_start(part)
    ]
    asked = [name for tree in trees for name in _called(tree)]
    prepares = [name for part in inside for name in _called(part)]
    return tuple(name for name in sure if 0 < asked.count(name) == prepares.count(name))


def _is_user(node: ast.AST) -> TypeGuard[ast.ClassDef]:
    """A class that stands on one of Locust's users, as its bases are called."""
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return any(last_name(base).endswith("User") for base in bases if isinstance(base, (ast.Name, ast.Attribute)))


def _is_on_start(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "on_start"


def _trees(path: Path, seen: set[Path]) -> Iterator[ast.Module]:
    """The locustfile and what it imports from its own folder. Raises ValueError when it imports what may make requests too."""
    if path in seen:
        return
    seen.add(path)
    tree = ast.parse(path.read_bytes())
    yield tree
    own = {*sys.stdlib_module_names, "locust"}
    for node in ast.walk(tree):
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.partition(".")[0] in own and not level:
                continue
            beside = path.parent / f"{name}.py"
            if level > 1 or not beside.is_file():
                raise ValueError(f"{name} is not beside {path.name}")
            yield from _trees(beside, seen)


def _called(tree: ast.AST) -> Iterator[str | None]:
    """The name of each call of a client; None for one that cannot be told, or for a client that is handed on."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bases = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (id(node) in called or node.attr not in (*METHODS, "request"))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _of_client(node):
            yield _name(node)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.alias)) and _hides(node, bases):
            yield None


def _hides(node: ast.Name | ast.Attribute | ast.alias, bases: set[int]) -> bool:
    """Whether requests may be made here, or named, that no call of a client tells."""
    if (isinstance(node, ast.Attribute) and node.attr in UNSURE) or last_name(node) in SESSIONS:
        return True
    return is_client(node) and id(node) not in bases


def _of_client(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and is_client(call.func.value)


def is_client(node: ast.AST) -> bool:
    """Whether it is called as a user's client is."""
    return isinstance(node, (ast.Name, ast.Attribute)) and last_name(node) == "client"


def last_name(node: ast.Name | ast.Attribute | ast.alias) -> str:
    """`get` of `self.client.get`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else node.name


def _name(call: ast.Call) -> str | None:
    assert isinstance(call.func, ast.Attribute)
    method, rest = call.func.attr, list(call.args)
    if method == "request":
        named = rest.pop(0) if rest else None
        method = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
    words = {word.arg: word.value for word in call.keywords}
    if len(rest) > 1 and call.func.attr == "request":
        words["name"] = rest[1]
    url = words.get("name") or words.get("url") or words.get("path") or (rest[0] if rest else None)
    called = url.value if isinstance(url, ast.Constant) else None
    if method.lower() not in METHODS or None in words or not isinstance(called, str):
        return None
    if "name" not in words and ("params" in words or not _AS_IT_IS.match(called)):
        return None  # HttpUser's is named by what is sent: by the path alone, quoted, and with its parameters
    return f"{method.upper()} {called}"
