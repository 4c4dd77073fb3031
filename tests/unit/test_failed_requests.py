"""failed_requests: when the service that the load goes to was away."""

from __future__ import annotations

import math

from harness import facts as f
from harness.expectations.failed_requests import away_from
from harness.testing import journal_of, rows_of


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
