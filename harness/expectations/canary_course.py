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
LAST = 5  # answers: how rare a side was at the end is told by these, where its share had fallen (a weight taken back in steps)
FALLEN = 0.1  # the last ones lie so far apart by chance in so many of the trials whose share never changed
LOOKED_AT = 20  # times so many requests as are needed, from the side's last answer on, are looked at for errors that may be its own


@dataclass(frozen=True)
class Course:
    """
    begun_s   when the first request that the canary answered was sent
    decision  which side got no more requests; '' when neither surely
    at_s      when the last request of that side was sent (of the one that stopped first, where nothing is sure); `cite` its row
    after     requests of the other side sent after it; `needed` so many in a row were no chance
    unnamed   of the `looked` requests sent next after it, those that ended in errors without a version; `dead`: they are so many
              that it may have got its share of the requests still, and answered none
    """

    begun_s: float
    decision: Decision
    at_s: float
    cite: str
    after: int
    needed: int
    unnamed: int = 0
    looked: int = 0
    dead: bool = False

    @property
    def sure(self) -> bool:
        return self.decision != "" and self.after >= self.needed and not self.dead


def course(canary: Answers, others: Answers, unnamed: Answers) -> Course | None:
    """None when one of them never answered while the other did: there was no trial. `unnamed`: errors that name no version."""
    if not len(canary) or not len(others):
        return None
    begun_s = float(canary.sent_s.min())
    last_canary, last_other = int(canary.sent_s.argmax()), int(others.sent_s.argmax())
    if canary.sent_s[last_canary] <= others.sent_s[last_other]:
        return _stopped("withdrawn", canary, others, unnamed, begun_s, last_canary)
    return _stopped("promoted", others, canary, unnamed, begun_s, last_other)


def _stopped(decision: Decision, gone: Answers, stays: Answers, unnamed: Answers, begun_s: float, last: int) -> Course:
    at_s = float(gone.sent_s[last])
    share = _share(gone, stays, begun_s, at_s)
    after, needed = int((stays.sent_s > at_s).sum()), in_a_row(share)
    # A side that has died names itself no more, and may be sent its share as before: the errors of it look like nobody's.
    errors, looked = _next(unnamed, stays, at_s, LOOKED_AT * needed)
    _, most = clopper_pearson(errors, looked, 1 - 2 * CHANCE)
    return Course(begun_s, decision, at_s, gone.cite(last), after, needed, errors, looked, errors > 0 and most >= share)


def _share(gone: Answers, stays: Answers, begun_s: float, at_s: float) -> float:
    """The least share that the side surely had when it answered last: of the whole trial, or of its last answers where these lie
    further apart than that share explains."""
    import numpy as np

    mine, theirs = (of.sent_s[(of.sent_s >= begun_s) & (of.sent_s <= at_s)] for of in (gone, stays))
    whole, _ = clopper_pearson(len(mine), len(mine) + len(theirs), 0.90)
    if len(mine) <= LAST:
        return whole
    since_s = float(np.sort(mine)[-LAST])
    few, among = LAST - 1, LAST - 1 + int((theirs > since_s).sum())
    if among == few:
        return whole
    # Counted until the last of them came (inverse sampling): that one is no chance, so the bound above is without it.
    _, most = clopper_pearson(few - 1, among - 1, 1 - 2 * FALLEN)
    lately, _ = clopper_pearson(few, among, 0.90)
    return min(whole, lately) if most < len(mine) / (len(mine) + len(theirs)) else whole


def _next(unnamed: Answers, stays: Answers, at_s: float, many: int) -> tuple[int, int]:
    """Of the next so many requests sent after an instant: how many ended in errors without a version, and how many there were."""
    import numpy as np

    errors, others = (np.sort(of.sent_s[of.sent_s > at_s]) for of in (unnamed, stays))
    sent_s = np.sort(np.concatenate([errors, others]))[:many]
    until_s = float(sent_s[-1]) if len(sent_s) else at_s
    return int((errors <= until_s).sum()), len(sent_s)


def in_a_row(share: float) -> int:
    """So many requests without one of a side that has this share are no chance any more."""
    if share >= 1:
        return 1
    return math.ceil(math.log(CHANCE) / math.log1p(-share)) if share > 0 else 10**9
