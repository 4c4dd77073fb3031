"""Who is to be told of what: each operation of a class with its attempts, the faults and the version they met, and what all of
them have in common. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.facts import Deployed
from harness.journal import Journal
from harness.landings import Hurt
from harness.ledger import OUTCOMES, REDIRECTED, Rows, request_id
from harness.ledger.layout import traceparent
from harness.orders.audit import Audit
from harness.orders.operations import ACKNOWLEDGED, UNKNOWN, Ints, attempt_outcomes
from harness.orders.tables import NONE, called, text_of

TOLD = {ACKNOWLEDGED: "ok", UNKNOWN: "unknown"}
NEAR_S = 2.0
"""All within so much of a deployment is worth to be said."""


@dataclass(frozen=True)
class Attempt:
    """One request of an operation. Times in s of the run; None for what did not happen. `faults`: those on while it was under way."""

    request: str
    trace: str
    sent_s: float | None
    done_s: float | None
    outcome: str
    status: int
    version: str
    faults: tuple[str, ...]
    cite: str


@dataclass(frozen=True)
class Entry:
    """An operation, or a stranger's row: its key and id ('' unknown), what the client was told of it ('' nothing), and how many rows
    of it each source has."""

    key: str
    id: str
    told: str
    found: Mapping[str, int]
    attempts: tuple[Attempt, ...] = ()

    @property
    def name(self) -> str:
        """What a person looks for: its key, or where there is none the service's own id."""
        return called(self.key, self.id)

    @property
    def where(self) -> str:
        """'1 in orders, 2 in payments', sources without it left out; 'nowhere'."""
        return ", ".join(f"{count} in {source}" for source, count in self.found.items() if count) or "nowhere"


