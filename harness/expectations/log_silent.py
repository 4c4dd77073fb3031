"""Failed requests without a line of which nobody knows whether they reached the services: what is told of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.log_limits import Limit, State
from harness.expectations.metric_in_front import FRONT, either

if TYPE_CHECKING:
    from harness.expectations.log_looked import Looked

TO_STATE = "`in_front` with the statuses that it answers by itself, such as in_front: [502, 503], or [] for none"
TO_TELL_APART = (
    "a proxy that writes no version on what it answers by itself, before a service that names its own on every answer"
)


def silent(looked: Looked, door: str, *, stated: bool, held: bool) -> Iterator[Limit]:
    """Connections that broke, and what the door may have answered by itself, which no line tells of. `held`: the shares hold
    even if all of these reached the service, so that they are only told."""
    for limit in _unknown(looked, door, stated=stated):
        yield (
            Limit(
                limit.what,
                limit.said,
                aside=f"; {limit.said}; the shares hold even if all of these reached the service",
            )
            if held
            else limit
        )


def _unknown(looked: Looked, door: str, *, stated: bool) -> Iterator[Limit]:
    if (fronted := silent_in_front(looked, door, stated=stated)) is not None:
        yield fronted
    if count := int((looked.failed.maybe & ~looked.failed.fronted & ~looked.judged).sum()):
        said = f"{count} broken connections left no line: nobody knows whether their requests reached the service"
        yield Limit("broken", said, State.OPEN, reason="unknown_reach", decide="a log of every connection")


def silent_in_front(looked: Looked, door: str, *, stated: bool) -> Limit | None:
    """What the door may have answered by itself, and no line tells of. `stated`: the claim says with which statuses it does."""
    failed = looked.failed
    mute = failed.fronted & ~looked.judged
    if not mute.any():
        return None
    statuses = either(np.unique(failed.rows.array["status"][mute]).tolist())
    if stated:
        said = (
            f"{int(mute.sum())} more were answered {statuses}, which `in_front` names, with a version, and left no line: they may be the "
            "service's own, or the proxy in front, or another service, names one too"
        )
        return Limit("in front", said, State.OPEN, reason="answered_in_front", decide=TO_TELL_APART)
    said = (
        f"{int(mute.sum())} more were answered {statuses} and left no line: {door}, which the load goes to, may have answered these by "
        "itself"
    )
    return Limit("in front", said, State.OPEN, reason="answered_in_front", decide=TO_STATE)


def in_front_hint(looked: Looked, door: str) -> str:
    """A hint to be put behind a failure, where a proxy's statuses came both with a version and without one; or ''."""
    array = looked.failed.rows.array[looked.judged]
    fronts = np.isin(array["status"], FRONT)
    unnamed = fronts & (array["version"] == 0)
    if not door or not unnamed.any() or not (fronts & ~unnamed).any():
        return ""
    statuses = either(np.unique(array["status"][unnamed]).tolist())
    return f" (did {door} answer {int(unnamed.sum())} of these by itself, {statuses} without a version? name it in `in_front`)"
