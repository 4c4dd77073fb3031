"""How many requests a service must have counted between two scrapes, and how many it can have, from the ledger: set bounds.

Both sides speak of the same requests, so nothing is estimated. L are those that were surely answered in between; U are those
that can have been, also the ones whose asker had given up. A counter that rose by less than L lost some; one that rose by more
than U counted what nobody asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.expectations.counters import Interval

if TYPE_CHECKING:
    from harness.ledger import Rows

BLOCK = 1 << 17
CLASSES = 6  # the first digit of a status; 0 for answers without one
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """
    begin    surely counted is what was sent after the second instant; what was done before the first surely is not
    end      surely counted is what was done before the first; what was sent after the second surely is not
    lost     what was on its way in one of these may be in no counter
    skew_s   how far the two clocks may be apart, and a count behind its answer
    linger_s how long a service may go on with a request after its asker gave up
    in_front statuses that a proxy in front of the service may have given by itself
    hops     a request that was led on by redirects is itself not surely counted, and may be so many more, of any name and
             status; 0: it counts as any other
    events   endpoints of which only events tell, that are requests all the same: series count under their names
    """

    begin: Interval
    end: Interval
    lost: Sequence[Interval] = ()
    skew_s: float = 0.05
    linger_s: float = math.inf
    in_front: Collection[int] = ()
    hops: int = 0
    events: Collection[int] = ()


@dataclass(frozen=True, eq=False)
class Placed:
    """Some rows and how they lie to the edges: `sure` counted (L), `can` be (U less the next), `unclear`: can be, by any status
    and in less time than its asker waited.

    ended   sent and ended between the edges, whatever it came to; none that is only told
    moved   of the unclear, those that redirects led on; `told`, those of which an event alone tells
    more    attempts of a client before its last, of which each is one more that can be, by any status
    """

    first: int
    part: Any
    ended: Mask
    sure: Mask
    can: Mask
    unclear: Mask
    waiting: int
    moved: Mask
    told: Mask
    more: Counts

    @property
    def took_us(self) -> NDArray[np.int64]:
        return np.asarray(self.part["took_us"], np.int64)


def placed(rows: Rows, edges: Edges) -> Iterator[Placed]:
    """All requests to the service, also those that count in no claim: the service counted them too."""
    from harness.ledger import AGAIN, DONE, ELSEWHERE, NEVER, OUTCOMES, SENDS_SEEN, TOLD, asks, more

    unanswered = [OUTCOMES.index(name) for name in ("", "timeout", "conn", "dropped")]
    skew_us = edges.skew_s * 1e6
    redirected = np.array(["-> " in shape for shape in rows.shapes], bool) & bool(edges.hops)
    for first in range(0, len(rows), BLOCK):
        part = rows.array[first : first + BLOCK]
        flags = part["flags"]
        silent = ((flags & SENDS_SEEN) != 0) & ~asks(part["state"], flags, part["outcome"])
        asked = (part["sent_us"] != NEVER) & ((flags & ELSEWHERE) == 0) & ~silent
        sent_us = part["intended_us"] + np.where(asked, part["sent_us"], 0).astype(np.float64)
        ended = (part["state"] == DONE) & (part["took_us"] != NEVER)
        done_us = np.where(ended, sent_us + part["took_us"], np.inf)
        lost = np.isin(part["outcome"], unanswered) | ~ended
        front = lost | np.isin(part["status"], list(edges.in_front))
        moved = redirected[part["shape"]]
        again = (flags & AGAIN) != 0
        told = (flags & TOLD) != 0
        if edges.events and told.any():
            told &= ~np.isin(part["endpoint"], list(edges.events))
        unclear = front | moved | again | told
        until_us = done_us + np.where(front | again, edges.linger_s * 1e6, 0.0)
        can = asked & (sent_us < edges.end[1] * 1e6 + skew_us) & (until_us > edges.begin[0] * 1e6 - skew_us)
        inside = asked & (sent_us > edges.begin[1] * 1e6 + skew_us) & (done_us < edges.end[0] * 1e6 - skew_us)
        sure = inside & ~(front | moved | told)  # the last attempt of several got this answer
        for low_s, high_s in edges.lost:
            sure &= ~((sent_us < high_s * 1e6 + skew_us) & (done_us > low_s * 1e6 - skew_us))
        waiting = int((can & ~ended).sum())
        yield Placed(
            first,
            part,
            inside & ~told,
            sure,
            can & ~unclear,
            can & unclear,
            waiting,
            can & moved,
            can & told,
            np.where(can, more(flags), 0),
        )
        rows.release(slice(first, first + len(part)))


@dataclass(frozen=True, eq=False)
class Census:
    """
    sure, can      requests by [endpoint, class of status]; `unclear` by [endpoint] can be of any class
    ended, within  by [endpoint, outcome], answered or not: those that lay surely, and possibly, between the edges
    waiting        requests that have not ended
    moved          requests that redirects led on, each to the service two or more
    again          by [endpoint], requests that their client sent again by itself; `more`: how many times, at most
    told           by [endpoint], what an event alone tells of
    """

    rows: Rows
    edges: Edges
    sure: Counts
    can: Counts
    unclear: Counts
    ended: Counts
    within: Counts
    waiting: int
    moved: int
    again: Counts
    more: Counts
    told: Counts

    @property
    def led(self) -> int:
        """So many requests, at most, redirects can have added, anywhere."""
        return self.moved * self.edges.hops

    def least(self, endpoints: Collection[int], classes: Collection[int] | None = None) -> int:
        """L: so many were surely answered, by these endpoints, with a status of these classes (None: all)."""
        return int(self.sure[np.ix_(sorted(endpoints), _all(classes))].sum())

    def most(self, endpoints: Collection[int], classes: Collection[int] | None = None) -> int:
        """U: no more than so many can have been."""
        chosen = sorted(endpoints)
        unclear = self.unclear[chosen].sum() + self.more[chosen].sum()
        return int(self.can[np.ix_(chosen, _all(classes))].sum() + unclear) + self.led

    def clear(self, endpoints: Collection[int], classes: Collection[int]) -> int:
        """The most that can have been answered with a status of these classes, without those that nobody knows it of."""
        chosen = sorted(endpoints)
        moved = self.moved + self.led if self.moved else 0  # what they were answered on the way, nobody wrote down
        again = int(self.again[chosen].sum() + self.more[chosen].sum())
        return int(self.can[np.ix_(chosen, sorted(classes))].sum()) + moved + again

    def fates(self, endpoints: Collection[int], outcomes: Collection[str]) -> tuple[int, int]:
        """Between how many and how many requests came to one of these outcomes between the edges."""
        from harness.ledger import OUTCOMES

        chosen = np.ix_(sorted(endpoints), sorted(OUTCOMES.index(outcome) for outcome in outcomes))
        return int(self.ended[chosen].sum()), int(self.within[chosen].sum())

    def took_us(
        self, endpoints: Collection[int], apart: Sequence[Interval] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], int, int]:
        """What the asker waited from sending to the answer: of those surely counted, of those that can be, each sorted; how many
        more can be counted that got no answer; and how many that were under way in a stretch of `apart`, which are not in the
        second: their asker waited for something else as well."""
        chosen = sorted(endpoints)
        sure, can, unclear, held = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], self.led, 0
        for one in placed(self.rows, self.edges):
            mine = np.isin(one.part["endpoint"], chosen)
            aside = one.can & mine & _under_way(one.part, apart)
            sure.append(one.took_us[one.sure & mine])
            can.append(one.took_us[one.can & mine & ~aside])
            unclear += int((one.unclear & mine).sum() + one.more[mine].sum())
            held += int(aside.sum())
        return np.sort(np.concatenate(sure)), np.sort(np.concatenate(can)), unclear, held

    def under_way(self, endpoints: Collection[int], classes: Collection[int], stretches: Sequence[Interval]) -> int:
        """How many were surely answered, with a status of these classes, that were under way in one of the stretches."""
        chosen, wanted = sorted(endpoints), sorted(classes)
        return sum(
            int(
                (
                    one.sure
                    & np.isin(one.part["endpoint"], chosen)
                    & np.isin(_class(one.part), wanted)
                    & _under_way(one.part, stretches)
                ).sum()
            )
            for one in placed(self.rows, self.edges)
        )

    def statuses(self, endpoints: Collection[int], statuses: Collection[int], *, named: bool = False) -> int:
        """How many were surely answered with one of these statuses; `named`: and named a version."""
        chosen, wanted = sorted(endpoints), sorted(statuses)
        return sum(
            int(
                (
                    one.sure
                    & np.isin(one.part["endpoint"], chosen)
                    & np.isin(one.part["status"], wanted)
                    & (one.part["version"] >= int(named))
                ).sum()
            )
            for one in placed(self.rows, self.edges)
        )

    def answered(self, endpoints: Collection[int], classes: Collection[int]) -> list[int]:
        """Which statuses of these classes were surely answered."""
        chosen, wanted = sorted(endpoints), sorted(classes)
        found: set[int] = set()
        for one in placed(self.rows, self.edges):
            mine = one.sure & np.isin(one.part["endpoint"], chosen) & np.isin(_class(one.part), wanted)
            found.update(np.unique(one.part["status"][mine]).tolist())
        return sorted(found)

    def fronted(self) -> dict[int, int]:
        """By status of `in_front`, how many can have been counted, whatever the service knows of them."""
        blocks = list(placed(self.rows, self.edges)) if self.edges.in_front else []
        found = {
            status: sum(int((one.unclear & (one.part["status"] == status)).sum()) for one in blocks)
            for status in sorted(self.edges.in_front)
        }
        return {status: count for status, count in found.items() if count}

    def examples(self, endpoints: Collection[int], classes: Collection[int] | None = None) -> tuple[int, ...]:
        """The places of the first, a middle and the last request that was surely counted."""
        wanted, chosen = _all(classes), sorted(endpoints)
        return self.spread(
            lambda one: one.sure & np.isin(one.part["endpoint"], chosen) & np.isin(_class(one.part), wanted)
        )

    def spread(self, which: Callable[[Placed], Mask]) -> tuple[int, ...]:
        """The places of the first, a middle and the last of some requests."""
        found = [one.first + np.flatnonzero(which(one)) for one in placed(self.rows, self.edges)]
        places = np.concatenate([np.zeros(0, np.int64), *found])
        return tuple(dict.fromkeys(int(places[i]) for i in (0, len(places) // 2, -1))) if len(places) else ()


def census(rows: Rows, edges: Edges) -> Census:
    from harness.ledger import OUTCOMES

    size = (len(rows.endpoints), CLASSES)
    sure, can = np.zeros(size, np.int64), np.zeros(size, np.int64)
    unclear, again, more, told = (np.zeros(size[0], np.int64) for _ in range(4))
    waiting, moved = 0, 0
    shape = (size[0], len(OUTCOMES))
    ended, within = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for one in placed(rows, edges):
        cell = one.part["endpoint"].astype(np.int64) * CLASSES + _class(one.part)
        sure += np.bincount(cell[one.sure], minlength=sure.size).reshape(size)
        can += np.bincount(cell[one.can], minlength=can.size).reshape(size)
        unclear += np.bincount(one.part["endpoint"][one.unclear], minlength=size[0])
        waiting += one.waiting
        moved += int(one.moved.sum())
        again += np.bincount(one.part["endpoint"][one.more > 0], minlength=size[0])
        np.add.at(more, one.part["endpoint"], one.more)
        told += np.bincount(one.part["endpoint"][one.told], minlength=size[0])
        fate = one.part["endpoint"].astype(np.int64) * len(OUTCOMES) + one.part["outcome"]
        ended += np.bincount(fate[one.ended], minlength=ended.size).reshape(shape)
        within += np.bincount(fate[one.can | one.unclear], minlength=ended.size).reshape(shape)
    return Census(rows, edges, sure, can, unclear, ended, within, waiting, moved, again, more, told)


def events_alone(rows: Rows) -> frozenset[int]:
    """Endpoints of which only events tell: no request was sent under the same name."""
    from harness.ledger import TOLD

    told, sent = (np.zeros(len(rows.endpoints), bool) for _ in range(2))
    for first in range(0, len(rows), BLOCK):
        part = rows.array[first : first + BLOCK]
        event = (part["flags"] & TOLD) != 0
        told[part["endpoint"][event]] = True
        sent[part["endpoint"][~event]] = True
        rows.release(slice(first, first + len(part)))
    return frozenset(np.flatnonzero(told & ~sent).tolist())


def _under_way(part: Any, stretches: Sequence[Interval]) -> Mask:
    """Which of these, each answered, were under way in one of the stretches (s)."""
    sent_us = part["intended_us"] + part["sent_us"].astype(np.float64)
    done_us = sent_us + part["took_us"]
    under = np.zeros(len(part), bool)
    for low_s, high_s in stretches:
        under |= (sent_us < high_s * 1e6) & (done_us > low_s * 1e6)
    return under


def _class(part: Any) -> NDArray[np.int64]:
    return np.minimum(np.asarray(part["status"], np.int64) // 100, CLASSES - 1)


def _all(classes: Collection[int] | None) -> list[int]:
    return list(range(CLASSES)) if classes is None else sorted(classes)
