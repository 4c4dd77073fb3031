"""Where a page was delivered, held against the URL at which its receiver really listens. Pure.

The mailbox bears the names that Alertmanager's configuration has, and takes whatever comes, so that a slip in one of them, or in a
path, looks like a page that came. Only who knows the receiver's real URL can tell: a path is compared, and never told.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.expectations.base import Evidence
from harness.expectations.notifications import Notification
from harness.expectations.requests import cites
from harness.facts import Paged
from harness.urls import path_hash, place
from harness.verdict import Finding, failed, inconclusive

UNKNOWN = "; whether the real receiver has this host and path is not known (state its `url`)"


def took(page: Paged) -> str:
    """Who took a page, in words."""
    if page.before_s is not None:
        return f"it was in the provider's list by {page.at_s:.1f} s"
    return f"our mailbox stood in for {page.receiver} at {page.url}, took it at {page.at_s:.1f} s and answered 200"


def elsewhere(evidence: Evidence, url: str, came: Sequence[Notification], until_s: float, what: str) -> Finding | None:
    """That nothing was delivered where the receiver really listens until then, or that nobody knows; None where it was."""
    pages = [page for note in came for page in note.pages if page.at_s <= until_s]
    told = [page for page in pages if page.path]
    if any(_at(page, url) for page in told):
        return None
    if len(told) < len(pages):
        return inconclusive(
            f"{what} came, but nobody wrote down at which URL",
            reason="not_observable",
            decide="a page that is taken by the mailbox in the stack",
            cites=cites(evidence, pages[0]),
        )
    host, port = place(url)
    same = place(told[0].url) == (host, port)
    where = "at another path than the claim's `url`" if same else f"not to {host}:{port}, where its receiver listens"
    return failed(
        f"{what} was sent to {told[0].url}, {where}",
        reason="wrong_url",
        cites=cites(evidence, told[0]),
    )


def _at(page: Paged, url: str) -> bool:
    return place(page.url) == place(url) and page.path == path_hash(url)
