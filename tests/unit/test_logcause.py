"""Why a request failed, as a line tells it: in every layout the same, and never by saying once more that it failed."""

from __future__ import annotations

import json

import pytest

from harness.logcause import Why, own_words, why
from harness.logtext import Said

ID = "drill-0123abcd-0-12"
OWN = own_words(["POST /checkout", "GET /orders/{id}"])
LAYOUTS = [
    "2026-11-28 20:00:00,123 ERROR [{id}] {text}",
    "ERROR:app:{text} [{id}]",
    "2026-11-28 20:00:00,123 shop.views ERROR {text} {id}",
    "2026-11-28 20:00:00,123 - shop.orders - ERROR - {text} (request_id: {id})",
    "20:00:00.123 [http-nio-8080-exec-1] ERROR c.s.CheckoutController - {text} [{id}]",
    "2026-11-28 20:00:00.123 [main] ERROR com.shop.OrderService:42 - {text}, request id {id}",
    "2026-11-28 20:00:00.123 ERROR [pool-1-thread-13] com.shop.catalog.Web [{id}] - {text}",
    "2026-11-28 20:00:00.123 [main] ERROR com.shop.catalog.Web [{id}] (Web.java:92) - {text}",
    "2026-11-28 20:00:00.123 [main] ERROR com.shop.catalog.Web.handle(Web.java:92) {{requestId={id}, user=bob}} - {text}",
    "2026-11-28 20:00:00.123 ERROR 1 --- [exec-3] c.s.catalog.Web [tenant acme] : {text} [{id}]",
    "2026-11-28 20:00:00.123|ERROR|Shop.Orders|{text}",
    "2026-11-28 20:00:00.123 | ERROR    | __main__:f:1 - {text}",
    "E1128 20:00:00.123456 1 orders.go:42] {text}",
    "ERRO[0000] {text} request_id={id}",
    "[2026-11-28T20:00:00Z ERROR shop::db] {text}",
    '2026-11-28T20:00:00.000Z\tERROR\tapi/main.go:10\t{text}\t{{"request_id":"{id}"}}',
    "[2026-11-28 20:00:00 +0000] [7] [ERROR] {text}",
    "E, [2026-11-28T20:00:00.123456 #1] ERROR -- : {text}",
    "fail: Shop.Orders[0]\n      {text}",
    'level=error msg="{text}" request_id={id}',
    '{{"level":"error","msg":"{text}","request_id":"{id}"}}',
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("request failed", Why.NOTHING),
        ("Internal Server Error", Why.NOTHING),
        ("checkout failed", Why.NOTHING),
        ("CheckoutFailedException: checkout failed", Why.NOTHING),
        ("An unhandled exception has occurred while executing the request.", Why.NOTHING),
        ("could not charge customer", Why.PERHAPS),
        ("504 Gateway Timeout", Why.PERHAPS),
        ("postgres: connection refused", Why.TOLD),
        ("PoolTimeout", Why.TOLD),
        ("deadlock detected", Why.TOLD),
        ("timeout after 3 s calling postgres", Why.TOLD),
        ("request failed: card declined", Why.TOLD),
        ("checkout failed because stock is too low", Why.TOLD),
        ("stripe is unavailable", Why.TOLD),
        ("orders-db refuses the password", Why.TOLD),
        ("NullPointerException", Why.TOLD),
    ],
)
def test_a_message_tells_the_same_in_each_layout(layout: str, text: str, told: Why) -> None:
    assert why(Said(layout.format(text=text, id=ID)), OWN) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Internal Server Error", Why.NOTHING),
        ("Service Unavailable", Why.NOTHING),
        ("InternalServerErrorException", Why.NOTHING),
        ("java.lang.RuntimeException", Why.NOTHING),
        ("internal_error", Why.NOTHING),
        ("500", Why.NOTHING),
        ("_OTHER", Why.NOTHING),
        ("checkout failed", Why.NOTHING),
        (500, Why.NOTHING),
        (True, Why.NOTHING),
        ({"code": 500, "message": "Internal Server Error"}, Why.NOTHING),
        ("Gateway Timeout", Why.PERHAPS),
        ("could not store order of customer", Why.PERHAPS),
        ("timeout", Why.TOLD),
        ("out_of_stock", Why.TOLD),
        ("quota", Why.TOLD),
        ("PoolTimeout", Why.TOLD),
        ("pq: too many clients already", Why.TOLD),
        ({"type": "OperationalError"}, Why.TOLD),
        ({"type": "Error", "message": "request failed", "stack": "Error: x\n    at run (/app/x.js:1:1)"}, Why.TOLD),
    ],
)
def test_what_stands_in_a_field_for_errors_is_held_against_the_same_words(value: object, told: Why) -> None:
    for key in ("error", "exception", "reason"):
        assert why(Said(json.dumps({"level": "error", "msg": "request failed", key: value})), OWN) == told
    both = {"level": "error", "msg": "request failed", "error": True, "reason": value}
    assert why(Said(json.dumps(both)), OWN) == told, "also behind one that tells nothing"


def test_words_of_a_request_are_general_only_where_it_is_asked_for() -> None:
    assert why(Said("ERROR checkout failed")) == Why.PERHAPS
    assert own_words(["POST /checkout"]) == {"post", "posts", "checkout", "checkouts"}


@pytest.mark.parametrize(
    "line",
    [
        "ERROR [PoolTimeout] request failed",
        "ERROR Timeout: request failed",
        "x ERROR refused",
        "ERROR com.shop.Web (connection refused) - request failed",
    ],
)
def test_what_a_layout_might_hold_of_the_cause_is_not_taken_for_a_logger(line: str) -> None:
    assert why(Said(line), OWN) == Why.TOLD


@pytest.mark.parametrize(
    "line",
    [
        "ERROR shop.views request failed",
        "ERROR cart: request failed",
        "ERROR app2 - cart failed",
        "ERROR com.shop.catalog.ConnectionPool, request failed",
        "request failed (com.shop.catalog.Web)",
        "ERROR request failed at com.shop.catalog.Web in com.shop.catalog.Main",
    ],
)
def test_a_word_that_may_be_a_logger_or_a_part_leaves_it_open(line: str) -> None:
    assert why(Said(line), OWN) == Why.PERHAPS


def test_a_line_without_end_is_read_quickly() -> None:
    for text in (
        "[" * 60000,
        "1 " * 30000,
        "a-" * 30000,
        "Ab" * 30000,
        "a: " * 20000,
        "ERROR a" + "[x]" * 20000,
        "ERROR a" + " {" * 20000,
        "ERROR " + "a." * 30000,
        "a.b" * 20000 + "A.",
        "/" * 60000,
        "ERROR " + "[x] " * 9000,
    ):
        assert why(Said(text)) in Why
