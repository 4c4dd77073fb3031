"""Whether Alertmanager's own waits left no time for a page: it held the alert, and nothing was due by then. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness import alerting
from harness.alerting import Episode
from harness.expectations import page_groups, page_receivers
from harness.expectations.page_held_back import aimed
from harness.expectations.page_hops import BROKEN, Hop, Sought
from harness.facts import AlertRouted
from harness.journal import Journal


def waiting(journal: Journal, sought: Sought, held: Sequence[AlertRouted], firing: Sequence[Episode]) -> Hop | None:
    """The hop at which a page ended that was not due yet; None where one was due, or nobody knows."""
    found = []
    for one in _calls(journal, sought, held, firing):
        for receiver in one.receivers:
            if page_receivers.silent(journal, receiver, sought.limit_s):
                continue
            due = page_groups.due(journal, receiver, one.alert, one.labels, one.from_s, one.ready_s)
            if due is None or due.at_s <= min(one.until_s, sought.limit_s):
                return None
            found.append((due, one))
    if not found:
        return None
    due, one = min(found, key=lambda pair: pair[0].at_s)
    cleared = f"; it cleared at {one.until_s:.1f} s" if one.until_s < due.at_s else ""
    said = f"Alertmanager was still waiting: {due.said}, so that no page was due before {due.at_s:.1f} s{cleared}"
    return Hop("delivered", BROKEN, said, reason="still_waiting", facts=due.facts)


@dataclass(frozen=True)
class _Call:
    """An alert that Alertmanager held in [from_s, until_s) for these receivers, and held back no more since ready_s."""

    alert: str
    labels: dict[str, str]
    receivers: tuple[str, ...]
    from_s: float
    ready_s: float
    until_s: float


def _calls(journal: Journal, sought: Sought, held: Sequence[AlertRouted], firing: Sequence[Episode]) -> list[_Call]:
    """One for each stretch in which such an alert fired, as Alertmanager held it."""
    each: dict[str, list[AlertRouted]] = {}
    for seen in aimed(held, sought.receiver):
        each.setdefault(seen.fingerprint, []).append(seen)
    calls = []
    for states in each.values():
        last, first_s = states[-1], states[0].at_s
        meant = page_receivers.meant([last], sought.receiver)
        gone = journal.of(AlertRouted, fingerprint=last.fingerprint, state="gone", since_s=last.at_s)
        mine = [one for one in firing if alerting.agree(last.labels, one.labels)] or list(firing)
        stretches = [(one.from_s, one.until_s) for one in mine] or [(first_s, gone[0].at_s if gone else math.inf)]
        calls += [
            _Call(last.alert, last.labels, meant, from_s, _ready_s(states, from_s), until_s)
            for from_s, until_s in stretches
        ]
    return [call for call in calls if not math.isinf(call.ready_s)]


def _ready_s(states: Sequence[AlertRouted], from_s: float) -> float:
    """Since when it is held back no more; infinite while it is."""
    if states[-1].state == "suppressed":
        return math.inf
    quiet = [number for number, one in enumerate(states) if one.state == "suppressed"]
    return max(from_s, states[quiet[-1] + 1].at_s) if quiet else from_s
