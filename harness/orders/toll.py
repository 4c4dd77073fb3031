"""What a run's faults did to the requests for its operations, so that a pass says what it was tried by. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.landings import Hurt
from harness.ledger import UNREACHED
from harness.orders.operations import REFUSED, UNKNOWN, Ints, Operations, attempt_outcomes

HELD_UP = 10
"""So many rows wait in a queue that is not worked off; fewer are on their way in any that is."""
FEW = 0.05
"""Of the requests under a fault, so many may be late by the machine's own doing."""
LATE = 2.0
"""So many times as long as the longest before the first fault."""


@dataclass(frozen=True)
class Toll:
    """
    faults  how many there were
    failed  requests that did not arrive, or whose outcome nobody was told, from the first fault on
    amid    requests under way while a fault was on; `late`: those of them that took LATE times as long as any before the first
    waited  rows that stood in queues while a fault was on, and not before the load
    refused those of them that were answered that nothing was done (4xx), by these `statuses`; `before`: so many of the `calm` ones
            before the first fault were refused, too
    again   requests sent after one of the same operation that may have been done
    """

    faults: int = 0
    failed: int = 0
    amid: int = 0
    late: int = 0
    again: int = 0
    waited: int = 0
    refused: int = 0
    statuses: tuple[int, ...] = ()
    before: int = 0
    calm: int = 0

    @property
    def unhurt(self) -> bool:
        """Whether there were faults, and neither a request nor a queue shows it."""
        tried = self.failed or self.again or self.late > FEW * self.amid or self.waited >= HELD_UP
        return bool(self.faults) and not tried and not self.turned_away

    @property
    def turned_away(self) -> bool:
        """Whether more were refused while a fault was on than calm times refuse anyway."""
        return self.refused > (FEW + self.before / max(1, self.calm)) * self.amid


def toll(operations: Operations, faults: Sequence[Hurt], waited: int = 0) -> Toll:
    """Over all requests of the operations that the ledger has. `waited`: see Toll."""
    if not faults or not len(operations):
        return Toll(len(faults), waited=waited)
    rows, place = operations.rows, operations.place[operations.attempts]
    outcome = attempt_outcomes(rows, place)
    again = _after_a_doubt(operations, outcome != REFUSED)
    there = place >= 0
    place, outcome = place[there], outcome[there]
    sent_s, done_s = rows.sent_s[place], np.nan_to_num(rows.done_s[place], nan=np.inf)
    first_s = min(one.on_s for one in faults)
    bad = (outcome == UNKNOWN) | ((rows.array["flags"][place] & UNREACHED) != 0)
    calm = done_s < first_s
    longest_s = float((done_s - sent_s)[calm].max(initial=0.0))
    amid = np.zeros(len(place), bool)
    for one in faults:
        amid |= (sent_s <= one.off_s) & (done_s >= one.on_s)
    late = amid & (done_s - sent_s > LATE * longest_s)
    refused = (outcome == REFUSED) & ~bad
    statuses = np.unique(rows.array["status"][place[refused & amid]])
    return Toll(
        faults=len(faults),
        failed=int((bad & ~calm).sum()),
        amid=int(amid.sum()),
        late=int((late & ~bad).sum()),
        again=again,
        waited=waited,
        refused=int((refused & amid).sum()),
        statuses=tuple(statuses.tolist()),
        before=int((refused & calm).sum()),
        calm=int(calm.sum()),
    )


def _after_a_doubt(operations: Operations, perhaps: NDArray[np.bool_]) -> int:
    """Requests of whose operation an earlier one may have been done. `perhaps`: of each attempt, in the operations' order."""
    before: Ints = np.cumsum(perhaps) - perhaps
    sizes = np.diff(operations.starts)
    return int(np.count_nonzero(before > np.repeat(before[operations.starts[:-1]], sizes)))
