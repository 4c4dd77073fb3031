"""What became of a request, in one of the ledger's classes, from the answer and the exception that Locust reports.
Pure.

ok       answered below 400, or the locustfile says success()
4xx 5xx  answered so
timeout  no answer within the client's time-out, while connecting, waiting or reading
conn     refused, reset, closed before its end, no such name
wrong    answered below 400, but not as it should: the locustfile says failure(), a redirect without end, a body that
         cannot be decoded
"""

from __future__ import annotations

import errno
import re
import zlib
from collections.abc import Iterator
from typing import Any

from harness.ledger.layout import C4XX, C5XX, CONN, OK, TIMEOUT, WRONG
from harness.load.foreign import said_by

_TIMEOUT_NAMES = frozenset(
    ("Timeout", "TimeoutError", "ReadTimeout", "ConnectTimeout", "timeout", "ReadTimeoutError", "ConnectTimeoutError")
)
_CONN_NAMES = frozenset(
    (
        "HTTPParseError",
        "HTTPConnectionClosed",
        "ProtocolError",
        "IncompleteRead",
        "InvalidChunkLength",
        "ChunkedEncodingError",
        "NewConnectionError",
        "NameResolutionError",
        "RemoteDisconnected",
        "SSLError",
        "EmptyResponse",
        "RetriesExceeded",
    )
)
_UNREACHED_NAMES = frozenset(
    ("NewConnectionError", "NameResolutionError", "gaierror", "ConnectTimeout", "ConnectTimeoutError")
)
_TOO_MANY = re.compile(r"too many (\d{3}) error responses")
_NOT_CONN_NAMES = frozenset(
    ("TooManyRedirects", "ContentDecodingError", "DecodeError", "UnsupportedRedirectSchemeError")
)


def classify(
    exception: BaseException | None, status: int, response: Any = None, older: BaseException | None = None
) -> int:
    """The class of an answered or failed request. `response.error` is asked too: it outlives a failure() said by
    hand. `older`: what was being handled when it was sent, so that it says nothing of it."""
    if exception is None:
        return OK
    met = _met(exception, response, older)
    status = status or next(filter(None, map(_gave_up_on, met)), 0)
    if any(_is_timeout(error) for error in met):
        return TIMEOUT
    if status >= 400:
        return C5XX if status >= 500 else C4XX
    for error in met:
        if type(error).__name__ in _NOT_CONN_NAMES or isinstance(error, zlib.error):
            return WRONG
        if type(error).__name__ in _CONN_NAMES or (isinstance(error, OSError) and not _is_answer(error)):
            return CONN
    return WRONG if status else CONN if _is_http(response) else _said(met)


def _said(met: tuple[BaseException, ...]) -> int:
    said = {said_by(error) for error in met}
    return TIMEOUT if TIMEOUT in said else CONN if CONN in said else WRONG


def untold(exception: BaseException | None, response: Any = None, older: BaseException | None = None) -> bool:
    """Whether a request that ended wrong, without a status, may just as well have had no answer: nothing came, and its error is of
    a kind that says neither."""
    return response is None and not any(said_by(error) for error in _met(exception, response, older))


def unreached(exception: BaseException | None, response: Any = None, older: BaseException | None = None) -> bool:
    """Whether a request that failed never got a connection: refused, no such name, no answer while connecting."""
    met = _met(exception, response, older)
    return any(isinstance(error, ConnectionRefusedError) or type(error).__name__ in _UNREACHED_NAMES for error in met)


def _is_timeout(error: BaseException) -> bool:
    if isinstance(error, TimeoutError) or type(error).__name__ in _TIMEOUT_NAMES:
        return True
    return isinstance(error, OSError) and error.errno == errno.ETIMEDOUT


def _gave_up_on(error: BaseException) -> int:
    """The status on which a client that tries again by itself gave up (urllib3's Retry(status_forcelist=…)); 0 for none."""
    told = _TOO_MANY.fullmatch(str(error)) if type(error).__name__ == "ResponseError" else None
    return int(told[1]) if told else 0


def _is_answer(error: BaseException) -> bool:
    """requests' HTTPError is an OSError, and still says that there was an answer."""
    return type(error).__name__ in ("HTTPError", "InvalidURL")


def _is_http(response: Any) -> bool:
    """A client of HTTP's: its status is a number, or None where nothing came. A gRPC client's is a word."""
    return isinstance(getattr(response, "status_code", ""), int | None)


def _met(exception: BaseException | None, response: Any, older: BaseException | None) -> tuple[BaseException, ...]:
    """All that the client met. A request that is sent in an `except` block fails during what that block handles, and Locust itself
    reports the first of them all: neither is of this request."""
    before = frozenset(map(id, _causes(older)))
    return tuple(_causes(exception, getattr(response, "error", None), without=before))


def _causes(*errors: BaseException | None, without: frozenset[int] = frozenset()) -> Iterator[BaseException]:
    """Each error and what it was raised from or during; clients wrap what the socket said several times."""
    seen = set(without)
    waiting = [error for error in errors if isinstance(error, BaseException)]
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = [
            error.__cause__,
            error.__context__,
            getattr(error, "reason", None),
            getattr(error, "original", None),
            *error.args[:2],
        ]
        waiting += [e for e in inner if isinstance(e, BaseException)]
