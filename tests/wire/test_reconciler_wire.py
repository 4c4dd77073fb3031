"""The reconciler against a real Toxiproxy: what is wanted is so, stays so, and is gone when nobody wants it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.edges import Edge
from harness.errors import CannotRun, NotApplied, NotMended
from harness.facts import Done, Fact
from harness.world import toxiproxy as adapter
from harness.world.handles import Toxic, Want
from harness.world.ladder import RECREATED, RESTARTED
from harness.world.proxies import Reconciler
from harness.world.toxiproxy import Server

pytestmark = pytest.mark.wire

SLOW = Toxic("latency", {"latency": 60, "jitter": 0})


def until(condition: Callable[[], Any], within_s: float = 20.0) -> Any:
    end_s = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < end_s, "did not become so"
        time.sleep(0.01)
    return value


@pytest.fixture
def facts() -> list[Fact]:
    return []


@pytest.fixture
def proxies(toxiproxy: Any, edge: Edge, dependency: Any, facts: list[Fact]) -> Iterator[Reconciler]:
    reconciler = Reconciler(toxiproxy.api, [edge], facts.append, restart=toxiproxy.restart)
    reconciler.start()
    reconciler.listening("db", [dependency.port])
    yield reconciler
    reconciler.close()


@pytest.fixture
def server(toxiproxy: Any) -> Iterator[Server]:
    it = Server(*toxiproxy.api)
    yield it
    it.close()


def connect(edge: Edge, port: int) -> socket.socket:
    return socket.create_connection((edge.address, port), timeout=10)


def ask(connection: socket.socket, size: int = 10) -> float:
    """One exchange; how long it took, in ms."""
    began_s = time.monotonic()
    connection.sendall(b"%d\n" % size)
    left = size + 1
    while left:
        data = connection.recv(65536)
        if not data:
            raise EOFError
        left -= len(data)
    return (time.monotonic() - began_s) * 1000


def refused(edge: Edge, port: int) -> bool:
    try:
        connect(edge, port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_edge_is_open_only_while_its_dependency_listens(proxies: Reconciler, edge: Edge, dependency: Any) -> None:
    with connect(edge, dependency.port) as connection:
        assert ask(connection) < 5000
    proxies.listening("db", [])
    assert refused(edge, dependency.port)
    proxies.listening("db", [dependency.port])
    assert not refused(edge, dependency.port)


def test_a_known_port_that_nobody_listens_on_is_refused_and_an_external_one_is_open_from_the_start(
    toxiproxy: Any, dependency: Any
) -> None:
    known = Edge("api", "db", address="127.0.0.77", upstream="127.0.0.1", ports=(dependency.port,))
    outside = Edge("api", "pay", address="127.0.0.78", upstream="127.0.0.1", ports=(dependency.port,), external=True)
    proxies = Reconciler(toxiproxy.api, [known, outside])
    proxies.start()
    try:
        assert refused(known, dependency.port)
        with connect(outside, dependency.port) as connection:
            ask(connection)
    finally:
        proxies.close()


def test_open_connections_feel_a_fault_at_once_and_its_end_at_once(
    proxies: Reconciler, edge: Edge, dependency: Any
) -> None:
    with connect(edge, dependency.port) as connection:
        ask(connection)
        readback = proxies.want(Want(edge.id, "slow", (SLOW,)))
        assert ask(connection) >= 60
        assert proxies.unwant("slow") == ""
        assert min(ask(connection) for _ in range(5)) < 60
    (proxy,) = readback.values()
    assert [t["latency"] for t in proxy["toxics"].values()] == [60]
    assert proxies.holders() == ()


def test_two_holders_on_one_edge_add_up_and_one_leaves_the_other_in_place(
    proxies: Reconciler, edge: Edge, dependency: Any
) -> None:
    proxies.want(Want(edge.id, "a", (SLOW,)))
    proxies.want(Want(edge.id, "b", (Toxic("latency", {"latency": 40, "jitter": 0}),)))
    with connect(edge, dependency.port) as connection:
        assert ask(connection) >= 100
        proxies.unwant("a")
        assert ask(connection) >= 40
        proxies.unwant("b")
        assert min(ask(connection) for _ in range(5)) < 40


def test_an_edge_stays_closed_until_the_last_holder_that_wants_it_closed_is_gone(
    proxies: Reconciler, edge: Edge, dependency: Any
) -> None:
    proxies.want(Want(edge.id, "a", closed=True))
    proxies.want(Want(edge.id, "b", closed=True))
    proxies.unwant("a")
    assert refused(edge, dependency.port)
    proxies.listening("db", [])
    proxies.listening("db", [dependency.port])
    assert refused(edge, dependency.port), "the dependency's coming back must not open what a fault closed"
    proxies.unwant("b")
    assert not refused(edge, dependency.port)


def test_a_port_that_begins_to_listen_during_a_fault_gets_the_fault(
    proxies: Reconciler, edge: Edge, dependency: Any
) -> None:
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    proxies.listening("db", [])
    with pytest.raises(NotApplied, match="listens on no port"):
        proxies.want(Want(edge.id, "too", (SLOW,)))
    assert proxies.holders() == ("slow",)
    proxies.listening("db", [dependency.port])
    with connect(edge, dependency.port) as connection:
        assert ask(connection) >= 60


def test_cut_closes_open_connections_and_keep_does_not(proxies: Reconciler, edge: Edge, dependency: Any) -> None:
    with connect(edge, dependency.port) as connection:
        ask(connection)
        proxies.want(Want(edge.id, "keep", (SLOW,)))
        ask(connection)
        proxies.want(Want(edge.id, "cut", (SLOW,), cut=True))
        with pytest.raises((EOFError, ConnectionError)):
            ask(connection)


def test_a_restarted_toxiproxy_is_filled_again_with_proxies_and_toxics(
    proxies: Reconciler, edge: Edge, dependency: Any, toxiproxy: Any, facts: list[Fact]
) -> None:
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    toxiproxy.restart()
    until(lambda: not refused(edge, dependency.port))
    with connect(edge, dependency.port) as connection:
        assert ask(connection) >= 60
    until(lambda: [f for f in facts if isinstance(f, Done) and "made so again" in f.detail])
    assert proxies.unwant("slow") == ""


def test_what_another_hand_changes_is_made_as_wanted_again(
    proxies: Reconciler, edge: Edge, dependency: Any, server: Server
) -> None:
    name = f"{edge.id}:{dependency.port}"
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    (toxic,) = server.proxy(name).toxics
    server.remove_toxic(name, toxic)
    server.add_toxic(name, "foreign", Toxic("timeout", {"timeout": 0}))
    server.create("api->gone:1", "127.0.0.77:0", "127.0.0.1:1", True)
    server.create("somebody-elses", "127.0.0.77:0", "127.0.0.1:1", True)
    until(lambda: set(server.proxies()) == {name, "somebody-elses"} and set(server.proxy(name).toxics) == {toxic})


def test_a_toxic_that_the_server_took_and_did_not_make_is_not_applied_and_withdrawn(
    proxies: Reconciler, edge: Edge, dependency: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    misspelt = Toxic("latency", {"latncy": 500})
    with pytest.raises(NotApplied, match="no attribute 'latncy'"):
        proxies.want(Want(edge.id, "slow", (misspelt,)))
    monkeypatch.setitem(adapter.ATTRIBUTES, "latency", {"latncy": 0})  # type: ignore[index]
    with pytest.raises(NotApplied, match="did not make it"):
        proxies.want(Want(edge.id, "slow", (misspelt,)))
    assert proxies.holders() == ()
    assert server.proxy(f"{edge.id}:{dependency.port}").toxics == {}


def flood(edge: Edge, port: int) -> socket.socket:
    """A client that asks for data without end and reads none, until every buffer on the way is full."""
    client = connect(edge, port)
    client.sendall(b"flood\n")
    return client


def wedged(name: str, server: Server) -> bool:
    """Whether the server no longer answers about this proxy."""
    try:
        server.proxy(name)
    except NotApplied:
        return True
    return False


def test_a_client_that_does_not_read_wedges_an_injection_which_is_withdrawn_and_freed(
    proxies: Reconciler, edge: Edge, dependency: Any, server: Server
) -> None:
    with flood(edge, dependency.port):
        time.sleep(1)  # until the buffers are full
        with pytest.raises(NotApplied, match=f"withdrawn: {RECREATED}"):
            proxies.want(Want(edge.id, "slow", (SLOW,)))
    assert server.proxy(f"{edge.id}:{dependency.port}").toxics == {}
    with connect(edge, dependency.port) as connection:
        ask(connection)


def test_a_client_that_does_not_read_wedges_a_mend_and_the_ladder_frees_it(
    proxies: Reconciler, edge: Edge, dependency: Any, server: Server
) -> None:
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    with flood(edge, dependency.port):
        time.sleep(1)
        assert proxies.unwant("slow") == RECREATED
    assert server.proxy(f"{edge.id}:{dependency.port}").toxics == {}
    with connect(edge, dependency.port) as connection:
        ask(connection)


def test_cutting_first_keeps_a_client_that_does_not_read_from_wedging_anything(
    proxies: Reconciler, edge: Edge, dependency: Any
) -> None:
    with flood(edge, dependency.port):
        time.sleep(1)
        proxies.want(Want(edge.id, "slow", (SLOW,), cut=True))
    assert proxies.unwant("slow") == ""


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port where the handshake never ends: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = server.getsockname()
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        time.sleep(0.1)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.5)
        yield int(address[1])


def test_an_upstream_that_never_ends_the_handshake_wedges_a_mend_and_the_restart_frees_it(
    toxiproxy: Any, edge: Edge, full_backlog: int, server: Server
) -> None:
    proxies = Reconciler(toxiproxy.api, [edge], restart=toxiproxy.restart)
    proxies.start()
    proxies.listening("db", [full_backlog])
    try:
        with connect(edge, full_backlog):
            time.sleep(0.2)  # Toxiproxy is in its dial now, which has no time-out
            with pytest.raises(NotApplied, match=f"withdrawn: {RESTARTED}"):
                proxies.want(Want(edge.id, "down", closed=True))
        assert toxiproxy.restarts == 1
        seen = server.proxy(f"{edge.id}:{full_backlog}")
        assert seen.enabled
        assert not seen.toxics
    finally:
        proxies.close()


def test_when_no_rung_helps_the_person_gets_the_commands_and_a_later_try_must_prove_it_again(
    toxiproxy: Any, edge: Edge, dependency: Any
) -> None:
    def cannot() -> None:
        raise RuntimeError("Docker is gone")

    proxies = Reconciler(toxiproxy.api, [edge], restart=cannot, by_hand=["docker restart it"])
    proxies.start()
    proxies.listening("db", [dependency.port])
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    toxiproxy.kill()
    try:
        for _ in range(2):
            with pytest.raises(NotMended, match="Docker is gone") as caught:
                proxies.unwant("slow")
        assert caught.value.commands[-1] == "docker restart it"
        assert f"curl -X DELETE http://127.0.0.1:{toxiproxy.api[1]}/proxies/api-%3Edb%3A" in caught.value.commands[0]
        toxiproxy.restart()
        assert proxies.unwant("slow") == ""
    finally:
        proxies.close()


def test_a_toxiproxy_that_does_not_answer_or_cannot_hold_a_proxy_is_a_run_that_cannot_start(
    toxiproxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.world.proxies.API_WITHIN_S", 0.2)
    nowhere = Edge("api", "db", address="192.0.2.7", upstream="127.0.0.1", ports=(5432,), external=True)
    proxies = Reconciler(toxiproxy.api, [nowhere])
    with pytest.raises(CannotRun, match=r"api->db:5432.*cannot assign"):
        proxies.start()
    proxies.close()
    toxiproxy.kill()
    dead = Reconciler(toxiproxy.api, [])
    with pytest.raises(CannotRun, match="did not answer"):
        dead.start()
    dead.close()


def test_two_reconcilers_in_one_process_do_not_disturb_each_other(
    proxies: Reconciler, toxiproxy: Any, dependency: Any, edge: Edge
) -> None:
    other_process = type(toxiproxy)(toxiproxy._binary)
    other = Reconciler(other_process.api, [Edge("web", "db", address="127.0.0.79", upstream="127.0.0.1")])
    try:
        other.start()
        other.listening("db", [dependency.port])
        other.want(Want("web->db", "slow", (SLOW,)))
        with connect(edge, dependency.port) as connection:
            assert min(ask(connection) for _ in range(5)) < 60
        proxies.want(Want(edge.id, "down", closed=True))
        assert other.holders() == ("slow",)
    finally:
        other.close()
        other_process.kill()


def test_a_proxy_in_the_environment_is_not_used(
    proxies: Reconciler, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    proxies.want(Want(edge.id, "slow", (SLOW,)))
    assert proxies.unwant("slow") == ""


def test_a_port_that_goes_through_a_relay_comes_back_when_the_relay_is_gone(
    proxies: Reconciler, server: Server, edge: Edge, dependency: Any
) -> None:
    name = f"{edge.id}:{dependency.port}"
    straight = server.proxy(name).upstream
    with socket.create_server(("127.0.0.1", 0)) as relay:
        proxies.through(edge.id, dependency.port, f"127.0.0.1:{relay.getsockname()[1]}")
        with connect(edge, dependency.port):
            relay.settimeout(10)
            relay.accept()[0].close()
        proxies.listening("db", [])
        proxies.listening("db", [dependency.port])
        assert server.proxy(name).upstream != straight, "however often the dependency comes and goes"
    proxies.through(edge.id, dependency.port, "")
    assert server.proxy(name).upstream == straight
    with connect(edge, dependency.port) as connection:
        assert ask(connection) < 10_000
