"""Requests that an inner service need not have been asked, though its users were answered: by a copy, or by the door itself. Pure."""

from __future__ import annotations

from collections.abc import Collection

from harness.expectations.census import CLASSES
from harness.expectations.metric_inner import Inner, on, shown, stretches
from harness.expectations.metric_sides import Told
from harness.expectations.metric_steady import calm_told, counted
from harness.expectations.own_answers import asking
from harness.verdict import Finding, inconclusive

LEARNT = 30  # requests of the steady state that all came, from which it is known that no copy answers them
WELL, ILL = frozenset((2, 3)), frozenset((4, 5))
TO_STATE = (
    "`in_front` with the statuses that {door} answers by itself ([] for none, and no copy either); `only` and `request` of requests "
    "that are never answered from a copy; a claim on {door}'s own counter"
)


def avoided(
    told: Told, endpoints: Collection[int], classes: Collection[int] | None, missing: float, *, all_come: bool = False
) -> Finding | None:
    """Why so many that were answered with a status of these classes (None: all) may not have come to the service; None: they did, or
    it is the one that the load goes to. `all_come`: as the claim states, no copy answers any."""
    inner = told.inner if told.claim.in_front is None else None
    if inner is None or _lost_before(told, endpoints, classes, missing):
        return None
    door = _by_the_door(told, inner, endpoints, classes, missing)
    return door if door or all_come else _copied(told, inner, endpoints, classes, missing)


def _by_the_door(
    told: Told, inner: Inner, endpoints: Collection[int], classes: Collection[int] | None, missing: float
) -> Finding | None:
    """Answered while the way to the service was hurt; or with an error, while something else was that the door needs."""
    ahead = [one for one in on(told) if inner.leads(one.target)]
    apart = [one for one in on(told) if inner.apart(one.target)]
    wanted = frozenset(range(CLASSES)) if classes is None else frozenset(classes)
    for these, which in ((ahead, wanted), (ahead + apart, wanted & ILL)):
        answered = told.census.under_way(endpoints, which, stretches(told, these)) if these and which else 0
        if answered >= missing:
            return inconclusive(
                f"{missing:g} or more do not suit what {inner.service} counted {told.where}, and {answered} were answered while "
                f"{shown(these)}: {inner.door}, which the load goes to, may have answered these by itself, whatever {inner.service} did",
                reason="answered_in_front",
                decide=TO_STATE.format(door=inner.door),
                cites=told.cites(),
                details=told.details(),
            )
    return None


def _copied(
    told: Told, inner: Inner, endpoints: Collection[int], classes: Collection[int] | None, missing: float
) -> Finding | None:
    """What asks and changes nothing may be answered from a copy: at any time, or where it never was in the steady state, while a
    fault was on."""
    reads, wanted = asking(told.evidence.rows) & {*endpoints}, WELL if classes is None else WELL & frozenset(classes)
    if not reads or not wanted:
        return None
    when = ""
    copied = told.census.least(reads, wanted)
    if _all_came(told, endpoints):
        these = on(told)
        when = f" while {shown(these)}" if these else ""
        copied = told.census.under_way(reads, wanted, stretches(told, these)) if these else 0
    if copied < missing:
        return None
    return inconclusive(
        f"{missing:g} or more are missing {told.where} from what {inner.service} counted, and {copied} GET were answered well{when}: "
        f"{inner.door}, which the load goes to, may have answered these from a copy",
        reason="answered_from_copy",
        decide=TO_STATE.format(door=inner.door),
        cites=told.cites(),
        details=told.details(),
    )


def _all_came(told: Told, endpoints: Collection[int]) -> bool:
    """Whether enough of these were asked in the steady state, and each was counted."""
    both = calm_told(told)
    if both is None:
        return False
    least = both.census.least(endpoints)
    return least >= LEARNT and counted(both, endpoints) >= least


def _lost_before(told: Told, endpoints: Collection[int], classes: Collection[int] | None, missing: float) -> bool:
    """Whether the counter lacked some in the steady state already, when nothing was hurt, that no copy and no error explains; of a
    phase, that is so where half of what is missing in it would be if it had gone on like that."""
    both = calm_told(told)
    if both is None:
        return False
    asked = both.census.least(endpoints)
    explained = both.census.least(asking(both.evidence.rows) & {*endpoints}, WELL) + both.census.least(endpoints, ILL)
    lost = asked - counted(both, endpoints) - explained
    if not told.evidence.phase:
        return lost > 0
    return lost > 0 and told.census.least(endpoints, classes) * lost / asked >= missing / 2
