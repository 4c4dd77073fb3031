"""What a journal tells of alerts: when each one fired and cleared, and how fast one could be. Pure.

An alert is a rule's name with a set of labels. Prometheus decides at its evaluations alone, so their times are exact:
an alert fires, and clears, at an evaluation. What is known of them comes with the looks of the probe `alerts`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from harness.evaluations import histories
from harness.facts import AlertChanged, ReceiverSeen, RuleSeen, TargetSeen
from harness.journal import Journal
from harness.templates import varies

PROBE = "alerts"
GAP_S = 5.0  # as the probe promises (harness/probes/alerts.py); a test holds them together
LAG_S = 2.0  # an evaluation is over, and seen by a look, so long after its own time
DELIVERY_S = 1.0  # what Alertmanager and the network take at the most on top of their waits

Identity = tuple[str, frozenset[tuple[str, str]]]
"""An alert's name and its labels: what makes it the same one again."""
NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Quiet:
    """The condition `no alert firing`; `allow` are alerts that may (a watchdog that fires always), as patterns."""

    allow: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "no alert firing" + (f" except {', '.join(self.allow)}" if self.allow else "")


@dataclass(frozen=True)
class Episode:
    """One alert that fired without a break in [from_s, until_s); until_s is infinite while it was not seen to clear.

    active   the change by which it began to hold before it fired: its pending one, or that it fired where none was seen
    """

    alert: str
    labels: Mapping[str, str]
    from_s: float
    until_s: float
    active: AlertChanged
    began: AlertChanged
    ended: AlertChanged | None = None

    def __hash__(self) -> int:
        return hash((self.identity, self.from_s))

    @cached_property
    def identity(self) -> Identity:
        return identity(self.alert, self.labels)

    @property
    def active_s(self) -> float:
        """The evaluation since which the expression holds: Prometheus tells it itself; else the one at which it was first seen to."""
        told_s = self.began.active_s
        return min(self.from_s, self.active.at_s if told_s is None else told_s)

    def fires_at(self, at_s: float) -> bool:
        return self.from_s <= at_s < self.until_s


def identity(alert: str, labels: Mapping[str, str]) -> Identity:
    return alert, frozenset((name, value) for name, value in labels.items() if name != "alertname")


