"""Whole drills with what the command line and the drill file can ask for, and with what is wrong in them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP, Act, Run, Told, told_by

from harness.facts import Broke, Closed, Injected, Injecting, LoadEnded, LoadReady, Mended

pytestmark = pytest.mark.e2e

Process = subprocess.Popen[bytes]
LATENCY, DOWN = "slow/latency-web->store", "gone/down-web->store"


def plain(run: Run, process: Process) -> None:
    """Nothing is done to it."""


def hang_up_with_a_fault_on(run: Run, process: Process) -> None:
    run.await_fact(process, Injected)
    process.send_signal(signal.SIGHUP)


def interrupt_the_teardown(run: Run, process: Process) -> None:
    run.await_fact(process, LoadEnded)
    while "taking everything down" not in run.said:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)


def interrupt_the_build(run: Run, process: Process) -> None:
    while "building" not in run.said.partition("starting Toxiproxy")[2]:
        assert process.poll() is None, run.said
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)


def take_its_port(run: Run, process: Process) -> None:
    """Another program takes the port that was chosen for web, before web is started."""
    notes = run.folder / "stack.json"
    while not run.folder.joinpath("facts").is_dir() or not notes.exists():
        assert process.poll() is None, run.said
        time.sleep(0.01)
    host, port = json.loads(notes.read_text())["published"]["web:8080"]
    with socket.create_server((host, port)):
        run.await_fact(process, LoadReady)


def mend_and_halt_twice(run: Run, process: Process) -> None:
    run.await_fact(process, Injected)
    refused = run.drill("mend", "latest")
    assert refused.returncode == 2, refused.stderr
    assert "drill halt" in refused.stderr
    halts = [subprocess.Popen(run.argv("halt", "--reason", "twice"), cwd=run.home) for _ in range(2)]
    assert [one.wait() for one in halts] == [0, 0]


NO_IMAGE = """
name: shop
services:
  web: {image: drill/no-such-image:1, environment: {STORE: "store:6379"}, depends_on: [store]}
  store: {image: drill/no-such-image:2}
"""
FRESH = """
name: shop
services:
  web: {build: &slow {context: ., dockerfile_inline: "FROM debian:trixie-slim\\nRUN sleep 60"}, environment: {STORE: "store:6379"}}
  store: {build: *slow}
