"""`--set KEY=VALUE`: one value from the command line, such as `load.seed=7` or `phases.orders-slow.for=20s`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from harness.drill.document import Document, Path_, Place
from harness.drill.interpolate import Filled
from harness.drill.problem import Invalid, Problem, did_you_mean
from harness.drill.yaml_strict import read
from harness.secret_names import holds_secret


def override(document: Document, sets: Sequence[str], fill: Callable[[str], Filled] = Filled) -> Document:
    """The document with each KEY=VALUE put in; a list's item goes by number or `name`. Raises Invalid with all."""
    if not sets:
        return document
    made = replace(document, data=copy.deepcopy(document.data), values=dict(document.values), keys=dict(document.keys))
    wrong: list[Problem] = []
    for text in sets:
        try:
            made = _put(made, text, fill)
        except Invalid as invalid:
            wrong += invalid.found
    if wrong:
        raise Invalid(wrong)
    return made


def put(document: Document, path: Path_, value: Any, label: str) -> Document:
    """The document with a value at a path of mappings, each made where there is none; `label` is its place."""
    given = Document(label, "", value)
    return _placed(replace(document, data=copy.deepcopy(document.data)), path, given, label)


def _put(document: Document, text: str, fill: Callable[[str], Filled]) -> Document:
    label = f"--set {text}"
    key, equals, value_text = text.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        raise _wrong(label, "write KEY=VALUE, such as load.seed=7 or phases.orders-slow.for=20s")
    given = read(label, value_text, fill)
    secret = steps[0] == "announce" or _secret(steps[-1], given.data)
    shown = f"{key.strip()}={'***' if secret else value_text}"
    label = f"--set {shown}"
    data = document.data
    path: Path_ = ()
    for last, step in ((number == len(steps) - 1, step) for number, step in enumerate(steps)):
        if isinstance(data, list):
            index = _index(data, step)
            if index is None:
                names = [str(item["name"]) for item in data if isinstance(item, dict) and "name" in item]
                count = f"{len(data)} item{'' if len(data) == 1 else 's'}"
                raise _wrong(label, f"no item '{step}' in {key!r}{did_you_mean(step, names)}; it has {count}")
            spot: str | int = index
        elif data is None or isinstance(data, dict):
            spot = step
        else:
            before = ".".join(steps[: len(path)])
            raise _wrong(label, f"'{step}' cannot be set: '{before}' is one value, with nothing below it")
        path = (*path, spot)
        if not last:
            data = data.get(spot) if isinstance(data, dict) else data[spot] if isinstance(spot, int) else None
    made = _placed(document, path, given, label)
    return replace(made, given=(*document.given, shown))


def _placed(document: Document, path: Path_, given: Document, label: str) -> Document:
    """The document, whose data is changed in place, with `given` at `path`. What has to be made on the way stands there too."""
    here = Place(0, 0, label)
    made: dict[Path_, Place] = {}
    data = document.data
    for number, step in enumerate(path[:-1], start=1):
        inner = data.get(step) if isinstance(data, dict) else data[step]
        if inner is None:
            inner = data[step] = {}
            made[path[:number]] = here
        data = inner
    data[path[-1]] = given.data
    values = {p: place for p, place in document.values.items() if p[: len(path)] != path}
    keys = {p: place for p, place in document.keys.items() if p[: len(path)] != path}
    used = {p: names for p, names in document.used.items() if p[: len(path)] != path}
    used |= {(*path, *p): names for p, names in given.used.items()}
    made[path] = here
    return replace(document, values={**values, **made}, keys={**keys, **made}, used=used)


def _secret(name: str, value: Any) -> bool:
    """Whether a value is called a secret, or holds one that is."""
    if isinstance(value, dict):
        return any(_secret(str(key), inner) for key, inner in value.items())
    if isinstance(value, list):
        return any(_secret(name, inner) for inner in value)
    return holds_secret(name, str(value))


def _index(items: list[Any], step: str) -> int | None:
    for number, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == step:
            return number
    return int(step) if step.isascii() and step.isdecimal() and int(step) < len(items) else None


def _wrong(label: str, what: str) -> Invalid:
    return Invalid([Problem(label, 0, 0, what)])
