"""Connections as the kernel lists them, sorted into those over the edge and those around it."""

from __future__ import annotations

from harness.inside import connections, netns, survey
from harness.inside.connections import Row
from harness.inside.daemon import Container
from harness.inside.roster import Roster

API, DB, EDGE = "10.1.0.2", "10.1.0.5", "10.1.0.200"

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0B00007F:A3F1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0500010A:1538 0200010A:D431 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
"""
TABLE6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0
   1: 0000000000000000FFFF00000200010A:D432 0000000000000000FFFF0000C800010A:1538 01 00000000:00000000 00:0
   2: 000080FE00000000000000000100000A:D433 000080FE000000000000000002000000:0050 01 00000000:00000000 00:0
"""


def test_the_kernels_table_is_read_also_where_ipv4_stands_inside_ipv6() -> None:
    rows = connections.parse((TABLE + TABLE6).splitlines())
    assert rows[2] == Row(DB, 5432, API, 54321, "TIME_WAIT")
    assert rows[4] == Row(API, 54322, EDGE, 5432, "ESTABLISHED")
    assert rows[5].ip == "fe80::a00:1"


def test_a_port_on_loopback_alone_serves_nobody_else() -> None:
    assert connections.listening(connections.parse(TABLE.splitlines())) == (5432,)


def counts(**tables: object) -> tuple[int, int]:
    seen = survey.tally(caller_ips=[API], address=EDGE, dependency_ips=[DB], **tables)  # type: ignore[arg-type]
    return len(seen.mediated), len(seen.direct)


LISTEN = Row("0.0.0.0", 5432, "0.0.0.0", 0, "LISTEN")


def test_a_connection_to_the_edges_address_is_mediated_and_one_to_the_dependency_is_direct() -> None:
    caller = [Row(API, 40000, EDGE, 5432, "ESTABLISHED"), Row(API, 40001, DB, 5432, "SYN_SENT")]
    assert counts(caller=caller, dependency=[LISTEN]) == (1, 1)


def test_what_only_the_far_side_remembers_counts_and_what_both_know_counts_once() -> None:
    far = [LISTEN, Row(DB, 5432, API, 40001, "TIME_WAIT"), Row(DB, 5432, API, 40002, "ESTABLISHED")]
    caller = [Row(API, 40002, DB, 5432, "ESTABLISHED")]
    lanes = [Row(EDGE, 5432, API, 40003, "TIME_WAIT"), Row(EDGE, 5432, "10.1.0.9", 40003, "TIME_WAIT")]
    assert counts(caller=caller, dependency=far, lanes=lanes) == (1, 2)


def test_our_own_looks_count_as_nobody() -> None:
    caller = [Row(API, 40000, EDGE, 5432, "TIME_WAIT"), Row(API, 40001, DB, 5432, "TIME_WAIT")]
    assert counts(caller=caller, dependency=[LISTEN], ours={(API, 40000), (API, 40001)}) == (0, 0)


def test_a_dependency_that_calls_its_caller_back_goes_around_nothing() -> None:
    caller = [Row("0.0.0.0", 8080, "0.0.0.0", 0, "LISTEN"), Row(API, 8080, DB, 50000, "ESTABLISHED")]
    far = [LISTEN, Row(DB, 50000, API, 8080, "ESTABLISHED")]
    assert counts(caller=caller, dependency=far) == (0, 0)
    assert counts(caller=caller, dependency=[]) == (0, 0)


def test_a_direct_connection_is_seen_also_when_the_dependency_no_longer_listens() -> None:
    assert counts(caller=[Row(API, 40001, DB, 5432, "CLOSE_WAIT")], known_ports=[5432]) == (0, 1)
    assert counts(caller=[Row(API, 40001, DB, 5432, "CLOSE_WAIT")]) == (0, 1)


def test_an_edge_without_an_address_has_nothing_mediated() -> None:
    seen = survey.tally(
        caller=[Row(API, 1, "", 5432, "ESTABLISHED")], caller_ips=[API], address="", dependency_ips=[DB]
    )
    assert not seen.mediated