class Teller:
    """Makes entries of operations and rows. `faults`: when each fault of the run was on."""

    def __init__(self, audit: Audit, journal: Journal, rows: Rows, faults: Sequence[Hurt]) -> None:
        self._audit, self._rows, self._faults = audit, rows, tuple(faults)
        self._run = journal.opened.run if journal.opened else ""
        self._deployed = journal.of(Deployed)
        self._sent_s, self._done_s = rows.sent_s, rows.done_s

    def entries(self, operations: Ints, strangers: Sequence[tuple[str, int]], most: int) -> list[Entry]:
        """The first `most` of them in the order in which they were sent, each with its attempts; then strangers."""
        first_s = np.nan_to_num(self._audit.operations.sent_s()[operations], nan=math.inf)
        some = operations[np.argsort(first_s, kind="stable")][:most]
        names = self._audit.operations.names(some) if len(some) else []
        ids = self._ids(some)
        found = [
            Entry(
                name,
                ids.get(number, ""),
                TOLD.get(int(self._audit.operations.outcome[number]), "refused"),
                {source: int(held.count[number]) for source, held in self._audit.held.items()},
                tuple(self._attempt(int(place)) for place in self._audit.operations.of(number)),
            )
            for name, number in zip(names, some.tolist(), strict=True)
        ]
        return found + [self._stranger(*one) for one in strangers[: most - len(found)]]

    def keys(self, operations: Ints, strangers: Sequence[tuple[str, int]] = ()) -> list[str]:
        """The keys of all of them, in the order in which they were sent; then what strangers' rows are called by."""
        first_s = np.nan_to_num(self._audit.operations.sent_s()[operations], nan=math.inf)
        ordered = operations[np.argsort(first_s, kind="stable")]
        keys = self._audit.operations.names(ordered) if len(ordered) else []
        rows = [self._audit.held[source].table.row(place) for source, place in strangers]
        return keys + [called(text_of(row.get("key")), text_of(row.get("id"))) for row in rows]

    def _ids(self, operations: Ints) -> dict[int, str]:
        """By operation, the service's own id, as the first row of it says."""
        found: dict[int, str] = {}
        for held in self._audit.held.values():
            wanted = np.isin(held.mine, operations) & (held.table.id != NONE)
            for place in np.flatnonzero(wanted).tolist():
                number = int(held.mine[place])
                if number not in found:
                    found[number] = text_of(held.table.row(place).get("id"))
        return found

    def _stranger(self, source: str, place: int) -> Entry:
        held = self._audit.held[source]
        row, owner, own_id = held.table.row(place), held.owner[place], held.table.id[place]
        found = {}
        for name, one in self._audit.held.items():
            same = one.owner == owner if owner != NONE else one.table.id == own_id
            found[name] = int(np.count_nonzero(same & one.new))
        return Entry(text_of(row.get("key")), text_of(row.get("id")), "", found)

    def _attempt(self, place: int) -> Attempt:
        operations, rows = self._audit.operations, self._rows
        worker, number = int(operations.asked.worker[place]), int(operations.asked.row[place])
        at = int(operations.place[place])
        id_, trace = request_id(self._run, worker, number), traceparent(self._run, worker, number).split("-")[1]
        if at < 0:
            return Attempt(id_, trace, None, None, "", 0, "", (), "")
        row = rows.array[at]
        sent_s, done_s = _known(self._sent_s[at]), _known(self._done_s[at])
        on = () if sent_s is None else tuple(o.fault for o in self._faults if _meets(o, sent_s, done_s))
        version = rows.versions[int(row["version"])]
        return Attempt(
            id_, trace, sent_s, done_s, OUTCOMES[int(row["outcome"])], int(row["status"]), version, on, rows.cite(at)
        )

    def common(self, operations: Ints) -> str:
        """What all of these operations have in common: the faults they met, the version that answered, a deployment near by."""
        deciding = self._deciding(operations)
        deciding = deciding[deciding >= 0]
        if not len(deciding):
            return ""
        sent_s, done_s = self._sent_s[deciding], self._done_s[deciding]
        return ", ".join(
            said
            for said in (
                self._when(sent_s),
                self._met(sent_s, done_s),
                self._answers(operations),
                self._version(deciding),
                self._redirected(deciding),
                self._near(done_s),
            )
            if said
        )

    def _deciding(self, operations: Ints) -> Ints:
        """Of each operation, the ledger's place of the attempt that was acknowledged, or else of its first one."""
        whole = self._audit.operations
        outcome = attempt_outcomes(self._rows, whole.place) == ACKNOWLEDGED
        found = []
        for number in operations.tolist():
            attempts = whole.of(number)
            told = attempts[outcome[attempts]]
            found.append(int(whole.place[told[0] if len(told) else attempts[0]]))
        return np.array(found, np.int64)

    def _when(self, sent_s: NDArray[np.float64]) -> str:
        if np.isnan(sent_s).all():
            return ""
        low, high = float(np.nanmin(sent_s)), float(np.nanmax(sent_s))
        return f"sent at {low:.1f} s" if high - low < 0.05 else f"sent between {low:.1f} s and {high:.1f} s"

    def _met(self, sent_s: NDArray[np.float64], done_s: NDArray[np.float64]) -> str:
        until_s = np.where(np.isnan(done_s), sent_s, done_s)
        met = {o.fault: int(np.count_nonzero((sent_s <= o.off_s) & (until_s >= o.on_s))) for o in self._faults}
        met = {fault: count for fault, count in met.items() if count}
        if not met:
            return self._met_none(sent_s, until_s)
        return ", ".join(
            f"{'' if count == len(sent_s) else f'{count} of them '}while {fault} was on" for fault, count in met.items()
        )

    def _met_none(self, sent_s: NDArray[np.float64], until_s: NDArray[np.float64]) -> str:
        """Faults that were on somewhere between the first and the last of them are named, for the stretch alone seems to hold them."""
        low, high = np.nanmin(sent_s, initial=math.inf), np.nanmax(until_s, initial=-math.inf)
        between = dict.fromkeys(one.fault for one in self._faults if one.on_s <= high and one.off_s >= low)
        if between:
            return f"none of them while {' or '.join(between)} was on"
        return "while no fault was on" if self._faults else ""

    def _version(self, deciding: Ints) -> str:
        counts = np.bincount(self._rows.array["version"][deciding], minlength=len(self._rows.versions))
        named = {self._rows.versions[number]: int(counts[number]) for number in np.flatnonzero(counts).tolist()}
        told = {version: count for version, count in named.items() if version}
        if len(named) == 1 and told:
            return f"answered by {next(iter(told))}"
        return "answered by " + " and ".join(f"{version} ({count})" for version, count in told.items()) if told else ""

    def _answers(self, operations: Ints) -> str:
        """'none acknowledged: 81× 503', over all of their requests; '' where each was acknowledged, by every answer."""
        whole = self._audit.operations
        place = np.concatenate([whole.place[whole.of(number)] for number in operations.tolist()])
        place = place[place >= 0]
        if (attempt_outcomes(self._rows, place) == ACKNOWLEDGED).all():
            return ""
        done = int(np.count_nonzero(whole.outcome[operations] == ACKNOWLEDGED))
        entries = self._rows.array[place]
        told = Counter(
            str(status) if status else OUTCOMES[outcome] or "no answer yet"
            for status, outcome in zip(entries["status"].tolist(), entries["outcome"].tolist(), strict=True)
        )
        return (
            f"{done or 'none'} acknowledged: {' and '.join(f'{count}× {what}' for what, count in told.most_common())}"
        )

    def _redirected(self, deciding: Ints) -> str:
        """What answered may have been another page: one to log in, say."""
        count = int(np.count_nonzero(self._rows.array["flags"][deciding] & REDIRECTED))
        if not count:
            return ""
        return "answered after a redirect" if count == len(deciding) else f"{count} of them answered after a redirect"

    def _near(self, done_s: NDArray[np.float64]) -> str:
        if np.isnan(done_s).any():
            return ""
        for fact in self._deployed:
            begun_s = fact.seen_s if fact.begun_s is None else fact.begun_s
            apart_s = np.maximum(np.maximum(begun_s - done_s, done_s - fact.seen_s), 0.0)
            if float(apart_s.max()) <= NEAR_S:
                what = {"rollback": "rollback", "mend": "mend"}.get(fact.by, "deployment")
                return f"all within {1000 * float(apart_s.max()):.0f} ms of the {what} of {fact.service}"
        return ""


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _meets(on: Hurt, sent_s: float, done_s: float | None) -> bool:
    return sent_s <= on.off_s and (sent_s if done_s is None else done_s) >= on.on_s
