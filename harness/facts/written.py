"""A fact as it is written, a JSON object with its kind, and read again."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar

from harness.facts.base import Fact
from harness.facts.shape import checks


def kind_of(fact: Fact | type[Fact]) -> str:
    """`PhaseBegan` is written as 'phase_began'."""
    name = fact.__name__ if isinstance(fact, type) else type(fact).__name__
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Kinds:
    by_name: ClassVar[dict[str, type[Fact]]] = {}


def to_dict(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-ready data; `fact` holds its kind, empty optional fields are left out."""
    data = {f.name: getattr(fact, f.name) for f in dataclasses.fields(fact)}
    if data["happened_s"] is None:
        del data["happened_s"]
    return {"fact": kind_of(fact), **data}


def from_dict(data: dict[str, Any]) -> Fact | None:
    """The inverse. None for a kind that this version does not know (a later version's journal stays readable).

    Raises TypeError for a known kind that is not whole: a field is missing, or holds what it cannot.
    """
    if not _Kinds.by_name:
        _Kinds.by_name.update({kind_of(c): c for c in Fact.__subclasses__()})
    cls = _Kinds.by_name.get(str(data.get("fact")))
    if cls is None:
        return None
    shapes = checks(cls)
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in shapes}
    if wrong := [name for name, value in values.items() if not shapes[name](value)]:
        raise TypeError(f"{data['fact']}: {', '.join(wrong)} cannot be so")
    return cls(**values)
