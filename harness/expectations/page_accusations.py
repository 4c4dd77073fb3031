"""Whom the pages of a stretch accuse, as the mailbox received them: a label names a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.blaming import Parts, Truth
from harness.expectations import alerts
from harness.expectations.accusations import Accused, Heard, alias, sure
from harness.expectations.base import Evidence
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, notifications
from harness.expectations.page_unheard import unheard
from harness.facts import Paged
from harness.journal import Window

ABOUT = ("component", "service")
"""Labels that say whom a page is about. One about a part on the way to who was hurt tells of a symptom, and accuses nobody."""
SEVERITIES = ("none", "info", "ticket", "warning", "error", "page", "critical")


class _Page(NamedTuple):
    at_s: float
    alert: str
    labels: Mapping[str, str]
    cite: str


def heard(evidence: Evidence, window: Window, parts: Parts, truth: Truth, labels: Sequence[str]) -> Heard:
    """By receipt, then the most severe first; of one that names several the first of the `labels`."""
    came = [
        _Page(page.at_s, page.alert, page.labels, page.cite)
        for page in (note.first for note in notifications(evidence.journal))
        if page.status == "firing" and window.start_s <= page.at_s < window.end_s and _fresh(page, window)
    ]
    lost = unheard(evidence.journal, window)
    unseen = [_Page(one.at_s, one.alert, one.labels, one.cite) for one in lost]
    every, aside = _accused(came, parts, truth, labels)
    return Heard(
        "pages",
        sure(every),
        _unseen(evidence, window),
        strange=every,
        with_unheard=_accused([*came, *unseen], parts, truth, labels)[0],
        unheard=f"{lost[0]}{f' ({len(lost) - 1} more)' if len(lost) > 1 else ''}" if lost else "",
        aside=aside,
    )


def _fresh(page: Paged, window: Window) -> bool:
    began_s = page.before_s if page.starts_s is None else page.starts_s
    return began_s is None or began_s >= window.start_s - 1.0  # written in whole seconds


def _accused(
    pages: Iterable[_Page], parts: Parts, truth: Truth, labels: Sequence[str]
) -> tuple[tuple[Accused, ...], tuple[str, ...]]:
    """Whom they accuse, and what of them was no accusation."""
    found: list[tuple[tuple[float, int, str, str], Accused]] = []
    aside: list[str] = []
    for page in sorted(pages, key=lambda page: page.at_s):
        told = next((label for label in (*labels, *ABOUT) if page.labels.get(label)), "")
        if not told:
            continue
        name, about = page.labels[told], told not in labels
        part = parts.part(name, page.at_s)
        known = bool(parts.meant(name, page.at_s)) or part in truth.allowed
        why = f"{page.alert} at {page.at_s:.1f} s"
        if about and part in truth.chain:
            aside.append(f"{why} is about {part}, on the way: a symptom")
            continue
        strange = bool(truth.roots) and not known  # where nobody was hurt, whoever is accused is so falsely
        if strange:
            aside.append(alias(f"{why} names", name))
        one = Accused(part, "pages", why, page.cite, strange, about)
        found.append(((page.at_s, -_severity(page.labels), page.alert, part), one))
    return _distinct([one for _, one in sorted(found, key=lambda pair: pair[0])]), tuple(aside)


def _unseen(evidence: Evidence, window: Window) -> str:
    missing = alerts.without(evidence, pages=True)
    if missing is not None:
        return missing.because
    if not evidence.journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
        return "the mailbox could not be looked at all the time"
    return ""


def _severity(labels: Mapping[str, str]) -> int:
    told = labels.get("severity", "").lower()
    return SEVERITIES.index(told) if told in SEVERITIES else SEVERITIES.index("warning")


def _distinct(accused: Sequence[Accused]) -> tuple[Accused, ...]:
    first: dict[str, Accused] = {}
    for one in accused:
        first.setdefault(one.part, one)
    return tuple(first.values())
