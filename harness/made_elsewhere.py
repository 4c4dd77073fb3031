"""Alerts that Alertmanager held, or that were paged, and that the stack's Prometheus did not make: a log store's ruler did, another
Prometheus, Grafana. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from harness import alerting
from harness.agreeing import Agreeing
from harness.alerting import GAP_S, LAG_S, NO_LABELS, Episode, Identity
from harness.facts import AlertRouted, Looked, Paged, RuleSeen, TargetChosen
from harness.journal import Journal
from harness.urls import expression

PROBE = (
    "silences"  # the probe that tells what Alertmanager holds (harness/probes/silences.py); a test holds them together
)
KEPT_S = 240.0
"""For so long Alertmanager keeps an alert of which it is told nothing more: Prometheus gives it four times its resend delay."""
SAME_S = 0.5
"""An alert is sent as beginning at its evaluation, which its rule tells a few milliseconds later."""


@dataclass(frozen=True)
class Elsewhere:
    """It fires at from_s, and was last known to at until_s; `known` is how that came to be known, `expr` what its maker's page says
    that it stands on, or ''. `perhaps`: the alert of Prometheus' own that it may be, which stands on that and fired then: it has another name,
    and labels that are not that one's, as `alert_relabel_configs` make them, or another Prometheus with the same rule."""

    alert: str
    labels: Mapping[str, str]
    from_s: float
    until_s: float
    known: AlertRouted | Paged
    expr: str
    perhaps: str = ""

    def told(self) -> str:
        if isinstance(self.known, Paged):
            return f"{self.known.receiver or 'somebody'} was sent a page about it"
        return "Alertmanager held it"


def made_elsewhere(journal: Journal, alert: str = "*", labels: Mapping[str, str] = NO_LABELS) -> list[Elsewhere]:
    """In the order of their beginnings, a page before what Alertmanager held. None of a target's: its Alertmanager may be others', too."""
    if journal.first(TargetChosen) is not None:
        return []
    sent = (*_paged(journal), *_held(journal))
    found = [one for one in sent if alerting.named(one.alert, alert) and alerting.bears(one.labels, labels)]
    exprs = _exprs(journal) if found else {}
    ours = _Ours(alerting.episodes(journal, alert) if found else [], exprs)
    names = {one.alert for one in sent}
    sent_s: dict[Identity, list[float]] = {}
    others: list[Elsewhere] = []
    for one in found:
        if not any(_is(one, episode, exprs.get(episode.alert, frozenset()), names) for episode in ours.near(one)):
            others.append(replace(one, perhaps=_perhaps(one, ours, exprs)))
        elif isinstance(one.known, Paged):
            sent_s.setdefault(alerting.identity(one.alert, one.labels), []).append(one.known.at_s)
    others = [one for one in others if not _held_for(one, sent_s.get(alerting.identity(one.alert, one.labels), ()))]
    return sorted(others, key=lambda one: one.from_s)


class _Ours:
    """What Prometheus made, by what it is known by on its way."""

    def __init__(self, found: Sequence[Episode], exprs: Mapping[str, Set[str]]) -> None:
        self._agreeing = Agreeing((one.labels, one) for one in found)
        self._named: dict[str, list[Episode]] = {}
        self._on: dict[str, list[Episode]] = {}
        for one in found:
            self._named.setdefault(one.alert, []).append(one)
            for expr in exprs.get(one.alert, ()):
                self._on.setdefault(expr, []).append(one)

    def near(self, one: Elsewhere) -> Iterator[Episode]:
        """Those whose labels agree with its own, and then all of its name, those first that began with it: what it is has one or the
        other."""
        yield from self._agreeing.of(one.labels)
        yield from _soonest(self._named.get(one.alert, []), one.from_s)

    def on(self, one: Elsewhere) -> Iterator[Episode]:
        """All that stand on its expression, those first that began with it."""
        yield from _soonest(self._on.get(one.expr, []), one.from_s)


def _soonest(found: Sequence[Episode], from_s: float) -> Iterator[Episode]:
    place = bisect_left(found, from_s - LAG_S, key=lambda episode: episode.from_s)
    yield from found[place:]
    yield from found[:place]


def _held_for(one: Elsewhere, sent_s: Iterable[float]) -> bool:
    """Whether it is what Alertmanager held when it sent pages about an alert that Prometheus made: a page tells more of it."""
    held = isinstance(one.known, AlertRouted)
    return held and any(one.from_s - GAP_S <= at_s <= one.until_s + GAP_S for at_s in sent_s)


