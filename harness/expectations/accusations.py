"""What pages, logs and traces say against the parts of a stack, in one form: who is accused, why, and what could not be heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from harness import blaming

Source = Literal["pages", "logs", "traces"]
Rankings = Mapping[Source, tuple[str, ...]]
"""By source that could be heard, whom it accuses, in order."""
NOBODY = "nobody"
CHANCE = 3.0  # standard deviations by which accusations must outnumber those that are always there


@dataclass(frozen=True)
class Accused:
    """A part that a source accuses; `why` says how, `cite` shows it. `strange`: no part of the stack bears that name, which may be
    an alias; `about`: it is only whom a page is about; `line`: the first line of a log that accuses it."""

    part: str
    source: Source
    why: str
    cite: str
    strange: bool = False
    about: bool = False
    line: str = ""

    def __str__(self) -> str:
        return f"{self.part} ({self.why}{f', the first: {self.line}' if self.line else ''})"


@dataclass(frozen=True)
class Threshold:
    """How many lines or traces must accuse a part for it to be accused: so many, and such a share of those that accuse anybody."""

    least: int
    share: float

    def reached(self, n: int, among: int) -> bool:
        return n >= self.least and n >= self.share * among


@dataclass(frozen=True)
class Heard:
    """
    What one source said.

    accused      those whom it surely accuses
    blind        why it may yet say more, or other things
    silent       why it could say nothing at all
    strange      those whom it accuses, and the names that no part bears, each at its place
    with_unread  the same, if all lines whose level could not be read were severe
    unread       in how many lines that was, in words
    with_unheard the same as `strange`, if pages had come that went where nobody sees them
    unheard      what these were, in words
    aside        what was no accusation, and why
    """

    source: Source
    accused: tuple[Accused, ...]
    blind: str = ""
    silent: str = ""
    strange: tuple[Accused, ...] = ()
    with_unread: tuple[Accused, ...] = ()
    unread: str = ""
    with_unheard: tuple[Accused, ...] = ()
    unheard: str = ""
    aside: tuple[str, ...] = ()

    @property
    def ranking(self) -> tuple[str, ...]:
        return blaming.distinct(one.part for one in self.accused)

    @property
    def stands(self) -> bool:
        """Whether who is accused stays accused, whatever comes: a page that came has come, shares may change."""
        return self.source == "pages" or not self.blind

    def __str__(self) -> str:
        if self.silent:
            return f"nothing ({self.silent})"
        return numbered(self.ranking) + (f" ({self.blind})" if self.blind else "")


def sure(every: Iterable[Accused]) -> tuple[Accused, ...]:
    """Those of them that are parts of the stack."""
    return tuple(one for one in every if not one.strange)


def alias(said: str, name: str) -> str:
    """`said` ends in a verb that the strange name follows, such as `3 of 9 lines name`."""
    return f"{said} {name!r}, which no part of the stack is called: an alias?"


def numbered(ranking: Sequence[str]) -> str:
    """`1. postgres, 2. api`; `nobody` where it is empty."""
    return ", ".join(f"{number}. {part}" for number, part in enumerate(ranking, start=1)) or NOBODY


def listed(sources: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(sources[:-1]), sources[-1]))) if sources else "nobody who could"


def told(rankings: Rankings) -> str:
    """Who accuses whom, and what each source said where they do not say the same."""
    loud = [source for source, ranking in rankings.items() if ranking]
    alone = len(loud) == 1 < len(rankings)
    said = f"{listed(loud or [*rankings])}{' alone' if alone else ''} accuse {numbered(one_list(rankings))}"
    each = {source: ranking for source, ranking in rankings.items() if not (alone and ranking)}
    if not alone and len(set(each.values())) < 2:
        return said
    return f"{said} ({'; '.join(f'{source}: {numbered(ranking)}' for source, ranking in each.items())})"


def one_list(rankings: Rankings) -> tuple[str, ...]:
    return blaming.distinct(chain.from_iterable(rankings.values()))