def test_examples_name_the_direct_ones_first_and_ports_are_those_of_the_edge() -> None:
    caller = [Row(API, 40000, EDGE, 5432, "ESTABLISHED"), Row(API, 40001, DB, 5432, "TIME_WAIT")]
    seen = survey.tally(caller=caller, caller_ips=[API], address=EDGE, dependency=[LISTEN], dependency_ips=[DB]).said(
        "api"
    )
    assert seen["examples"][0] == f"api {API}:40001 -> {DB}:5432 TIME_WAIT"
    assert seen["ports"] == {"5432": 1}


def test_peers_are_named_by_service_or_by_address_and_loopback_is_left_out() -> None:
    table = [
        Row("0.0.0.0", 8080, "0.0.0.0", 0, "LISTEN"),
        Row(API, 40000, DB, 5432, "ESTABLISHED"),
        Row(API, 40001, "93.184.0.1", 443, "TIME_WAIT"),
        Row(API, 8080, "10.1.0.7", 50000, "ESTABLISHED"),
        Row("127.0.0.1", 40002, "127.0.0.11", 53, "ESTABLISHED"),
    ]
    assert survey.peers(table, {DB: "db"}) == {"db": {"5432": 1}, "93.184.0.1": {"443": 1}}
    assert survey.callers(table, {"10.1.0.7": "web"}) == {"web": {"8080": 1}}


# --- the caller's own resolver


def test_the_hosts_file_is_read_as_libc_reads_it() -> None:
    text = "127.0.0.1 localhost\n10.1.0.200\tdb  Database # the edge\n# 10.9.9.9 db\n::1 db\nnonsense db\n"
    assert netns.in_hosts(text, "DATABASE") == ["10.1.0.200"]
    assert netns.in_hosts(text, "db") == ["10.1.0.200", "::1"]
    assert netns.in_hosts(text, "data") == []


def test_a_resolv_conf_gives_servers_search_domains_and_ndots() -> None:
    text = "# made by Docker\nnameserver 127.0.0.11\nsearch corp.example\noptions edns0 ndots:2\n"
    assert netns.resolver(text) == (["127.0.0.11"], ["corp.example"], 2)
    assert netns.resolver("") == (["127.0.0.1"], [], 1)


def test_addresses_are_taken_from_a_dns_answer_past_aliases_and_compressed_names() -> None:
    question = b"\x02db\0\0\x01\0\x01"
    alias = b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x05\x03pg1\0"
    address = b"\xc0\x1a\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x00\x05"
    header = b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0"
    assert netns.answered(header + question + alias + address) == ["10.1.0.5"]
    assert netns.answered(b"\x12\x34\x81\x83\0\x01\0\0\0\0\0\0" + question) == []


# --- who runs


def test_replicas_take_turns_and_whoever_died_is_asked_for_again() -> None:
    import os

    from harness.inside.daemon import born

    me = os.getpid()
    asked = []

    def ask(project: str) -> list[Container]:
        asked.append(project)
        dead = Container("c3", "api-3", "api", 2**22, "1", ())
        return [
            Container("c1", "api-1", "api", me, born(me), ()),
            Container("c2", "api-2", "api", me, born(me), ()),
            dead,
        ]

    roster = Roster("p", ask)
    names = {container.name for _ in range(4) if (container := roster.one("api"))}
    assert names == {"api-1", "api-2"}
    assert roster.one("nobody") is None
    assert set(asked) == {"p"}


def test_docker_gone_is_no_reason_to_forget_containers_that_still_run() -> None:
    import os

    from harness.inside.daemon import born

    me = os.getpid()
    answers = [[Container("c1", "api-1", "api", me, born(me), ("10.1.0.2",))]]

    def ask(project: str) -> list[Container]:
        if not answers:
            raise OSError("gone")
        return answers.pop()

    roster = Roster("p", ask)
    assert roster.one("api")
    roster._asked_s = 0.0
    assert roster.one("api")


def test_a_container_in_anothers_network_has_its_addresses() -> None:
    owner = Container("c1", "api-1", "api", 1, "x", (API,))
    guest = Container("c2", "side-1", "side", 1, "x", (), shares="c1")
    roster = Roster("p", lambda project: [owner, guest])
    roster._renew()
    assert roster.addresses(guest) == (API,)
