"""Whole drills whose faults do not go in the ordinary way: Toxiproxy wedges, Docker is away when they are due, a caller needs a restart."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from docker_proxy import DockerProxy
from shop_runs import Run, Told, docker, told_by

from harness.facts import (
    Blinded,
    Injected,
    Injecting,
    Looked,
    Mended,
    NotMended,
    PhaseEnded,
    PhaseSettled,
    Restarted,
    RungTried,
)
from harness.world.ladder import RECREATED, REMOVED, RESTARTED
from harness.world.toxiproxy import TIMEOUT_S

pytestmark = pytest.mark.e2e

Process = subprocess.Popen[bytes]
SLOW = "slow/latency-web->store"
HELPS_S = 6.0  # what the rung that helps may take on a busy machine; those before it hang for a call

FLOOD = """
import socket, time
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
one.connect(("store", 6379))
one.setblocking(False)
for _ in range(2000):  # asks without end and reads nothing, until every buffer on the way is full
    try:
        one.send(b"A\\n" * 4096)
    except BlockingIOError:
        pass
    time.sleep(0.01)
"""


def flood(run: Run, process: Process) -> None:
    run.await_fact(process, Injected, fault=SLOW)
    docker("exec", "--detach", run.container("web"), "python3", "-c", FLOOD)


def phases(text: str) -> Callable[[str], str]:
    """The shop's drill with other phases, and claims of no phase."""

    def edit(drill: str) -> str:
        head, _, rest = drill.partition("phases:\n")
        return f"{head.replace('within: 40s', 'within: 20s')}phases:\n{text}{rest[rest.index('abort:') :]}"

    return edit


class AwayAtTheMend:
    """Docker goes away while a container is frozen, and comes back some time after it should have been woken."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self.proxy: DockerProxy | None = None

    def prepare(self, run: Run) -> None:
        self.proxy = DockerProxy(run.home / "docker.sock")
        run.env |= self.proxy.env

    def __call__(self, run: Run, process: Process) -> None:
        assert self.proxy is not None
        run.await_fact(process, Injected, fault="frozen/pause-store")
        self.proxy.cut()
        time.sleep(self._for_s)
        self.proxy.back()


WEDGED = "  - {name: slow, for: 14s, faults: [{latency: {edge: web->store, delay: 100ms}}], then: [{recovers: {within: 20s}}]}\n"
FROZEN = "  - {name: frozen, for: 5s, faults: [{pause: {service: store}}], then: [{recovers: {within: 20s}}]}\n"
STUBBORN = (
    "  - {name: gone, for: 5s, faults: [{down: {edge: web->store}}], then: [{recovers: {within: 15s}}]}\n"
    "  - {name: calm, for: 5s, expect: [{errors_below: {ratio: 5%}}]}\nrestore: restart\n"
)

STORIES: Mapping[str, tuple[Callable[[Run, Process], None], Mapping[str, Any]]] = {
    "wedged": (flood, {"edit": phases(WEDGED)}),
    "stubborn": (lambda run, process: None, {"edit": phases(STUBBORN), "env": {"SHOP_STUBBORN": "1"}}),
    "docker away": (AwayAtTheMend(15.0), {"edit": phases(FROZEN)}),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    yield from told_by(tmp_path_factory.mktemp("ladder"), STORIES, at_once=1)


@pytest.mark.parametrize("story", STORIES)
def test_every_fault_is_out_and_nothing_is_left(told: Told, story: str) -> None:
    run = told(story)
    assert {f.fault for f in run.journal.of(Injecting)} == {f.fault for f in run.journal.of(Mended)}, run.said
    assert not run.journal.of(NotMended), run.said
    assert run.code in (0, 1, 3), run.said
    assert run.left() == []


def test_a_toxiproxy_that_wedges_at_a_mend_is_freed_in_the_time_of_the_ladder_and_said(told: Told) -> None:
    run = told("wedged")
    rungs = run.journal.of(RungTried, fault=SLOW)
    (mended,) = run.journal.of(Mended, fault=SLOW)
    order = (REMOVED, RECREATED, RESTARTED)  # whether a delete frees it depends on what hangs; the real one did either
    assert tuple(it.rung for it in rungs) == order[: len(rungs)], run.said
    assert [bool(it.error) for it in rungs] == [True] * (len(rungs) - 1) + [False], run.said
    assert rungs[0].cut == ()
    assert rungs[-1].cut == ("web->store",)
    assert mended.ladder == rungs[-1].rung != REMOVED
    assert TIMEOUT_S <= mended.seen_s - mended.begun_s < (len(rungs) - 1) * TIMEOUT_S + HELPS_S
    assert "clean-up ladder: toxics removed did not help" in run.out
    assert run.outcome("slow/recovers-steady") != "failed", run.said


def test_a_caller_that_needs_a_restart_gets_it_once_it_was_judged_and_the_next_phase_is_played(told: Told) -> None:
    run = told("stubborn")
    (restarted,) = run.journal.of(Restarted)
    assert restarted.services == ("web",), run.said
    assert not restarted.error
    settled = run.journal.of(PhaseSettled, phase="gone")
    assert [it.steady for it in settled] == [False, True], run.said
    assert settled[0].seen_s < restarted.begun_s
    assert run.journal.of(PhaseEnded, phase="calm")
    findings = {f["id"]: f for f in run.verdict["findings"]}
    assert findings["gone/settles"]["reason"] in ("needs_restart", "host_disturbed")
    assert findings["gone/recovers-steady"]["outcome"] != "passed"
    assert "we restarted web" in findings["gone/settles"]["because"]
    assert "restarted web" in run.said


def test_a_docker_that_is_away_when_a_container_is_to_be_woken_is_waited_for_and_said(told: Told) -> None:
    run = told("docker away")
    (mended,) = run.journal.of(Mended, fault="frozen/pause-store")
    assert run.journal.of(Blinded, probe="docker"), run.said
    (back,) = run.journal.of(Looked, probe="docker")
    assert mended.begun_s < back.seen_s < mended.seen_s
    assert "DOCKER IS AWAY" in run.said
