"""Requests that failed, as evidence: which reached the service, when each ended, and which fault was on while it was under way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.blaming import Parts, Truth, truth_of
from harness.expectations.log_door import Door
from harness.facts import ContainerChanged, ContainerSeen, LoadEnded
from harness.landings import BACK, ENDED, Hurt, hurts
from harness.ledger import SENT, UNREACHED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.expectations.base import Evidence
    from harness.journal import Journal, Window
    from harness.ledger import Rows

AFTERMATH_S = 30.0
"""So long after its mend a fault may still be named as the cause: pools hold broken connections, breakers stay open."""
TOLD_LATE_S = 0.5
"""The kernel closes a dying process's connections, and only then Docker says that its container died, at most so long after."""


@dataclass(frozen=True)
class FailedRequests:
    """
    rows      those that failed and reached the service, or may have
    done_s    when each ended: its answer, or when its client gave up
    maybe     connections that broke, and what the door may have answered by itself (`fronted`): unless a line of the service tells,
              nobody knows whether the request reached it
    fronted   by row, whether a proxy in front may have answered it by itself
    cut       in hand when a container of the service died: they reached it
    exempt    how many surely never reached it: refused, or sent while it was down or paused
    stated    how many a proxy in front answered by itself, as the claim states
    truth     by row, the place of its case in `truths`; the first case is that nothing was hurt
    sure      by row, whether a fault was on while it was under way (and not only a while before)
    waiting   how many more were sent and have not ended: each may yet fail
    """

    rows: Rows
    done_s: NDArray[np.float64]
    maybe: NDArray[np.bool_]
    fronted: NDArray[np.bool_]
    cut: NDArray[np.bool_]
    exempt: int
    stated: int
    truth: NDArray[np.intp]
    sure: NDArray[np.bool_]
    truths: Sequence[Truth]
    waiting: int = 0


def failed_requests(
    evidence: Evidence,
    window: Window,
    request: str,
    allowed: Sequence[str],
    parts: Parts,
    services: Sequence[str] = ("*",),
    in_front: Collection[int] | None = None,
) -> FailedRequests:
    """The requests due in the window that ended in error (but those allowed), or never ended though the load did. `services`: whom
    they are to have reached; `in_front`: what a proxy in front of these answers by itself, as stated; None: not known."""
    journal, rows = evidence.journal, near(evidence, window)
    ended = ~rows.outcome("")
    if (over := journal.last(LoadEnded)) is not None:  # who waited longer than its client does never heard anything
        ended |= (rows.array["state"] == SENT) & (rows.sent_s + evidence.timeout_s <= over.seen_s)
    mask = rows.between(window.start_s, window.end_s) & rows.counted(request) & ~np.isnan(rows.sent_s)
    waiting = 0 if evidence.over else int((mask & ~ended).sum())
    mask &= ended & ~rows.outcome("ok", "dropped", *allowed)
    found = rows.select(mask)
    sent_s, done_s = found.sent_s, _done_s(found, evidence.timeout_s)
    away = away_from(journal, evidence.against, evidence.rows)
    absent = found.has(UNREACHED)
    torn = found.outcome("conn") & (found.array["status"] == 0) & ~absent
    cut = _in_hand(journal, evidence.against, sent_s, done_s + np.where(torn, TOLD_LATE_S, 0.0))
    for from_s, until_s in away:
        absent |= (sent_s >= from_s) & (done_s <= until_s) & (found.array["status"] == 0)
    broken = found.outcome("conn") & (found.array["status"] == 0) & ~cut
    door = Door(evidence, parts, services)
    broken |= found.outcome("conn", "timeout") & _over_a_hurt_way(journal, door, sent_s, done_s)
    stated = door.stated(found, in_front) & ~(absent & ~cut)
    fronted = door.may_answer(found, in_front) & ~stated
    keep = ~(absent & ~cut) & ~stated
    truth, sure, truths = _truths(evidence, sent_s[keep], done_s[keep], parts)
    return FailedRequests(
        found.select(keep),
        done_s[keep],
        (broken | fronted)[keep],
        fronted[keep],
        cut[keep],
        int((~keep & ~stated).sum()),
        int(stated.sum()),
        truth,
        sure,
        truths,
        waiting,
    )


