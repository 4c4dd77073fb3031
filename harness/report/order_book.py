"""The order books of a run as tables of text: sources, classes with their keys and attempts, laws with both sides. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.quantities import numbered
from harness.reasons import REASONS

if TYPE_CHECKING:
    from harness.report.story import Story

SHOWN = 20
"""So many keys and entries of a class; verdict.json has them all."""


@dataclass(frozen=True)
class Line:
    """What is wrong in one way: how many operations, the first of their keys, what they share, and what became of each."""

    name: str
    meaning: str
    count: int
    keys: tuple[str, ...]
    note: str
    entries: tuple[tuple[str, str, tuple[str, ...]], ...]

    @property
    def more(self) -> int:
        """Keys that are not shown."""
        return self.count - len(self.keys)


@dataclass(frozen=True)
class LawLine:
    """A law, whether it holds, and both of its sides."""

    law: str
    state: str
    sides: str
    note: str


@dataclass(frozen=True)
class BookView:
    """One order book. `sources`: (name, role, rows, new in this run, why it says nothing)."""

    name: str
    request: str
    summary: str
    sources: tuple[tuple[str, str, str, str, str], ...]
    wrong: tuple[Line, ...]
    laws: tuple[LawLine, ...]
    clean: tuple[str, ...]


def order_books(story: Story) -> list[BookView]:
    """Those that the document has; [] for a drill without any."""
    return [_book(book) for book in story.document.get("orders", ())]


def _book(book: Mapping[str, Any]) -> BookView:
    classes = book["classes"]
    return BookView(
        book["name"],
        book["request"],
        _summary(book),
        tuple(_source(one) for one in book["sources"]),
        tuple(_line(one) for one in classes if one["count"]),
        tuple(_law(one) for one in book["laws"]),
        tuple(one["class"] for one in classes if not one["count"] and not one["unread"]),
    )


def _summary(book: Mapping[str, Any]) -> str:
    parts = []
    if book["operations"] is not None:
        told = book["operations"]
        recovered = "" if told["recovered"] is None else f" (of which {told['recovered']} done after all)"
        parts.append(
            f"{told['acknowledged']} acknowledged, {told['unknown']} unknown{recovered}, {told['refused']} refused"
        )
        if told["without_key"]:
            parts.append(f"{numbered(told['without_key'], 'request')} without a key")
    settled = book["settled"]
    if settled is not None:
        rest = "at rest" if settled["quiet"] else "not at rest"
        parts.append(
            f"the stack was {rest} after {settled['waited_s']:.0f} s{': ' if settled['detail'] else ''}{settled['detail']}"
        )
    if book["open"] is not None:
        parts.append(f"not judged: {book['open']['why']}")
    return "; ".join(parts)


def _source(source: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    rows, new = ("" if source[name] is None else str(source[name]) for name in ("rows", "new"))
    unread = source["unread"]
    return source["name"], source["role"], rows, new, "" if unread is None else unread["why"]


def _line(found: Mapping[str, Any]) -> Line:
    note = found["common"]
    if found["doubt"]:
        note = "; ".join(part for part in (note, f"{found['doubt']} may be something else: {found['why']}") if part)
    entries = tuple(_entry(entry) for entry in found["entries"][:SHOWN])
    return Line(found["class"], REASONS[found["class"]], found["count"], tuple(found["keys"][:SHOWN]), note, entries)


def _entry(entry: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """An operation: what it is called, where it is, and each of its attempts in a line."""
    name = entry["key"] or f"id {entry['id']}"
    places = ", ".join(f"{count} in {source}" for source, count in entry["found"].items() if count) or "nowhere"
    also = f"id {entry['id']}, " if entry["key"] and entry["id"] else ""
    told = f"told {entry['told']}, " if entry["told"] else "never asked for, "
    return name, f"{also}{told}{places}", tuple(_attempt(attempt) for attempt in entry["attempts"])


def _attempt(attempt: Mapping[str, Any]) -> str:
    sent = "never sent" if attempt["sent_s"] is None else f"sent at {attempt['sent_s']:.3f} s"
    answered = "" if attempt["done_s"] is None else f", {attempt['outcome']} at {attempt['done_s']:.3f} s"
    status = f" (status {attempt['status']})" if attempt["status"] else ""
    version = f" by {attempt['version']}" if attempt["version"] else ""
    faults = f", while {' and '.join(attempt['faults'])} {'was' if len(attempt['faults']) == 1 else 'were'} on"
    return f"{attempt['request']}: {sent}{answered}{status}{version}{faults if attempt['faults'] else ''}"


def _law(law: Mapping[str, Any]) -> LawLine:
    state = {True: "holds", False: "is broken", None: "not decided"}[law["holds"]]
    sides = "" if law["left"] is None else f"{law['left']:.12g} and {law['right']:.12g}"
    off = law["keys"][:SHOWN]
    more = len(law["keys"]) - len(off)
    note = f"off at {', '.join(off)}{f' and {more} more' if more else ''}" if off else law["why"]
    return LawLine(law["law"], state, sides, note)
