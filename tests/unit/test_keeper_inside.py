"""The keeper's own looks: which ports are listened on, told once per change."""

from __future__ import annotations

import os
import socket

import pytest

from harness.inside.daemon import Container, born
from harness.inside.keeper import Keeper
from harness.inside.lanes import interface_for
from harness.inside.listeners import Namespace, listening, ports

TABLE = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 0B00007F:9C40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   3: 0501A8C0:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   4: 0501A8C0:0052 0601A8C0:1000 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
"""
TABLE6 = b"""  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
   1: 00000000000000000000000001000000:0017 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
   2: 0000000000000000FFFF00000100007F:0018 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
"""


def test_listeners_on_the_loopback_and_dockers_resolver_do_not_count() -> None:
    assert set(ports(TABLE)) == {0x1538, 0x51}
    assert set(ports(TABLE6)) == {0x16}


def test_a_listener_is_seen_when_it_comes_and_gone_when_it_goes() -> None:
    space = Namespace(os.getpid())
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        assert port in listening(os.getpid())
        assert port in space.listening()
    assert port not in listening(os.getpid())
    space.close()


def test_a_process_that_is_gone_cannot_be_looked_at() -> None:
    with pytest.raises(OSError, match="No such file"):
        listening(2**22 - 1)


def container(pid: int, service: str = "db") -> Container:
    return Container("id", "name", service, pid, born(pid), ())


def test_news_comes_once_per_change_and_a_service_without_container_listens_on_nothing() -> None:
    keeper = Keeper("drill-x", ["db", "cache"], lambda project: [container(os.getpid())])
    with socket.create_server(("0.0.0.0", 0)) as server:
        news = dict(keeper.news())
        assert server.getsockname()[1] in news["db"]
        assert news["cache"] == ()
        assert keeper.news() == []


def test_a_docker_that_does_not_answer_leaves_what_was_known() -> None:
    def silent(project: str) -> list[Container]:
        raise OSError("no answer")

    assert Keeper("drill-x", ["db"], silent).news() == [("db", ())]


def test_a_container_whose_process_is_gone_listens_on_nothing_and_is_asked_for_again() -> None:
    keeper = Keeper("drill-x", ["db"], lambda project: [container(2**22 - 1)])
    assert keeper.news() == [("db", ())]
    assert keeper.stir.is_set()


def test_a_lane_address_goes_to_the_interface_whose_range_holds_it() -> None:
    from ipaddress import IPv4Interface

    known = {
        "lo": IPv4Interface("127.0.0.1/8"),
        "eth0": IPv4Interface("10.1.0.2/24"),
        "eth1": IPv4Interface("10.2.0.2/24"),
    }
    assert interface_for(IPv4Interface("10.2.0.250/24"), known) == "eth1"
    assert interface_for(IPv4Interface("10.3.0.250/24"), known) == ""
