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


def _put(document: Document, text: str, fill: Callable[[str], Filled]) -> Document:
    label = f"--set {text}"
    key, equals, value_text = text.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        raise _wrong(label, "write KEY=VALUE, such as load.seed=7 or phases.orders-slow.for=20s")
    given = read(label, value_text, fill)
    data = document.data
    path: Path_ = ()
    for last, step in ((number == len(steps) - 1, step) for number, step in enumerate(steps)):
        if isinstance(data, list):
            index = _index(data, step)
            if index is None:
                names = [str(item["name"]) for item in data if isinstance(item, dict) and "name" in item]
                raise _wrong(label, f"no item '{step}' in {key!r}{did_you_mean(step, names)}; it has {len(data)} items")
            spot: str | int = index
        elif isinstance(data, dict):
            spot = step
            if not last and not isinstance(data.get(step), (dict, list)):
                data[step] = {}
        else:
            raise _wrong(label, f"'{step}' cannot be set: there is no mapping to set it in")
        path = (*path, spot)
        if last:
            data[spot] = given.data
        else:
            data = data[spot]
    here = Place(0, 0, label)
    values = {p: place for p, place in document.values.items() if p[: len(path)] != path}
    used = {p: names for p, names in document.used.items() if p[: len(path)] != path}
    used |= {(*path, *p): names for p, names in given.used.items()}
    return replace(document, values={**values, path: here}, keys={**document.keys, path: here}, used=used)


def _index(items: list[Any], step: str) -> int | None:
    for number, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == step:
            return number
    return int(step) if step.isascii() and step.isdecimal() and int(step) < len(items) else None


def _wrong(label: str, what: str) -> Invalid:
    return Invalid([Problem(label, 0, 0, what)])
