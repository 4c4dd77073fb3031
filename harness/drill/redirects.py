"""Whether the locustfiles' requests follow redirects, as Locust's clients do unless a call says otherwise; read from their text."""

from __future__ import annotations

import ast
import contextlib
from pathlib import Path

from harness.drill.endpoints import METHODS
from harness.drill.handed import is_client


def follow_redirects(*paths: Path) -> bool:
    """Whether some call of a client surely does: where it cannot be told, nobody is warned of it."""
    with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return any(_follows(node) for path in paths for node in ast.walk(ast.parse(path.read_bytes())))
    return False


def _follows(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not is_client(node.func.value):
        return False
    told = {word.arg: word.value for word in node.keywords}
    said = told.get("allow_redirects", ast.Constant(value=True))
    return node.func.attr in (*METHODS, "request") and None not in told and getattr(said, "value", None) is True
