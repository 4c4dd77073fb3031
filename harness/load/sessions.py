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
HOLDS = ("cookies", "headers")
"""What a client has of its own."""
SHARED = ("environment", "__class__")
"""What all users have in common."""


def own_session(cls: Any) -> bool:
    """Whether a user of this class begins with something of its own (on_start, __init__), or a task keeps something for its next one:
    itself, or as the cookie of a login that others follow, or that it asks for once only."""
    found = [*holders(cls)]
    bases = {base for holder in found for base in holder.__mro__}
    functions = {task for holder in found for task in holder.tasks if inspect.isfunction(task)}
    theirs = [one for one in bases | functions if _written_by_them(one)]
    goes_on = any(_goes_on(holder, cls) for holder in found)
    return greets([cls]) or goes_on or any(_keeps(one) or _looks(one) for one in theirs)


def _written_by_them(thing: Any) -> bool:
    return str(thing.__module__).partition(".")[0] not in NOT_THEIRS


def _goes_on(holder: Any, cls: Any) -> bool:
    """Whether tasks in a fixed order follow one that changes something of the service: POST /login, then GET /cart."""
    if not issubclass(holder, SequentialTaskSet):
        return False
    return any(_changes(task, (holder, cls), set()) for task in holder.tasks[:-1])


def _changes(written: Any, owners: tuple[Any, ...], read: set[Any]) -> bool:
    """Whether it changes something of the service, itself or by what it calls: `self.login()`, `self.user.login()`, `login(self)`."""
    read.add(written)
    calls = (node.func for node in _written(written) if isinstance(node, ast.Call))
    for func in calls:
        if isinstance(func, ast.Attribute):
            if func.attr in CHANGES and _of_client(func.value):
                return True
            meant = [getattr(owner, func.attr, None) for owner in owners] if not _of_client(func.value) else []
        else:
            meant = [getattr(written, "__globals__", {}).get(func.id)] if isinstance(func, ast.Name) else []
        own = (one for one in meant if inspect.isfunction(one) and _written_by_them(one) and one not in read)
        if any(_changes(one, owners, read) for one in own):
            return True
    return False


def _looks(written: Any) -> bool:
    """Whether something depends on what the client has from before: `if not self.client.cookies`, a login that is asked for once."""
    conditions = (node.test for node in _written(written) if isinstance(node, (ast.If, ast.IfExp, ast.While)))
    read = (node for test in conditions for node in ast.walk(test) if isinstance(node, ast.Attribute))
    return any(node.attr in HOLDS and _of_client(node.value) for node in read)


def _of_client(node: ast.expr) -> bool:
    return ast.unparse(node).rpartition(".")[2] == "client"


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
    """The name that `a.b["c"].d` begins with; '' where it leads by what all users share."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute) and node.attr in SHARED:
            return ""
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
