"""What people did in the course of a run, as they wrote it down: told by whatever fields their facts have. Pure.

Theirs are the facts of writers whose name begins with `people`. One that tells of a beginning (`begun`, the number of an earlier
fact of the same writer) is told together with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.facts import Fact, kind_of

if TYPE_CHECKING:
    from harness.journal import Journal
    from harness.report.story import Story

WRITER = "people"


@dataclass(frozen=True)
class Deed:
    """`name` is what was done in a word or two; it took from start_s to end_s (the same: an instant). `bad`: a command that failed."""

    who: str
    name: str
    said: str
    start_s: float
    end_s: float
    cites: tuple[str, ...]
    bad: bool | None = None


def deeds(story: Story) -> list[Deed]:
    """In the order of time; a beginning whose end is there is not told apart."""
    journal = story.journal
    facts = [fact for fact in journal.facts if fact.writer.startswith(WRITER)]
    begun = {start.cite for fact in facts if (start := _begun(journal, fact)) is not None}
    return sorted((_deed(journal, fact) for fact in facts if fact.cite not in begun), key=lambda deed: deed.start_s)


def deed_of(story: Story, fact: Fact) -> Deed:
    """One of them."""
    return _deed(story.journal, fact)


def _deed(journal: Journal, fact: Fact) -> Deed:
    start = _begun(journal, fact)
    both = [fact] if start is None else [start, fact]
    said = [value for one in both for name in ("alert", "text", "command", "detail") if (value := _words(one, name))]
    ends = hasattr(fact, "exit_code")
    code = getattr(fact, "exit_code", None)
    if ends:
        said.append("never ran" if code is None else f"exit code {code}")
    begun_s = start.at_s if start is not None else getattr(fact, "begun_s", None)
    who = next((by for one in reversed(both) if (by := _words(one, "by"))), "") or _record(fact)
    name = _words(fact, "kind") or kind_of(fact).replace("_", " ")
    start_s = fact.at_s if begun_s is None else float(begun_s)
    cites = tuple(one.cite for one in both)
    return Deed(who, name, ", ".join(said), start_s, fact.at_s, cites, (code != 0) if ends else None)


def _begun(journal: Journal, fact: Fact) -> Fact | None:
    number = getattr(fact, "begun", None)
    return journal.by_cite.get(f"{fact.writer}:{number}") if number else None


def _record(fact: Fact) -> str:
    return fact.writer.removeprefix(WRITER).strip("-") or WRITER


def _words(fact: Fact, name: str) -> str:
    value = getattr(fact, name, "")
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
