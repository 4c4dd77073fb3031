"""Alerts of the stack's own Prometheus: each from pending over firing to clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.facts import AlertChanged
from harness.report.html.lanes.base import Bands, Mark, Tone

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

TONES: dict[str, Tone] = {"pending": "warn", "firing": "bad"}


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    alerts: dict[str, dict[tuple[tuple[str, str], ...], list[AlertChanged]]] = {}
    for fact in story.journal.of(AlertChanged):
        alerts.setdefault(fact.alert, {}).setdefault(tuple(sorted(fact.labels.items())), []).append(fact)
    end_s = story.journal.end_s
    rows = tuple(
        (alert, tuple(mark for changes in kinds.values() for mark in _marks(changes, end_s)))
        for alert, kinds in sorted(alerts.items())
    )
    note = "As the stack's Prometheus evaluated them: pending, firing, clear."
    return Bands("alerts", "Alerts", rows, note) if rows else None


def _marks(changes: Sequence[AlertChanged], end_s: float) -> Iterator[Mark]:
    """Each state but inactive lasts until the next change of the same alert and labels."""
    for i, change in enumerate(changes):
        if change.state not in TONES:
            continue
        after = changes[i + 1] if i + 1 < len(changes) else None
        detail = {"labels": ", ".join(f"{name}={value}" for name, value in sorted(change.labels.items()))}
        cites = (change.cite,) if after is None else (change.cite, after.cite)
        yield Mark(change.at_s, after.at_s if after else end_s, change.state, TONES[change.state], detail, cites)
