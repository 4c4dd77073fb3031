"""What became of a canary, told by the answers alone: it got no more requests, the others got no more, or both went on. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.stats.interval import clopper_pearson
from harness.versions import Answers

Decision = Literal["withdrawn", "promoted", ""]
CHANCE = 0.001
"""That a side which still had its share got none of the requests in a row: from there on it has none."""


@dataclass(frozen=True)
class Course:
    """
    begun_s   when the first request that the canary answered was sent
    decision  which side got no more requests; '' when neither surely
    at_s      when the last request of that side was sent (of the one that stopped first, where nothing is sure); `cite` its row
    after     requests of the other side sent after it; `needed` so many in a row were no chance
    """

    begun_s: float
    decision: Decision
    at_s: float
    cite: str
    after: int
    needed: int

    @property
    def sure(self) -> bool:
        return self.decision != "" and self.after >= self.needed


def course(canary: Answers, others: Answers) -> Course | None:
    """None when one of them never answered while the other did: there was no trial."""
    if not len(canary) or not len(others):
        return None
    begun_s = float(canary.sent_s.min())
    last_canary, last_other = int(canary.sent_s.argmax()), int(others.sent_s.argmax())
    if canary.sent_s[last_canary] <= others.sent_s[last_other]:
        return _stopped("withdrawn", canary, others, begun_s, last_canary)
    return _stopped("promoted", others, canary, begun_s, last_other)


def _stopped(decision: Decision, gone: Answers, stays: Answers, begun_s: float, last: int) -> Course:
    at_s = float(gone.sent_s[last])
    mine = int(((gone.sent_s >= begun_s) & (gone.sent_s <= at_s)).sum())
    theirs = int(((stays.sent_s >= begun_s) & (stays.sent_s <= at_s)).sum())
    share, _ = clopper_pearson(mine, mine + theirs, 0.90)
    after = int((stays.sent_s > at_s).sum())
    return Course(begun_s, decision, at_s, gone.cite(last), after, in_a_row(share))


def in_a_row(share: float) -> int:
    """So many requests without one of a side that has this share are no chance any more."""
    if share >= 1:
        return 1
    return math.ceil(math.log(CHANCE) / math.log1p(-share)) if share > 0 else 10**9
