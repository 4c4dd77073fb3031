"""A bad release under load on a small real stack: rolled back well, badly, by half, by nobody; and what is left behind."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_runs import SHOP, Act, Run, Told, told_by

from harness.facts import (
    Broke,
    Closed,
    ContainerSeen,
    Deployed,
    Injected,
    LeverEnded,
    LeverPulled,
    Mended,
    PhaseBegan,
    PhaseSettled,
)

pytestmark = pytest.mark.e2e

DRILL = f"""
drill: shop
stack: {{compose: [stack/compose.yaml], ready_within: 60s}}
load:
  locustfile: {SHOP / "locustfile.py"}
  against: web:8080
  arrivals: [{{for: 1m, rate: 20/s}}]
  max_in_flight: 120
  timeout: 3s
steady: {{for: 4s, within: 20s, all: [errors < 1%, p95 < 1s]}}
phases:
  - name: release
    for: 30s
    faults: [{{bad_release: {{service: web, environment: {{RELEASE: bad}}}}}}]
    expect: [{{rolled_back: {{by: runbook, command: [./rollback.sh], trigger: after 2s, within: 29s, timeout: 28s, id: back}}}}]
    then: [{{recovers: {{within: 15s}}}}]
expect: [{{stays_up: {{service: store}}}}]
abort: {{max_duration: 4m}}
"""

UP = "docker compose --ansi never up --detach --no-deps --no-build --pull never"
GOOD = f"{UP} $DRILL_SERVICE"
HALF = f"""
one=$(docker compose ps --quiet $DRILL_SERVICE | head -n 1)
docker rm --force "$one"
{UP} --no-recreate $DRILL_SERVICE
"""


def plain(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Nothing is done to it."""


def interrupt_with_the_command_running(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, LeverPulled)
    process.send_signal(signal.SIGINT)


def halt_with_the_release_out(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    halted = run.drill("halt", "--reason", "a real incident")
    assert halted.returncode == 0, halted.stderr


def kill_with_the_release_out(run: Run, process: subprocess.Popen[bytes]) -> None:
    run.await_fact(process, Injected)
    process.kill()


def story(
    script: str, act: Act = plain, edit: Callable[[str], str] = str, **settings: Any
) -> tuple[Act, dict[str, Any]]:
    """A run whose rollback.sh is this script."""

    def acted(run: Run, process: subprocess.Popen[bytes]) -> None:
        act(run, process)

    def prepare(run: Run) -> None:
        stack = run.home / "stack"
        shutil.copytree(SHOP, stack)
        text = (stack / "compose.yaml").read_text()
        text = text.replace(
            "name: shop", "name: shop-releases"
        )  # its images are built beside those of other tests' shops
        text = text.replace("environment:\n", "environment:\n      RELEASE: ${SHOP_RELEASE:-good}\n")
        (stack / "compose.yaml").write_text(text + NEXT)
        bad = """RUN sed -i 's/^RELEASE = .*/RELEASE = "bad"/' /shop.py"""
        (stack / "bad.Dockerfile").write_text(f"{(SHOP / 'Dockerfile').read_text()}{bad}\n")
        (run.home / "rollback.sh").write_text(f"#!/bin/sh\nset -e\n{script}\n")
        (run.home / "rollback.sh").chmod(0o755)

    acted.prepare = prepare  # type: ignore[attr-defined]
    return acted, {"edit": lambda _: edit(DRILL), **settings}


NEXT = """
  next:
    profiles: [next]
    image: shop:bad
    build: {context: ., dockerfile: bad.Dockerfile}
"""
TWO: dict[str, Any] = {"env": {"SHOP_REPLICAS": "2"}}
BY_ENVIRONMENT = "environment: {RELEASE: bad}"


def by(change: str) -> Callable[[str], str]:
    return lambda text: text.replace(BY_ENVIRONMENT, change)


def unnamed(text: str) -> str:
    """Nothing in the answers names a version, and both replicas are deployed at once."""
    text = text.replace("timeout: 3s\n", "timeout: 3s\n  version_header: X-Nobody\n")
    return text.replace(BY_ENVIRONMENT, f"{BY_ENVIRONMENT}, replicas: all")


STORIES = {
    "by variables": story(GOOD, edit=by("variables: {SHOP_RELEASE: bad}")),
    "by image on two replicas": story(GOOD, edit=by("image: shop:bad"), **TWO),
    "unnamed": story(GOOD, edit=unnamed, **TWO),
    "liar": story("echo rolled back"),
    "half": story(HALF, **TWO),
    "nobody": story("", edit=lambda text: text.replace("by: runbook, command: [./rollback.sh], ", "by: system, ")),
    "slow": story(f"sleep 20; {GOOD}", edit=lambda text: text.replace("within: 29s", "within: 15s")),
    "hung": story("sleep 1000", edit=lambda text: text.replace("timeout: 28s", "timeout: 3s")),
    "no such image": story(GOOD, edit=by("image: drill/none:bad")),
    "interrupted": story("sleep 1000", interrupt_with_the_command_running),
    "halted": story("sleep 1000", halt_with_the_release_out),
    "killed": story("sleep 1000", kill_with_the_release_out),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("releases"), STORIES)


def back(run: Run) -> dict[str, Any]:
    (found,) = [finding for finding in run.verdict["findings"] if finding["id"] == "back"]
    return dict(found)


@pytest.mark.parametrize("name", ["by variables", "by image on two replicas", "unnamed"])
def test_a_release_that_is_rolled_back_passes_and_is_mended_by_nobody(told: Told, name: str) -> None:
    run = told(name)
    assert run.code == 0, run.said
    assert back(run)["outcome"] == "passed"
    assert [fact.by for fact in run.journal.of(Deployed)] == ["harness", "rollback"]
    (mended,), (settled,) = run.journal.of(Mended), run.journal.of(PhaseSettled)
    assert mended.ladder == "rollback"
    assert mended.begun_s >= settled.seen_s
    (fault,) = run.verdict["faults"]
    assert (fault["landing"]["outcome"], fault["mend"]["outcome"]) == ("landed", "landed")


def test_the_landing_says_which_version_answered(told: Told) -> None:
    (fault,) = told("by variables").verdict["faults"]
    assert fault["landing"]["measured"]["version"] == "bad"


def test_without_a_version_header_the_containers_tell(told: Told) -> None:
    (fault,) = told("unnamed").verdict["faults"]
    assert "no answer named a version" in fault["landing"]["because"]


def test_the_verdict_tells_the_instants_of_the_release(told: Told) -> None:
    (release,) = told("by variables").verdict["releases"]
    at = release["instants"]
    times = [at[name]["high_s"] for name in ("impact", "decided", "executed", "recovered")]
    assert times == sorted(times)
    assert at["exposed"]["low_s"] <= at["impact"]["high_s"], (
        "the first harm may be answered before its first good answer is"
    )
    assert release["durations"]["to_restore"]["high_s"] > 0
    assert release["version"] == "bad"


def test_a_liar_is_found_out_by_version_and_container(told: Told) -> None:
    run = told("liar")
    assert run.code == 1, run.said
    assert back(run)["reason"] == "said_done_but_still_serving"
    assert "version bad" in back(run)["because"]
    assert "web-1" in back(run)["because"]
    assert (run.folder / "levers" / "back.log").read_text() == "rolled back\n"
    assert [fact.by for fact in run.journal.of(Deployed)] == ["harness", "mend"]


def test_half_a_rollback_names_the_replica_that_keeps_the_bad_release(told: Told) -> None:
    run = told("half")
    assert run.code == 1, run.said
    assert back(run)["reason"] == "said_done_but_still_serving"
    still = [c.container for c in run.journal.of(ContainerSeen, service="web") if c.container in back(run)["because"]]
    assert len(set(still)) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nobody", "never_decided"), ("slow", "late"), ("hung", "rollback_failed")],
)
def test_every_other_failure_has_its_own_reason(told: Told, name: str, reason: str) -> None:
    run = told(name)
    assert run.code == 1, run.said
    assert back(run)["reason"] == reason, back(run)["because"]


