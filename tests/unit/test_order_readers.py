"""Readers of sources of truth on a fake reach: what is asked, how an answer becomes rows, and what is said of one that is none."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from order_reach import FakeReach, counted, http, page, paged, printed, rabbitmq, redis, rows

from harness.drill.readers import CommandReader, SqlReader
from harness.errors import NotApplied, NotThere
from harness.orders.readers import glance, read
from harness.orders.readers.rows import at, number, row_of
from harness.world.handles import Page, Said

# --- rows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "fields", "row"),
    [
        ({"key": "a", "id": 7, "cents": 3, "card": "tok"}, {}, {"key": "a", "id": "7", "cents": 3}),
        ("order-1", {}, {"id": "order-1"}),
        (17, {}, {"id": "17"}),
        (None, {}, {}),
        ({"id": True, "key": None}, {}, {}),
        ({"id": ""}, {}, {}),
        ({"ref": {"order": "o-1"}, "money": "12"}, {"id": "ref.order", "cents": "money"}, {"id": "o-1", "cents": "12"}),
        ({"body": '{"order": {"id": 4}}'}, {"id": "body.order.id"}, {"id": "4"}),
        ({"order.id": "flat"}, {"id": "order.id"}, {"id": "flat"}),
        ({"lines": [{"sku": "s"}]}, {"id": "lines.0.sku", "key": "lines.1.sku"}, {"id": "s"}),
        ({"id": "4111111111111111"}, {}, {"id": "4111111111111111"}),
    ],
)  # fmt: skip
def test_an_element_becomes_a_row(element: Any, fields: dict[str, str], row: dict[str, Any]) -> None:
    assert row_of(element, fields) == row


def test_secrets_are_masked_and_still_told_apart() -> None:
    cards = "4111111111111111", "5555555555554444", "4111111111111111"
    shown = [row_of({"card": card}, {"card": "card"})["card"] for card in cards]
    assert shown[0] == shown[2] != shown[1]
    assert all(re.fullmatch(r"\[card number\] #[0-9a-f]{16}", str(text)) for text in shown)
    bearer = row_of({"n": "Bearer abcdefghijklmnopqrstuvwxyz"}, {"n": "n"})["n"]
    assert str(bearer).startswith("[bearer token] #")


def test_a_path_leads_to_nothing_where_there_is_nothing() -> None:
    for element in (None, 3, "text", [], {"a": {"c": 1}}, {"a": []}):
        assert at(element, "a.b") is None


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("-3", -3), ("12.50", 12.5), ("007", "007"), ("1e5", "1e5"), ("", ""), ("0", 0)]
)
def test_text_that_is_written_as_a_number_is_one(text: str, value: Any) -> None:
    assert number(text) == value
    assert type(number(text)) is type(value)


def test_more_rows_than_are_read_are_no_reading() -> None:
    reach = FakeReach(lambda *_: printed('{"id": 1}\n' * 5))
    reader = CommandReader.model_validate({"run": ["orders"], "service": "api"})
    assert len(rows(reader, reach, most_rows=5)) == 5
    with pytest.raises(NotApplied, match="more than 4 rows"):
        rows(reader, FakeReach(lambda *_: printed('{"id": 1}\n' * 5)), most_rows=4)


# --- http ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("following", "path"),
    [
        ("/charges?after=1", "/charges?after=1"),
        ("http://payments:8080/charges?after=1", "/charges?after=1"),
        ("?after=1", "/charges?after=1"),
    ],
)
def test_the_next_page_may_be_told_as_a_path_a_url_or_relative(following: str, path: str) -> None:
    reach = FakeReach(
        pages={"/charges": page({"it": ["a"], "next": following}), path: page({"it": ["b"], "next": None})}
    )
    assert rows(http(each="it", next="next"), reach) == [{"id": "a"}, {"id": "b"}]


def test_without_a_word_for_it_the_header_link_leads_on() -> None:
    link = '</charges>; rel="first", </charges?page=2>; rel="next"'
    reach = FakeReach(pages={"/charges": page(["a"], link=link), "/charges?page=2": page(["b"])})
    assert rows(http(), reach) == [{"id": "a"}, {"id": "b"}]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(b"oh no", status=500), "payments answered /charges with 500: oh no"),
        (page(b"<html>"), "with what is no JSON"),
        (page({"charges": {}}), "without a list at 'charges'"),
        (page({"charges": [], "next": "/charges"}), "come round to /charges again"),
        (page(b"[" * 100_000), "payments answered|cannot be read"),
    ],
)
def test_an_answer_that_is_no_list_is_said(answer: Page, why: str) -> None:
    with pytest.raises(NotApplied, match=why):
        rows(http(each="charges", next="next"), FakeReach(pages={"/charges": answer}))


@pytest.mark.parametrize("following", [{"href": "/charges?page=2"}, 2, 0, True, ["/charges?page=2"]])
def test_a_next_page_that_is_there_but_is_no_text_is_not_the_end(following: Any) -> None:
    reach = FakeReach(pages={"/charges": page({"it": ["a"], "next": following})})
    with pytest.raises(NotApplied, match="a next page at 'next' that is no text"):
        rows(http(each="it", next="next"), reach)


@pytest.mark.parametrize("following", [None, False, "", [], {}])
def test_a_next_page_that_is_empty_is_the_end(following: Any) -> None:
    reach = FakeReach(pages={"/charges": page({"it": ["a"], "next": following, "total": 1, "has_more": False})})
    assert rows(http(each="it", next="next"), reach) == [{"id": "a"}]


@pytest.mark.parametrize(
    ("around", "said"),
    [
        ({"has_more": True, "total": 200}, "1 row was read, has_more is true"),
        ({"total": 200}, "total is 200"),
        ({"count": 2}, "count is 2"),
        ({"page": {"totalElements": 3}}, "totalElements is 3"),
        ({"meta": {"next_cursor": "abc"}}, "next_cursor is 'abc'"),
        ({"_links": {"next": {"href": "/charges?page=2"}}}, "next is"),
    ],
)
def test_a_page_that_says_that_there_are_more_is_not_the_whole_list(around: dict[str, Any], said: str) -> None:
    with pytest.raises(NotApplied, match=said):
        rows(http(each="it"), FakeReach(pages={"/charges": page({"it": ["a"], **around})}))
    with pytest.raises(NotApplied, match=said):
        rows(http(each="data.it"), FakeReach(pages={"/charges": page({"data": {"it": ["a"], **around}})}))


@pytest.mark.parametrize(
    "around",
    [
        {"total": 1999},  # what the rows come to
        {"total": 500000, "currency": "EUR"},
        {"meta": {"total": 500000, "currency": "EUR"}},
    ],
)
def test_an_amount_is_no_number_of_rows(around: dict[str, Any]) -> None:
    listed = [{"id": 1, "total": 999}, {"id": 2, "total": 1000}]
    reach = FakeReach(pages={"/charges": page({"it": listed, **around})})
    assert [row["id"] for row in rows(http(each="it"), reach)] == ["1", "2"]


def test_a_number_of_rows_beside_amounts_is_one() -> None:
    listed = [{"id": 1, "total": 999}, {"id": 200, "total": 1000}]
    with pytest.raises(NotApplied, match="total is 201"):  # the sum of their ids, which nobody adds up
        rows(http(each="it"), FakeReach(pages={"/charges": page({"it": listed, "total": 201})}))


def test_a_bare_list_says_by_its_headers_that_there_are_more() -> None:
    with pytest.raises(NotApplied, match="X-Total-Count is 9"):
        rows(http(), FakeReach(pages={"/charges": page(["a"], **{"x-total-count": "9"})}))
    assert rows(http(), FakeReach(pages={"/charges": page(["a"], **{"x-total-count": "1"})})) == [{"id": "a"}]


def test_what_all_pages_together_say_is_the_whole_list() -> None:
    first, last = page({"it": ["a"], "next": "?p=2", "total": 2}), page({"it": ["b"], "next": None, "total": 2})
    reach = FakeReach(pages={"/charges": first, "/charges?p=2": last})
    assert rows(http(each="it", next="next"), reach) == [{"id": "a"}, {"id": "b"}]


def test_all_pages_together_have_the_time_of_one_reading() -> None:
    class Endless(FakeReach):
        def get(self, *asked: Any) -> Page:
            self.asked.append(asked)
            return page({"it": [], "next": f"?p={len(self.asked)}"})

    with pytest.raises(NotApplied, match=r"not read whole after 0\.05 s"):
        rows(http(each="it", next="next", timeout="50ms"), Endless())


# --- sql ----------------------------------------------------------------------------------------------------------------


def sql(query: str = "SELECT 1", **more: Any) -> SqlReader:
    return SqlReader.model_validate({"service": "db", "query": query, **more})


def test_json_of_psql_becomes_rows() -> None:
    said = '{"key":"k","id":7,"amount":12.50,"paid":true,"note":null,"at":{"x":1}}\n'
    assert rows(sql(), FakeReach(lambda *_: printed(said))) == [{"key": "k", "id": "7", "amount": 12.5, "note": None}]


def test_xml_of_mariadb_becomes_rows() -> None:
    said = (
        '<?xml version="1.0"?>\n<resultset statement="SELECT 1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<row><field name="key">007</field><field name="amount">12.50</field><field name="n" xsi:nil="true" /></row>'
        '<row><field name="key">a &amp; b</field><field name="note">2026-01-01</field></row></resultset>'
    )
    told = rows(sql(), FakeReach(lambda *_: printed(said)))
    assert told == [{"key": "007", "amount": 12.5, "n": None}, {"key": "a & b", "note": "2026-01-01"}]
    with pytest.raises(NotApplied, match="cannot be read"):
        rows(sql(), FakeReach(lambda *_: printed(said[:-20])))


def test_the_login_is_declared_or_a_service_s_own_and_on_no_command_line() -> None:
    services = {
        "api": {"environment": {"DATABASE_URL": "postgresql+psycopg://shop:p%40ss@db:5432/shop?sslmode=disable"}}
    }
    reach = FakeReach(services=services)
    rows(sql("SELECT 1;  ", user="reader", password="secret"), reach)
    (command,), (told,) = reach.asked, reach.told
    assert command[-1] == "SELECT 1"
    assert not {"secret", "p@ss"} & set(command)
    assert (told["DRILL_USER"], told["DRILL_PASSWORD"]) == ("reader", "secret")
    assert (told["DRILL_URL_USER"], told["DRILL_URL_PASSWORD"], told["DRILL_URL_DATABASE"]) == ("shop", "p@ss", "shop")


@pytest.mark.parametrize(
    ("err", "why"),
    [
        ('ERROR:  column "x" does not exist\nLINE 1: SELECT x\n               ^', 'column "x" does not exist'),
        ("ERROR 1064 (42000) at line 1: error near 'key, id FROM orders' at line 1", "write AS `key`"),
        ("", "it ended with 3"),
    ],
)
def test_a_query_that_fails_is_told_in_the_client_s_words(err: str, why: str) -> None:
    with pytest.raises(NotApplied, match=why):
        rows(sql(), FakeReach(lambda *_: printed("", 3, err)))


@pytest.mark.parametrize("client", ["psql", ""])
def test_a_server_that_does_not_listen_is_told_in_the_client_s_words(tmp_path: Path, client: str) -> None:
    """The script itself, in a shell, where the only client is one that cannot connect, or none is."""
    if client:
        (tmp_path / client).write_text(
            '#!/bin/sh\necho "psql: error: connection to server failed: refused" >&2\nexit 2\n'
        )
        (tmp_path / client).chmod(0o755)

    def ask(command: Sequence[str], *_: Any) -> Said:
        done = subprocess.run(["/bin/sh", *command[1:]], env={"PATH": str(tmp_path)}, capture_output=True, check=False)
        return Said(done.returncode, io.BytesIO(done.stdout), done.stderr.decode())

    with pytest.raises(
        NotApplied, match="connection to server failed: refused" if client else "no psql, mariadb or mysql"
    ):
        rows(sql(), FakeReach(ask))


# --- redis --------------------------------------------------------------------------------------------------------------


def test_a_list_is_read_page_by_page() -> None:
    reach = paged(("list", "2", ["a", '{"id": "b"}']), ("list", "", ["a"]))
    assert rows(redis(list="orders"), reach) == [{"id": "a"}, {"id": "b"}, {"id": "a"}]
    assert [command[-2] for command in reach.asked] == ["0", "2"]


def test_a_stream_goes_on_after_its_last_entry() -> None:
    reach = paged(("stream", "5-9", [["5-9", ["order", "a"]]]), ("stream", "", {}))
    assert rows(redis(stream="orders", fields={"id": "order"}), reach) == [{"id": "a"}]
    assert [command[-2] for command in reach.asked] == ["0", "5-10"]


def test_what_a_scan_tells_twice_is_one_row() -> None:
    reach = paged(("set", "17", ["a", "b"]), ("set", "", ["b", "c"]))
    assert rows(redis(set="orders"), reach) == [{"id": "a"}, {"id": "b"}, {"id": "c"}]


def test_a_hash_has_its_fields_as_ids_unless_told_otherwise() -> None:
    held = ("hash", "", ["o-1", '{"order": "x", "cents": 5}', "o-2", "text"])
    assert rows(redis(hash="h"), paged(held)) == [{"cents": 5, "id": "o-1"}, {"id": "o-2"}]
    assert rows(redis(hash="h", fields={"id": "order"}), paged(held)) == [{"id": "x"}, {}]


def test_a_key_that_is_not_there_is_empty_and_one_of_another_kind_is_said() -> None:
    assert rows(redis(list="orders"), paged(("none", "", {}))) == []
    with pytest.raises(NotApplied, match="orders at redis is a string, not a list"):
        rows(redis(list="orders"), paged(("string", "", {})))
    with pytest.raises(NotApplied, match="NOAUTH Authentication required"):
        rows(redis(list="orders"), FakeReach(lambda *_: printed("NOAUTH Authentication required.\n")))


@pytest.mark.parametrize(
    "services",
    [
        {"redis": {"command": ["valkey-server", "--requirepass", "open sesame"]}},
        {"redis": {"command": "redis-server --requirepass open"}},
        {"api": {"environment": {"CACHE": "redis://:open@redis:6379/0"}}},
    ],
)
def test_the_password_is_the_one_that_the_stack_itself_uses(services: dict[str, dict[str, Any]]) -> None:
    reach = paged(("none", "", {}))
    reach.services = services
    rows(redis(list="orders"), reach)
    assert reach.told[0]["DRILL_URL_PASSWORD"].split()[0] == "open"


# --- rabbitmq -----------------------------------------------------------------------------------------------------------


def test_of_an_empty_queue_nothing_is_taken_but_its_login_is_tried() -> None:
    reach = FakeReach(counted(0, 0))
    assert rows(rabbitmq(), reach) == []
    assert reach.taken == [0]
    reach.refuses = "ACCESS_REFUSED - Login was refused"
    with pytest.raises(NotApplied, match="as guest: ACCESS_REFUSED"):
        rows(rabbitmq(), reach)
    assert [dict(row) for row in glance(rabbitmq(), reach)] == []
    assert list(read(rabbitmq(), reach, everything=True)) == []


NOT_LISTED = """\
Error: unable to perform an operation on node 'rabbit@mq'. Please see diagnostics information and suggestions below.

