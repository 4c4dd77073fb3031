"""What Locust will call a request that the locustfile gives no name, told before it is sent: as HttpSession of locust 2.47 does."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from requests.models import PreparedRequest
from requests.sessions import merge_setting

from harness.urls import AS_IT_IS

if TYPE_CHECKING:
    from locust.clients import HttpSession

_AS_IT_IS = re.compile(AS_IT_IS, re.ASCII)


def sent_name(session: HttpSession, url: Any, params: Any) -> Any:
    """The path and query that are sent; the URL itself where it is none, for its client says so."""
    if not isinstance(url, str):
        return url
    standing = session.params
    try:
        if params or standing:
            merge: Any = merge_setting
            return _path_url(session._build_url(url), merge(params, standing))
        if session.base_url.count("/") == 2 and _AS_IT_IS.match(url):  # a host without a path, and nothing to be quoted
            return url
        return _path_without_params(session._build_url(url))
    except (ValueError, TypeError):
        return url


def _path_url(url: str, params: Any) -> str:
    prepared = PreparedRequest()
    prepared.prepare_url(url, params)
    return str(prepared.path_url)


@lru_cache(maxsize=1024)
def _path_without_params(url: str) -> str:
    return _path_url(url, None)
