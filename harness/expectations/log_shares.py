"""Shares of the failed requests that logs must hold to, each an interval: what cannot be read may yet come out either way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations import logs
from harness.expectations.base import Evidence
from harness.expectations.log_limits import ALIASES_DECIDE, LEVELS_DECIDE, Limit, State, whose
from harness.expectations.log_looked import Looked
from harness.expectations.log_search import CAUSE, FALSE, FOUND, NAMED, SEVERE, Tally, names_of, other_ids, unread_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.ledger import Rows

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Doubt:
    """Requests of which something may be true that cannot be read: why, and what would decide it."""

    of: Mask
    reason: str
    said: str
    decide: str


def shares(
    evidence: Evidence,
    looked: Looked,
    services: Sequence[str],
    *,
    found: float,
    cause: float,
    dependency: float,
    false_blame: float,
) -> Iterator[Limit]:
    """How many are found by their ids, tell their cause, name who was hurt (the least share of each), and accuse somebody else
    (the greatest)."""
    tally, judged, unknown, rows = looked.tally, looked.judged, looked.open, looked.failed.rows
    hurt = judged & looked.failed.sure & _has_root(looked)
    has, named, false = tally.has(FOUND), tally.has(NAMED), tally.has(FALSE)
    elsewhere = tuple(_elsewhere(evidence, looked, services))
    lost = judged & ~has & looked.failed.cut
    yield _share(
        "are found by their ids",
        has,
        judged,
        unknown,
        rows,
        least=found,
        more=looked.more,
        reason="lost_log" if _mostly(lost, judged & ~has) else "no_id",
        doubts=_doubts(looked, elsewhere, FOUND),
    )
    dull, severe = judged & ~tally.has(CAUSE), _severe(tally)
    yield _share(
        "tell their cause",
        tally.has(CAUSE),
        judged,
        unknown,
        rows,
        least=cause,
        more=looked.more,
        reason="only_access_log" if _mostly(dull & ~severe, dull) else "generic",
        doubts=_doubts(looked, elsewhere, CAUSE),
    )
    if hurt.any():
        yield _share(
            "name who was hurt",
            named,
            hurt,
            unknown,
            rows,
            least=dependency,
            more=looked.more,
            reason="wrong_dependency" if _mostly(hurt & ~named & false, hurt & ~named) else "no_dependency",
            doubts=_doubts(looked, elsewhere, NAMED),
        )
    yield _share(
        "accuse somebody else",
        false,
        judged,
        unknown,
        rows,
        most=false_blame,
        more=looked.more,
        reason="wrong_dependency",
        doubts=_doubts(looked, elsewhere, FALSE),
    )


def _doubts(looked: Looked, elsewhere: Sequence[Doubt], mark: int) -> tuple[Doubt, ...]:
    """Requests that may have this mark, if only something could be read that cannot."""
    tally = looked.tally
    named = tally.has(NAMED)
    doubts = [
        Doubt(
            (tally.unlevelled & mark) != 0,
            reason="no_levels",
            said=unread_of(tally.levels),
            decide=LEVELS_DECIDE,
        ),
        Doubt(
            ((tally.unknown & mark) != 0) & ~(named if mark == FALSE else np.zeros_like(named)),
            reason="unknown_names",
            said=f"lines accuse {names_of(tally.strangers)}, which no part of the stack is called",
            decide=ALIASES_DECIDE,
        ),
    ]
    if (line := tally.shown.get(mark)) is not None:
        doubts.append(_perhaps(tally, mark, logs.quote(line.text)))
    asked = ~_severe(tally) if mark in (CAUSE, NAMED) else ~tally.has(FOUND)
    return (*(replace(doubt, of=doubt.of & asked) for doubt in elsewhere), *doubts)


def _perhaps(tally: Tally, mark: int, quoted: str) -> Doubt:
    """Requests of which a line, such as the one quoted, only perhaps says it."""
    may = np.asarray((tally.perhaps & mark) != 0)
    if mark == CAUSE:
        return Doubt(
            may,
            reason="vague",
            said=f"lines say what failed, and nobody can tell whether that is why: {quoted}",
            decide="lines that hold the error's kind or text, such as `PoolTimeout` or `connection refused`",
        )
    return Doubt(
        may & ~tally.has(NAMED),  # beside a line that names who was hurt it is no blame
        reason="in_passing",
        said=f"lines hold a part's name among words that may mean a thing of the business: {quoted}",
        decide="lines that name whom they accuse in a field, such as `dependency`",
    )


def _elsewhere(evidence: Evidence, looked: Looked, services: Sequence[str]) -> Iterator[Doubt]:
    """Why what is in no log may be told all the same: under other ids, or in another place."""
    every = np.ones(len(looked.judged), bool)
    if other := other_ids(evidence.journal):
        decide = "a load and a service that pass the load's X-Request-ID or traceparent on, and log one of them"
        yield Doubt(~looked.tally.has(FOUND), reason="other_ids", said=other, decide=decide)
    if mute := _mute(evidence, looked, services):
        why = f"{' and '.join(mute)} {logs.ELSEWHERE}"
        yield Doubt(every, reason="never_logged", said=why, decide=logs.ELSEWHERE_DECIDES)


def _mute(evidence: Evidence, looked: Looked, services: Sequence[str]) -> list[str]:
    """Of the services that failed requests surely came by (where the users come in, and on from there to who was hurt), those whose
    logs are asked for and that wrote no line in the whole run; all, if none wrote any."""
    told = [logs.silent(evidence, service) for service in services]
    mute = sorted({name for names, _ in told for name in names})
    if all(len(names) == count for names, count in told):
        return mute
    ways = {evidence.against}.union(*(looked.failed.truths[case].chain for case in np.unique(looked.failed.truth)))
    return [name for name in mute if name in ways]


def _severe(tally: Tally) -> Mask:
    """Requests of which a line is at WARNING or above, or may be."""
    return np.asarray(((tally.marks | tally.unlevelled) & SEVERE) != 0)


def _share(
    said: str,
    good: Mask,
    of: Mask,
    unknown: Mask,
    rows: Rows,
    *,
    least: float | None = None,
    most: float = 1.0,
    more: int = 0,
    reason: str,
    doubts: Sequence[Doubt] = (),
) -> Limit:
    """A share of the requests `of`, as an interval: what is unknown may yet come out either way, and so may so many `more` that
    may yet be of them, and what `doubts` are of. `reason` is for a broken one; `rows` tell whose they are."""
    n, have = int(of.sum()), int((good & of).sum())
    floor = least or 0.0

    def held(open_: Mask) -> tuple[State, int]:
        may = int((of & ~good & open_).sum())
        low, high = have / (n + more), (have + may + more) / (n + more)
        if high < floor or low > most:
            return State.BROKEN, may
        return State.OPEN if low < floor or high > most else State.KEPT, may

    every = unknown.copy()
    for doubt in doubts:
        every |= doubt.of
    state, may = held(every)
    limit = f"at least {100 * least:g}%" if least is not None else f"at most {100 * most:g}%"
    if state is not State.KEPT:
        named = whose(rows, good, of) if least is None else whose(rows, ~good, of)
        limit += named and f"{':' if least is None else '; not:'} {named}"
        limit += _answered(rows, ~good & of) if least is not None else ""
    text = f"{have}{f' to {have + may}' if may else ''} ({100 * have / n:.4g}%) {said} ({limit})"
    if state is not State.OPEN:
        return Limit("share", text, state, reason if state is State.BROKEN else "met")
    if doubts and held(unknown)[0] is not State.OPEN:
        why = next((doubt for doubt in doubts if held(unknown | doubt.of)[0] is State.OPEN), doubts[0])
        return Limit("share", text, State.OPEN, reason=why.reason, decide=why.decide, why=why.said)
    return Limit("share", text, State.OPEN, reason="window_open")


def _answered(rows: Rows, missing: Mask) -> str:
    """With which statuses these were answered, and how refusals are left out: what was wrong with those may be their asker's doing."""
    statuses, counts = np.unique(rows.array["status"][missing], return_counts=True)
    each = [f"{count}× {status or 'none'}" for status, count in zip(statuses.tolist(), counts.tolist(), strict=True)]
    refused = bool(((statuses >= 400) & (statuses < 500)).any())
    return f"; answered {', '.join(each)}{'; `allow: [4xx]` leaves refusals out' if refused else ''}" if each else ""


def _has_root(looked: Looked) -> Mask:
    return np.array([bool(truth.roots) for truth in looked.failed.truths])[looked.failed.truth]


def _mostly(some: Mask, of: Mask) -> bool:
    return 2 * int(some.sum()) > int(of.sum())
