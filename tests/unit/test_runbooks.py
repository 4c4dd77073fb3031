"""Where a runbook's link leads, told by a folder of runbooks and by other rules' links."""

from __future__ import annotations

import pytest

from harness.runbooks import kept_by

FILES = ("db/slow-query.md", "api/high-latency.md")


@pytest.mark.parametrize(
    ("site", "page", "nowhere"),
    [
        ("https://wiki.corp", "oncall/contacts", False),  # a page of others on the same site
        ("https://wiki.corp", "Disk%20Full", False),
        ("https://wiki.corp", "api/highlatency", True),
        ("https://wiki.corp", "api/high-latency/eu", True),
        ("https://wiki.corp", "db/slow-query.pdf", False),  # no page, and perhaps another folder's
        ("https://wiki.corp/runbooks", "watchdog", True),
        ("https://wiki.corp/runbooks", "node/disk.md", True),
        ("https://wiki.corp/runbooks", "api", False),  # a folder's own page
    ],
)
def test_a_link_leads_nowhere_only_where_another_shows_that_the_folder_is_served_there(
    site: str, page: str, nowhere: bool
) -> None:
    shows = f"{site}/db/slow-query"
    assert kept_by(f"{site}/{page}", (shows,), FILES) == (shows if nowhere else "")
    assert kept_by(f"{site}/{page}", ("https://elsewhere.corp/db/slow-query",), FILES) == ""
