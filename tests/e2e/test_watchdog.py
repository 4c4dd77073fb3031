"""The watchdog on a real stack: the harness killed or stopped with a toxic and a frozen container on, and nobody types anything."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.shop_runs import Run, docker, told_by

from harness.errors import EXIT_HARNESS
from harness.facts import Closed, Injected, Injecting, LeaseLapsed, Mended
from harness.safety.openfaults import open_faults

pytestmark = pytest.mark.e2e

LEASE_S = 5.0
GONE_S = LEASE_S + 10.0
"""From the death to an empty machine. The death is noticed within a second; Docker needs the rest, on a busy machine."""


def drill(text: str) -> str:
    head = text[: text.index("phases:")]
    return f"""{head}lease: {LEASE_S:g}s
phases:
  - name: slow
    for: 25s
    faults: [{{latency: {{edge: web->store, delay: 200ms}}}}, {{pause: {{service: store, after: 2s}}}}]
    expect: [{{stays_up: {{service: web}}}}]
abort: {{max_duration: 3m}}
"""


def both_on(run: Run, process: subprocess.Popen[bytes]) -> None:
    while not (run.folder / "facts").is_dir() or len(run.journal.of(Injected)) < 2:
        assert process.poll() is None, "the run ended before its faults were on"
        time.sleep(0.05)


def watchdog(run: Run) -> int:
    """Its process, as this machine counts them."""
    return int(docker("inspect", "--format", "{{.State.Pid}}", run.container("drill-watchdog")))


def gone_within(run: Run, began_s: float) -> None:
    """Note when nothing bears the run's label any more, the watchdog included."""
    while run.left():
        assert time.monotonic() < began_s + GONE_S + 20, run.left()
        time.sleep(0.1)
    (run.home / "gone_s").write_text(f"{time.monotonic() - began_s:.1f}")


def killed_as_a_group(run: Run, process: subprocess.Popen[bytes]) -> None:
    both_on(run, process)
    began_s = time.monotonic()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone_within(run, began_s)


def killed_with_all_its_descendants(run: Run, process: subprocess.Popen[bytes]) -> None:
    """As a service manager does, which kills the control group: whatever session its children made for themselves."""
    both_on(run, process)
    began_s = time.monotonic()
    for pid in [process.pid, *descendants(process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    gone_within(run, began_s)


def killed_with_the_watchdog(run: Run, process: subprocess.Popen[bytes]) -> None:
    both_on(run, process)
    also = watchdog(run)
    began_s = time.monotonic()
    process.kill()
    os.kill(also, signal.SIGKILL)
    process.wait()
    gone_within(run, began_s)


def stopped(run: Run, process: subprocess.Popen[bytes]) -> None:
    """SIGSTOP until the watchdog has mended, and a little longer; then the harness goes on."""
    both_on(run, process)
    began_s = time.monotonic()
    process.send_signal(signal.SIGSTOP)
    try:
        while len(run.journal.of(Mended, writer="watchdog")) < 2:
            assert time.monotonic() < began_s + GONE_S, "the watchdog did not mend"
            time.sleep(0.05)
        (run.home / "mended_s").write_text(f"{time.monotonic() - began_s:.1f}")
        state = docker("inspect", "--format", "{{.State.Status}}", run.container("store")).strip()
        toxics = docker(
            "exec", run.container("drill-lanes"), "python3", "-m", "harness.inside", "toxics", "61474", "[]"
        )
        (run.home / "seen").write_text(json.dumps([state, toxics]))
    finally:
        process.send_signal(signal.SIGCONT)


def undisturbed(run: Run, process: subprocess.Popen[bytes]) -> None:
    both_on(run, process)
    seen = json.loads(docker("inspect", run.container("drill-watchdog")))[0]
    (run.home / "seen").write_text(json.dumps([seen["RestartCount"], seen["NetworkSettings"]["Ports"]]))


STORIES = {
    "killed as a group": (killed_as_a_group, {"edit": drill}),
    "killed with all descendants": (killed_with_all_its_descendants, {"edit": drill}),
    "killed with the watchdog": (killed_with_the_watchdog, {"edit": drill}),
    "stopped": (stopped, {"edit": drill}),
    "undisturbed": (undisturbed, {"edit": drill}),
}
KILLED = tuple(name for name in STORIES if name.startswith("killed"))


def descendants(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[object]:
    yield from told_by(tmp_path_factory.mktemp("watchdog"), STORIES)


@pytest.mark.parametrize("name", KILLED)
def test_after_a_kill_everything_is_gone_within_the_lease_and_a_few_seconds(told, name: str) -> None:  # type: ignore[no-untyped-def]
    run = told(name)
    assert float((run.home / "gone_s").read_text()) < GONE_S
    assert len(run.journal.of(Injecting)) == 2
    assert open_faults(run.journal) == ()
    assert run.journal.first(LeaseLapsed, writer="watchdog", gone=True) is not None
    assert run.journal.first(Closed, writer="watchdog") is not None


@pytest.mark.parametrize("name", KILLED)
def test_after_the_watchdog_mend_finds_nothing_and_the_run_can_be_judged(told, name: str) -> None:  # type: ignore[no-untyped-def]
    run = told(name)
    before = run.journal.of(Mended)
    mended = run.drill("mend", str(run.folder))
    assert (mended.returncode, "nothing of it is left" in mended.stderr) == (0, True), mended.stderr
    assert run.journal.of(Mended) == before
    judged = json.loads(run.drill("judge", str(run.folder), "--json").stdout)
    assert not [finding for finding in judged["findings"] if finding["outcome"] == "passed"]


def test_a_harness_that_is_stopped_loses_its_faults_within_the_lease_and_ends_by_itself(told) -> None:  # type: ignore[no-untyped-def]
    run = told("stopped")
    assert float((run.home / "mended_s").read_text()) < GONE_S
    assert json.loads((run.home / "seen").read_text()) == ["running", ""]
    assert run.code == EXIT_HARNESS
    assert run.journal.of(LeaseLapsed, writer="harness", gone=False)
    assert "stood still" in run.said
    assert open_faults(run.journal) == ()
    assert not run.journal.of(Injected)[2:]
    assert run.left() == []


def test_a_clean_run_has_a_watchdog_that_is_not_heard_of_and_leaves_none(told) -> None:  # type: ignore[no-untyped-def]
    run = told("undisturbed")
    assert json.loads((run.home / "seen").read_text()) == [0, {}]
    assert run.journal.of(Mended)
    assert not [fact for fact in run.journal.facts if fact.writer == "watchdog"]
    assert run.left() == []
