"""The end state of a small real stack: a rollback that takes all back, and one that leaves a setting, a mounted file and a dead letter."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from shop_runs import SHOP, Run, Told, told_by

from harness.facts import StateRead, StateSettled

pytestmark = pytest.mark.e2e

PARKED = """sh, -c, 'ls /tmp | sed "s/.*/{\\"id\\":\\"&\\"}/"'"""
DRILL = f"""
drill: shop
stack: {{compose: [stack/compose.yaml], ready_within: 2m}}
load:
  locustfile: {SHOP / "locustfile.py"}
  against: web:8080
  arrivals: [{{for: 1m, rate: 10/s}}]
  max_in_flight: 120
  timeout: 3s
state:
  parked: {{at_most: 0, command: {{service: store, run: [{PARKED}]}}}}
  health: {{http: {{service: web, port: 8080, path: /item/1}}}}
steady: {{for: 4s, within: 60s, all: [errors < 1%, p95 < 2s]}}
phases:
  - name: release
    for: 30s
    faults: [{{bad_release: {{service: web, environment: {{RELEASE: bad}}}}}}]
    expect: [{{rolled_back: {{by: runbook, command: [./rollback.sh], trigger: after 2s, within: 29s, timeout: 28s}}}}]
expect: [{{state_restored: {{id: restored, only: [containers, parked], quiet: 3s, within: 10s}}}}]
abort: {{max_duration: 5m}}
"""
UP = "docker compose --ansi never"
GOOD = f"{UP} up --detach --no-deps --no-build --pull never web"
LEAVES = f"""
{UP} --file "$COMPOSE_FILE" --file leftover.json up --detach --no-deps --no-build --pull never web
{UP} exec -T store touch /tmp/letter-1
echo "retries: 30" >> stack/settings.yaml
"""
LEFTOVER = '{"services": {"web": {"environment": {"POWER_PEG": "on"}}}}'


def story(script: str) -> tuple[Any, dict[str, Any]]:
    """A run whose rollback.sh is this script."""

    def act(run: Run, process: subprocess.Popen[bytes]) -> None:
        """Nothing is done to it."""

    def prepare(run: Run) -> None:
        stack = run.home / "stack"
        shutil.copytree(SHOP, stack)
        (stack / "settings.yaml").write_text("retries: 3\n")
        text = (stack / "compose.yaml").read_text().replace("name: shop", "name: shop-state")
        mounted = "environment:\n      RELEASE: good\n"
        text = text.replace("environment:\n", mounted)
        text = text.replace(
            "    depends_on: [store]\n",
            "    volumes: [./settings.yaml:/etc/settings.yaml:ro]\n    depends_on: [store]\n",
        )
        (stack / "compose.yaml").write_text(text)
        (run.home / "leftover.json").write_text(LEFTOVER)
        (run.home / "rollback.sh").write_text(f"#!/bin/sh\nset -e\n{script}\n")
        (run.home / "rollback.sh").chmod(0o755)

    act.prepare = prepare  # type: ignore[attr-defined]
    return act, {"edit": lambda _: DRILL}


STORIES = {"whole": story(GOOD), "leaves": story(LEAVES)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("state"), STORIES)


def restored(run: Run) -> dict[str, Any]:
    (found,) = [finding for finding in run.verdict["findings"] if finding["id"] == "restored"]
    return dict(found)


def test_a_stack_that_is_rolled_back_whole_is_as_before(told: Told) -> None:
    run = told("whole")
    (settled,) = run.journal.of(StateSettled)
    assert settled.quiet, settled
    containers = run.journal.of(StateRead, part="containers")
    assert [one.reading for one in containers] == ["before", "left", "first", "second"]
    assert '"/etc/settings.yaml":"#' in containers[0].held[-1]
    assert "as before the load: containers (2 containers), parked (0 rows)" in restored(run)["because"]


def test_what_a_rollback_leaves_behind_is_told(told: Told) -> None:
    found = restored(told("leaves"))
    assert (found["outcome"], found["reason"]) == ("failed", "config_differs"), found
    names = [text.split(" was ")[0] for what, text in found["details"] if what not in ("compared", "not compared")]
    assert names == ["web.environment.POWER_PEG", "web.files./etc/settings.yaml", "parked"], found
    assert found["because"].startswith(
        "3 things are not as before the load: web.environment.POWER_PEG was not there, is on ("
    )
