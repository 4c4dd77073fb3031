"""Texts that a locustfile writes down once and means by a name: `PATH = "/cart"`, `class Shopper: checkout = "/checkout"`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import chain

from harness.drill.siblings import Source

ANYTHING = None
"""What a name holds that is bound in another way than to a text."""
_REBINDING = ("setattr", "globals", "locals", "vars", "__dict__", "__setattr__", "__getattr__", "__getattribute__")
"""What binds names, or answers for them, that no text tells of."""


class Constants:
    """Known of all files together. A name may be bound in several places, in a subclass perhaps: all of its texts are meant then. Where
    one of them is no text, nothing is."""

    def __init__(self, files: Sequence[Source]) -> None:
        self._texts: dict[str, set[str | None]] = {}
        self._owners = {"self", "cls", *(file.path.stem for file in files)}
        nodes = [node for file in files for node in ast.walk(file.tree)]
        self._owners |= {node.name for node in nodes if isinstance(node, ast.ClassDef) and not _numbers(node)}
        self._modules = {file.path.stem for file in files}
        self._sure = not any(_rebinds(node) for node in nodes)
        for name, text in chain.from_iterable(map(self._bound, nodes)):
            self._texts.setdefault(name, set()).add(text)

    def of(self, node: ast.AST | None) -> tuple[str, ...]:
        """Each text that an expression may be; () where only a run knows."""
        if isinstance(node, ast.Constant):
            return (node.value,) if isinstance(node.value, str) else ()
        owner = node.value if isinstance(node, ast.Attribute) else None
        if owner is not None and not (isinstance(owner, ast.Name) and owner.id in self._owners):
            return ()
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        found = self._texts.get(name, {ANYTHING}) if self._sure else {ANYTHING}
        texts = [text for text in found if text is not ANYTHING]
        return tuple(sorted(texts)) if len(texts) == len(found) else ()

    def _bound(self, node: ast.AST) -> Iterator[tuple[str, str | None]]:
        """The names that a node binds, each with its text."""
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
                whole = isinstance(target, (ast.Name, ast.Attribute)) and node.value is not None
                if whole and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    yield _called(target), node.value.value
                elif node.value is not None:
                    yield from ((_called(one), ANYTHING) for one in ast.walk(target) if _stores(one))
        elif bound := _target(node):
            yield from ((_called(one), ANYTHING) for one in ast.walk(bound) if _stores(one))
        elif isinstance(node, ast.arg):
            yield node.arg, ANYTHING
        elif isinstance(node, ast.ClassDef):
            yield node.name, ANYTHING
            fields = (part for part in node.body if isinstance(part, ast.AnnAssign))
            yield from ((_called(part.target), ANYTHING) for part in fields if not _of_the_class(part.annotation))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            yield node.name or "", ANYTHING
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest, ANYTHING
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0], ANYTHING
        elif isinstance(node, ast.ImportFrom):
            ours = bool(node.level) or (node.module or "").rpartition(".")[2] in self._modules
            yield from (
                (alias.asname or alias.name, ANYTHING)
                for alias in node.names
                if not ours or alias.asname not in (None, alias.name)
            )


def _target(node: ast.AST) -> ast.expr | None:
    """What a loop, a `with`, `+=` or `:=` binds."""
    if isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension, ast.NamedExpr)):
        return node.target
    return node.optional_vars if isinstance(node, ast.withitem) else None


def _stores(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store)


def _called(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _numbers(node: ast.ClassDef) -> bool:
    """Whether its names are members of an enumeration, of which only a run knows how they are written out."""
    return any(_called(base).endswith(("Enum", "Flag")) for base in node.bases)


def _of_the_class(annotation: ast.expr) -> bool:
    """ClassVar or Final: no field that an instance may be given otherwise."""
    word = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return _called(word) in ("ClassVar", "Final")


def _rebinds(node: ast.AST) -> bool:
    """Whether names may be bound here that are not written so; `type(name, bases, names)` makes a class."""
    if isinstance(node, ast.Call) and _called(node.func) == "type":
        return len(node.args) > 1
    name = node.name if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else _called(node)
    return name in _REBINDING
