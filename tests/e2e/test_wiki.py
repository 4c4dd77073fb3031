"""The wiki that the drills rehearse on, started as anybody starts it: by Docker Compose alone."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

COMPOSE = Path(__file__).parents[2] / "compose" / "wiki" / "compose.yaml"
PATIENCE_S = 120.0


class Wiki:
    """One wiki of its own: a project name, a free port, and the few verbs that the tests need."""

    def __init__(self) -> None:
        self.project = f"test-wiki-{secrets.token_hex(4)}"
        self.url = ""

    def compose(self, *words: str) -> str:
        command = ["docker", "compose", "--project-name", self.project, "--file", str(COMPOSE), *words]
        done = subprocess.run(
            command, env={**os.environ, "WIKI_PORT": "0"}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def edit(self, title: str, text: str) -> dict[str, Any]:
        """Save a page without an account."""
        form = {"action": "edit", "title": title, "text": text, "token": "+\\", "format": "json"}
        with urllib.request.urlopen(self.url + "/api.php", urllib.parse.urlencode(form).encode(), timeout=20) as answer:
            said: dict[str, Any] = json.load(answer)
        return said

    def until_healthy(self, *services: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while True:
            states = [json.loads(line) for line in self.compose("ps", "--format", "json", *services).splitlines()]
            if len(states) == len(services) and all(state["Health"] == "healthy" for state in states):
                return
            assert time.monotonic() < until, states
            time.sleep(0.3)


@pytest.fixture(scope="module")
def wiki() -> Iterator[Wiki]:
    wiki = Wiki()
    try:
        wiki.compose("up", "--build", "--detach")
        wiki.until_healthy("web", "database", "cache")
        wiki.url = "http://" + wiki.compose("port", "web", "8080").strip()
        yield wiki
    finally:
        wiki.compose("down", "--volumes", "--timeout", "5")


def test_the_seeded_pages_can_be_read(wiki: Wiki) -> None:
    for page, text in (
        ("Main_Page", "Welcome."),
        ("Latency", "Averages hide it"),
        ("Sandbox", "Everybody may write here"),
    ):
        status, body = wiki.get(f"/wiki/{page}")
        assert (status, text in body) == (200, True), page


def test_the_one_shot_set_up_ended_with_0_and_changes_nothing_when_it_runs_again(wiki: Wiki) -> None:
    (setup,) = [json.loads(line) for line in wiki.compose("ps", "--all", "--format", "json", "setup").splitlines()]
    assert (setup["State"], setup["ExitCode"]) == ("exited", 0)

    assert "the wiki's tables are there" in wiki.compose("run", "--rm", "--no-deps", "setup")


def test_an_edit_is_read_again_after_the_database_was_stopped_and_started(wiki: Wiki) -> None:
    text = f"written at {time.time_ns()}"
    assert wiki.edit("Sandbox/kept", text)["edit"]["result"] == "Success"
    assert text in wiki.get("/wiki/Sandbox/kept")[1]

    wiki.compose("stop", "database")
    status, body = wiki.get("/wiki/Sandbox/kept")
    assert (status, "Cannot access the database" in body) == (500, True)

    wiki.compose("start", "database")
    wiki.until_healthy("database", "web", "cache")
    status, body = wiki.get("/wiki/Sandbox/kept")
    assert (status, text in body) == (200, True)


def test_pages_are_read_and_saved_without_the_cache_and_the_log_says_that_it_is_missed(wiki: Wiki) -> None:
    wiki.compose("stop", "cache")
    try:
        status, body = wiki.get("/wiki/Queue")
        assert (status, "Utilisation" in body) == (200, True)
        assert wiki.edit("Sandbox/uncached", "saved")["edit"]["result"] == "Success"
        assert "Memcached error" in wiki.compose("logs", "web")
    finally:
        wiki.compose("start", "cache")
