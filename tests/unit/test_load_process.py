"""The load process at its edges: what is refused, what blocks or dies, what is dropped, who goes first, how it
stops."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import CannotRun, UsageError
from harness.facts import LoadBegan, LoadEnded, LoadSaid, LoadSampled
from harness.ledger import DUE, NEVER, SENT, Tail, read
from harness.load.generator import Generator

Load = Callable[..., Generator]
HERE = Path(__file__).parent / "locustfiles"


def begin_now(generator: Generator) -> None:
    generator.begin((time.monotonic_ns() - generator.config.opened_monotonic_ns) / 1e9)


def wait_for(generator: Generator, enough: Callable[[list[Any]], bool], limit_s: float = 20.0) -> list[Any]:
    """Facts until there are enough of them."""
    facts: list[Any] = []
    until = time.monotonic() + limit_s
    while not enough(facts):
        assert time.monotonic() < until, facts
        facts += generator.poll()
        time.sleep(0.02)
    return facts


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("pytest_style", None, "defines no User class"),
        ("no_tasks", 4, "Idle has no tasks"),
        (
            "choosing_none",
            None,
            "its users find no task to begin with: DefaultTaskSet: Exception: No tasks defined on Und",
        ),
        ("broken_import", 3, "RuntimeError: no data file"),
        ("broken_on_start", 6, "RuntimeError: no such account"),
        ("exit_on_start", 8, "it ends the process while it starts (exit login failed)"),
        ("own_run", 4, "Runner has a run() of its own"),
        ("required_option", None, "--token"),
        ("not_there", None, "there is no locustfile"),
    ],
)
def test_a_locustfile_that_cannot_be_used_is_refused_with_reason_and_place(
    name: str, line: int | None, reason: str, load: Load
) -> None:
    generator = load(name, "http://127.0.0.1:1", max_in_flight=3)
    generator.start()

    with pytest.raises(UsageError) as refused:
        generator.ready(30.0)

    assert reason in str(refused.value)
    place = str(HERE / f"{name}.py")
    assert str(refused.value).startswith(f"{place}:{line}: " if line else place)


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from locust import HttpUser\n\nclass Reader(HttpUser)\n    pass\n")
    generator = load(path, "http://127.0.0.1:1")
    generator.start()

    with pytest.raises(UsageError, match=r"mine.py:3: syntax error: expected ':'"):
        generator.ready(30.0)


def test_tags_that_leave_nothing_are_refused(load: Load) -> None:
    generator = load("tagged", "http://127.0.0.1:1", tags=("no such tag",))
    generator.start()

    with pytest.raises(UsageError, match=r"Tagged has no tasks left after `tags: \[no such tag\]`"):
        generator.ready(30.0)


def test_a_locustfile_that_blocks_is_told_with_its_place(load: Load) -> None:
    said = {
        "blocking_import": r"blocking_import.py:3: blocking_import.py blocks while it is imported",
        "blocking_on_start": r"3 of 3 users did not end their on_start .*blocking_on_start.py:8",
    }
    generators = {name: load(name, "http://127.0.0.1:1", max_in_flight=3) for name in said}
    for generator in generators.values():
        generator.start()

    with pytest.raises(CannotRun, match=said["blocking_import"]):
        generators["blocking_import"].ready(15.0)
    with pytest.raises(CannotRun, match=said["blocking_on_start"]):
        generators["blocking_on_start"].ready(1.0)


def test_arrivals_that_find_no_user_are_dropped_and_are_rows(server: Any, load: Load) -> None:
    generator = load("fast_http_user", server.url, max_in_flight=3, rate=30.0)
    generator.start()
    generator.ready(30.0)
    server.hold_s = 5.0
    begin_now(generator)
    facts = wait_for(generator, lambda facts: sum(f.dropped for f in facts if isinstance(f, LoadSampled)) > 20)
    generator.stop(0.0)
    facts += generator.poll()

    rows = read(generator.ledger)
    dropped = rows.outcome("dropped")
    assert dropped.sum() >= 20
    assert {rows.endpoints[e] for e in rows.array["endpoint"][dropped]} == {""}
    assert np.all(rows.array["sent_us"][dropped] == NEVER)
    flying = rows.counted() & ~dropped
    assert flying.sum() == 3
    assert set(rows.array["state"][flying]) == {SENT}, "never answered: such rows stay"
    gaps = np.diff(rows.array["intended_us"][rows.counted()])
    assert np.all(np.abs(gaps - 1e6 / 30) <= 1), "due by formula, dropped or not"


def test_the_user_idle_shortest_goes_first(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("events_and_options", server.url, rate=20.0, max_in_flight=10)

    users = run.rows.array["user"][run.rows.counted()]
    assert len(set(users[2:])) <= 3


def test_users_at_least_so_many_take_turns(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("events_and_options", server.url, rate=30.0, max_in_flight=10, users_at_least=5)

    users = run.rows.array["user"][run.rows.counted()]
    assert 5 <= len(set(users)) <= 7
    assert np.mean(users[5:] == users[:-5]) > 0.5, (
        "in turn; a late answer on a busy machine changes the order from then on"
    )


def test_the_time_out_is_set_on_both_clients(server: Any, load: Load) -> None:
    for name in ("http_user", "fast_http_user"):
        generator = load(name, server.url, timeout_s=0.3, max_in_flight=5, rate=20.0)
        server.hold_s = 0.0
        generator.start()
        generator.ready(30.0)
        server.hold_s = 1.0
        begin_now(generator)
        wait_for(generator, lambda facts: sum(f.due for f in facts if isinstance(f, LoadSampled)) >= 30)
        generator.stop(1.0)

        rows = read(generator.ledger)
        ended = rows.select(rows.outcome("timeout"))
        assert len(ended) > 5
        assert np.all(ended.service_ms >= 299)
        assert np.median(ended.service_ms) < 900


def test_a_killed_process_leaves_its_rows_and_is_told_of(server: Any, load: Load) -> None:
    generator = load("fast_http_user", server.url, rate=100.0)
    generator.start()
    generator.ready(30.0)
    begin_now(generator)
    tail = Tail(generator.ledger)
    facts = wait_for(generator, lambda facts: any(isinstance(f, LoadSampled) and f.due > 20 for f in facts))
    assert len(tail.rows()) > 20
    assert generator.pid is not None
    os.kill(generator.pid, signal.SIGKILL)
    facts = wait_for(generator, lambda facts: any(isinstance(f, LoadEnded) for f in facts))

    end = facts[-1]
    assert not end.clean
    assert "killed by SIGKILL" in end.detail
    rows = read(generator.ledger)
    assert len(rows) >= len(server.seen)
    assert len(tail.rows()) == len(rows)
    assert rows.array["state"].min() >= DUE


def test_a_warm_process_runs_nothing_of_the_user_s_until_it_is_told_where_the_service_is(
    server: Any, load: Load
) -> None:
    generator = load("fast_http_user", "")
    generator.warm()
    assert not generator.ledger.exists()
    assert not (generator.ledger.parent / "load.json").exists()
    generator.start(server.url)
    generator.ready(30)
    generator.begin(0.0)
    wait_for(generator, lambda facts: any(isinstance(f, LoadBegan) for f in facts))
    generator.stop()
    assert len(server.seen) > 0


def test_a_warm_process_that_is_not_wanted_ends(load: Load) -> None:
    generator = load("fast_http_user", "")
    generator.warm()
    pid = generator.pid
    assert pid is not None
    generator.kill()
    assert not is_running(pid)
    generator.kill()


@pytest.mark.parametrize(
    ("body", "greets"),
    [
        ("    pass", False),
        ("    def on_start(self):\n        pass", True),
        ("    def __init__(self, *args):\n        super().__init__(*args)", True),
        ("    @task\n    class Inner(TaskSet):\n        def on_start(self):\n            pass", True),
    ],
)
def test_users_are_started_all_at_once_only_where_starting_asks_the_service_nothing(body: str, greets: bool) -> None:
    code = (
        "from locust import FastHttpUser, TaskSet, task\n"
        "from harness.load.locustfile import greets\n"
        f"class U(FastHttpUser):\n    @task\n    def t(self):\n        pass\n{body}\n"
        "print(greets([U]))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(greets)]


def test_without_the_harness_the_process_ends_at_once(server: Any, tmp_path: Path, load: Load) -> None:
    generator = load("fast_http_user", server.url)
    starter = (
        "import sys, time, pathlib\n"
        "from harness.load.generator import Generator, LoadConfig\n"
        "config, ledger = LoadConfig.from_json(pathlib.Path(sys.argv[1]).read_text())\n"
        "generator = Generator(config, ledger.parent)\n"
        "generator.start(); generator.ready(30); print(generator.pid, flush=True); time.sleep(600)\n"
    )
    path = tmp_path / "config.json"
    path.write_text(generator.config.to_json(generator.ledger))
    harness = subprocess.Popen([sys.executable, "-c", starter, str(path)], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    child = int(harness.stdout.readline())
    harness.kill()
    harness.wait()
    harness.stdout.close()

    until = time.monotonic() + 10
    while time.monotonic() < until and is_running(child):
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_full_disk_ends_the_load_and_keeps_what_there_is(server: Any, load: Load) -> None:
    generator = load("fast_http_user", server.url, rate=8000.0, max_in_flight=1)
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, kept[1]))  # the first chunk of the child's ledger fits
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        generator.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
        signal.signal(signal.SIGXFSZ, previous)
    generator.ready(30.0)
    begin_now(generator)
    facts = wait_for(generator, lambda facts: any(isinstance(f, LoadEnded) for f in facts), limit_s=60)

    assert not next(f for f in facts if isinstance(f, LoadEnded)).clean
    assert any(f.kind == "broken" and "cannot grow" in f.text for f in facts if isinstance(f, LoadSaid))
    assert len(read(generator.ledger)) == 26214


def test_stopping_lets_requests_in_flight_be_answered(server: Any, load: Load) -> None:
    generator = load("fast_http_user", server.url, rate=20.0)
    server.hold_s = 0.0
    generator.start()
    generator.ready(30.0)
    server.hold_s = 0.3
    begin_now(generator)
    wait_for(generator, lambda facts: any(isinstance(f, LoadSampled) and f.due > 3 for f in facts))
    generator.stop(2.0)

    rows = read(generator.ledger)
    assert rows.outcome("ok").sum() == len(rows) > 3
    assert [fact.clean for fact in generator.poll() if isinstance(fact, LoadEnded)] == [True]


def test_a_load_that_is_ended_while_its_process_is_being_started_leaves_no_process(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C at that instant: `start` has not returned, and `kill` is called all the same."""
    generator = load("http_user", "http://127.0.0.1:1")
    made: list[subprocess.Popen[bytes]] = []
    begin, popen = threading.Event(), subprocess.Popen

    def slow(*args: Any, **words: Any) -> subprocess.Popen[bytes]:
        begin.wait()
        made.append(popen(*args, **words))
        return made[-1]

    monkeypatch.setattr(subprocess, "Popen", slow)
    threading.Thread(target=generator.start, daemon=True).start()
    while not generator.log.exists():
        time.sleep(0.01)
    killing = threading.Thread(target=generator.kill, daemon=True)
    killing.start()
    time.sleep(0.2)  # it is waiting by now
    begin.set()
    killing.join()
    assert made[0].poll() is not None
