"""Clients that try again by themselves tell of the last attempt alone; the row then knows that there was one before it.

Changes urllib3 2 (Retry, which makes another of itself for each further attempt) and geventhttpclient 2.6 (which asks whether a method
may be sent again), both only when an attempt has failed; and requests' digest, of which the first attempt is always refused.
"""

from __future__ import annotations

import sys
from typing import Any

import geventhttpclient.client
from gevent import getcurrent
from geventhttpclient.useragent import UserAgent
from requests.auth import HTTPDigestAuth
from urllib3.util import Retry


def tell_retries() -> None:
    """Once, before the locustfile is imported."""
    _of_urllib3()
    _of_geventhttpclient(geventhttpclient.client, "_may_retry_after_send_error")
    _of_geventhttpclient(UserAgent, "_may_retry", in_a_loop=True)
    _of_digest()


def _of_urllib3() -> None:
    kind: Any = Retry
    original = kind.increment

    def increment(
        self: Any,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        following = original(self, method, url, response, error, *args, **kwargs)  # raises where it gives up
        _tell(error)
        return following

    kind.increment = increment


def _of_digest() -> None:
    kind: Any = HTTPDigestAuth
    original = kind.handle_401

    def handle_401(self: Any, response: Any, **kwargs: Any) -> Any:
        answer = original(self, response, **kwargs)
        if answer is not response:
            _tell(None)
        return answer

    kind.handle_401 = handle_401


def _of_geventhttpclient(home: Any, name: str, *, in_a_loop: bool = False) -> None:
    """`in_a_loop`: it is asked after the last attempt as well, of which its caller alone knows (`retry` of `max_retries`)."""
    original = getattr(home, name, None)
    if original is None:  # a release that never sends anything again, or asks elsewhere
        return

    def may(*args: Any) -> Any:
        allowed = original(*args)
        caller = sys._getframe(1).f_locals if in_a_loop else {}
        if allowed and caller.get("retry", 0) < caller.get("max_retries", 1):
            _tell(sys.exception())
        return allowed

    setattr(home, name, may)


def _tell(error: BaseException | None) -> None:
    entry = getcurrent().__dict__.get("_drill_entry")
    if entry is not None:
        entry.recorder.again(entry, error)
