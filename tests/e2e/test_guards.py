"""Guards that end real drills: a container that dies beside the fault, an alert that fires, a Prometheus that is gone; and one of
two replicas that is stopped and woken meanwhile.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from test_watched import HEAD, WATCHED, Run

from harness.facts import Aimed, ContainerChanged, GuardTripped, Mended, PhaseBegan
from harness.safety.openfaults import open_faults

pytestmark = pytest.mark.e2e

STEADY = "steady: {for: 3s, within: 90s, all: [errors < 5%, p95 < 3s]}\n"
DEATH = (
    HEAD.replace("compose.yaml]", f"compose.yaml, {WATCHED}/two_stores.yaml]")
    + STEADY
    + """
phases:
  - {name: some, for: 5s, faults: [{stop: {service: store, replicas: 1, grace: 1s}}]}
  - {name: slow, for: 60s, faults: [{latency: {edge: web->store, delay: 50ms}}]}
blast_radius: {services: [store], edges: ["web->*"]}
abort: {any: [any container_died]}
"""
)
ALERT = (
    HEAD
    + STEADY
    + """
phases: [{name: gone, for: 60s, faults: [{down: {edge: web->store}}]}]
abort: {any: [any alert except Watchdog for 2s]}
"""
)
BLIND = (
    HEAD
    + STEADY
    + """
phases: [{name: calm, for: 60s, faults: [{latency: {edge: web->store, delay: 50ms}}]}]
abort: {any: ["promql: web_store_up > 5"], blind: 5s}
"""
)


def tripped(run: Run) -> GuardTripped:
    """The guard that ended the run, once everything else is found as it has to be: exit 5, said on the terminal and in the
    report, every fault out, and nothing left.
    """
    run.play()
    journal = run.journal
    (fact,) = journal.of(GuardTripped)
    assert run.code == 5, run.said
    assert fact.detail in run.said
    assert fact.detail in json.loads((run.folder / "verdict.json").read_text())["ending"]["stopped"]
    assert fact.guard.split()[-1] in (run.folder / "report.html").read_text()
    assert open_faults(journal) == ()
    label = f"label=io.drill.run={run.folder.name.rpartition('-')[2]}"
    for kind in (("ps", "-a"), ("network", "ls"), ("volume", "ls")):
        left = subprocess.run(["docker", *kind, "-q", "--filter", label], check=True, capture_output=True, text=True)
        assert left.stdout == ""
    return fact


def kill_the_second_store(run: Run) -> None:
    run.await_fact(PhaseBegan, phase="slow")
    name = f"drill-{run.folder.name.rpartition('-')[2]}-store-2"
    subprocess.run(["docker", "kill", name], check=True, capture_output=True)


def stop_prometheus(run: Run) -> None:
    run.await_fact(PhaseBegan, phase="calm")
    run.stop_prometheus()


def test_a_container_that_dies_beside_the_fault_ends_the_drill(docker_engine: None, tmp_path: Path) -> None:
    run = Run(tmp_path / "death", DEATH, kill_the_second_store)
    fact = tripped(run)
    journal = run.journal
    assert fact.guard == "any container_died"
    # by Docker's event, or by a look that came before it
    assert re.search(r"store-2 \(store\) (died|ended) with code 137", fact.detail)
    (aimed,) = journal.of(Aimed)
    assert [name.rpartition("-")[2] for name in aimed.containers] == ["1"]
    (mended,) = [one for one in journal.of(Mended) if "stop" in one.fault]
    woken = {
        e.container
        for e in journal.of(ContainerChanged, event="start", since_s=mended.begun_s - 1, until_s=mended.seen_s + 1)
    }
    assert woken == set(aimed.containers)
    assert [e.container for e in journal.of(ContainerChanged, event="die", until_s=mended.seen_s)] == [
        *aimed.containers
    ]


def test_an_alert_that_fires_ends_the_drill(docker_engine: None, tmp_path: Path) -> None:
    fact = tripped(Run(tmp_path / "alert", ALERT))
    assert fact.guard == "any alert except Watchdog for 2s"
    assert fact.detail.startswith("alert Sto") or fact.detail.startswith("alert Secret")
    assert not fact.blind


def test_a_prometheus_that_is_gone_ends_a_drill_that_a_guard_asks_it_for(docker_engine: None, tmp_path: Path) -> None:
    fact = tripped(Run(tmp_path / "blind", BLIND, stop_prometheus))
    assert fact.blind
    assert fact.limit == "blind for 5s"
    assert "could not be asked for" in fact.detail
