"""What became of a request, what shape its answer had, and how arrivals are shared out."""

from __future__ import annotations

import socket
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3

from harness.ledger import OUTCOMES
from harness.load.outcome import classify, untold
from harness.load.shape import path_pattern, shape_of
from harness.load.shares import shares


class RetriesExceeded(Exception):
    """As geventhttpclient's: what happened stands in an attribute."""

    def __init__(self, original: Exception) -> None:
        super().__init__("http://x", 0)
        self.original = original


def gave_up(why: str) -> Exception:
    """As requests says that urllib3 tried again and gave up."""
    reason = urllib3.exceptions.ResponseError(why)
    return requests.exceptions.RetryError(urllib3.exceptions.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


HTTP = SimpleNamespace(status_code=0, error=None)


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [
        (None, 200, "ok"),
        (None, 404, "ok"),
        (requests.HTTPError("404"), 404, "4xx"),
        (requests.HTTPError("503"), 503, "5xx"),
        (requests.ReadTimeout(), 0, "timeout"),
        (requests.ConnectionError(urllib3.exceptions.ConnectTimeoutError(None, "connect")), 0, "timeout"),
        (TimeoutError(110, "kernel"), 0, "timeout"),
        (TimeoutError("timed out"), 200, "timeout"),
        (RetriesExceeded(TimeoutError()), 0, "timeout"),
        (RetriesExceeded(BrokenPipeError(32, "x")), 0, "conn"),
        (ConnectionRefusedError(111, "no"), 0, "conn"),
        (ConnectionResetError(104, "reset"), 0, "conn"),
        (socket.gaierror(-2, "no such name"), 0, "conn"),
        (requests.exceptions.ChunkedEncodingError("cut"), 200, "conn"),
        (urllib3.exceptions.ProtocolError("cut"), 200, "conn"),
        (gave_up("too many 503 error responses"), 0, "5xx"),
        (gave_up("too many 429 error responses"), 0, "4xx"),
        (gave_up("too many error responses"), 0, "conn"),
        (requests.TooManyRedirects(), 302, "wrong"),
        (requests.exceptions.ContentDecodingError("gzip"), 200, "wrong"),
        (zlib.error("bad"), 200, "wrong"),
        (ValueError("not what was asked for"), 200, "wrong"),
        (ValueError("by hand"), 502, "5xx"),
        (ValueError("nothing came"), 0, "conn"),
    ],
)
def test_each_failure_has_its_class(error: Exception | None, status: int, outcome: str) -> None:
    assert OUTCOMES[classify(error, status, HTTP)] == outcome


def test_what_the_client_met_counts_also_when_the_locustfile_says_failure() -> None:
    response = SimpleNamespace(status_code=0, error=requests.ReadTimeout())

    assert OUTCOMES[classify(ValueError("failure()"), 0, response)] == "timeout"


def test_a_client_of_its_own_that_fails_answered_wrongly_or_was_cut_off() -> None:
    assert OUTCOMES[classify(ValueError("bad row"), 0, None)] == "wrong"
    assert OUTCOMES[classify(ConnectionRefusedError(), 0, None)] == "conn"


class _InactiveRpcError(Exception):
    """As grpc's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self._code = code

    def code(self) -> str:
        return f"StatusCode.{self._code}"


def error_named(name: str, *bases: str) -> Exception:
    """An error of a class of this name, whose bases are called so."""
    kind: type[Exception] = Exception
    for one in (*reversed(bases), name):
        kind = type(one, (kind,), {})
    return kind("x")


@pytest.mark.parametrize(
    ("error", "outcome", "not_told"),
    [
        (_InactiveRpcError("UNAVAILABLE"), "conn", False),
        (_InactiveRpcError("DEADLINE_EXCEEDED"), "timeout", False),
        (_InactiveRpcError("NOT_FOUND"), "wrong", False),
        (_InactiveRpcError("CANCELLED"), "wrong", True),
        (error_named("WebSocketConnectionClosedException"), "conn", False),
        (error_named("ConnectionClosedError", "ConnectionClosed"), "conn", False),
        (error_named("AdminShutdown", "OperationalError"), "conn", False),
        (error_named("ServerSelectionTimeoutError", "AutoReconnect"), "timeout", False),
        (error_named("ConnectionError", "RedisError"), "conn", False),
        (AssertionError("42 rows"), "wrong", False),
        (ValueError("bad row"), "wrong", True),
        ("just text", "wrong", True),
    ],
)
def test_a_client_that_is_not_https_says_by_its_error_whether_it_was_answered(
    error: Any, outcome: str, not_told: bool
) -> None:
    assert (OUTCOMES[classify(error, 0, None)], outcome == "wrong" and untold(error)) == (outcome, not_told)
    assert not untold(error, SimpleNamespace(rows=[])), "something came"


def test_the_shape_of_json_is_its_keys_not_its_values() -> None:
    one = shape_of("application/json; charset=utf-8", b'{"id": 7, "items": [{"a": 1}, {"a": 2}]}')

    assert one == "application/json id,items[].a"
    assert shape_of("application/json", b'{"items": [{"a": null}], "id": 8}') == one
    assert shape_of("application/json", b'{"error": "no"}') != one
    assert shape_of("application/json", b"<html>") == "application/json not json"
    assert shape_of("application/json", b"[]") == "application/json []"


def test_the_shape_of_html_is_its_title_and_tags() -> None:
    page = b"<html><head><title>Order 17</title></head><body><p>a</p><p>b</p></body></html>"
    same = b"<html><head><title>Order 4711</title></head><body><p>only one</p></body></html>"
    other = b"<html><head><title>Database error</title></head><body><h1>Sorry</h1></body></html>"

    assert shape_of("text/html", page) == shape_of("text/html; charset=UTF-8", same)
    assert "'Order #'" in shape_of("text/html", page)
    assert shape_of("text/html", other) != shape_of("text/html", page)


def test_the_shape_of_anything_else_is_its_type_and_where_it_led() -> None:
    assert shape_of("image/png", b"\x89PNG") == "image/png"
    assert shape_of("", b"x") == "untyped"
    assert shape_of("text/html", None, "https://host/login?next=/a") == "text/html -> /login"
    assert path_pattern("/orders/123/items/9f86d081884c7d65") == "/orders/#/items/#"


def share(users: int, *classes: tuple[float, int]) -> list[float]:
    made = [type(f"C{n}", (), {"weight": w, "fixed_count": f}) for n, (w, f) in enumerate(classes)]
    return list(shares(made, users).values())


def test_arrivals_are_shared_out_as_users_would_be() -> None:
    assert share(10, (1, 0)) == [1.0]
    assert share(10, (8, 0), (2, 0)) == pytest.approx([0.8, 0.2])
    assert share(10, (1, 2), (3, 0), (1, 0)) == pytest.approx([0.2, 0.6, 0.2])
    assert share(2, (1, 5), (1, 0)) == pytest.approx([5 / 6, 1 / 6])