"""


def own_compose(text: str) -> Any:
    """The act of a story whose project has this Compose file beside its drill."""

    class Written:
        def prepare(self, run: Run) -> None:
            (run.home / "compose.yaml").write_text(text)

        def __call__(self, run: Run, process: Process) -> None:
            if "sleep 60" in text:
                interrupt_the_build(run, process)

    return Written()


STORIES: dict[str, tuple[Act, dict[str, Any]]] = {
    "json": (plain, {"options": ("--json", "--junit", "made/junit.xml")}),
    "skipped": (plain, {"options": ("--skip", DOWN)}),
    "only": (plain, {"options": ("--only", LATENCY, "--json")}),
    "too long": (plain, {"options": ("--max-duration", "25s")}),
    "kept": (plain, {"options": ("--keep", "always", "--baseline")}),
    "kept on failure": (plain, {"options": ("--keep", "on-failure"), "locustfile": SHOP / "raising_import.py"}),
    "hung up": (hang_up_with_a_fault_on, {}),
    "teardown interrupted": (interrupt_the_teardown, {"options": ("--baseline",)}),
    "build interrupted": (
        own_compose(FRESH),
        {"compose": Path("compose.yaml")},
    ),
    "port taken": (take_its_port, {"options": ("--baseline",)}),
    "mended and halted": (mend_and_halt_twice, {}),
    "no image offline": (own_compose(NO_IMAGE), {"compose": Path("compose.yaml"), "options": ("--offline",)}),
    "no image": (own_compose(NO_IMAGE), {"compose": Path("compose.yaml"), "options": ("--json",)}),
    "import blocks": (plain, {"locustfile": SHOP / "blocking_import.py"}),
    "on_start blocks": (plain, {"locustfile": SHOP / "blocking_on_start.py", "options": ("--json",)}),
    "no Python": (plain, {"locustfile": SHOP / "broken.py"}),
    "unknown key": (plain, {"edit": lambda text: text + "colour: red\n", "options": ("--json",)}),
    "wrong unit": (plain, {"edit": lambda text: text.replace("delay: 400ms", "delay: 400")}),
    "no such edge": (plain, {"edit": lambda text: text.replace("web->store, delay", "web->stoer, delay")}),
    "no such service": (plain, {"edit": lambda text: text.replace("against: web:8080", "against: wbe:8080")}),
    "folder refused": (plain, {"runs": Path("/proc/runs")}),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("options"), STORIES)


def lines(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.out.splitlines()]


CODES = {
    "json": 0, "skipped": 3, "only": 3, "too long": 5, "kept": 3, "kept on failure": 2, "hung up": 130,
    "teardown interrupted": 3, "build interrupted": 130, "port taken": 3, "mended and halted": 5, "no image offline": 4, "no image": 4,
    "import blocks": 4, "on_start blocks": 4, "unknown key": 2, "no Python": 2, "wrong unit": 2, "no such edge": 2,
    "no such service": 2, "folder refused": 4,
}  # fmt: skip
NOT_OPENED = ("unknown key", "no Python", "wrong unit", "no such edge", "no such service", "folder refused")


@pytest.mark.parametrize("story", STORIES)
def test_each_ends_with_its_code_and_says_why(told: Told, story: str) -> None:
    run = told(story)
    assert run.code == CODES[story], run.said
    says = {
        "too long": "maximum duration is 25 s",
        "kept": "drill mend",
        "port taken": "taken meanwhile",
        "kept on failure": "raising_import.py:5",
        "no Python": "broken.py:4",
        "hung up": "SIGHUP",
        "mended and halted": "twice",
        "no image offline": "drill/no-such-image:2",
        "no image": "drill/no-such-image:1",
        "import blocks": "blocking_import.py:7",
        "on_start blocks": "blocking_on_start.py:10",
        "unknown key": "shop.yaml:24:1",
        "wrong unit": "400ms",
        "no such edge": "web->store",
        "no such service": "web",
        "folder refused": "/proc/runs",
    }
    assert says.get(story, "") in run.said, run.said


@pytest.mark.parametrize("story", [name for name in STORIES if name not in NOT_OPENED and not name.startswith("kept")])
def test_each_that_began_is_closed_with_its_faults_out_and_nothing_left(told: Told, story: str) -> None:
    run = told(story)
    assert run.left() == []
    journal = run.journal
    assert journal.of(Closed)
    assert not journal.of(Broke), run.said
    assert {f.fault for f in journal.of(Injecting)} <= {f.fault for f in journal.of(Mended)}


@pytest.mark.parametrize("story", NOT_OPENED)
def test_nothing_is_started_for_what_is_wrong_in_the_drill(told: Told, story: str) -> None:
    assert not (told(story).home / "runs").exists()


@pytest.mark.parametrize("story", ["json", "only", "no image", "on_start blocks", "unknown key"])
def test_with_json_every_line_is_json_and_the_last_is_the_result(told: Told, story: str) -> None:
    run = told(story)
    found = lines(run)
    assert [line["type"] for line in found].count("result") == 1
    assert (found[-1]["type"], found[-1]["exit_code"]) == ("result", run.code)
    assert {line["type"] for line in found[:-1]} <= {"fact", "state", "said"}


def test_the_junit_file_is_where_it_was_asked_for(told: Told) -> None:
    run = told("json")
    assert (run.home / "made" / "junit.xml").read_text() == (run.folder / "junit.xml").read_text()


def test_only_and_skip_choose_what_is_injected(told: Told) -> None:
    for story in ("skipped", "only"):
        assert {f.fault for f in told(story).journal.of(Injecting)} == {LATENCY}
        assert told(story).outcome("gone/log_seen-web") == "inconclusive"


@pytest.mark.parametrize("story", ["kept", "kept on failure"])
def test_what_is_kept_is_taken_down_by_mend(told: Told, story: str) -> None:
    run = told(story)
    assert run.left()
    assert run.drill("mend", "latest").returncode == 0
    assert run.left() == []


def test_halt_with_nothing_running_says_so(told: Told) -> None:
    halted = told("unknown key").drill("halt")
    assert halted.returncode == 0
    assert "no drill is running here" in halted.stderr


def test_what_was_run_is_listed_shown_and_exported(told: Told) -> None:
    run = told("json")
    (run.home / "drills").mkdir(exist_ok=True)
    (run.home / "drills" / "shop.yaml").write_text((run.home / "shop.yaml").read_text())
    listed = run.drill("list")
    assert listed.stdout.startswith("shop"), listed.stderr
    shown = run.drill("show", "shop")
    assert "passed" in shown.stdout, shown.stderr
    exported = run.drill("export", "latest")
    assert exported.stdout.startswith("worker,"), exported.stderr
    narrow = subprocess.run(
        run.argv("judge", "latest"), cwd=run.home, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "40"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert narrow.returncode == run.code
    assert "\x1b" not in narrow.stdout
