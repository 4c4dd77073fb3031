"""What a locustfile tells without running it: that it is Python and has a User class that the harness can drive."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.drill.problem import Problem, shown_path

_REFUSED = {
    "LoadTestShape": "a LoadTestShape sets the load itself; say it in the drill, under load: {arrivals: …}",
    "PytestUser": "a PytestUser runs its own test functions; the harness cannot start one task per arrival",
}


def problems(path: Path) -> list[Problem]:
    """Everything that can be seen to be wrong. A User class that may come from elsewhere is believed in."""
    file = shown_path(path)
    try:
        text = path.read_bytes()
        tree = ast.parse(text, filename=file)
    except OSError as error:
        return [Problem(file, 0, 0, f"the locustfile cannot be read: {error.strerror}")]
    except SyntaxError as error:
        return [
            Problem(
                file, error.lineno or 1, error.offset or 1, f"not Python: {error.msg}", (error.text or "").rstrip("\n")
            )
        ]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Problem(file, 1, 1, f"not Python: {error}")]
    lines = text.decode("utf-8", "replace").splitlines()
    found = list(_refused(file, tree, lines))
    if not found and not _has_user(tree):
        found.append(
            Problem(file, 1, 1, "no User class: a locustfile has a class made from HttpUser, FastHttpUser or User")
        )
    return found


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def bases(cls: ast.ClassDef) -> list[str]:
    """The names of a class's bases, as they are written last: `User` of `locust.User`."""
    return [
        base.attr if isinstance(base, ast.Attribute) else base.id
        for base in cls.bases
        if isinstance(base, (ast.Attribute, ast.Name))
    ]


def _refused(file: str, tree: ast.Module, lines: list[str]) -> Iterator[Problem]:
    for cls in _classes(tree):
        for base in bases(cls):
            if base in _REFUSED:
                yield Problem(
                    file, cls.lineno, cls.col_offset + 1, f"{cls.name}: {_REFUSED[base]}", lines[cls.lineno - 1]
                )


def _has_user(tree: ast.Module) -> bool:
    """Whether a class that is no abstract one stems from a User; True also when an import may bring one."""
    classes = {cls.name: cls for cls in _classes(tree)}
    brought = list(_brought(tree))
    if "*" in brought or any(name.endswith("User") for name in brought if name not in _LOCUST_USERS):
        return True

    def stems(cls: ast.ClassDef, seen: frozenset[str]) -> bool:
        for base in bases(cls):
            if base in classes and base not in seen:
                if stems(classes[base], seen | {base}):
                    return True
            elif base.endswith("User") or base in brought:
                return True
        return not all(isinstance(base, (ast.Attribute, ast.Name)) for base in cls.bases)

    return any(stems(cls, frozenset({cls.name})) and not _abstract(cls) for cls in classes.values())


_LOCUST_USERS = ("User", "HttpUser", "FastHttpUser")


def _brought(tree: ast.Module) -> Iterator[str]:
    """Names that come from modules other than locust's own, and what is asked of such a module (`shop.Shopper`)."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] != "locust":
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name.partition(".")[0] != "locust"}
    for cls in _classes(tree):
        yield from (b.attr for b in cls.bases if isinstance(b, ast.Attribute) and ast.unparse(b.value) in modules)


def _abstract(cls: ast.ClassDef) -> bool:
    for node in cls.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(target, ast.Name) and target.id == "abstract" for target in targets)
        if named and isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            return bool(node.value.value)
    return False
