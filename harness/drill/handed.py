"""Clients that a locustfile hands on to a function or a class of its own files that calls it `client` too: their requests are read there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import chain

from harness.drill.siblings import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
NAME = "client"


class Handed:
    """Known of all files together, since any of them may hand one on to another."""

    def __init__(self, files: Sequence[Source]) -> None:
        self._modules = {"self", *(file.path.stem for file in files)}
        self._takes: dict[str, list[Function | None]] = {}
        self._methods: set[Function] = set()
        for node in chain.from_iterable(ast.walk(file.tree) for file in files):
            if isinstance(node, ast.ClassDef):
                own = [one for one in node.body if isinstance(one, Function)]
                self._methods.update(own)
                makes = next((one for one in own if one.name == "__init__"), None)
                self._takes.setdefault(node.name, []).append(None if node.decorator_list else makes)
            elif isinstance(node, Function):
                self._takes.setdefault(node.name, []).append(None if node.decorator_list else node)

    def known(self, tree: ast.AST) -> Iterator[ast.expr]:
        """The nodes of clients that are handed on so, or kept under the same name: `self.client = client`."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from self._arguments(node)
            elif isinstance(node, ast.Assign) and all(map(is_client, (*node.targets, node.value))):
                yield from (*node.targets, node.value)

    def _arguments(self, call: ast.Call) -> Iterator[ast.expr]:
        functions = self._meant(call.func)
        for place, given in enumerate(call.args):
            if isinstance(given, ast.Starred):
                break
            if functions and is_client(given) and all(self._parameter(one, place) == NAME for one in functions):
                yield given
        for word in call.keywords:
            if functions and word.arg == NAME and is_client(word.value) and all(map(_takes_by_name, functions)):
                yield word.value

    def _meant(self, called: ast.expr) -> Sequence[Function]:
        """What a call may run; none where that is not sure: a decorator, a class without an __init__, a method of anything."""
        owner = called.value if isinstance(called, ast.Attribute) else None
        if owner is not None and not (isinstance(owner, ast.Name) and owner.id in self._modules):
            return ()
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        found = self._takes.get(name, [])
        sure = [one for one in found if one is not None]
        return sure if len(sure) == len(found) else ()

    def _parameter(self, function: Function, place: int) -> str:
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        return next(iter(names[place + (function in self._methods) :]), "")


def _takes_by_name(function: Function) -> bool:
    """Whether a `client=…` becomes its parameter: with `**given` it may go by any other name."""
    return any(one.arg == NAME for one in (*function.args.args, *function.args.kwonlyargs))


def is_client(node: ast.AST) -> bool:
    """Whether it is called as a user's client is."""
    return (isinstance(node, ast.Name) and node.id == NAME) or (isinstance(node, ast.Attribute) and node.attr == NAME)
