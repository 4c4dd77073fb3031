"""Clients that try again by themselves tell of the last attempt alone; the row then knows that there was one before it.

Changes urllib3 2 (Retry, which makes another of itself for each further attempt) and geventhttpclient 2.6 (which asks whether a method
may be sent again): both only when an attempt has failed.
"""

from __future__ import annotations

import sys
from typing import Any

import geventhttpclient.client
from gevent import getcurrent
from geventhttpclient.useragent import UserAgent
from urllib3.util import Retry


def tell_retries() -> None:
    """Once, before the locustfile is imported."""
    _of_urllib3()
    _of_geventhttpclient(geventhttpclient.client, "_may_retry_after_send_error")
    _of_geventhttpclient(UserAgent, "_may_retry")


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


def _of_geventhttpclient(home: Any, name: str) -> None:
    original = getattr(home, name, None)
    if original is None:  # a release that never sends anything again, or asks elsewhere
        return

    def may(*args: Any) -> Any:
        allowed = original(*args)
        if allowed:
            _tell(sys.exception())
        return allowed

    setattr(home, name, may)


def _tell(error: BaseException | None) -> None:
    entry = getcurrent().__dict__.get("_drill_entry")
    if entry is not None:
        entry.recorder.again(entry, error)
