"""What an all-clear that came leaves open: the alert fires still, or anew, or people were called of another and not told that it is over.
Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from harness import alerting
from harness.agreeing import Agreeing
from harness.alerting import Episode
from harness.expectations import alerts, next_fault, page_all_clear
from harness.expectations.base import Evidence
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import GAP_S, LAG_S, PROBE
from harness.expectations.page_alerts import began_s, of_page, told_s
from harness.expectations.page_hops import Sought
from harness.expectations.requests import cites
from harness.facts import AlertRouted, Paged
from harness.journal import Journal
from harness.verdict import Finding, Measure, failed


def left_open(evidence: Evidence, sought: Sought, first: Paged, start_s: float, what: str) -> Finding | None:
    """`what` was sent first by this page, and that is not the end of it; None where it is. start_s: what the claim's time counts
    from. What comes with the next fault is none of this; of a whole run, which may end while an alert fires, one is enough."""
    if not evidence.phase:
        return None
    until_s = min(sought.limit_s, next_fault.until_s(evidence, sought.from_s))
    said = f"{what} was sent at {first.at_s:.1f} s, but"
    return _fires_still(evidence, sought, first, until_s, said) or _not_told(
        evidence, sought, first, until_s, start_s, said
    )


def _fires_still(evidence: Evidence, sought: Sought, first: Paged, until_s: float, said: str) -> Finding | None:
    still = next((one for one in _told_of(evidence.journal, sought, until_s) if one.fires_at(until_s)), None)
    if still is None:
        return None
    what = alerts.spoken(still.alert, still.labels)
    if not alerting.watched(evidence.journal, until_s, until_s):
        return alerts.not_watched(evidence, f"{said} {what} was not seen to clear")
    again = f"fired anew at {still.from_s:.1f} s and " if still.from_s > first.at_s else ""
    return failed(
        f"{said} {what} {again}was still firing at {until_s:.1f} s",
        reason="never_resolved",
        cites=cites(evidence, first, still.began),
    )


def _not_told(
    evidence: Evidence, sought: Sought, first: Paged, until_s: float, start_s: float, said: str
) -> Finding | None:
    """That people were called of one, and not told in time that it is over."""
    journal = evidence.journal
    call = next((one for one in _calls(journal, sought, until_s) if not _answered(journal, sought, one)), None)
    if call is None:
        return None
    said += (
        f" none for {alerts.spoken(call.alert, call.labels)}, of which {call.receiver} was told at {call.at_s:.1f} s"
    )
    if not journal.watched(PROBE, "", call.at_s, sought.limit_s, GAP_S, LAG_S):
        return alerts.not_watched(evidence, said, "the mailbox", probe=PROBE)
    late = next(iter(_all_clears(journal, sought, call)), None)
    if late is None:
        return page_all_clear.not_sent(evidence, sought, f"{said}: that", f"by {sought.limit_s:.1f} s")
    late_s = round(late.at_s - start_s, 3)
    return failed(
        f"{said}; that came only {late_s:.1f} s after {alerts.start_of(evidence)}",
        reason="late",
        measure=Measure(late_s, late_s, "s"),
        cites=cites(evidence, first, late),
    )


def _told_of(journal: Journal, sought: Sought, until_s: float) -> list[Episode]:
    """The alerts in Prometheus that the claim's receiver hears of, and that fired since the claim's beginning, or were told since then:
    another one of that name may fire since before the run."""
    mine = alerting.episodes(journal, sought.alert, in_prometheus(journal, sought.alert, sought.labels))
    pages = [page for page in journal.of(Paged, until_s=until_s) if _to(sought, page)]
    about = told_s(journal, pages, sought.labels)
    known = {episode.identity for episode in about}
    told = {one for one, at_s in about.items() if at_s > sought.from_s and _counts(sought, one.from_s)}
    meant = Agreeing(
        (seen.labels, seen)
        for seen in journal.of(AlertRouted, until_s=until_s)
        if sought.about(seen.alert, seen.labels) and sought.receiver in seen.receivers
    )
    return [
        one
        for one in mine
        if (one.from_s > sought.from_s or one in told)
        and (not sought.receiver or one.identity in known or meant.of(one.labels))
    ]


def _calls(journal: Journal, sought: Sought, until_s: float) -> Iterator[Paged]:
    """The pages by which somebody was called since the claim's beginning, and those before it of alerts that cleared since then."""
    for page in journal.of(Paged, status="firing", until_s=until_s):
        if not _to(sought, page) or not _counts(sought, began_s(page)):
            continue
        cleared_s = (episode.until_s for episode in of_page(journal, page, sought.labels))
        if page.at_s > sought.from_s or any(sought.from_s < at_s <= until_s for at_s in cleared_s):
            yield page


def _answered(journal: Journal, sought: Sought, call: Paged) -> bool:
    return any(page.at_s <= sought.limit_s for page in _all_clears(journal, sought, call))


def _all_clears(journal: Journal, sought: Sought, call: Paged) -> list[Paged]:
    """Those for the alert of a call, to whomever the claim means."""
    return [
        page
        for page in journal.once(_resolved).get(_told_as(call), ())
        if _to(sought, page) and (page.start == call.start or page.at_s >= call.at_s)
    ]


def _resolved(journal: Journal) -> dict[Hashable, list[Paged]]:
    """All all-clears, by the alert that each is told as."""
    found: dict[Hashable, list[Paged]] = {}
    for page in journal.of(Paged, status="resolved"):
        found.setdefault(_told_as(page), []).append(page)
    return found


def _told_as(page: Paged) -> Hashable:
    return page.alert, page.fingerprint or frozenset(page.labels.items())


def _counts(sought: Sought, fired_s: float) -> bool:
    """Of alerts that a pattern means those alone that fired since the claim's beginning: one among them may fire always."""
    return not alerting.is_pattern(sought.alert) or fired_s > sought.from_s


def _to(sought: Sought, page: Paged) -> bool:
    return not page.standing and sought.receiver in ("", page.receiver) and sought.about(page.alert, page.labels)
