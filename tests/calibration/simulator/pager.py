"""Alertmanager and what it delivers: groups, their waits, silences and inhibitions, retries. Times are of the run.

Source: Alertmanager dispatch/dispatch.go and notify/notify.go: a new group waits group_wait, then it is looked at every
group_interval and told of when something in it is new; an alert that is held back at that moment is not told of.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from calibration.simulator import chance as chances
from calibration.simulator.rules import Change, Rule
from calibration.simulator.world import Pager


@dataclass(frozen=True)
class Held:
    """One alert as Alertmanager holds it, from come_s until gone_s (it fired from from_s until until_s)."""

    rule: Rule
    labels: Mapping[str, str]
    from_s: float
    until_s: float
    come_s: float
    gone_s: float
    value: float = 0.0

    @property
    def fingerprint(self) -> str:
        text = ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))
        return hashlib.sha256(f"{self.rule.name}/{text}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Delivery:
    """One alert in one notification as it came to its receiver."""

    held: Held
    receiver: str
    group_key: str
    status: str
    at_s: float
    number: int
    count: int


def held_alerts(changes: Sequence[Change], end_s: float, chance: random.Random) -> list[Held]:
    """Every stretch in which an alert fired, as Prometheus tells Alertmanager of it."""
    begun: dict[tuple[str, object], Change] = {}
    found: list[tuple[Change, float]] = []
    for change in changes:
        key = (change.rule.name, change.labels)
        if change.state == "firing":
            begun.setdefault(key, change)
        elif change.state == "inactive" and key in begun:
            found.append((begun.pop(key), change.at_s))
    found += [(change, float("inf")) for change in begun.values()]
    held = []
    for change, until_s in sorted(found, key=lambda one: one[0].at_s):
        come_s, gone_s = change.at_s + chance.uniform(0.005, 0.05), until_s + chance.uniform(0.005, 0.05)
        held.append(
            Held(change.rule, labels_of(change), change.at_s, until_s, come_s, min(gone_s, end_s + 1.0), change.value)
        )
    return held


def labels_of(change: Change) -> dict[str, str]:
    """The rule's labels and those that its expression leaves."""
    return {**dict(change.labels), **change.rule.labels}


def receiver_of(pager: Pager, labels: Mapping[str, str]) -> str:
    return pager.routes.get(labels.get("severity", ""), "tickets")


def muted(pager: Pager, alert: Held, all_held: Sequence[Held], at_s: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of the silences, and fingerprints of the alerts, that hold this one back at a moment."""
    names = {**alert.labels, "alertname": alert.rule.name}
    silences = tuple(one.id for one in pager.silences if all(names.get(n) == v for n, v in one.labels.items()))
    inhibitors = tuple(
        other.fingerprint
        for rule in pager.inhibitions
        if rule.target == alert.rule.name
        for other in all_held
        if other.rule.name == rule.source
        and other.come_s <= at_s < other.gone_s
        and all(other.labels.get(name, "") == alert.labels.get(name, "") for name in rule.equal)
    )
    return silences, inhibitors


def deliveries(pager: Pager, held: Sequence[Held], end_s: float, seed: int) -> list[Delivery]:
    """All that receivers were sent, in the order of its coming."""
    groups: dict[tuple[str, ...], list[Held]] = {}
    for alert in held:
        names = {**alert.labels, "alertname": alert.rule.name}
        key = (receiver_of(pager, alert.labels), *(names.get(name, "") for name in pager.group_by))
        groups.setdefault(key, []).append(alert)
    found: list[Delivery] = []
    for key, alerts in groups.items():
        text = "{}:{" + ", ".join(f'{n}="{v}"' for n, v in zip(pager.group_by, key[1:], strict=True)) + "}"
        found += _group(pager, key[0], text, alerts, held, end_s, chances.stream(seed, f"deliveries {key}"))
    found.sort(key=lambda delivery: delivery.at_s)
    return found


def _group(
    pager: Pager,
    receiver: str,
    key: str,
    alerts: Sequence[Held],
    all_held: Sequence[Held],
    end_s: float,
    chance: random.Random,
) -> Iterator[Delivery]:
    number = int(hashlib.sha256(f"{receiver}{key}".encode()).hexdigest()[:6], 16)
    waiting, told = sorted(alerts, key=lambda alert: alert.come_s), set[str]()
    inside: list[Held] = []
    next_s = float("inf")
    while waiting or inside:
        if waiting and waiting[0].come_s <= next_s:
            alert = waiting.pop(0)
            if not inside:
                next_s = alert.come_s + pager.group_wait_s
            inside.append(alert)
            continue
        if next_s > end_s:
            return
        speaking = [a for a in inside if muted(pager, a, all_held, next_s) == ((), ())]
        firing = [a for a in speaking if a.gone_s > next_s]
        resolved = [a for a in inside if a.gone_s <= next_s]
        news = [a for a in firing if _mark(a) not in told]
        over = [a for a in resolved if _mark(a) in told and pager.send_resolved]
        if (news or over) and receiver not in pager.deaf:
            number += 1
            at_s = next_s + chance.uniform(0.01, 0.08)
            again = chance.random() < pager.retry_share
            for turn in range(1 + again):
                for alert, status in [*((a, "firing") for a in firing), *((a, "resolved") for a in over)]:
                    count = len(firing) + len(over)
                    yield Delivery(alert, receiver, key, status, at_s + 1.3 * turn, number + turn, count)
            number += again
        told |= {_mark(alert) for alert in firing}
        inside = [alert for alert in inside if alert not in resolved]
        next_s = next_s + pager.group_interval_s if inside else float("inf")


def _mark(alert: Held) -> str:
    return f"{alert.fingerprint}@{alert.from_s}"
