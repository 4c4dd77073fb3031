"""The end state as a small table: what differs, before the load and after all. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.reasons import REASONS

SHOWN = 20
"""So many differences; verdict.json has more."""


@dataclass(frozen=True)
class Line:
    """One thing that differs; `note` where it does, and whether we have put it back since."""

    name: str
    reason: str
    before: str
    after: str
    note: str

    @property
    def meaning(self) -> str:
        return REASONS[self.reason]


@dataclass(frozen=True)
class StateView:
    """The lines that are shown, how many there are beyond them, and a sentence on what was compared."""

    lines: tuple[Line, ...]
    more: int
    summary: str


def state_table(document: Mapping[str, Any]) -> StateView | None:
    """None for a run whose state was not read."""
    state = document.get("state")
    if state is None:
        return None
    found = state["differences"]
    return StateView(tuple(_line(one) for one in found[:SHOWN]), max(0, len(found) - SHOWN), _summary(state))


def table_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The table as aligned text, where anything differs."""
    view = state_table(document)
    if view is None or not view.lines:
        return
    rows = [("state", "before the load", "after all"), *((one.name, one.before, one.after) for one in view.lines)]
    widths = [min(44, max(len(row[column]) for row in rows)) for column in range(2)]
    notes = ["", *(f"  ({one.note})" if one.note else "" for one in view.lines)]
    for (name, before, after), note in zip(rows, notes, strict=True):
        yield f"{name:<{widths[0]}}  {before:<{widths[1]}}  {after}{note}"
    if view.more:
        yield f"and {view.more} more, in verdict.json"


def _line(one: Mapping[str, Any]) -> Line:
    put_back = f"when {one['left_by']} was over; we have put it back since" if one["left_by"] else ""
    return Line(
        one["name"], one["reason"], one["before"], one["after"], ", ".join(filter(None, (one["where"], put_back)))
    )


def _summary(state: Mapping[str, Any]) -> str:
    told = [f"compared: {', '.join(f'{part} ({held})' for part, held in state['compared'].items()) or 'nothing'}"]
    if state["listed"]:
        told.append(f"only listed: {', '.join(f'{part} ({held})' for part, held in state['listed'].items())}")
    told += [one["why"] for one in state["open"]]
    return "; ".join(told)
