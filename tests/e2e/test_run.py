"""Whole drills on a small real stack, as a user starts them: how they pass, how they must not, and how they end when they are ended."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP, Run, Told, docker, told_by

from harness.facts import (
    Broke,
    Closed,
    ContainerSeen,
    HaltAsked,
    Injected,
    Injecting,
    LoadReady,
    Mended,
    PhaseBegan,
    PhaseEnded,
    Refused,
)

pytestmark = pytest.mark.e2e

# --- the stories: each is one run, and what is done to it -----------------------------------------------------------------


def plain(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Nothing is done to it."""


def stop_store_after_our_mend(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, PhaseEnded, phase="slow")
    time.sleep(1.5)  # some looks of the witness: the mend is proven
    docker("kill", run.container("store"))


def kill_web_under_load(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, PhaseBegan, phase="gone")
    docker("kill", run.container("web"))


def interrupt_while_starting(run: Run, process: subprocess.Popen[bytes]) -> None:
    while not run.folder.joinpath("stack.json").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)


def interrupt_at_the_gate(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, LoadReady)
    time.sleep(1)
    process.send_signal(signal.SIGINT)


def terminate_with_a_fault_on(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    process.send_signal(signal.SIGTERM)


def interrupt_twice_after_a_phase(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, PhaseEnded, phase="slow")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)


