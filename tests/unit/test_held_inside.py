"""How many connections a network has open, by hand and of a process of our own that never closes; and of threads, as Docker tells them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.edges import Edge
from harness.errors import NotApplied
from harness.facts import HeldSeen
from harness.inside.connections import Row
from harness.inside.daemon import Container, born
from harness.inside.held import held
from harness.inside.lookout import Lookout
from harness.inside.roster import Roster
from harness.world import lookout as outside
from harness.world.container_facts import threads_seen

API, DB, EDGE = "10.1.0.2", "10.1.0.5", "10.1.0.200"
TABLE = [
    Row("0.0.0.0", 8080, "0.0.0.0", 0, "LISTEN"),
    Row(API, 40000, EDGE, 5432, "ESTABLISHED"),
    Row(API, 40001, EDGE, 5432, "CLOSE_WAIT"),
    Row(API, 40002, EDGE, 5432, "TIME_WAIT"),
    Row(API, 40003, "10.1.0.9", 6379, "ESTABLISHED"),
    Row(API, 8080, EDGE, 50000, "ESTABLISHED"),
]


def test_open_connections_count_and_those_that_only_the_other_side_closed_are_told_apart() -> None:
    assert held(TABLE) == (4, 1)
    assert held(TABLE, far={EDGE}) == (2, 1), "who calls in calls nobody"
    assert held(TABLE, ours={(API, 40001)}) == (3, 0)


def test_a_connection_with_both_ends_in_one_network_counts_once() -> None:
    ends = [
        Row("127.0.0.1", 40000, "127.0.0.1", 80, "CLOSE_WAIT"),
        Row("127.0.0.1", 80, "127.0.0.1", 40000, "ESTABLISHED"),
    ]
    assert held(ends) == (1, 1)


LEAKS = """
import socket, sys
kept = []
for line in sys.stdin:
    kept.append(socket.create_connection((sys.argv[1], int(sys.argv[2]))))
    print(len(kept), flush=True)
"""


@contextlib.contextmanager
def never_closes(address: tuple[str, int]) -> Iterator[subprocess.Popen[str]]:
    """A service that dials for each line it is told, and keeps whatever it has."""
    command = [sys.executable, "-c", LEAKS, address[0], str(address[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_a_process_of_our_own_never_closes_stays_and_shows_who_closed_it() -> None:
    """Its dependency is on an address of its own: this machine's other connections are none of it."""
    edge = {"edge": "api->db", "dependency": "db", "address": "127.0.61.1"}
    asked = {"project": "p", "do": "connections", "service": "api", "edges": [edge]}
    with socket.create_server(("127.0.61.1", 0)) as db, never_closes(db.getsockname()[:2]) as api:
        assert api.stdin
        assert api.stdout
        lookout = Lookout()
        lookout._rosters["p"] = Roster("p", lambda _: [Container("c1", "api-1", "api", api.pid, born(api.pid), ())])

        def seen() -> tuple[int, int]:
            (one,) = lookout.answer(asked)["containers"]
            assert one["container"] == "api-1"
            return one["count"], one["unclosed"]

        assert seen() == (0, 0)
        for number in range(1, 5):
            api.stdin.write("more\n")
            api.stdin.flush()
            assert api.stdout.readline() == f"{number}\n"
            taken = db.accept()[0]
            assert seen() == (number, number - 1)
            taken.close()
            while seen() != (number, number):
                time.sleep(0.01)


def test_who_is_no_container_of_the_service_tells_nothing() -> None:
    lookout, me = Lookout(), os.getpid()
    lookout._rosters["p"] = Roster("p", lambda _: [Container("c1", "web-1", "web", me, born(me), ())])
    assert lookout.answer({"project": "p", "do": "connections", "service": "api", "edges": []}) == {"containers": []}


def test_the_edges_of_a_dependency_are_asked_for_and_one_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def ask(self: object, request: dict[str, Any], within_s: float) -> dict[str, Any]:
        asked.append(request)
        return {"containers": [{"container": "api-1", "count": 7, "unclosed": 2}]}

    monkeypatch.setattr(outside.Lookout, "_ask", ask)
    lookout = outside.Lookout("r", "p", [Edge("api", "db", address=EDGE), Edge("api", "cache")])
    (seen,) = lookout.connections("api", "db")
    assert seen == HeldSeen(service="api", container="api-1", of="connections", toward="db", count=7, unclosed=2)
    assert [edge["address"] for edge in asked[0]["edges"]] == [EDGE]
    lookout.connections("api", "")
    assert asked[1]["edges"] == []
    with pytest.raises(NotApplied, match="no edge api->mail"):
        lookout.connections("api", "mail")


def test_threads_are_those_of_the_containers_cgroup_and_a_limit_of_none_is_none() -> None:
    def seen(**stats: int) -> HeldSeen | None:
        return threads_seen("api", "api-1", {"pids_stats": stats})

    limited = seen(current=12, limit=200)
    assert limited == HeldSeen(service="api", container="api-1", of="threads", count=12, limit=200)
    for unlimited in (seen(current=12), seen(current=12, limit=0), seen(current=12, limit=2**64 - 1)):
        assert unlimited is not None
        assert unlimited.limit is None
    assert seen() is None, "it has just ended"
