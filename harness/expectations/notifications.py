"""Pages as evidence, shared by the claims about them: deliveries that say the same are one notification. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.facts import Paged
from harness.journal import Journal

PROBE = "pages"
GAP_S = 5.0  # as the probe promises (harness/probes/pages.py); a test holds them together
LAG_S = 2.0


@dataclass(frozen=True)
class Notification:
    """Deliveries that say the same: one receiver, group, alert, start and status. The first is when it came."""

    pages: tuple[Paged, ...]

    @property
    def first(self) -> Paged:
        return self.pages[0]

    @property
    def deliveries(self) -> int:
        return len({page.delivery for page in self.pages})

    @property
    def at_s(self) -> float:
        return self.first.at_s

    @property
    def low_s(self) -> float:
        """The earliest at which it may have been delivered: where a list of pages is polled, it was so between two looks."""
        return self.first.at_s if self.first.before_s is None else self.first.before_s


def notifications(journal: Journal) -> list[Notification]:
    """Every notification, at its first receipt, in that order."""
    known: dict[tuple[str, ...], list[Paged]] = {}
    for page in sorted((page for page in journal.of(Paged) if not page.standing), key=lambda page: page.at_s):
        key = (page.receiver, page.group_key, page.fingerprint, page.start, page.status, page.alert)
        known.setdefault(key, []).append(page)
    return [Notification(tuple(pages)) for pages in known.values()]
