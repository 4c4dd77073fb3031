"""Whose users are somebody to the service: each with a login, a basket or a token of its own, so that one cannot stand for all.
Pure."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from locust import SequentialTaskSet

from harness.load.locustfile import greets, holders

NOT_THEIRS = ("locust", "typing", "abc", "builtins")
"""Where what a locustfile stands on was written."""
KEEPS = ("update", "set", "setdefault", "append", "extend", "add")
CHANGES = ("post", "put", "patch", "delete")


def own_session(cls: Any) -> bool:
    """Whether a user of this class begins with something of its own (on_start, __init__), or a task keeps something for its next one:
    itself, or as the cookie of a login that others follow."""
    found = [*holders(cls)]
    bases = {base for holder in found for base in holder.__mro__}
    functions = {task for holder in found for task in holder.tasks if inspect.isfunction(task)}
    theirs = (one for one in bases | functions if one.__module__.partition(".")[0] not in NOT_THEIRS)
    return greets([cls]) or any(map(_keeps, theirs)) or any(map(_goes_on, found))


def _goes_on(holder: Any) -> bool:
    """Whether tasks in a fixed order follow one that changes something of the service: POST /login, then GET /cart."""
    if not issubclass(holder, SequentialTaskSet):
        return False
    calls = (node for task in holder.tasks[:-1] for node in _written(task) if isinstance(node, ast.Call))
    asked = (call.func for call in calls if isinstance(call.func, ast.Attribute))
    return any(func.attr in CHANGES and "client" in ast.unparse(func.value).split(".") for func in asked)


def _keeps(written: Any) -> bool:
    """Whether a function, there or within, keeps something in its first argument: `self.x = …`, `user.client.headers.update(…)`."""
    return any(_keeps_its_own(node) for node in _written(written) if isinstance(node, ast.FunctionDef))


def _written(thing: Any) -> Iterator[ast.AST]:
    """All that a function or a class is written with; nothing where that cannot be read."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        yield from ast.walk(ast.parse(textwrap.dedent(inspect.getsource(thing))))


def _keeps_its_own(function: ast.FunctionDef) -> bool:
    taken = [*function.args.posonlyargs, *function.args.args]
    return bool(taken) and any(_root(kept) == taken[0].arg for node in ast.walk(function) for kept in _kept_in(node))


def _kept_in(node: ast.AST) -> Iterator[ast.expr]:
    """What something is kept in by this piece of a function."""
    if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
        yield node
    elif isinstance(node, ast.Call):
        func = node.func
        if isinstance(func, ast.Name) and func.id == "setattr":
            yield from node.args[:1]
        elif isinstance(func, ast.Attribute) and func.attr in KEEPS and not isinstance(func.value, ast.Name):
            yield func.value  # `self.add(…)` is a function of the user's


def _root(node: ast.expr) -> str:
    """The name that `a.b["c"].d` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
