"""What a proxy in front of the service may have answered by itself, so that the service's counters need not have it. Pure.

Where the claim says which statuses these are (`in_front`), nothing else is excused by it, and no other is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.blaming import Parts
from harness.expectations.own_answers import asking, leads_to_none_but, unnamed
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.counters import Counters
    from harness.expectations.metric_sides import Told

FRONT = (502, 503, 504)
"""What a proxy answers by itself when it gets no answer, or no good one, from the service behind it."""
REFUSED = (401, 403, 404, 405, 413, 429)
"""What a gateway answers to requests that it does not pass on."""
TO_STATE = (
    "`in_front` with the statuses that the proxy answers by itself and the service does not, such as in_front: [502, 504], or [] "
    "for none; a claim about the proxy's own counter for these"
)
Labels = Sequence[Mapping[str, str]]


def answered_in_front(
    told: Told, labels: Labels, endpoints: Collection[int], missing: float, *, mislaid: bool
) -> Finding | None:
    """All that is missing can be answers of a proxy, and the load goes to another service than the one that counts."""
    if told.claim.in_front is not None or not goes_through(told, labels):
        return None
    seen = _by_front(told, endpoints, missing)
    if not seen:
        return None
    what, when = (
        ("were counted as something else", ", whatever the service behind it did") if mislaid else ("are missing", "")
    )
    return inconclusive(
        f"{missing:g} or more {what} {told.where}, and as many were answered {either(seen)}: {told.evidence.against}, which the load "
        f"goes to, may have answered these by itself{when}{'' if mislaid else _or_copied(told, endpoints, missing)}",
        reason="answered_in_front",
        decide=TO_STATE,
        cites=told.cites(),
        details=told.details(),
    )


def in_front_hint(told: Told, endpoints: Collection[int], missing: float) -> str:
    """A hint to be put behind a failure, where a proxy may be in front that `in_front` does not tell all of; or ''."""
    if told.evidence.against and not goes_through(told, told.labels):
        return ""
    seen = _by_front(told, endpoints, missing)
    inner = told.inner if told.claim.in_front is None else None
    ill = told.census.least(endpoints, (4, 5)) - sum(_own(told, endpoints, range(400, 600)).values())
    if inner is not None and 0 < missing <= ill:
        return f" (did {inner.door} answer these by itself? name their statuses in `in_front`)"
    if not seen:
        copied = told.evidence.against and told.claim.in_front is None and _or_copied(told, endpoints, missing)
        return f" (did {told.evidence.against}, which the load goes to, answer these from a copy?)" if copied else ""
    if told.claim.in_front is not None:
        return f" (as many were answered {either(seen)}, which `in_front` does not name)"
    return (
        ""
        if told.evidence.against
        else " (did a proxy in front answer these by itself? name their statuses in `in_front`)"
    )


def changed_hint(told: Told) -> str:
    """A hint to be put behind a status that only the counter has, where somebody stands between the service and its users; or ''."""
    if not goes_through(told, told.labels):
        return ""
    return f": the counter is wrong, or something on the way (the load goes to {told.evidence.against}) changed it"


def either(statuses: Collection[int]) -> str:
    """502, 503 or 504."""
    *first, last = map(str, sorted(statuses))
    return f"{', '.join(first)} or {last}" if first else last


def goes_through(told: Told, labels: Labels) -> bool:
    """Whether the load is known to go to something else than what the series are of."""
    against = told.evidence.against
    return bool(against) and (not counts_for(told.counters, labels, against) or told.inner is not None)


def counts_for(found: Counters, labels: Labels, service: str) -> bool:
    """Whether the series are of that service, by its name among their labels or in their address."""
    addresses = {re.sub(r":\d+$", "", target.name[1]) for target in found.targets}
    return service in addresses or any(service in one.values() for one in labels)


def from_front(told: Told, endpoints: Collection[int]) -> dict[int, int]:
    """By status, how many of the answers that were seen a proxy may have given by itself."""
    statuses = (*REFUSED, *FRONT) if told.inner is not None else FRONT
    own = _own(told, endpoints, statuses)
    return {status: told.census.statuses(endpoints, (status,)) - own.get(status, 0) for status in statuses}


def _or_copied(told: Told, endpoints: Collection[int], missing: float) -> str:
    """What else may have kept as many from the service, for a sentence; or ''."""
    well = told.census.least(asking(told.evidence.rows) & {*endpoints}, (2, 3))
    return f", or others from a copy ({well} GET were answered well)" if well >= missing else ""


def _by_front(told: Told, endpoints: Collection[int], missing: float) -> list[int]:
    """The statuses that a proxy may have answered so many with, of those that were seen; none where they were fewer."""
    found = from_front(told, endpoints)
    return [status for status, count in found.items() if count] if 0 < missing <= sum(found.values()) else []


def _own(told: Told, endpoints: Collection[int], statuses: Collection[int]) -> dict[int, int]:
    """By status, how many of these answers are surely the service's own: they name a version, nobody else behind the door names
    one, the door itself is seen to name none on such, and no cache keeps what is no GET."""
    inner = told.inner
    if inner is None or not leads_to_none_but(Parts.of(told.evidence.journal), inner.door, (inner.service,)):
        return {}
    kept_nowhere = frozenset(endpoints) - asking(told.evidence.rows)
    return {
        status: told.census.statuses(kept_nowhere, (status,), named=True)
        for status in unnamed(told.evidence.rows) & {*statuses}
    }
