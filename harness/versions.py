"""Which version answered: what the ledger tells of a release, and what Docker told of its containers. Pure.

A version that answers for the first time after a deployment began is the release's. An answer tells that its version still
served at some time between the sending of its request and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.facts import ReleaseSeen, VersionSeen
from harness.journal import Journal

if TYPE_CHECKING:
    from harness.ledger import Rows

BEFORE_S = 300.0  # versions that answered so long before a deployment are those of the stack as it was
SENT_S = 60.0  # a request is sent at most so long after it was due, or else it is dropped


@dataclass(frozen=True, eq=False)
class Answers:
    """Answered requests of a stretch, in the order of their answers: when sent and answered (s), and by which version ('' unnamed)."""

    rows: Rows
    sent_s: Any
    done_s: Any

    def __len__(self) -> int:
        return len(self.rows)

    def by(self, *versions: str) -> Answers:
        """Those of these versions."""
        import numpy as np

        numbers = [number for number, name in enumerate(self.rows.versions) if name in versions]
        return self._where(np.isin(self.rows.array["version"], numbers))

    def but(self, version: str) -> Answers:
        """Those that named another version, or none."""
        if not version or version not in self.rows.versions:
            return self
        return self._where(self.rows.array["version"] != self.rows.versions.index(version))

    def unnamed_errors(self) -> Answers:
        """Those that ended in an error and named no version: whose they are, nobody knows."""
        from harness.ledger import OUTCOMES

        array = self.rows.array
        return self._where((array["version"] == 0) & (array["outcome"] != OUTCOMES.index("ok")) & self.rows.counted())

    def sent_after(self, at_s: float) -> Answers:
        return self._where(self.sent_s > at_s)

    def cite(self, place: int) -> str:
        return self.rows.cite(place)

    def names(self) -> tuple[str, ...]:
        """The versions named, in the order of their first answers; without ''."""
        import numpy as np

        numbers, first = np.unique(self.rows.array["version"], return_index=True)
        return tuple(self.rows.versions[int(n)] for _, n in sorted(zip(first, numbers, strict=True)) if n)

    def _where(self, mask: Any) -> Answers:
        return Answers(self.rows.select(mask), self.sent_s[mask], self.done_s[mask])


def answers(rows: Rows, start_s: float, end_s: float, now_s: float) -> Answers:
    """Requests sent in [start, end) that had been answered by now_s."""
    import numpy as np

    from harness.ledger import DONE, NEVER

    part = rows.select(rows.span(_us(start_s - SENT_S), _us(end_s)))
    array = part.array
    known = (array["state"] == DONE) & (array["sent_us"] != NEVER) & (array["took_us"] != NEVER)
    sent_us = array["intended_us"] + array["sent_us"]
    done_us = sent_us + array["took_us"]
    known &= (sent_us >= _us(start_s)) & (sent_us < _us(end_s)) & (done_us <= _us(now_s))
    places = np.flatnonzero(known)
    places = places[np.argsort(done_us[places], kind="stable")]
    return Answers(part.select(places), sent_us[places] / 1e6, done_us[places] / 1e6)


def awaited(rows: Rows, start_s: float, end_s: float, now_s: float) -> int:
    """Requests sent in the stretch that had not been answered by now_s, and may have been since."""
    from harness.ledger import DONE, NEVER

    part = rows.select(rows.span(_us(start_s - SENT_S), _us(end_s)))
    array = part.array
    sent_us = array["intended_us"] + array["sent_us"]
    mine = (array["sent_us"] != NEVER) & (sent_us >= _us(start_s)) & (sent_us < _us(end_s))
    ended = (array["state"] == DONE) & ((array["took_us"] == NEVER) | (sent_us + array["took_us"] <= _us(now_s)))
    return int((mine & ~ended).sum())


def new_version(rows: Rows, deployed_s: float, until_s: float, now_s: float) -> str:
    """The version that answered first of those that had not answered before the deployment began; '' when none did."""
    before = set(answers(rows, deployed_s - BEFORE_S, deployed_s, deployed_s).names())
    after = answers(rows, deployed_s - SENT_S, until_s, now_s).names()
    return next((name for name in after if name not in before), "")


def told_version(journal: Journal, fault: str, begun_s: float, until_s: float) -> str:
    """The version that a release's own source told first of those that it had not told before the deployment began; '' when it told
    none, or nothing was told before, so that nobody knows what was new."""
    every = sorted(journal.of(VersionSeen, fault=fault), key=lambda seen: seen.at_s)
    before = {seen.version for seen in every if seen.at_s < begun_s} - {""}
    later = (seen.version for seen in every if seen.low_s >= begun_s and seen.at_s <= until_s)
    return next((version for version in later if version and version not in before), "") if before else ""


def releases_at(journal: Journal, services: Sequence[str], at_s: float) -> dict[str, ReleaseSeen]:
    """By container, the last that was seen of its release until an instant; those gone by then are left out."""
    last: dict[str, ReleaseSeen] = {}
    for seen in journal.of(ReleaseSeen, until_s=at_s):
        if seen.service in services:
            last[seen.container] = seen
    return {name: seen for name, seen in last.items() if seen.release != "gone"}


def _us(at_s: float) -> int:
    big = 1 << 61
    return max(-big, min(big, round(at_s * 1e6))) if abs(at_s) != float("inf") else (big if at_s > 0 else -big)
