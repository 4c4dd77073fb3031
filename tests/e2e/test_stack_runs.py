"""Whole stacks: two at once, starts that fail, runs that were killed; nothing is left behind."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.errors import CannotRun
from harness.stack.find import find_edges
from harness.stack.keeper import Keeper
from harness.stack.project import read_project
from harness.stack.stack import Stack
from harness.stack.sweep import all_runs, sweep
from harness.world.proxies import Reconciler

pytestmark = pytest.mark.e2e

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture(autouse=True)
def _peer(docker_engine: None) -> None:
    build = ["docker", "build", "--quiet", "--tag", "drill-test/peer:1", str(PROJECTS / "peer")]
    subprocess.run(build, check=True, capture_output=True)


def left_of(run_id: str) -> list[str]:
    found = []
    for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"]):
        command = ["docker", *kind, "-q", "--filter", f"label=io.drill.run={run_id}"]
        found += subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return found


def pair(folder: Path, run_id: str) -> Stack:
    project = read_project([PROJECTS / "pair" / "compose.yaml"])
    return Stack(project, run_id, folder, find_edges(project), publish=["api:8080"], ready_within_s=120)


def up_and_ready(stack: Stack) -> None:
    stack.up()
    stack.wait_ready()


def test_two_runs_of_one_project_at_once_do_not_collide(tmp_path: Path) -> None:
    stacks = [pair(tmp_path / "pair" / run_id, run_id) for run_id in (secrets.token_hex(4), secrets.token_hex(4))]
    problems: list[BaseException] = []
    answers: dict[str, str] = {}
    together = threading.Barrier(2)

    def rehearse(stack: Stack) -> None:
        try:
            proxies = Reconciler(stack.begin(), stack.edges)
            proxies.start()
            keeper = Keeper(stack.run_id, stack.project_name, stack.dependencies, proxies.listening, lambda why: None)
            keeper.start()
            try:
                stack.up()
                stack.wait_ready()
                together.wait(120)
                dial = ["docker", "exec", f"{stack.project_name}-api-1", "python3", "/peer.py", "dial", "db", "5433"]
                answers[stack.run_id] = subprocess.run(dial, capture_output=True, text=True, check=False).stdout.strip()
            finally:
                keeper.close()
                proxies.close()
        except BaseException as error:
            problems.append(error)
            together.abort()

    threads = [threading.Thread(target=rehearse, args=(stack,)) for stack in stacks]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert list(answers.values()) == ["db 5433 hello", "db 5433 hello"]
        assert stacks[0].address("api:8080") != stacks[1].address("api:8080")
        assert {edge.address for edge in stacks[0].edges}.isdisjoint(edge.address for edge in stacks[1].edges)
    finally:
        left = [stack.down() for stack in stacks]
    assert left == [[], []]
    assert [left_of(stack.run_id) for stack in stacks] == [[], []]


@pytest.mark.parametrize(
    ("profile", "within_s", "names"),
    [("seed", 120, ["seed", "exit code 3", "no such table: orders"]), ("sick", 12, ["sick", "unhealthy"])],
)
def test_a_start_that_fails_names_the_service_and_its_last_lines_and_leaves_nothing(
    tmp_path: Path, profile: str, within_s: float, names: list[str]
) -> None:
    project = read_project([PROJECTS / "failing" / "compose.yaml"], profiles=[profile])
    stack = Stack(project, secrets.token_hex(4), tmp_path / "failing" / "x", (), ready_within_s=within_s)
    try:
        stack.begin()
        with pytest.raises(CannotRun) as failure:
            up_and_ready(stack)
        assert all(name in str(failure.value) for name in names), str(failure.value)
    finally:
        assert stack.down() == []
    assert left_of(stack.run_id) == []


def test_a_run_killed_with_its_stack_up_is_swept_by_its_label_and_its_keeper_ends_by_itself(tmp_path: Path) -> None:
    run_id = secrets.token_hex(4)
    program = f"""
import os, signal
from pathlib import Path
from harness.stack.find import find_edges
from harness.stack.keeper import Keeper
from harness.stack.project import read_project
from harness.stack.stack import Stack
project = read_project([Path({str(PROJECTS / "pair" / "compose.yaml")!r})])
stack = Stack(project, {run_id!r}, Path({str(tmp_path)!r}) / "pair" / "x", find_edges(project))
stack.begin()
Keeper({run_id!r}, stack.project_name, stack.dependencies, lambda *news: None, print).start()
stack.up()
os.kill(os.getpid(), signal.SIGKILL)
"""
    try:
        done = subprocess.run([sys.executable, "-c", program], check=False, timeout=300, env=dict(os.environ))
        assert done.returncode == -signal.SIGKILL
        assert run_id in all_runs()
    finally:
        left = sweep(run_id)
    assert left == []
    assert sweep(run_id) == []
    assert left_of(run_id) == []


def test_a_missing_image_is_named_with_its_cure_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {image: 'drill-test/no-such:1'}, b: {image: 'drill-test/neither:2'}}")
    stack = Stack(read_project([file]), secrets.token_hex(4), tmp_path / "x" / "y", (), offline=True)
    with pytest.raises(CannotRun) as failure:
        stack.begin()
    assert [missing.cure for missing in failure.value.missing] == [
        "docker pull drill-test/no-such:1",
        "docker pull drill-test/neither:2",
    ]
    assert left_of(stack.run_id) == []
    assert stack.down() == []


def test_docker_is_not_needed_to_be_told_that_a_file_is_wrong_in_composes_own_words(tmp_path: Path) -> None:
    from harness.errors import UsageError

    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {imagee: x}}")
    with pytest.raises(UsageError, match="imagee is not allowed"):
        read_project([file])