def _in_hand(
    journal: Journal, service: str, sent_s: NDArray[np.float64], done_s: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Requests under way when a container of the service ended, whether or not another one of it was away already."""
    mask, away = np.zeros(len(sent_s), bool), set[str]()
    for event in journal.of(ContainerChanged, service=service) if service else ():
        if event.event in ENDED and event.container not in away:  # asked to stop, it goes on until it dies
            mask |= (sent_s < event.at_s) & (done_s >= event.at_s)
            away.add(event.container)
        elif event.event in BACK:
            away.discard(event.container)
    return mask


def near(evidence: Evidence, window: Window) -> Rows:
    """The rows among which all of the window are; of a large ledger few others."""
    return evidence.rows.select(evidence.rows.span(round(window.start_s * 1e6), round(window.end_s * 1e6)))


def away_from(journal: Journal, service: str, rows: Rows) -> list[tuple[float, float]]:
    """Stretches in which every container of the service that the load goes to was down or paused: from the end of the last
    until the first request that was sent after the next one's start, and answered."""
    found: list[tuple[float, float]] = []
    here, from_s = set[str](), math.nan
    for event in _events(journal, service):
        if isinstance(event, ContainerSeen):
            here |= {event.container} if event.status == "running" else set()
        elif event.event in ENDED:
            here.discard(event.container)
            if not here and math.isnan(from_s):
                from_s = event.at_s
        elif event.event in BACK:
            here.add(event.container)
            if not math.isnan(from_s):
                answered = rows.done_s[(rows.sent_s >= event.at_s) & (rows.array["status"] > 0)]
                found.append((from_s, float(answered.min()) if len(answered) else math.inf))
                from_s = math.nan
    return found if math.isnan(from_s) else [*found, (from_s, math.inf)]


def _events(journal: Journal, service: str) -> list[ContainerSeen | ContainerChanged]:
    """What is known of the service's containers, in order."""
    if not service:
        return []
    every: list[ContainerSeen | ContainerChanged] = [*journal.of(ContainerSeen, service=service)]
    every += journal.of(ContainerChanged, service=service)
    return sorted(every, key=lambda event: event.at_s)


def _done_s(rows: Rows, timeout_s: float) -> NDArray[np.float64]:
    """When each ended; who never heard anything gave up after the load's time-out."""
    done_s = rows.done_s
    return np.where(np.isnan(done_s), rows.sent_s + timeout_s, done_s)


def _over_a_hurt_way(
    journal: Journal, door: Door, sent_s: NDArray[np.float64], done_s: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Requests under way while a fault was on between the users and the services: it may have swallowed them."""
    mask = np.zeros(len(sent_s), bool)
    for hurt in hurts(journal):
        if any(door.leads(target) for target in hurt.target.split("+")):
            mask |= (sent_s <= hurt.off_s) & (done_s >= hurt.on_s)
    return mask


def _truths(
    evidence: Evidence, sent_s: NDArray[np.float64], done_s: NDArray[np.float64], parts: Parts
) -> tuple[NDArray[np.intp], NDArray[np.bool_], list[Truth]]:
    """The case of each request: which faults were on while it was under way, or had been shortly before."""
    every = [hurt for hurt in hurts(evidence.journal) if math.isfinite(hurt.sure_s)]
    sets = np.zeros(len(sent_s), np.int64)
    sure = np.zeros(len(sent_s), bool)
    for bit, hurt in enumerate(every[:62]):
        on = (done_s >= hurt.on_s) & (sent_s <= hurt.off_s)
        sets |= np.where((done_s >= hurt.on_s) & (sent_s <= hurt.off_s + AFTERMATH_S), 1 << bit, 0)
        sure |= on
    cases, place = np.unique(np.append(sets, 0), return_inverse=True)
    return place[:-1].astype(np.intp), sure, [_case(int(case), every, parts, evidence.against) for case in cases]


def _case(case: int, every: Sequence[Hurt], parts: Parts, entry: str) -> Truth:
    targets = [one for bit, hurt in enumerate(every[:62]) if case >> bit & 1 for one in hurt.target.split("+")]
    return truth_of(targets, parts, entry)
