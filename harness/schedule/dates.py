"""Stretches of whole days, as skip lists and freezes name them: 2026-12-24, or 2026-12-24..2027-01-06."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Span:
    """From `first` to `last`, both of them too."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def day(text: str) -> date:
    """2026-12-24. Raises ValueError."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no day {text}") from None
    raise ValueError(f"write a day as 2026-12-24, not {text!r}")


def span(text: str) -> Span:
    """A day, or two of them with '..' between. Raises ValueError."""
    first, dots, last = text.strip().partition("..")
    made = Span(day(first), day(last if dots else first))
    if made.last < made.first:
        raise ValueError(f"{text} ends before it begins")
    return made


def within(spans: Iterable[Span], wanted: date) -> Span | None:
    """The first of them that has the day."""
    return next((one for one in spans if wanted in one), None)
