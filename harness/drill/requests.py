"""At most how many requests one task of the locustfiles makes, read from their text: claims with too few of them are refused.

Only a sure bound helps nobody wrongly: what cannot be told (a loop, a lambda, a client, one of its methods or a function that is handed on,
a client of its own, a helper from elsewhere) counts as MANY.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path

from harness.drill.called import Called
from harness.drill.endpoints import OTHERS, SESSIONS, last_name
from harness.drill.handed import Function

MANY = math.inf
SETTINGS = ("auth", "base_url", "clientpool", "cookiejar", "cookies", "headers", "params", "proxies", "user", "verify")
"""What a client is asked for that makes no request."""
_AGAIN = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


def at_most(*paths: Path) -> float:
    """For the locustfiles at `paths`; MANY when it cannot be told, also when one cannot be read."""
    return max(map(_at_most, paths), default=MANY)


def _at_most(path: Path) -> float:
    try:
        tree = ast.parse(path.read_bytes())
        called = Called(tree)
        known: dict[Function, float] = {}
        most = max((_weight(function, called, known) for function in called.functions), default=0.0)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return MANY
    return MANY if most == 0 or _brings_helpers(tree) or _own_client(tree) else most


def _weight(function: Function, called: Called, known: dict[Function, float]) -> float:
    """What it makes with all that it calls; what calls itself makes MANY, and so does whatever calls that."""
    if function in known:
        return known[function]
    known[function], total = MANY, 0.0
    called_here = {id(node.func) for node, _ in _inside(function, False) if isinstance(node, ast.Call)}
    for node, again in _inside(function, False):
        once = 0.0
        if isinstance(node, ast.Call):
            if _is_client(node.func.value) if isinstance(node.func, ast.Attribute) else False:
                once = 1.0
            elif meant := called.by(node.func, function):
                once = max(_weight(one, called, known) for one in meant)
            elif isinstance(node.func, (ast.Name, ast.Attribute)) and last_name(node.func) in OTHERS:
                once = 1.0
        elif _is_client(node):
            once = MANY  # handed on; where it is the base of a call, _inside leaves it out
        elif id(node) not in called_here and (called.names(node) or _asks(node)):
            once = MANY  # handed on: map(self.fetch, …), get = self.client.get, a decorator
        total += MANY if once and again else once
    known[function] = total
    return total


def _inside(node: ast.AST, again: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether it may be done again and again; not the client of `client.get(…)` itself, nor functions within."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            continue
        inner = again or isinstance(child, _AGAIN)
        base = isinstance(node, ast.Attribute) and _is_client(child)
        if not base:
            yield child, inner
            yield from _inside(child, inner)


def _asks(node: ast.AST) -> bool:
    """Whether this attribute, which is only read here, makes requests once it is called: a client's own, or one of the others."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    return node.attr in OTHERS or (_is_client(node.value) and node.attr not in SETTINGS)


def _is_client(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "client") or (
        isinstance(node, ast.Name) and node.id == "client"
    )


def _brings_helpers(tree: ast.Module) -> bool:
    """Whether something comes from a module that is neither Locust's nor Python's own."""
    import sys

    own = {*sys.stdlib_module_names, "locust"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] not in own):
            return True
        if isinstance(node, ast.Import) and any(alias.name.partition(".")[0] not in own for alias in node.names):
            return True
    return False


def _own_client(tree: ast.Module) -> bool:
    """Whether it makes a client itself, which may have any name."""
    known = (node for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Attribute, ast.alias)))
    return any(last_name(node) in SESSIONS for node in known)
