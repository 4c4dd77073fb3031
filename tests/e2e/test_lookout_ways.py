"""Which way a caller's connections go, and looking while callers stop, restart, multiply and hang."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import docker
import pytest

from harness.doctor.images import ensure_harness_image
from harness.edges import Edge
from harness.world.lookout import Lookout

pytestmark = pytest.mark.e2e

SERVE = """
import socket, threading, time
def one(c):
    try:
        while (d := c.recv(100)):
            if b"HANG" in d or hang: time.sleep(600)
            c.sendall(b"+PONG\\r\\n" if b"PING" in d else b"+OK\\r\\n")
            if b"QUIT" in d: break
    except OSError: pass
    c.close()
import sys
hang = "hang" in sys.argv
s = socket.create_server(("0.0.0.0", 6379))
while True:
    threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()
"""
FORWARD = """
import socket, threading, sys
def pipe(a, b):
    try:
        while (d := a.recv(4096)): b.sendall(d)
    except OSError: pass
    for x in (a, b):
        try: x.shutdown(socket.SHUT_RDWR)
        except OSError: pass
s = socket.create_server(("0.0.0.0", 6379))
while True:
    c, _ = s.accept()
    u = socket.create_connection((sys.argv[1], 6379))
    threading.Thread(target=pipe, args=(c, u), daemon=True).start()
    threading.Thread(target=pipe, args=(u, c), daemon=True).start()
"""
CONNECT = "import socket, sys, time; s = socket.create_connection((sys.argv[1], 6379)); "
HOLD = CONNECT + "s.sendall(b'PING'); s.recv(9); time.sleep(600)"
CLOSE = CONNECT + "s.sendall(b'PING'); s.recv(9); s.close()"
LEAVE = CONNECT + "s.sendall(b'QUIT'); s.recv(9); s.recv(9); s.close()"


class Stack:
    """A caller, a dependency, and a middle that stands in for the edge's address; labelled as Compose labels them."""

    def __init__(self) -> None:
        self.run_id = uuid.uuid4().hex[:8]
        self.project = f"drill-{self.run_id}"
        self.client = docker.from_env(timeout=60)
        self.image = ensure_harness_image()
        self.network = self.client.networks.create(self.project, labels=self.labels(""))

    def labels(self, service: str) -> dict[str, str]:
        return {
            "io.drill.run": self.run_id,
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": service,
            "com.docker.compose.oneoff": "False",
        }

    def run(self, service: str, *command: str, number: int = 1, **options: Any) -> Any:
        name = f"{self.project}-{service}-{number}"
        options.setdefault("network", self.project)
        container = self.client.containers.run(
            self.image, list(command), detach=True, init=True, name=name, labels=self.labels(service), **options
        )
        container.reload()
        return container

    def ip(self, container: Any) -> str:
        container.reload()
        return str(container.attrs["NetworkSettings"]["Networks"][self.project]["IPAddress"])

    def close(self) -> None:
        ours = {"label": f"io.drill.run={self.run_id}"}
        for container in self.client.containers.list(all=True, filters=ours):
            container.remove(force=True)
        for network in self.client.networks.list(filters=ours):
            network.remove()
        self.client.close()


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    try:
        yield stack
    finally:
        stack.close()


def python(container: Any, code: str, *args: str, detach: bool = False) -> None:
    result = container.exec_run(["python3", "-c", code, *args], detach=detach)
    assert detach or result.exit_code == 0, result.output


def stood(lookout: Lookout, edge: str) -> Mapping[str, int]:
    found = {fact.edge: fact for fact in lookout.survey()}[edge]
    return {"mediated": found.mediated, "direct": found.direct}


def mediated(stack: Stack) -> tuple[Any, Any, Edge]:
    """db behind a middle; the caller's hosts file sends the name there."""
    db = stack.run("db", "python3", "-c", SERVE)
    middle = stack.run("drill-lanes", "python3", "-c", FORWARD, stack.ip(db))
    caller = stack.run("api", "sleep", "infinity", extra_hosts={"db": stack.ip(middle)})
    return caller, db, Edge("api", "db", names=("db",), ports=(6379,), address=stack.ip(middle))


def begun(stack: Stack, *edges: Edge, **options: Any) -> Lookout:
    lookout = Lookout(stack.run_id, stack.project, edges, {e.dependency: {"image": "redis"} for e in edges}, **options)
    lookout.start()
    return lookout


def until_answered(lookout: Lookout, edge: str) -> None:
    while lookout.look(edge).outcome != "answered":
        time.sleep(0.05)


def test_connections_over_the_edge_and_around_it_are_told_apart_and_our_own_are_left_out(stack: Stack) -> None:
    caller, db, edge = mediated(stack)
    lookout = begun(stack, edge)
    try:
        until_answered(lookout, "api->db")
        for _ in range(5):
            assert lookout.look("api->db").outcome == "answered"
        assert stood(lookout, "api->db") == {"mediated": 0, "direct": 0}

        python(caller, HOLD, "db", detach=True)
        while stood(lookout, "api->db")["mediated"] == 0:
            time.sleep(0.05)
        assert stood(lookout, "api->db") == {"mediated": 1, "direct": 0}

        python(caller, CLOSE, stack.ip(db))  # the caller closes first: TIME_WAIT on its side
        assert stood(lookout, "api->db") == {"mediated": 1, "direct": 1}
        python(caller, LEAVE, stack.ip(db))  # the dependency closes first: TIME_WAIT on the other side
        assert stood(lookout, "api->db") == {"mediated": 1, "direct": 2}
        python(caller, LEAVE, "db")  # over the edge, and the edge's side closes first
        assert stood(lookout, "api->db") == {"mediated": 2, "direct": 2}
        example = next(fact for fact in lookout.survey()).examples[0]
        assert stack.ip(db) in example
        assert "TIME_WAIT" in example
    finally:
        lookout.close()