def test_a_hung_command_is_killed_with_all_that_it_started(told: Told) -> None:
    run = told("hung")
    (ended,) = run.journal.of(LeverEnded)
    assert ended.exit_code is None
    found = subprocess.run(["pgrep", "-f", "sleep 1000"], check=False, capture_output=True, text=True).stdout.split()
    assert not [pid for pid in found if str(run.home) in _cwd(pid)]


def test_a_release_that_nobody_took_back_is_mended_and_the_finding_says_so(told: Told) -> None:
    run = told("nobody")
    (settles,) = [finding for finding in run.verdict["findings"] if finding["id"] == "release/settles"]
    assert "nobody had rolled back web" in settles["because"]


def test_an_image_that_is_not_there_is_known_before_anything_starts(told: Told) -> None:
    run = told("no such image")
    assert run.code == 4, run.said
    assert "drill/none:bad" in run.said
    assert not run.journal.of(PhaseBegan)


@pytest.mark.parametrize(("name", "code"), [("interrupted", 130), ("halted", 5)])
def test_a_run_that_is_ended_with_the_release_out_puts_the_good_one_back(told: Told, name: str, code: int) -> None:
    run = told(name)
    assert run.code == code, run.said
    assert [fact.by for fact in run.journal.of(Deployed)] == ["harness", "mend"]
    assert run.verdict["ending"]["not_mended"] == []


def test_what_a_killed_run_left_is_cleared_up(told: Told) -> None:
    run = told("killed")
    assert run.drill("mend").returncode == 0
    assert run.left() == []
    assert run.journal.of(Mended)


@pytest.mark.parametrize("name", [name for name in STORIES if name != "killed"])
def test_however_it_ends_nothing_is_left_and_nothing_is_lost(told: Told, name: str) -> None:
    run = told(name)
    assert run.left() == []
    assert run.journal.of(Closed)
    assert not run.journal.of(Broke), run.said
    assert {fact.fault for fact in run.journal.of(Injected)} <= {fact.fault for fact in run.journal.of(Mended)}


def _cwd(pid: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").resolve())
    except OSError:
        return ""