def bears(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether the labels are those that are asked for, and any others."""
    return all(labels.get(name) == value for name, value in wanted.items())


def agree(labels: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Whether no label has one value here and another there."""
    return all(others.get(name, value) == value for name, value in labels.items())


def may_bear(rule: RuleSeen, wanted: Mapping[str, str]) -> bool:
    """Whether alerts of the rule may have these labels: its own say nothing else. Templates ('{{ … }}') may become anything, and
    labels that it does not set come from its series."""
    return all(rule.labels.get(name, value) == value or "{{" in rule.labels[name] for name, value in wanted.items())


def makes(rule: RuleSeen, episode: Episode) -> bool:
    """Whether the alert may be of this rule: its name, its group where that is known, and labels that the rule does not set."""
    mine = rule.kind == "alerting" and rule.rule == episode.alert and episode.began.group in ("", rule.group)
    return mine and may_bear(rule, episode.labels)


def born(rule: RuleSeen, episode: Episode) -> dict[str, str]:
    """The alert's labels that its rule does not set: they come from its series."""
    return {name: value for name, value in episode.labels.items() if name not in rule.labels}


def varying(rule: RuleSeen) -> frozenset[str]:
    """Labels that its templates make of the value, or of another query: one alert has others of them from one evaluation to the
    next. What is made of the series' own labels stays."""
    return frozenset(name for name, value in rule.labels.items() if varies(value))


def named(alert: str, pattern: str) -> bool:
    """Whether a claim's `alert` means this one: its name, or a pattern such as '*' or 'Orders*'. Brackets are a name's own: '[P1] Slow'."""
    return alert == pattern or fnmatchcase(alert, pattern.replace("[", "[[]"))


def is_pattern(alert: str) -> bool:
    """Whether a claim's `alert` may mean several."""
    return bool(set("*?") & set(alert))


def episodes(journal: Journal, alert: str = "*", labels: Mapping[str, str] = NO_LABELS) -> list[Episode]:
    """Every stretch in which such an alert fired, in the order of their beginnings."""
    return list(journal.once(_episodes, alert, frozenset(labels.items())))


def _episodes(journal: Journal, alert: str, wanted: frozenset[tuple[str, str]]) -> list[Episode]:
    labels = dict(wanted)
    open_: dict[Identity, tuple[AlertChanged, AlertChanged]] = {}
    pending: dict[Identity, AlertChanged] = {}
    found: list[Episode] = []
    for change in journal.of(AlertChanged):
        if not named(change.alert, alert) or not bears(change.labels, labels):
            continue
        key = identity(change.alert, change.labels)
        if change.state == "firing":
            open_.setdefault(key, (pending.pop(key, change), change))
            continue
        if key in open_:
            active, began = open_.pop(key)
            found.append(Episode(change.alert, change.labels, began.at_s, change.at_s, active, began, change))
        if change.state == "pending":
            pending[key] = change
        else:
            pending.pop(key, None)
    found += [
        Episode(began.alert, began.labels, began.at_s, math.inf, active, began) for active, began in open_.values()
    ]
    return sorted(found, key=lambda episode: (episode.from_s, episode.until_s, episode.alert))


def watched(journal: Journal, start_s: float, end_s: float, lag_s: float = LAG_S) -> bool:
    """Whether every evaluation from start_s to end_s was looked at."""
    return journal.watched(PROBE, "", start_s, end_s, GAP_S, lag_s)


def loaded(journal: Journal, until_s: float = math.inf) -> tuple[RuleSeen, ...]:
    """All rules, alerting and recording, as they were last seen before an instant; those gone by then are left out."""
    last = [history[-1] for history in histories(journal, until_s).values()]
    return tuple(seen for seen in last if not seen.gone)


def rules(
    journal: Journal, alert: str, until_s: float = math.inf, labels: Mapping[str, str] = NO_LABELS
) -> tuple[RuleSeen, ...]:
    """The alerting rules of that name among them whose alerts may have these labels."""
    return tuple(
        one
        for one in loaded(journal, until_s)
        if one.kind == "alerting" and named(one.rule, alert) and may_bear(one, labels)
    )


@dataclass(frozen=True)
class Link:
    """What one part of the way from a cause to its page takes, by the intervals of those that it waits for."""

    low_s: float
    high_s: float
    made_of: str


@dataclass(frozen=True)
class Floor:
    """How soon after its cause an alert (or its page) comes at the earliest and, the cause being plain, at the latest.

    links   what it is made of, in order: sample (after the effect), active, fired, and page where that was asked
    """

    links: Mapping[str, Link]

    @property
    def low_s(self) -> float:
        return sum(link.low_s for link in self.links.values())

    @property
    def high_s(self) -> float:
        return sum(link.high_s for link in self.links.values())

    def __str__(self) -> str:
        parts = ", ".join(link.made_of for link in self.links.values() if link.made_of)
        return f"{_s(self.low_s)}–{_s(self.high_s)} s ({parts})"


def floor(
    journal: Journal,
    alert: str,
    receiver: str | None = None,
    until_s: float = math.inf,
    labels: Mapping[str, str] = NO_LABELS,
    group: str = "",
) -> Floor | None:
    """The floor of an alert's detection; with a receiver ('' for any) that of its page. None without its rule. `group` is that of
    the rule which made it fire, where that is known: several rules may make one alert.

    Scrape and evaluation happen on grids: from a cause to the next sample, and from that to the next evaluation, take
    anything up to one interval each. `for` is rounded up to whole evaluations; group_wait comes before a new group's page.
    A rule's query_offset is told by no API: where it has one, its alert comes later by that.
    """
    mine = rules(journal, alert, until_s, labels)
    mine = tuple(one for one in mine if group and one.group == group) or mine
    if not mine:
        return None
    targets = journal.of(TargetSeen, until_s=until_s)
    scrape_s = max((target.interval_s for target in targets), default=0.0)
    took_s = min(max((target.took_s for target in targets), default=0.0), scrape_s)
    evaluation_s = max(rule.interval_s for rule in mine)
    held = [held_s(rule) for rule in mine]
    links = {
        "sample": Link(0.0, scrape_s + took_s, f"scrape {scrape_s:g} s"),
        "active": Link(0.0, evaluation_s, f"evaluation {evaluation_s:g} s"),
        "fired": Link(min(held), max(held), f"for {_s(mine[0].for_s)} s"),
    }
    if receiver is not None:
        seen = journal.of(ReceiverSeen, until_s=until_s, routed=True)
        group_s = [one.group_wait_s for one in seen if receiver in ("", one.receiver)]
        wait = f"group_wait {min(group_s):g} s" if group_s else ""
        links["page"] = Link(min(group_s, default=0.0), max(group_s, default=0.0) + DELIVERY_S, wait)
    return Floor(links)


def held_s(rule: RuleSeen) -> float:
    """F_eff: `for`, as it is at the evaluations: it fires at the first one at which it has been active for so long."""
    if rule.interval_s <= 0:
        return rule.for_s
    return math.ceil(round(rule.for_s / rule.interval_s, 6)) * rule.interval_s


def kept_s(rule: RuleSeen) -> float:
    """`keep_firing_for`, as it is at the evaluations: it counts from the first one at which the expression holds no more."""
    if rule.interval_s <= 0:
        return rule.keep_firing_s
    return math.ceil(round(rule.keep_firing_s / rule.interval_s, 6)) * rule.interval_s


def _s(value_s: float) -> str:
    return f"{round(value_s, 1):g}" if value_s < 1e5 else f"{value_s:.0f}"


def shown(labels: Mapping[str, str], but: Iterable[str] = ("alertname",)) -> str:
    """Labels as PromQL writes them, '{service="api"}'; '' for none."""
    hidden = set(but)
    inner = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name not in hidden)
    return f"{{{inner}}}" if inner else ""


def differing(wanted: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    """For each of other labels: what differs first from those wanted, as (name, wanted, found)."""
    for labels in others:
        name = next((name for name, value in wanted.items() if labels.get(name) != value), "")
        if name:
            yield name, wanted[name], labels.get(name, "")
