"""How often somebody was paged: what says the same again is a retry, another server's copy, or a repeat, which is one more page. Pure.

The mailbox answers each delivery. So one server sends it again because its repeat_interval is over, and that not before its
group_interval is; sooner only where the answer was lost on its way, or where Alertmanager was started anew and forgot. Another
server's copy comes within seconds; later it may be the repeat by one that took over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.expectations.base import Evidence
from harness.expectations.notifications import Notification
from harness.expectations.requests import cites
from harness.facts import Paged, ReceiverSeen
from harness.journal import Journal
from harness.verdict import Finding, Measure, inconclusive

NEAR_S = 1.0
"""The most by which two deliveries, a group_interval apart, come nearer: the first one took so much longer."""


@dataclass(frozen=True)
class Pages:
    """The pages that are known to be such, in their order; `unsure` may be retries of one of them."""

    known: tuple[Paged, ...]
    unsure: tuple[Paged, ...] = ()

    @property
    def most(self) -> int:
        return len(self.known) + len(self.unsure)

    def between(self, evidence: Evidence, what: str, wanted: int) -> Finding | None:
        """That as many as are wanted came only with, or without, those that may be retries; None where these decide nothing."""
        if not self.unsure or not len(self.known) <= wanted <= self.most:
            return None
        first = self.unsure[0]
        before_s = max(page.at_s for page in self.known if page.at_s <= first.at_s)
        return inconclusive(
            f"{what} came {len(self.known)} to {self.most} times: the one at {first.at_s:.1f} s says what the one at {before_s:.1f} s said, "
            "which was answered: a repeat, or a retry (the answer was lost), or the copy of another Alertmanager",
            reason="retry_or_repeat",
            decide="one Alertmanager that stays up, and no fault between it and its receiver",
            measure=Measure(len(self.known), self.most, "notifications"),
            cites=cites(evidence, *self.unsure[:3]),
        )


def counted(journal: Journal, notes: Sequence[Notification], limit_s: float) -> Pages:
    """The pages by limit_s. One that comes again beside another's news is none of its own: its group is told anew for that."""
    known: list[Paged] = []
    unsure: list[Paged] = []
    for note in notes:
        last = note.first
        known.append(last)
        for page in note.pages[1:]:
            if page.at_s > limit_s or page.delivery == last.delivery or _news(journal, page):
                continue
            late = page.at_s - last.at_s > _interval_s(journal, page) - NEAR_S
            other = bool(page.sender and last.sender) and page.sender != last.sender
            if late and not other:
                last = page
                known.append(page)
            elif late or not other:
                unsure.append(page)
    return Pages(tuple(sorted(known, key=lambda page: page.at_s)), tuple(unsure))


def _interval_s(journal: Journal, page: Paged) -> float:
    """The least that its group waits between two notifications."""
    seen = journal.of(ReceiverSeen, receiver=page.receiver, until_s=page.at_s)
    return min((one.group_interval_s for one in seen), default=ReceiverSeen.group_interval_s)


def _news(journal: Journal, page: Paged) -> bool:
    """Whether its delivery tells of another alert what its group had not told yet."""
    group = journal.of(Paged, receiver=page.receiver, group_key=page.group_key)
    before = {_told(one) for one in group if one.at_s < page.at_s}
    return any(_told(one) not in before for one in group if one.delivery == page.delivery)


def _told(page: Paged) -> tuple[str, str, str]:
    return page.fingerprint, page.start, page.status
