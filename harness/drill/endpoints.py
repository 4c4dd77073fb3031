"""Which endpoints a locustfile calls, read from its text and from the modules beside it that it imports: names of the ledger.

Only a sure list helps nobody wrongly: where one call's name cannot be told, or a helper comes from elsewhere, there is none.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

UNSURE = ("rest", "fire", "request_name", "rename_request", "request_meta")
"""Attributes by which Locust's users make requests in other ways, or give them other names than their calls say."""
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def endpoints(path: Path) -> tuple[str, ...] | None:
    """Names such as 'POST /checkout', sorted, for the locustfile at `path`; None when they cannot all be told."""
    try:
        found = {name for tree in _trees(path, set()) for name in _called(tree)}
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if None in found or not found else tuple(sorted(name for name in found if name))


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


def _called(tree: ast.Module) -> Iterator[str | None]:
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
        elif (isinstance(node, ast.Attribute) and node.attr in UNSURE) or (_is_client(node) and id(node) not in bases):
            yield None


def _of_client(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and _is_client(call.func.value)


def _is_client(node: ast.AST) -> bool:
    named = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return named == "client"


def _name(call: ast.Call) -> str | None:
    assert isinstance(call.func, ast.Attribute)
    method, rest = call.func.attr, list(call.args)
    if method == "request":
        named = rest.pop(0) if rest else None
        method = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
    words = {word.arg: word.value for word in call.keywords}
    url = words.get("name") or words.get("url") or words.get("path") or (rest[0] if rest else None)
    called = url.value if isinstance(url, ast.Constant) else None
    if method.lower() not in METHODS or None in words or not isinstance(called, str):
        return None
    return f"{method.upper()} {called}"
