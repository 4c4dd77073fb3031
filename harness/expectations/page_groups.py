"""Alertmanager's groups, as deliveries tell of them: whether one may hold an alert, and when it is looked at next. Pure.

A new group waits group_wait, then it is looked at every group_interval, whether there was anything to tell or not. What comes into one
that was told of waits for the next time. One of which all is resolved goes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.facts import AlertRouted, Fact, Paged, ReceiverSeen
from harness.journal import Journal
from harness.quantities import spell

EMPTY_S = 30.0
"""How long Alertmanager may keep a group that has become empty."""
WHOLE = "a receiver without max_alerts, whose pages name every alert"
_LABEL = re.compile(r'([\w:]+)="((?:[^"\\]|\\.)*)"(?:, |$)')


@dataclass(frozen=True)
class Due:
    """When the next page could go to a receiver, and why then."""

    at_s: float
    said: str
    facts: tuple[Fact, ...] = ()


def may_hold(group_key: str, alert: str, labels: Mapping[str, str]) -> bool:
    """Whether a group, whose key ends with the labels that all in it have, may have such an alert in it."""
    named = {**labels, "alertname": alert}
    inner = group_key.rpartition(":{")[2].removesuffix("}")
    asked = _LABEL.findall(inner) if _LABEL.sub("", inner) == "" else []
    return all(named.get(name, "") == value for name, value in asked)


def due(
    journal: Journal, receiver: str, alert: str, labels: Mapping[str, str], from_s: float, ready_s: float
) -> Due | None:
    """When an alert that Alertmanager holds since from_s, and holds back no more since ready_s, is told of: in the group that was
    there, else in a new one. None where the receiver's waits are not known."""
    seen = journal.of(ReceiverSeen, receiver=receiver)
    if not seen:
        return None
    wait_s, interval_s = min(one.group_wait_s for one in seen), min(one.group_interval_s for one in seen)
    told = _told(journal, receiver, alert, labels, ready_s)
    if not told:
        said = f"group_wait of {receiver} is {spell(wait_s)}"
        return Due(_next(from_s + wait_s, interval_s, ready_s), said, (seen[0],))
    soonest = min(told, key=lambda page: _next(page.at_s, interval_s, ready_s))
    said = f"its group was told of at {soonest.at_s:.1f} s, and group_interval of {receiver} is {spell(interval_s)}"
    return Due(_next(soonest.at_s, interval_s, ready_s), said, (seen[0], soonest))


def left_out(
    journal: Journal, known: Sequence[AlertRouted | Paged], receiver: str, since_s: float, until_s: float
) -> Paged | None:
    """A delivery to the receiver ('': to any) from which alerts were left out (max_alerts), and one of these may be among them."""
    for page in journal.of(Paged, since_s=since_s, until_s=until_s):
        if page.truncated and receiver in ("", page.receiver) and any(_may_be_in(page, one) for one in known):
            return page
    return None


def _may_be_in(page: Paged, one: AlertRouted | Paged) -> bool:
    receivers = (one.receiver,) if isinstance(one, Paged) else one.receivers
    return page.receiver in receivers and may_hold(page.group_key, one.alert, one.labels)


def cut_short(page: Paged) -> str:
    """What such a delivery leaves open, in words."""
    return f"the page to {page.receiver} at {page.at_s:.1f} s left {page.truncated} alerts out (max_alerts), and this may be one of them"


def _told(journal: Journal, receiver: str, alert: str, labels: Mapping[str, str], by_s: float) -> list[Paged]:
    """The last delivery of each group there that may hold it and is not gone."""
    last: dict[str, list[Paged]] = {}
    for page in journal.of(Paged, receiver=receiver):
        if page.standing or page.before_s is not None or page.at_s > by_s:
            continue
        if may_hold(page.group_key, alert, labels):
            same = [one for one in last.get(page.group_key, ()) if one.delivery == page.delivery]
            last[page.group_key] = [*same, page]
    return [
        pages[0]
        for pages in last.values()
        if by_s - pages[0].at_s <= EMPTY_S or any(page.status == "firing" or page.truncated for page in pages)
    ]


def _next(first_s: float, every_s: float, ready_s: float) -> float:
    if ready_s <= first_s or every_s <= 0:
        return max(first_s, ready_s)
    return first_s + math.ceil((ready_s - first_s) / every_s) * every_s
