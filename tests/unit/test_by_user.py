"""Where few users send most requests while a bad release is out, that is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from told_release import release_told

from harness.by_user import Spread, spread
from harness.ledger import rows_of
from harness.report.releases import few_users, releases
from harness.report.terminal import summary


def logins(users: int) -> Iterator[dict[str, Any]]:
    return ({"at_s": 1.0, "user": user, "aside": True, "endpoint": "POST /login"} for user in range(1, users + 1))


def asked(turns: int, users: int, at_s: float = 10.0) -> Iterator[dict[str, Any]]:
    return ({"at_s": at_s, "user": 1 + turn % users} for turn in range(turns))


def test_a_few_users_that_send_most_are_few() -> None:
    found = spread(rows_of([*logins(80), *asked(60, 5), *asked(28, 28)]), 5.0, 15.0)
    assert found == Spread(of=80, asked=28, requests=88, foremost=(13, 13, 13, 13, 13))
    assert found.few


def test_users_that_take_turns_are_many_and_what_was_sent_at_other_times_counts_not() -> None:
    rows = rows_of([*logins(80), *asked(400, 80), *asked(900, 2, at_s=20.0)])
    assert spread(rows, 5.0, 15.0) == Spread(of=80, asked=80, requests=400, foremost=(5, 5, 5, 5, 5))
    assert not spread(rows, 5.0, 15.0).few


def test_users_without_a_session_are_as_good_as_any_other() -> None:
    found = spread(rows_of([*asked(300, 1)]), 5.0, 15.0)
    assert found == Spread(0, 0, 0, ())
    assert not found.few


def test_users_of_two_workers_are_not_taken_for_one() -> None:
    both = [{**row, "worker": worker} for row in (*logins(6), *asked(12, 6)) for worker in (0, 1)]
    assert spread(rows_of(both), 5.0, 15.0) == Spread(of=12, asked=12, requests=24, foremost=(2, 2, 2, 2, 2))


def test_it_is_told_where_the_release_is(make_story: Callable[..., Any]) -> None:
    story = release_told(make_story())
    (told,) = story.document["releases"]
    assert few_users(told) == ""
    told["users"] = {"of": 80, "asked": 28, "requests": 200, "foremost": [60, 30, 20, 10, 4], "few": True}
    said = "5 of 80 users sent 62 % of the requests meanwhile, and 52 sent none"
    assert said in releases(dataclasses.replace(story))[0].summary
    assert said in summary(story.document, "")
