"""Alerts that Alertmanager held, or that were paged, and that the stack's Prometheus did not make: a log store's ruler did, another
Prometheus, Grafana. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from harness import alerting
from harness.agreeing import Agreeing
from harness.alerting import LAG_S, NO_LABELS, Episode
from harness.facts import AlertRouted, Looked, Paged, TargetChosen
from harness.journal import Journal

PROBE = (
    "silences"  # the probe that tells what Alertmanager holds (harness/probes/silences.py); a test holds them together
)
KEPT_S = 240.0
"""For so long Alertmanager keeps an alert of which it is told nothing more: Prometheus gives it four times its resend delay."""


@dataclass(frozen=True)
class Elsewhere:
    """It fires at from_s, and was last known to at until_s; `known` is how that came to be known."""

    alert: str
    labels: Mapping[str, str]
    from_s: float
    until_s: float
    known: AlertRouted | Paged

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
    ours = _Ours(alerting.episodes(journal, alert) if found else [])
    names = {one.alert for one in sent}
    return sorted(
        (one for one in found if not any(_is(one, episode, names) for episode in ours.near(one))),
        key=lambda one: one.from_s,
    )


class _Ours:
    """What Prometheus made, by what it is known by on its way."""

    def __init__(self, found: Sequence[Episode]) -> None:
        self._agreeing = Agreeing((one.labels, one) for one in found)
        self._named: dict[str, list[Episode]] = {}
        for one in found:
            self._named.setdefault(one.alert, []).append(one)

    def near(self, one: Elsewhere) -> Iterator[Episode]:
        """Those whose labels agree with its own, and then all of its name, those first that began with it: what it is has one or the
        other."""
        yield from self._agreeing.of(one.labels)
        named = self._named.get(one.alert, [])
        place = bisect_left(named, one.from_s - LAG_S, key=lambda episode: episode.from_s)
        yield from named[place:]
        yield from named[:place]


def _paged(journal: Journal) -> Iterator[Elsewhere]:
    """What a mailbox took; whose pages a provider's list has (`before_s`) nobody knows."""
    for page in journal.of(Paged):
        if page.before_s is None and not page.standing:
            from_s = page.at_s if page.starts_s is None else page.starts_s
            yield Elsewhere(page.alert, page.labels, from_s, from_s, page)


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
        yield Elsewhere(began.alert, began.labels, began.at_s, max(began.at_s, last_s), began)


def _is(one: Elsewhere, episode: Episode, names: Set[str]) -> bool:
    """Whether it is an alert that Prometheus made. Alertmanager may have other labels of it (`alert_relabel_configs`), but a page has
    its beginning; what is held has none, and is taken for one of that name. `names`: of all that were held or paged."""
    if one.alert != episode.alert and not _renamed(one, episode, names):
        return False
    if isinstance(one.known, AlertRouted):
        return episode.from_s - LAG_S <= one.until_s and one.from_s <= episode.until_s + KEPT_S
    same = alerting.agree(one.labels, episode.labels) and one.from_s < episode.until_s
    near = one.from_s <= episode.from_s + LAG_S
    return episode.from_s - LAG_S <= one.from_s and (same or near)


def _renamed(one: Elsewhere, episode: Episode, names: Set[str]) -> bool:
    """Whether it may be the same by another name that `alert_relabel_configs` made of its own (prod-Watchdog), under which Alertmanager
    has nothing; all else of it is as it was."""
    longer = episode.alert.lower() in one.alert.lower() and episode.alert not in names
    return longer and alerting.agree(one.labels, episode.labels)
