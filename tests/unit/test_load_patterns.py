"""Patterns of Locust's documentation and of files as people write them: each works, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from load_runs import run_for

from harness.errors import CannotRun, UsageError
from harness.facts import LoadEnded, LoadSaid
from harness.load.generator import Generator

Loaded = Callable[..., Any]
Load = Callable[..., Generator]


def endpoints(run: Any) -> dict[str, set[str]]:
    return {name: set(outcomes) for name, outcomes in run.by_endpoint().items()}


def test_the_first_example_of_the_documentation(server: Any, loaded: Loaded) -> None:
    run = loaded("quickstart", server.url, max_in_flight=40)
    found = run.by_endpoint()
    assert set(found) == {"GET /hello", "GET /world", "GET /item"}
    assert sum(found["GET /item"].values()) > 5 * sum(found["GET /hello"].values())


def test_tasks_as_functions_dictionaries_and_nested_sets_and_every_way_out_of_them(server: Any, loaded: Loaded) -> None:
    run = loaded("tasks_attribute", server.url, for_s=2.0)
    paths = ("outside", "forum", "thread", "back", "leave", "later", "at-once", "stop")
    assert endpoints(run) == {f"GET /{path}": {"ok"} for path in paths}
    assert not [said for said in run.of(LoadSaid) if said.kind == "replaced"]


def test_families_of_classes_a_module_and_data_beside_the_file_and_a_host_that_the_load_overrides(
    server: Any, loaded: Loaded
) -> None:
    run = loaded("families", server.url, for_s=1.5)
    assert endpoints(run) == {"GET /shared": {"ok"}, "GET /own": {"ok"}, "GET /json": {"ok"}}
    assert ("GET", "/shared/lamp/ada") in {seen[:2] for seen in server.seen}


def test_large_answers_read_whole_or_streamed(server: Any, loaded: Loaded) -> None:
    run = loaded("large", server.url, rate=10.0, timeout_s=20.0)
    assert endpoints(run) == {"GET /large": {"ok"}, "GET /streamed": {"ok"}, "GET /fast": {"ok"}}
    whole = run.rows.select(run.rows.at_endpoint("GET /large"))
    assert set(whole.array["size"]) == {8_000_000}


def test_a_client_that_tells_locust_nothing_is_said_to_be_unmeasured(server: Any, load: Load) -> None:
    facts = run_for(load("bare_requests", server.url), 2.5)
    said = [fact for fact in facts if isinstance(fact, LoadSaid) and "request event" in fact.text]
    assert said
    assert len(server.seen) > 20


def test_a_task_that_ends_the_process_is_told_with_its_place(server: Any, load: Load) -> None:
    facts = run_for(load("leaving", server.url), 20.0)
    (ended,) = [fact for fact in facts if isinstance(fact, LoadEnded)]
    assert not ended.clean
    assert ended.detail.endswith("leaving.py:12: the locustfile ends the process (exit 3)")


def test_an_on_start_that_never_lets_go_is_told_with_its_place(load: Load) -> None:
    generator = load("spinning_on_start", "http://127.0.0.1:1", max_in_flight=3)
    generator.start()
    with pytest.raises(CannotRun, match=r"spinning_on_start.py:(8|9)"):
        generator.ready(10.0)


def test_a_data_file_that_is_not_there_is_told_with_where_it_was_looked_for(load: Load) -> None:
    generator = load("relative_data", "http://127.0.0.1:1")
    generator.start()
    with pytest.raises(UsageError, match=r"relative_data.py:5: .*no-such-users.csv' \(in /.*Path\(__file__\)"):
        generator.ready(30.0)
