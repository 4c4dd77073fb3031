"""Pages of a stretch that only receivers got whom nobody here sees: what Alertmanager held tells what stood in them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.expectations import page_groups, page_receivers
from harness.facts import AlertRouted, ReceiverSeen
from harness.journal import Journal, Window

ASKED_S = 1.0
"""Alertmanager is asked once a second what it holds (harness/probes/silences.py): what is due is known to be so by so much too late."""


@dataclass(frozen=True)
class Unheard:
    """Such a page: when it was due, its alert, and the receiver that cannot be seen."""

    at_s: float
    alert: str
    labels: Mapping[str, str]
    receiver: ReceiverSeen
    cite: str

    def __str__(self) -> str:
        return f"{self.alert} at {self.at_s:.1f} s went to {self.receiver.receiver}, and {page_receivers.unseen(self.receiver)}"


def unheard(journal: Journal, window: Window, *, seen_too: bool = False) -> list[Unheard]:
    """One for each alert that began to be held in the window, was due by its end, and was not held back until then.

    seen_too   also those that another receiver got as well, who is seen
    """
    each: dict[str, list[AlertRouted]] = {}
    for seen in journal.of(AlertRouted, until_s=window.end_s):
        each.setdefault(seen.fingerprint, []).append(seen)
    found = [one for states in each.values() for one in _of(journal, window, states, seen_too)]
    return sorted(found, key=lambda one: (one.at_s, one.alert))


def first_unheard(journal: Journal, alert: str, window: Window) -> Unheard | None:
    """The first page for an alert ('': for any) that called somebody in the window whom nobody here sees, whoever else was called."""
    known = Window(window.start_s, min(window.end_s, journal.end_s))
    found = unheard(journal, known, seen_too=True)
    return next((one for one in found if alert in ("", one.alert)), None)


def _of(journal: Journal, window: Window, states: list[AlertRouted], seen_too: bool) -> Iterator[Unheard]:
    receivers = journal.of(ReceiverSeen, until_s=window.end_s)
    observable = {one.receiver for one in receivers if one.observable}
    blind = {one.receiver: one for one in page_receivers.blind(receivers)}
    held_s: float | None = None
    for seen, until_s in zip(states, [*(one.at_s for one in states[1:]), window.end_s], strict=True):
        held_s = None if seen.state == "gone" else seen.at_s if held_s is None else held_s
        if held_s is None or held_s < window.start_s or seen.state == "suppressed":
            continue
        if observable & {*seen.receivers} and not seen_too:
            continue
        for name in seen.receivers:
            if name not in blind or name in seen.muted:
                continue
            due = page_groups.due(journal, name, seen.alert, seen.labels, held_s, seen.at_s)
            if due is not None and due.at_s < until_s:
                yield Unheard(due.at_s, seen.alert, seen.labels, blind[name], seen.cite)
                return
