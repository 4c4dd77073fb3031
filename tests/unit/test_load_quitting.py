"""A locustfile that ends the test itself, and one that judges it: both are told, and neither is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from load_runs import run_for

from harness.facts import LoadEnded, LoadSaid
from harness.load.generator import Generator

Load = Callable[..., Generator]


def test_a_task_that_quits_ends_the_load_and_its_own_verdict_is_told(server: Any, load: Load) -> None:
    generator = load("quitting", server.url, rate=20.0, max_in_flight=4)
    facts = run_for(generator, 10.0)
    (ended,) = [fact for fact in facts if isinstance(fact, LoadEnded)]
    assert (ended.clean, ended.detail) == (False, "the locustfile stopped the test")
    assert len(server.seen) < 20
    said = [fact.text for fact in facts if isinstance(fact, LoadSaid)]
    (judged,) = [text for text in said if "exit code" in text]
    assert judged.startswith(
        "a listener of the locustfile's quitting event sets the exit code 3, by Locust's own statistics"
    )
    assert "SEEN 3" in generator.log.read_text(), "as Locust tells its quit event"


def test_a_path_that_is_lost_with_a_classs_own_host_is_told(server: Any, load: Load) -> None:
    said = [fact.text for fact in run_for(load("quitting", server.url), 0.1) if isinstance(fact, LoadSaid)]
    (host,) = [text for text in said if "own host" in text]
    assert host == (
        f"Limited's own host https://shop.example.com/api/v1 is replaced by {server.url}, the service that is loaded; "
        "its path /api/v1 is left out, and stands in the URLs of requests if they need it"
    )
