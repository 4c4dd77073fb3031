"""All parts that there are, drill's own and the user's, as rows for `drill list --parts`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.doctor.checks import CHECKS
from harness.expectations import EXPECTATIONS
from harness.faults import FAULTS
from harness.parts import in_use

REPORTS = {
    "html": "A page with the timeline; needs no network.",
    "json": "verdict.json.",
    "junit": "One test case for each expectation.",
    "md": "Markdown, for a ticket.",
}


@dataclass(frozen=True)
class Row:
    """`where` is the file and line of a part of the user's own, '' of drill's."""

    kind: str
    name: str
    what: str
    where: str = ""


def rows() -> Iterator[Row]:
    """By kind, the user's own last."""
    ours = {
        "fault": [(cls.word, _first(cls)) for cls in FAULTS],
        "expectation": [(cls.word, _first(cls)) for cls in EXPECTATIONS],
        "probe": [],
        "check": [(check.name, _first(check)) for check in CHECKS],
        "report": list(REPORTS.items()),
    }
    for kind, listed in ours.items():
        yield from (Row(kind, name, what) for name, what in listed)
        yield from (Row(kind, one.name, _first(one.part), one.where) for one in in_use.own() if one.kind == kind)


def _first(part: Any) -> str:
    """The first line of its docstring."""
    return next(iter(inspect.cleandoc(inspect.getdoc(part) or "").strip().splitlines()), "")
