"""What cannot be decided of pages that were read from a provider's list: what came between two looks, is nameless, or stood there before."""

from __future__ import annotations

from collections.abc import Sequence

from harness.expectations import alerts
from harness.expectations.base import Evidence
from harness.expectations.notifications import Notification, notifications
from harness.expectations.requests import cites
from harness.facts import Paged
from harness.journal import Window
from harness.quantities import figures
from harness.verdict import Finding, Measure, inconclusive


def between(
    evidence: Evidence, window: Window, notes: Sequence[Notification], limit_s: float, what: str
) -> Finding | None:
    """The list was looked at before the limit and after it, and one of these came between the two looks; None where none did."""
    note = next((note for note in notes if note.low_s <= limit_s < note.at_s), None)
    if note is None:
        return None
    low_s, high_s = (round(max(0.0, at_s - window.start_s), 3) for at_s in (note.low_s, note.at_s))
    return inconclusive(
        f"{what} came between {low_s:.1f} and {high_s:.1f} s after {alerts.start_of(evidence)}, between two looks at the list of "
        f"pages; the limit, {figures(limit_s - window.start_s)} s, lies in between",
        reason="too_near",
        decide="a shorter `every` of the target's pages.poll, or another `within`",
        measure=Measure(low_s, high_s, "s", "grid"),
        cites=cites(evidence, note.first),
    )


def nameless(evidence: Evidence, stretch: tuple[float, float], receiver: str, status: str, what: str) -> Finding | None:
    """Pages came of which the list does not tell the alert, so one may be the page that is looked for; None where none came."""
    from_s, limit_s = stretch
    pages = [
        note.first
        for note in notifications(evidence.journal)
        if not note.first.alert
        and note.first.status == status
        and receiver in ("", note.first.receiver)
        and from_s < note.at_s
        and note.low_s <= limit_s
    ]
    if not pages:
        return None
    first = pages[0]
    return inconclusive(
        f"a page came to {first.receiver} ({first.fingerprint}) whose alert is not known, so it may be {what}",
        reason="not_observable",
        decide="`fields.alert` and `fields.named` of the target's pages.poll, so that every page's alert is found",
        cites=cites(evidence, *pages[:3]),
    )


def standing(evidence: Evidence, page: Paged, what: str) -> Finding:
    """The page was open before the run: a provider adds an alert to it, and calls nobody."""
    return inconclusive(
        f"{what} was in the list of pages already when the run began ({page.fingerprint}), so an alert may have been added to it and "
        "nobody called again",
        reason="pre_existing",
        decide="that page resolved before the run begins",
        cites=cites(evidence, page),
    )
