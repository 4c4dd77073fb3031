"""An all-clear that did not come: the alert still fires, nobody here could see it, or what in the configuration holds it up; and one
that came though nobody could know that all was clear. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness import alerting
from harness.alerting import Episode
from harness.expectations import other_source, page_alerts, page_groups, page_receivers
from harness.expectations.base import Evidence
from harness.expectations.could_fire import Mute, mute
from harness.expectations.external_labels import in_prometheus
from harness.expectations.notifications import Notification
from harness.expectations.page_hops import Sought
from harness.expectations.page_unseen import left_out, unobservable
from harness.expectations.requests import cites
from harness.facts import AlertRouted, Paged, ReceiverSeen
from harness.quantities import spell
from harness.verdict import Finding, failed, inconclusive


def not_sent(evidence: Evidence, sought: Sought, what: str, limit: str) -> Finding:
    """`what` was not sent `limit`, both in words."""
    journal, limit_s = evidence.journal, sought.limit_s
    labels = in_prometheus(journal, sought.alert, sought.labels, limit_s)
    fired = [one for one in alerting.episodes(journal, sought.alert, labels) if one.from_s <= limit_s]
    still = [episode for episode in fired if episode.fires_at(limit_s)]
    if still:
        return failed(
            f"{what} was not sent {limit}; the alert was still firing",
            reason="never_resolved",
            cites=cites(evidence, still[0].began),
        )
    held = [one for one in journal.of(AlertRouted, until_s=limit_s) if sought.about(one.alert, one.labels)]
    names = page_receivers.meant(held, sought.receiver)
    blind = page_receivers.unobservable(journal, names, limit_s)
    if blind is not None:
        return unobservable(evidence, f"{what} was not seen {limit}", blind)
    over_s = max((one.until_s for one in fired), default=sought.from_s)
    called = [page for page in journal.of(Paged, until_s=limit_s) if sought.about(page.alert, page.labels)]
    cut = page_groups.left_out(journal, [*held, *called], sought.receiver, over_s, limit_s)
    if cut is not None:
        return left_out(evidence, f"{what} was not seen {limit}", cut)
    outlets = [
        one for one in journal.of(ReceiverSeen, until_s=limit_s, observable=True) if one.receiver in names or not names
    ]
    why, cause = _held_up(fired, outlets, limit_s)
    return failed(f"{what} was not sent {limit}{why}", reason="missed", cites=cites(evidence, *cause))


def unfounded(evidence: Evidence, sought: Sought, came: Sequence[Notification], what: str) -> Finding | None:
    """That all of them were sent while the alert could not have fired any more, so that they say nothing; else None."""
    why: list[Mute] = []
    for note in came:
        mute_ = _mute(evidence, sought, note.first)
        if mute_ is None:
            return None
        why.append(mute_)
    first = why[0]
    return inconclusive(
        f"{what} was sent at {came[0].at_s:.1f} s, but {first.said}, so that nobody could know that all was clear",
        reason=first.reason,
        decide=first.decide,
        cites=cites(evidence, came[0].first, *first.facts),
    )


def _mute(evidence: Evidence, sought: Sought, page: Paged) -> Mute | None:
    """Why the alert of an all-clear could not have fired when that was sent."""
    journal = evidence.journal
    strange = page_alerts.strange(journal, page, sought.labels)
    if strange and page_alerts.looked_for(journal, page):
        return Mute("other_source", other_source.said(page), other_source.DECIDE, (page,))
    about = page_alerts.of_page(journal, page, sought.labels)
    same = page_alerts.candidates(journal, page, sought.labels).same(about)
    mine = [one for one in same if one.from_s <= page.at_s]
    over = [one for one in mine if one.until_s <= page.at_s]
    if strange or (mine and not over and not alerting.watched(journal, page.at_s, page.at_s)):
        since = f", where it fired since {mine[-1].from_s:.1f} s," if mine else ""
        said = f"Prometheus{since} could not be looked at then"
        return Mute(
            "not_watched",
            said,
            "a Prometheus that answers until the alert is clear",
            (mine[-1].began,) if mine else (page,),
        )
    begun = journal.phase_began(evidence.phase)
    calm_s = begun.at_s if begun else mine[-1].from_s if mine else 0.0
    return mute(journal, over[-1], calm_s, page.at_s, page.at_s) if over else None


def _held_up(
    fired: Sequence[Episode], outlets: Sequence[ReceiverSeen], limit_s: float
) -> tuple[str, Sequence[ReceiverSeen]]:
    """What of the configuration explains it, in words, and the receivers whose configuration that is."""
    quiet = [one for one in outlets if not one.send_resolved]
    if quiet and len(quiet) == len(outlets):
        names = ", ".join(dict.fromkeys(one.receiver for one in quiet))
        return f": send_resolved is false for {names}, so no all-clear is ever sent there", quiet[:1]
    cleared_s = max((one.until_s for one in fired if one.until_s <= limit_s), default=math.nan)
    slow = [one for one in outlets if cleared_s + one.group_interval_s > limit_s]
    if not slow:
        return "", ()
    interval = spell(slow[0].group_interval_s)
    return (
        f"; the alert cleared at {cleared_s:.1f} s and group_interval is {interval}, so it may come as late as that after it",
        slow[:1],
    )
