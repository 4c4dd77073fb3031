"""GET of JSON from one server of the stack: a deadline on every call, a limit on every answer, no proxy of the environment."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from harness.errors import NotApplied, NotLetIn
from harness.world.handles import Clock

P = ParamSpec("P")
R = TypeVar("R")

CALL_S = 3.0
"""A healthy server answers in milliseconds; one that is starved for so long is as good as not looked at."""
MOST_BYTES = 8 * 1024 * 1024


_TLS = re.compile(rb"HTTP request .{0,20}to (an )?HTTPS (server|port)")
"""Of a 400: what Go's servers, and nginx, say to whoever speaks no TLS with them."""


class JsonApi:
    """`get` may be called from any thread. `what` names the server in errors.

    stated   where a drill says how one gets in, or ''
    """

    stated = ""

    def __init__(
        self, what: str, address: tuple[str, int], prefix: str = "", *, timeout_s: float = CALL_S, stated: str = ""
    ) -> None:
        self.what = what
        self.stated = stated
        self.base = f"http://{address[0]}:{address[1]}{prefix}"
        self._timeout_s = timeout_s
        self._local = threading.local()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer; None for an empty one. Raises NotApplied with the server's own words for anything else, NotLetIn
        where it turns us away."""
        body, status = self._asked(path, params)
        self._let_in(body, status)
        try:
            data = json.loads(body) if body.strip() else None
        except (ValueError, RecursionError):
            data = body.decode("utf-8", "replace")[:300]
        if status != 200:
            said = data.get("error") or data.get("message") if isinstance(data, dict) else data
            raise NotApplied(f"{self.what} refused {path}: {status}: {said}")
        return data

    def text(self, path: str) -> str:
        """The answer as it is. Raises as `get`."""
        body, status = self._asked(path, None)
        self._let_in(body, status)
        if status != 200:
            raise NotApplied(f"{self.what} refused {path}: {status}")
        return body.decode("utf-8", "replace")

    def _let_in(self, body: bytes, status: int) -> None:
        words = "user: NAME, password_file: FILE" if status == 401 else "ca_file: FILE"
        cure = f"; say how one gets in: {self.stated}: {{{words}}}" if self.stated else ""
        if status == 401:
            raise NotLetIn(f"{self.what} asks for a password (401){cure}")
        if status == 400 and _TLS.search(body):
            raise NotLetIn(f"{self.what} asks for TLS{cure}")

    def _asked(self, path: str, params: Mapping[str, Any] | None) -> tuple[bytes, int]:
        import requests
        from urllib3.exceptions import HTTPError  # what `raw` raises when an answer breaks off

        try:
            with self._session().get(
                self.base + path, params=dict(params or {}), timeout=self._timeout_s, stream=True
            ) as answer:
                body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
                status = answer.status_code
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NotApplied(f"{self.what} does not answer: {type(error).__name__}: {error}") from error
        if len(body) > MOST_BYTES:
            raise NotApplied(f"{self.what} answered with more than {MOST_BYTES >> 20} MiB")
        return body, status

    def _session(self) -> Any:
        """One per thread: a session is not made to be shared."""
        import requests

        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # the machine's proxy and .netrc are not meant for the stack
        return session


STRANGE = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What reading an answer raises that is not written as its server writes it."""


def understood(method: Callable[P, R]) -> Callable[P, R]:
    """Of a client with an `_api`: an answer that is none of its server's is NotApplied, whatever is wrong with it."""

    @functools.wraps(method)
    def asked(*args: P.args, **words: P.kwargs) -> R:
        try:
            return method(*args, **words)
        except STRANGE as error:
            what = args[0]._api.what  # type: ignore[attr-defined]
            raise NotApplied(f"{what} did not answer as {what} does: {type(error).__name__}: {error}"[:300]) from error

    return asked


def unix_s(text: Any) -> float | None:
    """RFC 3339 as Go writes it (nanoseconds, Z or an offset) in seconds since 1970; None for a zero or no time."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", str(text or ""))
    if match is None or match.group(1).startswith("0001"):
        return None
    whole = datetime.fromisoformat(match.group(1) + match.group(3).replace("Z", "+00:00")).astimezone(UTC)
    return whole.timestamp() + float(f"0.{match.group(2) or 0}")


def on_axis(clock: Clock, at_unix_s: float | None) -> float | None:
    """Wall-clock seconds on the run's axis, by how long ago they are now (so that a stepped clock does no harm)."""
    if at_unix_s is None:
        return None
    return round(clock.now_s() - (clock.wall_s() - at_unix_s), 6)


def strings(labels: Any) -> dict[str, str]:
    """Labels as they are answered, every name and value a text; {} for none. Raises AttributeError for what is none."""
    return {str(name): str(value) for name, value in (labels or {}).items()}
