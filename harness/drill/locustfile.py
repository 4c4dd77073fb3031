"""What a locustfile tells without running it: that it is Python and has a User class that the harness can drive."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.drill.problem import Problem, shown_path

_REFUSED = {
    "LoadTestShape": "a LoadTestShape sets the load itself; say it in the drill, under load: {arrivals: …}",
    "PytestUser": "a PytestUser runs its own test functions; the harness cannot start one task per arrival",
}


def problems(path: Path) -> list[Problem]:
    """Everything that can be seen to be wrong. A User class that may come from elsewhere is believed in: the load process, which
    runs the file, refuses what is none, with its place."""
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


def _last_name(node: ast.AST) -> str:
    """`HttpUser` of `HttpUser` and of `locust.HttpUser`; '' of anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _refused(file: str, tree: ast.Module, lines: list[str]) -> Iterator[Problem]:
    """Of the classes that stand in the file whatever happens: one under an `if` may not be there when the load runs."""
    for cls in tree.body:
        if isinstance(cls, ast.ClassDef) and not _abstract(cls):
            for base in map(_last_name, cls.bases):
                if base in _REFUSED:
                    what = f"{cls.name}: {_REFUSED[base]}"
                    yield Problem(file, cls.lineno, cls.col_offset + 1, what, lines[cls.lineno - 1])


def _has_user(tree: ast.Module) -> bool:
    """Whether anything in the file could bring a User class that is not abstract."""
    known = _known(tree)
    if known is None or any(_makes_classes(node) for node in ast.walk(tree)):
        return True
    classes = {cls.name: cls for cls in _classes(tree)}
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}

    def stems(cls: ast.ClassDef, seen: frozenset[str]) -> bool:
        return any(may_be_user(base, seen) for base in cls.bases)

    def may_be_user(base: ast.expr, seen: frozenset[str]) -> bool:
        name = _last_name(base)
        if not name or name.endswith("User") or name in assigned:
            return True
        if isinstance(base, ast.Attribute):
            return ast.unparse(base.value) not in known
        if name in classes:
            return name not in seen and stems(classes[name], seen | {name})
        return known[name].endswith("User") if name in known else not hasattr(builtins, name)

    return any(stems(cls, frozenset({cls.name})) and not _abstract(cls) for cls in classes.values())


def _known(tree: ast.Module) -> dict[str, str] | None:
    """The names that come from Locust and Python's own library, with what they are called there; None where something comes
    from elsewhere."""
    own = {*sys.stdlib_module_names, "locust"}
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] not in own):
            return None
        if isinstance(node, ast.Import) and any(alias.name.partition(".")[0] not in own for alias in node.names):
            return None
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
    return known


def _makes_classes(node: ast.AST) -> bool:
    """Whether it is a call that makes a class, or brings what another file has."""
    if not isinstance(node, ast.Call):
        return False
    called = _last_name(node.func)
    return called in ("exec", "new_class", "import_module", "__import__") or (called == "type" and len(node.args) != 1)


def _abstract(cls: ast.ClassDef) -> bool:
    for node in cls.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(target, ast.Name) and target.id == "abstract" for target in targets)
        if named and isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            return bool(node.value.value)
    return False
