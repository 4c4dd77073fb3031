"""One look at the rows: block by block what the fold needs of each, as dense columns of a few bytes.

A row is 40 bytes; counting asks for six of its fields, again for each claim. So each block is read once, by whoever asks
first, and kept for the next (the last MOST_ROWS rows of them). One Rows is one look: in a ledger still being written a
row stays here as it was when its block was first asked for; the next second's Rows look anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from harness.ledger import Rows

FOREVER = 0xFFFFFFFF  # µs of a request without an answer; the longest that can be told apart from it is 71 minutes
UNANSWERED = ("timeout", "conn", "dropped")
EVER_US = 1 << 62  # later than anything; its negative earlier
MOST_ROWS = 1 << 24  # kept at once: about 0.3 GB
_looks: WeakKeyDictionary[Rows, dict[int, Block]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Block:
    """Rows that lie together, as columns.

    first      place of the first among the Rows
    begin_us   when the earliest was due; `due` of each, µs after it; `last_us` when the latest was
    ordered    whether they lie in the order in which they were due
    answered   µs from due to the answer, FOREVER without one; `service` from sending
    counts     which count in claims: not those of on_start, nor arrivals whose task asked nothing, or nothing yet. None: all
    ended_us   by when all that have ended had; `open_` the places of the others, with when they were sent after being
               due (µs, 0 for never), and whether they were
    far        which went to another host than the service's: they count only where a claim names them. None: none
    """

    first: int
    begin_us: int
    last_us: int
    ordered: bool
    due: Any
    answered: Any
    service: Any
    outcome: Any
    endpoint: Any
    flags: Any
    counts: Any
    ended_us: int
    open_: Any
    open_sent_after: Any
    open_sent: Any
    far: Any

    def __len__(self) -> int:
        return len(self.due)

    def within(self, start_us: int, until_us: int) -> tuple[slice, Any]:
        """Where the rows due in [start_us, until_us) lie: a slice, and which of it (None: all)."""
        import numpy as np

        if start_us <= self.begin_us and self.last_us < until_us:
            return slice(0, len(self)), None
        low, high = (max(0, min(at_us, self.last_us + 1) - self.begin_us) for at_us in (start_us, until_us))
        if self.ordered:
            left, right = np.searchsorted(self.due, np.array([low, high]).astype(self.due.dtype))
            return slice(int(left), max(int(left), int(right))), None
        return slice(0, len(self)), (self.due >= low) & (self.due < high)

    def done_us(self, rows: Rows, where: slice) -> Any:
        """See `done_us`."""
        return done_us(rows.array[self.first + where.start : self.first + where.stop])


def done_us(array: Any) -> Any:
    """When each row was answered or given up; when it was due, of one that never was."""
    import numpy as np

    from harness.ledger import NEVER

    sent, took = array["sent_us"], array["took_us"]
    return array["intended_us"] + np.where(sent == NEVER, 0, sent).astype(np.int64) + np.where(took == NEVER, 0, took)


def blocks(rows: Rows, start_us: int, until_us: int) -> Iterator[Block]:
    """The blocks that can hold rows due in [start_us, until_us), in order."""
    kept = _looks.setdefault(rows, {})
    for where in rows.blocks(start_us, until_us):
        block = kept.get(where.start)
        if block is None:
            while len(kept) * rows.bounds.block >= MOST_ROWS:
                del kept[next(iter(kept))]
            block = kept[where.start] = _read(rows, where)
        yield block


def _read(rows: Rows, where: slice) -> Block:
    import numpy as np

    from harness.ledger import ASIDE, DONE, ELSEWHERE, NEVER, OUTCOMES, SENT, asks

    array = rows.array[where]
    state = array["state"].copy()  # first: a row that is DONE is complete
    due_us, sent, took, outcome, endpoint, flags = (
        array[name].copy() for name in ("intended_us", "sent_us", "took_us", "outcome", "endpoint", "flags")
    )
    rows.release(where)
    never_sent, never_told = sent == NEVER, took == NEVER
    ended = (state == DONE) | ((state == SENT) & ~never_told)  # answered, and its body is being read
    lost = never_sent | never_told | np.array([name in UNANSWERED for name in OUTCOMES])[outcome]
    sent[never_sent] = 0
    took[never_told] = 0
    total = np.add(sent, took, dtype=np.int64)
    latest_us = int((due_us + total).max())
    np.minimum(total, FOREVER - 1, out=total)
    answered = total.astype(np.uint32)
    answered[lost] = FOREVER
    took[lost] = FOREVER

    begin_us, last_us = int(due_us.min()), int(due_us.max())
    due = due_us - begin_us
    ordered = bool((due[1:] >= due[:-1]).all())
    counts = ((flags & ASIDE) == 0) & asks(state, flags, outcome)
    open_ = np.flatnonzero(~ended)
    far = (flags & ELSEWHERE) != 0
    return Block(
        first=where.start,
        begin_us=begin_us,
        last_us=last_us,
        ordered=ordered,
        due=due.astype(np.uint32) if last_us - begin_us < FOREVER else due,
        answered=answered,
        service=took,
        outcome=outcome,
        endpoint=endpoint,
        flags=flags.astype(np.uint8),
        counts=None if counts.all() else counts,
        ended_us=latest_us,
        open_=open_,
        open_sent_after=sent[open_],
        open_sent=~never_sent[open_],
        far=far if far.any() else None,
    )
