"""Whose users are somebody to the service: each with a login, a basket or a token of its own, so that one cannot stand for all.
Pure."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from typing import Any

from harness.load.locustfile import greets, holders

NOT_THEIRS = ("locust", "typing", "abc", "builtins")
"""Where what a locustfile stands on was written."""


def own_session(cls: Any) -> bool:
    """Whether a user of this class begins with something of its own (on_start, __init__), or a task keeps something for its next one."""
    found = [*holders(cls)]
    bases = {base for holder in found for base in holder.__mro__}
    functions = {task for holder in found for task in holder.tasks if inspect.isfunction(task)}
    theirs = (one for one in bases | functions if one.__module__.partition(".")[0] not in NOT_THEIRS)
    return greets([cls]) or any(map(_keeps, theirs))


def _keeps(written: Any) -> bool:
    """Whether a function, there or within, sets something of its first argument: `self.x = …`, `user.client.headers["x"] = …`."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        tree = ast.parse(textwrap.dedent(inspect.getsource(written)))
        return any(_sets_its_own(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return False


def _sets_its_own(function: ast.FunctionDef) -> bool:
    taken = [*function.args.posonlyargs, *function.args.args]
    parts = (node for node in ast.walk(function) if isinstance(node, (ast.Attribute, ast.Subscript)))
    return bool(taken) and any(isinstance(node.ctx, ast.Store) and _root(node) == taken[0].arg for node in parts)


def _root(node: ast.expr) -> str:
    """The name that `a.b["c"].d` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
