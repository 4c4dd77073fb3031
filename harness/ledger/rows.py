"""Rows of the ledger in memory: one numpy array and the names of its numbers. Frozen; to narrow is to get new ones."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.ledger.bounds import Bounds
from harness.ledger.layout import (
    AGAIN,
    ASIDE,
    DEPENDENT,
    DONE,
    DTYPE,
    DUE,
    ELSEWHERE,
    MORE_MOST,
    MORE_UNIT,
    MORE_UNKNOWN,
    NEVER,
    OUTCOMES,
    REDIRECTED,
    SENDS_SEEN,
    SENT,
    TOLD,
    UNGATED,
    UNREACHED,
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """
    array      the rows, dtype `layout.DTYPE`, in the order of reserving (of several workers: of intended times)
    worker     of each row, its worker; `number`: its number there. Together they are its citation
    numbers    those numbers; None where each row's is its place, so that a load's length costs nothing while nobody asks
    endpoints  names by number, 0 is '' (a dropped arrival has no endpoint); `versions` and `shapes` likewise
    bounds     where a stretch of time lies among them; one that grows with a ledger still being written is handed on
    pages      the file of which the array is the beginning, when it is one
    """

    array: NDArray[Any]
    worker: NDArray[np.uint16]
    numbers: NDArray[np.uint32] | None
    endpoints: tuple[str, ...] = ("",)
    versions: tuple[str, ...] = ("",)
    shapes: tuple[str, ...] = ("",)
    bounds: Bounds = field(default_factory=Bounds, repr=False)
    pages: mmap.mmap | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.array)

    @cached_property
    def number(self) -> NDArray[np.uint32]:
        return np.arange(len(self.array), dtype=np.uint32) if self.numbers is None else self.numbers

    @staticmethod
    def of(entries: Iterable[Mapping[str, Any]]) -> Rows:
        """Rows written by hand; see `rows_of`."""
        return rows_of(entries)

    def select(self, which: Any) -> Rows:
        """The rows of a mask, slice or index array; the names stay as they are. A mask copies, a slice does not."""
        return Rows(
            self.array[which], self.worker[which], self.number[which], self.endpoints, self.versions, self.shapes
        )

    def snapshot(self) -> Rows:
        """A copy that no longer changes (rows of a running load do)."""
        return replace(self, array=self.array.copy(), pages=None)

    def blocks(self, start_us: int, until_us: int) -> list[slice]:
        """Where rows due in [start_us, until_us) can lie, in order; each block as many rows as a cache holds."""
        return self.bounds.blocks(self, start_us, until_us)

    def span(self, start_us: int, until_us: int) -> slice:
        """A slice that holds every row due in [start_us, until_us), and others."""
        found = self.blocks(start_us, until_us)
        return slice(found[0].start, found[-1].stop) if found else slice(0, 0)

    def release(self, where: slice) -> None:
        """These rows were read for now: of a mapped file their pages need not stay in this process's memory."""
        if self.pages is None:
            return
        first = where.start * DTYPE.itemsize // mmap.PAGESIZE * mmap.PAGESIZE
        length = min(where.stop * DTYPE.itemsize, len(self.pages)) - first
        if length > 0:
            self.pages.madvise(mmap.MADV_DONTNEED, first, length)

    # --- columns, in the units of the run's axis ----------------------------------------------------------------------

    @property
    def intended_s(self) -> NDArray[np.float64]:
        """When each was due, seconds since the run was opened."""
        return np.asarray(self.array["intended_us"] / 1e6)

    @property
    def sent_s(self) -> NDArray[np.float64]:
        """When each was sent; nan when never."""
        sent = self.array["sent_us"]
        return np.where(sent == NEVER, np.nan, (self.array["intended_us"] + sent) / 1e6)

    @property
    def done_s(self) -> NDArray[np.float64]:
        """When each was answered or given up by the client; nan when never."""
        return np.asarray(self.sent_s + self.service_ms / 1e3)

    @property
    def latency_ms(self) -> NDArray[np.float64]:
        """From the intended time to the answer: what a user waited. nan when never answered or dropped."""
        sent, took = self.array["sent_us"], self.array["took_us"]
        return np.where((sent == NEVER) | (took == NEVER), np.nan, (sent.astype(np.float64) + took) / 1e3)

    @property
    def service_ms(self) -> NDArray[np.float64]:
        """From sending to the answer: what the service took. nan when never answered or dropped."""
        took = self.array["took_us"]
        return np.where(took == NEVER, np.nan, took / 1e3)

    @property
    def late_ms(self) -> NDArray[np.float64]:
        """From the intended time to sending: our own lateness. nan when never sent."""
        sent = self.array["sent_us"]
        return np.where(sent == NEVER, np.nan, sent / 1e3)

    # --- masks --------------------------------------------------------------------------------------------------------

    def has(self, flag: int) -> Mask:
        return np.asarray((self.array["flags"] & flag) != 0)

    def counted(self, named: str = "") -> Mask:
        """Rows that count in claims: all that ask, but those of on_start, and of other hosts; or, by name, those of one endpoint
        wherever it is."""
        mine = ~self.has(ASIDE) & self.at_endpoint(named) if named else ~self.has(ASIDE | ELSEWHERE)
        return mine & self.asked()

    def asked(self) -> Mask:
        """Rows of requests, and of arrivals that may become one; see `asks`."""
        return asks(self.array["state"], self.array["flags"], self.array["outcome"])

    def outcome(self, *names: str) -> Mask:
        """Rows with one of these outcomes ('' is: none yet). Raises ValueError on an unknown name."""
        return np.isin(self.array["outcome"], [OUTCOMES.index(name) for name in names])

    def between(self, start_s: float, end_s: float) -> Mask:
        """Rows intended in [start_s, end_s)."""
        intended = self.array["intended_us"]
        return np.asarray((intended >= round(start_s * 1e6)) & (intended < round(end_s * 1e6)))

    def at_endpoint(self, name: str) -> Mask:
        """Rows of one endpoint; of none when the load never called it."""
        number = self.endpoint_number(name)
        return np.zeros(len(self), bool) if number is None else np.asarray(self.array["endpoint"] == number)

    # --- names --------------------------------------------------------------------------------------------------------

    def endpoint_number(self, name: str) -> int | None:
        return self.endpoints.index(name) if name in self.endpoints else None

    def cite(self, index: int) -> str:
        """How a finding cites the row at this place, `row worker:number`."""
        return f"row {self.worker[index]}:{range(len(self))[index] if self.numbers is None else self.numbers[index]}"


