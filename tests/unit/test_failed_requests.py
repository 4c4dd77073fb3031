"""failed_requests: when the service that the load goes to was away."""

from __future__ import annotations

import math

from harness import facts as f
from harness.blaming import Parts
from harness.expectations.base import Evidence, Steady
from harness.expectations.failed_requests import away_from, failed_requests
from harness.journal import Window
from harness.testing import WrittenLogs, journal_of, rows_of


def changed(container: str, event: str, at_s: float) -> f.ContainerChanged:
    return f.ContainerChanged(service="api", container=container, event=event, seen_s=at_s, happened_s=at_s)


def seen(container: str, at_s: float = 0.0, status: str = "running") -> f.ContainerSeen:
    return f.ContainerSeen(service="api", container=container, status=status, seen_s=at_s)


ANSWERED = rows_of([{"at_s": at_s, "took_ms": 10, "status": 200} for at_s in (1.0, 12.0, 17.0, 30.0)])


def test_a_service_of_one_container_is_away_from_its_end_to_the_first_answer_after_its_start() -> None:
    journal = journal_of(seen("api-1"), changed("api-1", "die", 10.0), changed("api-1", "start", 15.0))
    assert away_from(journal, "api", ANSWERED) == [(10.0, 17.01)]


def test_one_that_never_came_back_is_away_to_the_end() -> None:
    journal = journal_of(seen("api-1"), changed("api-1", "kill", 10.0), changed("api-1", "die", 11.0))
    assert away_from(journal, "api", ANSWERED) == [(10.0, math.inf)]


def test_a_service_is_there_while_another_replica_of_it_runs() -> None:
    two = (seen("api-1"), seen("api-2"), changed("api-1", "die", 10.0))
    assert away_from(journal_of(*two, changed("api-1", "start", 15.0)), "api", ANSWERED) == []
    both = (*two, changed("api-2", "die", 11.0), changed("api-1", "start", 15.0), changed("api-2", "start", 16.0))
    assert away_from(journal_of(*both), "api", ANSWERED) == [(11.0, 17.01)]


def test_a_container_that_only_was_made_serves_nobody() -> None:
    journal = journal_of(seen("api-1"), seen("api-2", status="created"), changed("api-1", "die", 10.0))
    assert away_from(journal, "api", ANSWERED) == [(10.0, math.inf)]


def test_where_the_load_goes_to_no_service_nothing_is_away() -> None:
    assert away_from(journal_of(changed("api-1", "die", 10.0)), "", ANSWERED) == []


def test_a_task_that_asked_nothing_is_no_request_that_may_yet_fail() -> None:
    rows = rows_of([{"at_s": 1.0, "silent": True}, {"at_s": 2.0, "took_ms": None}, {"at_s": 3.0, "outcome": "5xx"}])
    journal = journal_of(seen("api-1"))
    found = failed_requests(
        Evidence(journal, rows, WrittenLogs(), Steady(5.0, ())), Window(0.0, 5.0), "", (), Parts.of(journal)
    )
    assert (len(found.rows), found.waiting) == (1, 1)
