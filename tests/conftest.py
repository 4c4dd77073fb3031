"""Shared by all tests: the real Toxiproxy program, and a Docker Engine. What is missing fails; nothing skips."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from harness.doctor import examine
from harness.doctor.images import toxiproxy_binary as out_of_the_image
from harness.errors import CannotRun

settings.register_profile("any-machine", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("any-machine")


def pytest_collection_finish(session: pytest.Session) -> None:
    """No test's file imports Locust: it patches the process that imports it, which some libraries only bear in some orders."""
    if "locust" in sys.modules:
        raise pytest.UsageError(
            "a file of tests imported locust: ask it in a process of its own, as tests/unit/test_load_link.py does"
        )


@pytest.fixture(scope="session")
def toxiproxy_binary() -> Path:
    """The real Toxiproxy program: the one that DRILL_TOXIPROXY_BIN names, else the one in the image."""
    given = os.environ.get("DRILL_TOXIPROXY_BIN")
    if given:
        return Path(given)
    try:
        return out_of_the_image()
    except CannotRun as error:
        pytest.fail(f"wire tests need a real Toxiproxy: {error}", pytrace=False)


@pytest.fixture(scope="session")
def toxiproxy_server(toxiproxy_binary: Path) -> Iterator[tuple[str, int]]:
    """A real Toxiproxy on a free port of 127.0.0.1, one for all tests: (host, port) of its API."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    server = subprocess.Popen(
        [str(toxiproxy_binary), "-host", host, "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            assert server.poll() is None, f"{toxiproxy_binary} ended with {server.returncode}"
            with contextlib.suppress(OSError), socket.create_connection((host, port)):
                break
            time.sleep(0.01)
        yield host, port
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Docker, Compose and the images of ours are there; otherwise every test that starts stacks fails and says why."""
    try:
        examine.preflight()
    except CannotRun as error:
        pytest.fail(f"end-to-end tests need Docker: {error}", pytrace=False)


@pytest.fixture(autouse=True)
def _what_the_mark_says(request: pytest.FixtureRequest) -> None:
    """A test marked e2e gets its engine looked at first, once for all of them."""
    if request.node.get_closest_marker("e2e"):
        request.getfixturevalue("docker_engine")


@pytest.fixture
def make_story(tmp_path: Path) -> Callable[..., Any]:
    """Makes the Story of a small run, judged as any run is: a phase with one fault, 20 requests a second.

    p95      the limit of its first claim; below 450ms it fails
    line     what api logs in the phase, beside the line that is waited for
    title, endpoint   what stands where names of the user's stand
    cut_s    what was known at that instant alone
    """
    import tale

    from harness.document import verdict_doc
    from harness.drill.parse import parse
    from harness.expectations.base import Line
    from harness.facts import Closed
    from harness.judge import judge
    from harness.judge_claim import faults_of
    from harness.plan import make_plan
    from harness.report.story import Story
    from harness.testing import WrittenLogs, journal_of, rows_of

    def make(
        *, p95: str = "600ms", line: str = "fine", title: str = "A tale", endpoint: str = "GET /x", cut_s: float = 1e9
    ) -> Story:
        text = tale.text(p95=p95, title=title, endpoint=endpoint)
        drill = parse(tale.project(tmp_path, text))
        journal = journal_of(*tale.facts()).cut(cut_s)
        logs = WrittenLogs(
            [Line("api", "tale-api-1", 11.0, "the database is slow"), Line("api", "tale-api-1", 12.0, line)]
        )
        rows = rows_of(entry for entry in tale.requests(endpoint) if entry["at_s"] <= cut_s)
        plan = make_plan(drill)
        over = journal.first(Closed) is not None
        verdict = judge(drill, plan.all_claims, journal, rows, logs, over=over)
        document = verdict_doc(verdict, journal, rows, faults_of(drill))
        return Story(document, journal, rows, logs, plan, text, {"api": "x", "db": "y"})

    return make