def asks(state: NDArray[np.uint8], flags: NDArray[np.uint16], outcome: NDArray[np.uint8]) -> Mask:
    """Which rows, by these columns of theirs, are no arrival whose task ended without a request, or has sent none yet."""
    return np.asarray(np.where(state == DONE, outcome != 0, (state != DUE) | ((flags & SENDS_SEEN) == 0)))


def more(flags: NDArray[np.uint16]) -> NDArray[np.int64]:
    """How many attempts before the last each row's client made at most, of which the service may know."""
    counted = (flags // MORE_UNIT).astype(np.int64)
    unknown = (counted == 0) | (counted == MORE_MOST)
    return np.where((flags & AGAIN) == 0, 0, np.where(unknown, MORE_UNKNOWN, counted))


def _again(attempts: bool | int) -> int:
    return AGAIN * bool(attempts) + (0 if attempts is True else attempts * MORE_UNIT)


NO_ROWS = Rows(np.zeros(0, DTYPE), np.zeros(0, np.uint16), np.zeros(0, np.uint32))


def rows_of(entries: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows written by hand, for tests: `rows_of([dict(at_s=1.0, took_ms=20, endpoint='GET /x', outcome='ok')])`.

    Keys, all optional: at_s (intended), late_ms (intended to sent, 0; None: not sent yet), took_ms (sent to done, 10;
    None: never answered), endpoint ('GET /'), outcome ('ok'; 'dropped' is never sent and has no endpoint; '' with
    took_ms=None is in flight), status (by outcome), version, shape, size, user, worker, parent (number of the arrival's
    first row), aside, dependent, ungated, unreached, redirected, again (how many attempts before the last; True: not known),
    told, elsewhere, silent (its task ended without a request). Numbers are given per worker in the order of the list.
    Raises KeyError on an unknown key.
    """
    names: dict[str, list[str]] = {"endpoint": [""], "version": [""], "shape": [""]}
    seen: dict[int, int] = {}
    listed = [dict(entry) for entry in entries]
    array = np.zeros(len(listed), DTYPE)
    worker, number = np.zeros(len(listed), np.uint16), np.zeros(len(listed), np.uint32)
    for i, entry in enumerate(listed):
        if silent := bool(entry.pop("silent", False)):
            entry |= {"outcome": "", "took_ms": None, "endpoint": ""}
        outcome = entry.pop("outcome", "" if entry.get("took_ms", 10) is None else "ok")
        dropped = outcome == "dropped"
        own = int(entry.pop("worker", 0))
        worker[i], number[i] = own, seen.get(own, 0)
        seen[own] = seen.get(own, 0) + 1
        row = array[i]
        row["intended_us"] = round(entry.pop("at_s", 0.0) * 1e6)
        late_ms, took_ms = entry.pop("late_ms", 0.0), entry.pop("took_ms", 10.0)
        row["sent_us"] = NEVER if dropped or late_ms is None else round(late_ms * 1e3)
        row["took_us"] = NEVER if row["sent_us"] == NEVER or took_ms is None else round(took_ms * 1e3)
        row["outcome"] = OUTCOMES.index(outcome)
        row["status"] = entry.pop("status", {"ok": 200, "wrong": 200, "4xx": 404, "5xx": 500}.get(outcome, 0))
        row["size"], row["user"] = entry.pop("size", 0), entry.pop("user", 1)
        row["parent"] = entry.pop("parent", number[i])
        row["flags"] = (
            ASIDE * bool(entry.pop("aside", False))
            + DEPENDENT * bool(entry.pop("dependent", row["parent"] != number[i]))
            + UNGATED * bool(entry.pop("ungated", False))
            + UNREACHED * bool(entry.pop("unreached", False))
            + REDIRECTED * bool(entry.pop("redirected", False))
            + _again(entry.pop("again", False))
            + TOLD * bool(entry.pop("told", False))
            + ELSEWHERE * bool(entry.pop("elsewhere", False))
            + SENDS_SEEN * silent
        )
        ended = silent or row["took_us"] != NEVER or outcome in ("wrong", "dropped")
        row["state"] = DONE if ended else DUE if row["sent_us"] == NEVER else SENT
        for kind, default in (("endpoint", "" if dropped else "GET /"), ("version", ""), ("shape", "")):
            name = entry.pop(kind, default)
            if name not in names[kind]:
                names[kind].append(name)
            row[kind] = names[kind].index(name)
        if entry:
            raise KeyError(f"rows_of knows no {', '.join(map(repr, entry))}")
    return Rows(array, worker, number, tuple(names["endpoint"]), tuple(names["version"]), tuple(names["shape"]))
