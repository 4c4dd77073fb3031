"""Whom the lines of a stretch accuse, and how much more than they always do: what was said before any fault is no answer to one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.blaming import Truth
from harness.expectations import logs
from harness.expectations.accusations import CHANCE, Accused, Heard, Threshold, alias, sure
from harness.expectations.base import Evidence, Line
from harness.expectations.failed_requests import near
from harness.expectations.log_named import Accusing
from harness.expectations.log_search import order, unread_of
from harness.facts import Injecting, LoadBegan
from harness.journal import Window
from harness.loglevels import UNREAD, WARNING
from harness.logtext import Said

LEAST_S = 5.0  # of a stretch that tells what is usual


@dataclass
class _Count:
    """Accusing lines by name: in fields made for that (`stated`), and in words alone (`spoken`)."""

    stated: Counter[str] = field(default_factory=Counter)
    spoken: Counter[str] = field(default_factory=Counter)
    stated_lines: int = 0
    spoken_lines: int = 0
    strange: set[str] = field(default_factory=set)
    first: dict[str, Line] = field(default_factory=dict)

    def __add__(self, other: _Count) -> _Count:
        return _Count(
            self.stated + other.stated,
            self.spoken + other.spoken,
            self.stated_lines + other.stated_lines,
            self.spoken_lines + other.spoken_lines,
            self.strange | other.strange,
            {
                name: min((one.first[name] for one in (self, other) if name in one.first), key=order)
                for name in {*self.first, *other.first}
            },
        )


def heard(
    evidence: Evidence,
    window: Window,
    accusing: Accusing,
    truth: Truth,
    services: Sequence[str],
    threshold: Threshold,
) -> Heard:
    """
    By how many lines at WARNING or above; of a tie who was accused first.

    Lines count above what is usual, before the first fault. Where nobody was hurt, those that state in a field whom they accuse
    count all; only the words of the others, such as `payments declined the card`, may be usual.
    """
    journal, calm = evidence.journal, not truth.roots
    began, first = journal.first(LoadBegan), journal.first(Injecting)
    usual = Window(began.begins_s if began else 0.0, min(window.start_s, first.at_s if first else math.inf))
    read, unread, levels = _counted(evidence, services, window, accusing)
    before = (_Count(), _Count())
    if usual.length_s >= LEAST_S:
        before = _counted(evidence, services, usual, accusing)[:2]
    ratio = _ratio(evidence, window, usual)

    def ranked(now: _Count, was: _Count) -> tuple[Accused, ...]:
        def above(name: str) -> int:
            if calm:
                return now.stated[name] + _above(now.spoken[name], was.spoken[name], ratio)
            return _above(now.stated[name] + now.spoken[name], was.stated[name] + was.spoken[name], ratio)

        lines = _above(now.spoken_lines, was.spoken_lines, ratio) + now.stated_lines
        if not calm:
            lines = _above(now.spoken_lines + now.stated_lines, was.spoken_lines + was.stated_lines, ratio)
        counts = {name: above(name) for name in now.first}
        among = max([lines, *counts.values()])
        loud = [name for name, n in counts.items() if threshold.reached(n, among)]
        loud.sort(key=lambda name: (-counts[name], now.first[name].at_s, name))
        return tuple(
            Accused(
                name,
                "logs",
                f"{counts[name]} of {among} lines",
                now.first[name].cite,
                name in now.strange and accusing.parts.part(name) not in truth.allowed,
                line=logs.quote(now.first[name].text),
            )
            for name in loud
        )

    every = ranked(read, before[0])
    return Heard(
        "logs",
        sure(every),
        _unseen(evidence, services, window),
        strange=every,
        with_unread=ranked(read + unread, before[0] + before[1]),
        unread=unread_of(levels) if unread.first else "",
        aside=tuple(alias(f"{one.why} name", one.part) for one in every if one.strange),
    )


def _unseen(evidence: Evidence, services: Sequence[str], window: Window) -> str:
    unseen = (logs.not_followed(evidence.journal, service, window.start_s, window.end_s) for service in services)
    return next(filter(None, unseen), "")


def _counted(
    evidence: Evidence, services: Sequence[str], window: Window, accusing: Accusing
) -> tuple[_Count, _Count, dict[str, tuple[int, int]]]:
    """What lines at WARNING or above accuse, what lines without a readable level would; and by service how many of those there
    were that accuse somebody, of how many lines."""
    read, unread = _Count(), _Count()
    levels: dict[str, tuple[int, int]] = {}
    for service in dict.fromkeys(services):
        for line in logs.whole(logs.lines(evidence, service, window.start_s, window.end_s)):
            said = Said(line.text)
            without, all_ = levels.get(line.service, (0, 0))
            levels[line.service] = (without, all_ + 1)
            if said.level < WARNING and said.level != UNREAD:
                continue
            named = accusing.named(said, line.service, line.at_s)
            names = (*named.parts, *(name for name in named.strangers if not named.parts))
            if not names:
                continue
            count = unread if said.level == UNREAD else read
            levels[line.service] = (without + (said.level == UNREAD), all_ + 1)
            count.strange |= set(names) - named.parts
            stated = named.stated or not named.parts
            (count.stated if stated else count.spoken).update(names)
            count.stated_lines += stated
            count.spoken_lines += not stated
            for name in names:
                count.first[name] = min(line, count.first.get(name, line), key=order)
    return read, unread, levels


def _ratio(evidence: Evidence, window: Window, usual: Window) -> float:
    """How many times as much the window is as the usual stretch: by its length or by its requests, whichever says more."""
    lengths = window.length_s / usual.length_s if usual.length_s > 0 else 0.0
    now, was = (int(near(evidence, one).between(one.start_s, one.end_s).sum()) for one in (window, usual))
    return max(lengths, now / was if was else 0.0)


def _above(now: int, was: int, ratio: float) -> int:
    """So many more than usual; 0 where chance may have made them."""
    usual = was * ratio
    return now if not was else round(now - usual) if now > usual + CHANCE * math.sqrt(usual * (1 + ratio)) else 0
