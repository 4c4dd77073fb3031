"""Which functions of a locustfile a call may run: by its name, and of `self` and `super()` by their class. Read from its text alone."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import TypeGuard

from harness.drill.endpoints import last_name
from harness.drill.handed import Function


class Called:
    """One may be named as another: a listener on_start and a user's, or a method of two classes. Where a class may have bases that the
    text does not tell, all of a name are meant."""

    def __init__(self, tree: ast.Module) -> None:
        self._owner: dict[Function, str] = {}
        self._bases: dict[str, list[ast.expr]] = {}
        self._read(tree, "")
        self.functions = tuple(self._owner)
        self._names = {function.name for function in self.functions}
        self._above = {name: {last_name(base) for base in bases if _named(base)} for name, bases in self._bases.items()}
        self._sure = all(map(self._told(tree), itertools.chain(*self._bases.values()))) and not _makes_classes(tree)

    def _read(self, node: ast.AST, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = owner
            if isinstance(child, ast.ClassDef):
                inner = child.name
                self._bases.setdefault(inner, []).extend(child.bases)
            elif isinstance(child, Function):
                self._owner[child] = owner
            self._read(child, inner)

    def names(self, node: ast.AST) -> bool:
        """Whether a function may be meant by a name or an attribute that is read."""
        return _named(node) and last_name(node) in self._names

    def by(self, called: ast.expr, caller: Function) -> list[Function]:
        """All that a call in `caller` may run; [] where it is none of the file's."""
        found = [function for function in self.functions if _named(called) and function.name == last_name(called)]
        base, owner = called.value if isinstance(called, ast.Attribute) else None, self._owner[caller]
        if not self._sure or not owner:
            return found
        if isinstance(base, ast.Name) and base.id == "self":
            return [function for function in found if self._owner[function] in self._kin(owner)] or found
        if isinstance(base, ast.Call) and _named(base.func) and last_name(base.func) == "super":
            return [one for one in found if self._owner[one] in self._kin(owner) - self._made_of(owner)]
        return found

    def _kin(self, name: str) -> set[str]:
        """The classes of whatever an instance of this one may be: it, those made of it, and all that these are made of."""
        return {above for one in self._made_of(name) for above in _reached(one, lambda at: self._above.get(at, set()))}

    def _made_of(self, name: str) -> set[str]:
        return _reached(name, lambda at: {one for one, bases in self._above.items() if at in bases})

    def _told(self, tree: ast.Module) -> Callable[[ast.expr], bool]:
        """Whether a base is a class of the file, or comes with an import."""
        aliases = (
            alias for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
        )
        brought = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}

        def told(base: ast.expr) -> bool:
            root = base.value if isinstance(base, ast.Attribute) else base
            return isinstance(root, ast.Name) and (root.id in brought or (root is base and root.id in self._bases))

        return told


def _makes_classes(tree: ast.Module) -> bool:
    """Whether a class is made by type(…), of which the text tells no bases."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return any(node.func.id == "type" and len(node.args) > 1 for node in calls if isinstance(node.func, ast.Name))


def _reached(name: str, step: Callable[[str], set[str]]) -> set[str]:
    """A name with all that is reached from it."""
    found, waiting = {name}, [name]
    while waiting:
        new = step(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def _named(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    return isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)