def halt_with_a_fault_on(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    halted = run.drill("halt", "--reason", "a real incident")
    assert halted.returncode == 0, halted.stderr
    assert "faults out" in halted.stderr


def halt_a_harness_that_hangs(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    process.send_signal(signal.SIGSTOP)
    halted = run.drill("halt", "--patience", "1s")
    assert halted.returncode == 0, halted.stderr
    assert "did not answer" in halted.stderr


def kill_with_a_fault_on(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    process.kill()


STORIES: dict[str, tuple[Callable[[Run, subprocess.Popen[bytes]], None], dict[str, Any]]] = {
    "plain": (plain, {}),
    "placebo": (plain, {"options": ("--baseline",)}),
    "store stopped by another hand": (stop_store_after_our_mend, {}),
    "bypassed": (plain, {"env": {"SHOP_RESOLVER": "own"}}),
    "starved": (plain, {"locustfile": SHOP / "starving.py", "alone": True}),
    "web killed": (kill_web_under_load, {}),
    "stubborn": (plain, {"env": {"SHOP_STUBBORN": "1"}}),
    "interrupted while starting": (interrupt_while_starting, {}),
    "interrupted at the gate": (interrupt_at_the_gate, {}),
    "terminated with a fault on": (terminate_with_a_fault_on, {}),
    "interrupted twice": (interrupt_twice_after_a_phase, {}),
    "halted": (halt_with_a_fault_on, {}),
    "hanging": (halt_a_harness_that_hangs, {}),
    "killed": (kill_with_a_fault_on, {}),
    "never healthy": (plain, {"env": {"SHOP_HEALTH": "/unhealthy"}, "ready_within": "8s"}),
    "refused locustfile": (plain, {"locustfile": SHOP / "raising_import.py"}),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("shop"), STORIES)


# --- what must hold of them -------------------------------------------------------------------------------------------------


def test_a_drill_on_a_sound_service_passes_with_every_fault_landed_and_gone(told: Told) -> None:
    run = told("plain")
    assert run.code == 0, run.said
    assert [f["landing"]["outcome"] for f in run.verdict["faults"]] == ["landed", "landed"]
    assert [f["mend"]["outcome"] for f in run.verdict["faults"]] == ["landed", "landed"]


def test_judging_a_stored_run_again_gives_the_same_bytes_and_another_drill_another_verdict(
    told: Told, tmp_path: Path
) -> None:
    run = told("plain")
    before = (run.folder / "verdict.json").read_bytes()
    assert run.drill("judge", str(run.folder)).returncode == 0
    assert (run.folder / "verdict.json").read_bytes() == before
    stricter = tmp_path / "shop.yaml"
    stricter.write_text((run.home / "shop.yaml").read_text().replace("matches: Traceback", "matches: ERROR store"))
    again = run.drill("judge", str(run.folder), "--drill", str(stricter))
    assert again.returncode == 1, again.stdout + again.stderr


def test_the_ledger_of_a_run_can_be_exported(told: Told) -> None:
    run = told("plain")
    exported = run.drill("export", str(run.folder), "--format", "csv")
    lines = exported.stdout.splitlines()
    assert len(lines) > 200
    assert "GET /item" in exported.stdout


def test_a_run_without_a_fault_decides_nothing_about_faults(told: Told) -> None:
    run = told("placebo")
    assert run.code == 3, run.said
    assert not run.journal.of(Injecting)
    assert {f["outcome"] for f in run.verdict["findings"] if f["phase"]} == {"inconclusive"}


def test_a_store_stopped_by_another_hand_after_our_mend_fails_the_recovery(told: Told) -> None:
    run = told("store stopped by another hand")
    assert run.code == 1, run.said
    assert run.outcome("slow/recovers-steady") == "failed"
    assert not run.journal.of(PhaseBegan, phase="gone"), "the next phase must not begin on a broken stack"


def test_an_edge_that_its_caller_goes_around_is_refused_before_anything_is_injected(told: Told) -> None:
    run = told("bypassed")
    assert run.code == 4, run.said
    assert "bypassed" in run.said
    assert not run.journal.of(Injecting)


def test_a_starved_generator_makes_the_run_invalid(told: Told) -> None:
    run = told("starved")
    assert run.code == 3, run.said
    assert run.verdict["invalid"]
    assert "passed" not in {f["outcome"] for f in run.verdict["findings"]}


def test_a_service_that_dies_under_load_is_named(told: Told) -> None:
    run = told("web killed")
    assert run.code == 1, run.said
    (finding,) = [f for f in run.verdict["findings"] if f["id"] == "run/stays_up-all"]
    assert finding["outcome"] == "failed"
    assert "web" in finding["because"]


def test_a_service_that_does_not_come_back_by_itself_is_a_finding_though_docker_calls_it_healthy(
    told: Told,
) -> None:
    run = told("stubborn")
    assert run.code == 1, run.said
    assert run.outcome("gone/settles") == "failed"
    assert {c.health for c in run.journal.of(ContainerSeen, service="web")} == {"healthy"}


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("interrupted while starting", 130),
        ("interrupted at the gate", 130),
        ("terminated with a fault on", 143),
        ("interrupted twice", 130),
        ("halted", 5),
        ("never healthy", 4),
        ("refused locustfile", 2),
        *((name, None) for name in ("plain", "placebo", "bypassed", "starved", "web killed", "stubborn")),
        ("store stopped by another hand", None),
    ],
)
def test_however_a_run_ends_nothing_is_left_and_nothing_is_lost(told: Told, story: str, code: int | None) -> None:
    run = told(story)
    assert code is None or run.code == code, run.said
    assert run.left() == []
    journal = run.journal
    assert journal.of(Closed)
    assert not journal.of(Broke), run.said
    assert {f.fault for f in journal.of(Injected)} <= {f.fault for f in journal.of(Mended)}


def test_halt_says_who_and_why(told: Told) -> None:
    (asked,) = told("halted").journal.of(HaltAsked)
    assert asked.reason == "a real incident"


def test_a_harness_that_hangs_is_halted_from_outside_and_cleared_up(told: Told) -> None:
    run = told("hanging")
    assert run.code == -signal.SIGKILL
    assert run.left() == []
    assert run.journal.of(Mended)


def test_what_a_killed_run_left_is_found_by_its_labels_and_its_evidence_is_judged(told: Told) -> None:
    run = told("killed")
    assert run.code == -signal.SIGKILL
    mended = run.drill("mend")
    assert mended.returncode == 0, mended.stderr
    assert run.left() == []
    assert run.journal.of(Mended)
    assert run.verdict["exit_code"] != 0
    assert "passed" not in {f["outcome"] for f in run.verdict["findings"] if f["id"].startswith("run/")}
    assert run.drill("mend").returncode == 0


def test_a_stack_that_never_becomes_healthy_is_named_with_its_service(told: Told) -> None:
    run = told("never healthy")
    (refused,) = run.journal.of(Refused)
    assert "web" in refused.reason


def test_a_locustfile_that_fails_is_shown_with_its_line(told: Told) -> None:
    assert "raising_import.py:5" in told("refused locustfile").said
