"""What is still wrong once a bad release has left, as far as the evidence tells. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.alerting import episodes
from harness.expectations.base import Evidence
from harness.expectations.requests import now_s
from harness.facts import ContainerChanged, ContainerSeen
from harness.journal import Journal
from harness.ledger import DONE, OUTCOMES, Rows
from harness.quantities import numbered, spell
from harness.stats import holds
from harness.versions import BEFORE_S

MOST = 3  # of each kind that are named
WORSE = 3.0  # times the share of before, from which on a way of failing that was there before is named
Way = tuple[str, str]
ANSWERS = {
    "timeout": "no answer in time",
    "conn": "broken connections",
    "wrong": "wrong answers",
    "dropped": "not sent",
}


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong, as a sentence's part, with what shows it."""

    said: str
    cites: tuple[str, ...] = ()


def still_broken(evidence: Evidence, begun_s: float, left_s: float, end_s: float) -> tuple[Wrong, ...]:
    """From the time when the release left to the end of its window, against the time before its deployment."""
    return (
        *_conditions(evidence, left_s, end_s),
        *_requests(evidence, begun_s, left_s, end_s),
        *_containers(evidence.journal, left_s, end_s),
        *_alerts(evidence.journal, begun_s, end_s),
    )


def _conditions(evidence: Evidence, left_s: float, end_s: float) -> Iterator[Wrong]:
    """In the last of it, for as long as the steady state has to hold."""
    steady, start_s = evidence.steady, max(left_s, end_s - evidence.steady.for_s)
    if end_s <= start_s:
        return
    looks = holds(steady.conditions, evidence.rows, start_s, end_s, now_s=now_s(evidence.journal))
    missed = ", ".join(str(look) for look in looks if look.holds is not True)
    if missed:
        yield Wrong(f"in its last {spell(round(end_s - start_s, 1))} {missed}")


def _requests(evidence: Evidence, begun_s: float, left_s: float, end_s: float) -> Iterator[Wrong]:
    """Ways of failing that were not there before, or are much more frequent, the most frequent first."""
    before, n_before, _ = _failures(evidence.rows, begun_s - BEFORE_S, begun_s)
    after, n_after, shown = _failures(evidence.rows, left_s, end_s)
    told = 0
    for way, count in after.most_common():
        name, answer = way
        n, was, of = n_after[name], before[way], n_before[name]
        if was and count / n < WORSE * was / of:
            continue
        calm = f", {was} of {of} before" if was else ", none before" if of else ""
        yield Wrong(f"{count} of {n} {name or 'requests'} got {answer}{calm}", (shown[way],))
        told += 1
        if told == MOST:
            return


def _failures(rows: Rows, start_s: float, end_s: float) -> tuple[Counter[Way], Counter[str], dict[Way, str]]:
    """How many of each request ended in each way of failing, how many ended at all, and a row of each way."""
    import numpy as np

    counts = (rows.array["state"] == DONE) & rows.counted()
    due = rows.select((rows.intended_s >= start_s) & (rows.intended_s < end_s) & counts)
    ways: Counter[Way] = Counter()
    ended: Counter[str] = Counter()
    shown: dict[Way, str] = {}
    kinds, first, many = np.unique(due.array[["endpoint", "outcome", "status"]], return_index=True, return_counts=True)
    for (endpoint, outcome, status), place, count in zip(kinds, first, many, strict=True):
        name, said = due.endpoints[int(endpoint)], OUTCOMES[int(outcome)]
        ended[name] += int(count)
        if said in ("", "ok"):
            continue
        way = name, _answer(said, int(status))
        ways[way] += int(count)
        shown.setdefault(way, due.cite(int(place)))
    return ways, ended, shown


def _answer(outcome: str, status: int) -> str:
    if outcome not in ("4xx", "5xx") or not status:
        return ANSWERS.get(outcome, outcome)
    return f"HTTP {status}"


def _containers(journal: Journal, left_s: float, end_s: float) -> Iterator[Wrong]:
    """Those that ended though nobody stopped them, and those that are not healthy, or do not run, at the end."""
    deaths: dict[str, list[ContainerChanged]] = {}
    stopped: set[str] = set()
    gone: set[str] = set()
    for event in journal.of(ContainerChanged, until_s=end_s):
        name = event.container
        if event.event == "start":
            stopped.discard(name)
            gone.discard(name)
        elif event.event in ("kill", "stop"):
            stopped.add(name)
        elif event.event == "destroy":
            gone.add(name)
        elif event.event == "die" and name not in stopped and event.at_s >= left_s:
            deaths.setdefault(name, []).append(event)
    last = {seen.container: seen for seen in journal.of(ContainerSeen, until_s=end_s)}
    for name in sorted({*deaths, *last} - gone):
        seen, died = last.get(name), deaths.get(name, [])
        state = _ill(seen) if seen else ""
        parts = [f"ended by itself {numbered(len(died), 'time')}"] if died else []
        parts += [f"is {state}"] if state else []
        if parts:
            cited = (*died[:1], *([seen] if seen else []))
            yield Wrong(f"container {name} {' and '.join(parts)}", tuple(fact.cite for fact in cited))


def _ill(seen: ContainerSeen) -> str:
    if seen.health == "unhealthy":
        return "unhealthy"
    return seen.status if seen.status in ("restarting", "dead") else ""


def _alerts(journal: Journal, begun_s: float, end_s: float) -> Iterator[Wrong]:
    """Those that have fired since the deployment and were not seen to clear by its end."""
    fires = [e for e in episodes(journal) if e.from_s >= begun_s and e.fires_at(min(end_s, journal.end_s))]
    names = tuple(dict.fromkeys(episode.alert for episode in fires))
    if names:
        said = f"{'the alert' if len(names) == 1 else 'the alerts'} {', '.join(names[:MOST])}"
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        yield Wrong(
            f"{said}{more} still {'fires' if len(names) == 1 else 'fire'}", tuple(e.began.cite for e in fires[:MOST])
        )