Most common reasons for this are:

 * Target node is unreachable (e.g. due to hostname resolution, TCP connection or firewall issues)
 * Target node is not running

DIAGNOSTICS
===========

attempted to contact: [rabbit@mq]

rabbit@mq:
  * connected to epmd (port 4369) on mq
  * epmd reports: node 'rabbit' not running at all
                  no other nodes on mq
  * suggestion: start the node

Current node details:
 * node name: 'rabbitmqcli-8-rabbit@mq'
 * Erlang cookie hash: xyz==
"""


def test_what_keeps_queues_from_being_listed_is_told_in_one_line() -> None:
    reach = FakeReach(lambda *_: printed("", 69, NOT_LISTED))
    with pytest.raises(NotApplied) as told:
        rows(rabbitmq(), reach)
    assert str(told.value) == (
        "the queues of mq cannot be listed: unable to perform an operation on node 'rabbit@mq': "
        "epmd reports: node 'rabbit' not running at all; suggestion: start the node"
    )


@pytest.mark.parametrize(
    ("reader", "reach"),
    [
        (rabbitmq(queue="other"), FakeReach(counted(0, 0))),
        (http(), FakeReach()),
        (SqlReader(service="db", query="SELECT 1"), FakeReach(lambda *_: printed("", 1, 'ERROR:  relation "o" does not exist'))),
        (SqlReader(service="db", query="SELECT 1"), FakeReach(lambda *_: printed("", 1, "ERROR 1146 (42S02) at line 1: Table"))),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_is_told_apart(reader: Any, reach: FakeReach) -> None:
    with pytest.raises(NotThere):
        rows(reader, reach)


def test_messages_are_looked_at_and_those_in_a_consumer_s_hands_are_counted() -> None:
    reach = FakeReach(counted(2, 1), messages=[b'{"order": 7}', b"o-8"])
    reach.services = {"mq": {"environment": ["RABBITMQ_DEFAULT_USER=shop", "RABBITMQ_DEFAULT_PASS=pass"]}}
    assert rows(rabbitmq(fields={"id": "order"}, vhost="shop"), reach) == [{"id": "7"}, {}, {"unacknowledged": 1}]
    assert reach.asked[-1] == ("shop", "pass", "shop", "work")


def test_a_queue_that_is_only_waited_for_is_counted_and_nothing_is_taken_from_it() -> None:
    reach = FakeReach(counted(2, 1), messages=[b"o-1", b"o-2"])
    assert [dict(row) for row in glance(rabbitmq(), reach)] == [{"waiting": 1}] * 3
    assert len(reach.asked) == 1
    reach = FakeReach(lambda *_: printed('{"id": 1}\n'))
    assert [dict(row) for row in glance(sql(), reach)] == [{"id": "1"}]


def test_a_queue_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(NotApplied, match="mq has no queue other in /; there are: work"):
        rows(rabbitmq(queue="other"), FakeReach(counted(0, 0)))
    with pytest.raises(NotApplied, match="cannot be listed"):
        rows(rabbitmq(), FakeReach(lambda *_: printed("Error: unable to connect")))
