"""What locustfiles tell without being run: that they are Python and have User classes that the harness can drive."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill.problem import Problem, shown_path


@dataclass(frozen=True)
class _Read:
    """One that is Python; `lines` are its text's."""

    file: str
    tree: ast.Module
    lines: list[str]

    def problem(self, cls: ast.ClassDef, what: str) -> Problem:
        return Problem(self.file, cls.lineno, cls.col_offset + 1, what, self.lines[cls.lineno - 1])


def problems(*paths: Path) -> list[Problem]:
    """Everything that can be seen to be wrong. A User class that may come from elsewhere is believed in: the load process, which
    runs the files, refuses what is none, with its place."""
    read = [_read(path) for path in paths]
    found = [one for one in read if isinstance(one, Problem)]
    good = [one for one in read if isinstance(one, _Read)]
    found += [problem for one in good for problem in _refused(one)]
    found += _named_alike(good)
    if not found and not any(_has_user(one.tree) for one in good):
        where = [one.file for one in good]
        also = f" (nor in {', '.join(where[1:])})" if where[1:] else ""
        what = f"no User class{also}: a locustfile has a class made from HttpUser, FastHttpUser or User"
        found.append(Problem(where[0], 1, 1, what))
    return found


def _read(path: Path) -> _Read | Problem:
    file = shown_path(path)
    try:
        text = path.read_bytes()
        return _Read(file, ast.parse(text, filename=file), text.decode("utf-8", "replace").splitlines())
    except OSError as error:
        return Problem(file, 0, 0, f"the locustfile cannot be read: {error.strerror}")
    except SyntaxError as error:
        source = (error.text or "").rstrip("\n")
        return Problem(file, error.lineno or 1, error.offset or 1, f"not Python: {error.msg}", source)
    except (ValueError, RecursionError, MemoryError) as error:
        return Problem(file, 1, 1, f"not Python: {error}")


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def last_name(node: ast.AST) -> str:
    """`HttpUser` of `HttpUser` and of `locust.HttpUser`; '' of anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def bases(cls: ast.ClassDef) -> list[str]:
    """The names of a class's bases, as they are written last: `User` of `locust.User`."""
    return [name for base in cls.bases if (name := last_name(base))]


def _standing(read: _Read) -> Iterator[ast.ClassDef]:
    """The classes that stand in the file whatever happens: one under an `if` may not be there when the load runs."""
    yield from (cls for cls in read.tree.body if isinstance(cls, ast.ClassDef) and not is_abstract(cls))


def _refused(read: _Read) -> Iterator[Problem]:
    for cls in _standing(read):
        if "PytestUser" in bases(cls):
            what = "a PytestUser runs its own test functions; the harness cannot start one task per arrival"
            yield read.problem(cls, f"{cls.name}: {what}")


def _named_alike(several: Sequence[_Read]) -> Iterator[Problem]:
    """User classes of one name in two files: Locust tells users by it. Those alone whose base is sure to be Locust's."""
    first: dict[str, tuple[_Read, ast.ClassDef]] = {}
    for read in several:
        for cls in _standing(read):
            if not any(base in ("HttpUser", "FastHttpUser", "User") for base in bases(cls)):
                continue
            other, at = first.setdefault(cls.name, (read, cls))
            if other is not read:
                yield read.problem(
                    cls,
                    f"there is a User class {cls.name} in {other.file}:{at.lineno} too; give one of them another name",
                )


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
        name = last_name(base)
        if not name or name.endswith("User") or name in assigned:
            return True
        if isinstance(base, ast.Attribute):
            return ast.unparse(base.value) not in known
        if name in classes:
            return name not in seen and stems(classes[name], seen | {name})
        return known[name].endswith("User") if name in known else not hasattr(builtins, name)

    return any(stems(cls, frozenset({cls.name})) and not is_abstract(cls) for cls in classes.values())


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
    called = last_name(node.func)
    return called in ("exec", "new_class", "import_module", "__import__") or (called == "type" and len(node.args) != 1)


def is_abstract(cls: ast.ClassDef) -> bool:
    for node in cls.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = any(isinstance(target, ast.Name) and target.id == "abstract" for target in targets)
        if named and isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            return bool(node.value.value)
    return False