def test_a_caller_that_was_restarted_is_looked_from_at_once_and_one_that_stopped_is_blinded(stack: Stack) -> None:
    caller, _, edge = mediated(stack)
    lookout = begun(stack, edge)
    try:
        until_answered(lookout, "api->db")
        caller.restart(timeout=0)
        assert lookout.look("api->db").outcome == "answered"
        caller.kill()
        seen = lookout.look("api->db")
        assert (seen.outcome, seen.error) == ("blinded", "api does not run")
        assert lookout.survey() == ()
        caller.start()
        assert lookout.look("api->db").outcome == "answered"
        caller.pause()
        assert lookout.look("api->db").outcome == "answered"  # its network lives on; it is the edge that we look at
        caller.unpause()
    finally:
        lookout.close()


def test_a_hung_look_holds_up_no_other_and_a_name_that_nobody_knows_is_unreachable(stack: Stack) -> None:
    _, _, edge = mediated(stack)
    hanging = stack.run("slow", "python3", "-c", SERVE, "hang")
    stuck = Edge("api", "slow", names=(stack.ip(hanging),), ports=(6379,))
    lookout = begun(stack, edge, stuck, Edge("api", "nobody", names=("no-such-name",), ports=(80,)))
    try:
        until_answered(lookout, "api->db")
        seen: list[Any] = []
        waiting = threading.Thread(target=lambda: seen.append(lookout.look("api->slow")))
        waiting.start()
        for _ in range(20):
            assert lookout.look("api->db").outcome == "answered"
        assert waiting.is_alive(), "the hung look ended before twenty others did"
        waiting.join()
        assert (seen[0].outcome, seen[0].limit_ms, seen[0].answer_ms) == ("hung", 1500.0, None)
        assert seen[0].connect_ms is not None
        assert lookout.look("api->nobody").outcome == "unreachable"
    finally:
        lookout.close()


def test_replicas_of_a_caller_are_looked_from_in_turn_and_surveyed_together(stack: Stack) -> None:
    caller, db, edge = mediated(stack)
    stack.run("api", "sleep", "infinity", number=2)  # without the hosts entry: this one goes around the edge
    lookout = begun(stack, edge)
    try:
        until_answered(lookout, "api->db")
        second = stack.client.containers.get(f"{stack.project}-api-2")
        python(caller, HOLD, "db", detach=True)
        python(second, CLOSE, stack.ip(db))
        while stood(lookout, "api->db") != {"mediated": 1, "direct": 1}:
            time.sleep(0.1)
        assert len(lookout.pids()["api"]) == 2
        outcomes = {lookout.look("api->db").outcome for _ in range(4)}
        assert outcomes == {"answered", "unreachable"}  # the second replica does not know the name `db` at all
    finally:
        lookout.close()


def test_a_way_around_the_edge_to_an_external_host_is_seen_by_what_its_name_resolves_to(stack: Stack) -> None:
    outside = stack.client.containers.run(
        stack.image, ["python3", "-c", SERVE], detach=True, init=True, labels={"io.drill.run": stack.run_id}
    )
    stack.network.connect(outside, aliases=["pay.example"])
    middle = stack.run("drill-lanes", "python3", "-c", FORWARD, stack.ip(outside))
    caller = stack.run("api", "sleep", "infinity", extra_hosts={"pay.example": stack.ip(middle)})
    edge = Edge(
        "api",
        "pay.example",
        names=("pay.example",),
        ports=(6379,),
        address=stack.ip(middle),
        external=True,
        upstream="pay.example",
    )
    lookout = begun(stack, edge)
    try:
        until_answered(lookout, edge.id)
        assert stood(lookout, edge.id) == {"mediated": 0, "direct": 0}
        python(caller, CLOSE, "pay.example")
        assert stood(lookout, edge.id) == {"mediated": 1, "direct": 0}
        python(caller, CLOSE, stack.ip(outside))
        assert stood(lookout, edge.id) == {"mediated": 1, "direct": 1}
    finally:
        lookout.close()


def test_a_lookout_that_was_killed_blinds_looks_and_comes_back_and_leaves_nothing(stack: Stack) -> None:
    _, _, edge = mediated(stack)
    lookout = begun(stack, edge)
    names = ["docker", "ps", "-a", "--filter", f"name=drill-{stack.run_id}-lookout", "--format", "{{.Names}}"]
    try:
        until_answered(lookout, "api->db")
        name = subprocess.check_output(names, text=True).strip()
        stack.client.containers.get(name).kill()
        outcomes = []
        while not outcomes or outcomes[-1] != "answered":
            outcomes.append(lookout.look("api->db").outcome)
            time.sleep(0.02)
        assert set(outcomes) <= {"blinded", "answered"}
    finally:
        lookout.close()
    assert subprocess.check_output(names, text=True) == ""
