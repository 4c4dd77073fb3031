"""What a locustfile's text tells of other hosts than `load.against`: a class's own, which is replaced, and absolute URLs, which are not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.drill.endpoints import METHODS
from harness.drill.locustfile import bases, last_name
from harness.drill.problem import Problem, shown_path
from harness.urls import bare, left_out, place


def warnings(*paths: Path) -> list[Problem]:
    """Of the files themselves; none of one that cannot be read, which others tell."""
    return [warning for path in paths for warning in _of_file(path)]


def fixed(*paths: Path) -> list[Problem]:
    """Those of `warnings` that are of absolute URLs."""
    return [warning for path in paths for warning in _of_file(path, hosts=False)]


def _of_file(path: Path, *, hosts: bool = True) -> list[Problem]:
    try:
        text = path.read_bytes()
        tree = ast.parse(text)
        return list(_warnings(tree, shown_path(path), text.decode("utf-8", "replace").splitlines(), hosts))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _warnings(tree: ast.Module, file: str, lines: list[str], hosts: bool) -> Iterator[Problem]:
    def warning(node: ast.expr, what: str) -> Problem:
        return Problem(file, node.lineno, node.col_offset + 1, what, lines[node.lineno - 1], severity="warning")

    for node in ast.walk(tree):
        if hosts and isinstance(node, ast.ClassDef) and any(name.endswith("User") for name in bases(node)):
            for host in _hosts(node):
                yield warning(
                    host, f"{node.name}'s own host {_shown(host)} is replaced by load.against{left_out(_text(host))}"
                )
        url = _url(node) if isinstance(node, ast.Call) else None
        if url is not None and _absolute(url):
            yield warning(
                url, f"goes to {_shown(url)} whatever load.against is, and counts in no claim but those that name it"
            )


def _hosts(cls: ast.ClassDef) -> Iterator[ast.Constant]:
    for node in cls.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = any(last_name(one) == "host" for one in targets)
        if named and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def _url(call: ast.Call) -> ast.expr | None:
    """Where a client's call goes: `self.client.get("http://idp/token")`."""
    if not isinstance(call.func, ast.Attribute) or last_name(call.func.value) != "client":
        return None
    named = next((word.value for word in call.keywords if word.arg == "url"), None)
    place = 1 if call.func.attr == "request" else 0 if call.func.attr in METHODS else len(call.args)
    return named or next(iter(call.args[place:]), None)


def _absolute(url: ast.expr) -> bool:
    """With its host; also of an f-string, as far as it is fixed."""
    text = _text(url)
    whole = isinstance(url, ast.Constant) or "/" in text.partition("://")[2]
    return whole and place(text)[0] != ""


def _text(url: ast.expr) -> str:
    first = url.values[0] if isinstance(url, ast.JoinedStr) and url.values else url
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _shown(url: ast.expr) -> str:
    return bare(_text(url))