def _exprs(journal: Journal) -> dict[str, set[str]]:
    """By alert, what its rules stand on, where that is known."""
    found: dict[str, set[str]] = {}
    for rule in journal.of(RuleSeen):
        if rule.kind == "alerting" and rule.expr:
            found.setdefault(rule.rule, set()).add(" ".join(rule.expr.split()))
    return found


def _paged(journal: Journal) -> Iterator[Elsewhere]:
    """What a mailbox took; whose pages a provider's list has (`before_s`) nobody knows."""
    for page in journal.of(Paged):
        if page.before_s is None and not page.standing:
            from_s = page.at_s if page.starts_s is None else page.starts_s
            expr = page.expr or expression(page.generator)  # an older run has the page's URL alone
            yield Elsewhere(page.alert, page.labels, from_s, from_s, page, expr)


def _held(journal: Journal) -> Iterator[Elsewhere]:
    looks = sorted(look.seen_s for look in journal.of(Looked, probe=PROBE))
    open_: dict[object, AlertRouted] = {}
    closed: list[tuple[AlertRouted, float]] = []
    for seen in journal.of(AlertRouted):
        key = seen.fingerprint or alerting.identity(seen.alert, seen.labels)
        if seen.state != "gone":
            open_.setdefault(key, seen)
        elif began := open_.pop(key, None):
            closed.append((began, seen.seen_s))
    for began, gone_s in (*closed, *((began, journal.end_s + 1.0) for began in open_.values())):
        before = bisect_left(looks, gone_s)
        last_s = looks[before - 1] if before else began.at_s
        yield Elsewhere(began.alert, began.labels, began.at_s, max(began.at_s, last_s), began, began.expr)


def _is(one: Elsewhere, episode: Episode, exprs: Set[str], names: Set[str]) -> bool:
    """Whether it is an alert that Prometheus made: it stands on the rule's expression, whatever `alert_relabel_configs` made of its name
    or its labels (not of both), or has its name, or one that may have been made of it. A page has the alert's beginning; what is held has none.

    `exprs`: of the rules of that name; `names`: of all that were held or paged.
    """
    if one.expr and exprs:
        if one.expr not in exprs or (one.alert != episode.alert and not alerting.agree(one.labels, episode.labels)):
            return False
    elif one.alert != episode.alert and not _renamed(one, episode, names):
        return False
    return _then(one, episode)


def _perhaps(one: Elsewhere, ours: _Ours, exprs: Mapping[str, Set[str]]) -> str:
    """Of those on its expression that which it may be by another name and with other labels, where no rule has that name; or ''."""
    if not one.expr or one.alert in exprs:
        return ""
    return next((episode.alert for episode in ours.on(one) if _then(one, episode)), "")


def _then(one: Elsewhere, episode: Episode) -> bool:
    """Whether it was there when the alert fired, and a page is about what began as that did."""
    if isinstance(one.known, AlertRouted):
        return episode.from_s - LAG_S <= one.until_s and one.from_s <= episode.until_s + KEPT_S
    same = alerting.agree(one.labels, episode.labels) and one.from_s < episode.until_s
    near = one.from_s <= episode.from_s + LAG_S
    return _sent_from_s(episode) - LAG_S <= one.from_s and (same or near)


def _sent_from_s(episode: Episode) -> float:
    """The earliest instant at which it can have begun: one that fired at the first look began before it."""
    return episode.from_s if episode.began.before_s is not None else episode.active_s


def _renamed(one: Elsewhere, episode: Episode, names: Set[str]) -> bool:
    """Whether it may be the same by another name that was made of its own, under which Alertmanager has nothing, where no expression
    tells: a name with the whole of its own in it (prod-Watchdog), or any in a page that says nothing of its maker and that the alert
    began at that very evaluation. It has all of the alert's labels."""
    if episode.alert in names or not alerting.bears(one.labels, episode.labels):
        return False
    longer = re.search(rf"(?<![a-z0-9]){re.escape(episode.alert)}(?![a-z0-9])", one.alert, re.IGNORECASE)
    bare = isinstance(one.known, Paged) and not one.known.generator
    return bool(longer) or (bare and abs(one.from_s - episode.from_s) <= SAME_S)
