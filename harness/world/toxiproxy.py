"""One Toxiproxy server: the only file that knows toxiproxy-python, and what has to be added to it before a drill may
rest on it.

The library keeps its server's address on a class, has no time-out, lets 500 and 503 pass, does not quote names and
follows HTTP_PROXY. Here its calls are bound to one client's own connection instead: each has a time-out, answers
other than 2xx raise, names are quoted, the environment is not looked at, updates are PATCH, and attributes are
checked against our table before they leave (the server takes `{"latncy": 500}` with 200 and does nothing).
"""

from __future__ import annotations

import contextlib
import http.client
import json as jsonlib
import select
import socket
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from harness.errors import NotApplied
from harness.world.handles import Toxic

TIMEOUT_S = 3.0  # the server's own is 25 s; a wedged proxy (issue 558) would hold us for all of them

# Attributes by toxic type, with the smallest value that makes sense (Toxiproxy toxics/*.go). All are whole numbers.
ATTRIBUTES: Mapping[str, Mapping[str, int]] = {
    "latency": {"latency": 0, "jitter": 0},  # ms
    "bandwidth": {"rate": 1},  # KB/s, 1 KB = 1000 B; 0 stalls for ever
    "slow_close": {"delay": 0},  # ms
    "timeout": {"timeout": 0},  # ms; 0 lasts until it is removed
    "reset_peer": {"timeout": 0},  # ms
    "slicer": {"average_size": 1, "size_variation": 0, "delay": 0},  # bytes, bytes, microseconds
    "limit_data": {"bytes": 0},
}


class ApiError(NotApplied):
    """The server answered with something other than 2xx (`status`), or not at all within the time-out (`status` 0).

    said    what Toxiproxy itself calls the error; '' where it did not, and somebody before it may have answered
    """

    def __init__(self, what: str, status: int = 0, said: str = "") -> None:
        super().__init__(what)
        self.status, self.said = status, said


def said_by(body: bytes) -> str:
    """The `error` of an answer as Toxiproxy writes one (api_errors.go, `{"error": "proxy not found", "status": 404}`), else ''."""
    try:
        said = jsonlib.loads(body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


@dataclass(frozen=True)
class ProxySeen:
    """A proxy as the server describes it: toxics by name."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: Mapping[str, Toxic] = field(default_factory=dict)


def check(toxic: Toxic) -> None:
    """Raises NotApplied for a toxic that the server would take and not obey."""
    table = ATTRIBUTES.get(toxic.type)
    if table is None:
        raise NotApplied(f"Toxiproxy has no toxic {toxic.type!r}; it has {', '.join(ATTRIBUTES)}")
    if toxic.stream not in ("upstream", "downstream"):
        raise NotApplied(f"a toxic's stream is 'upstream' or 'downstream', not {toxic.stream!r}")
    if not 0 < toxic.toxicity <= 1:
        raise NotApplied(f"a toxic's share of connections is more than 0 and at most 1, not {toxic.toxicity!r}")
    for name, value in toxic.attributes.items():
        if name not in table:
            raise NotApplied(f"toxic {toxic.type!r} has no attribute {name!r}; it has {', '.join(table)}")
        if type(value) is not int or value < table[name]:
            raise NotApplied(f"{toxic.type} {name} must be a whole number of at least {table[name]}, not {value!r}")
    if toxic.attributes.get("jitter", 0) > toxic.attributes.get("latency", 0):
        raise NotApplied("latency jitter is larger than the latency itself")
    if toxic.type == "slicer" and toxic.attributes.get("size_variation", 0) >= toxic.attributes.get("average_size", 0):
        raise NotApplied("slicer size_variation must be smaller than average_size")


def same(wanted: Toxic, seen: Toxic) -> bool:
    """Whether the server holds what was wanted; attributes that were not named count as 0, toxicity is a 32-bit float
    there.
    """
    names = set(wanted.attributes) | set(seen.attributes)
    return (
        (wanted.type, wanted.stream) == (seen.type, seen.stream)
        and abs(wanted.toxicity - seen.toxicity) < 1e-6
        and all(wanted.attributes.get(name, 0) == seen.attributes.get(name, 0) for name in names)
    )


class Server:
    """A client with one keep-alive connection of its own; not for two threads at once. Every method may raise
    ApiError.
    """

    def __init__(self, host: str, port: int, timeout_s: float = TIMEOUT_S, wire: Wire | None = None) -> None:
        """`wire` is another way to it than plain HTTP."""
        self.url = wire.url if wire else f"http://{host}:{port}"
        self._wire: Wire = wire or _Wire(host, port, timeout_s)
        self._proxy_class = _bound_proxy_class(self._wire)

    def version(self) -> str:
        with self._told("/version"):
            return str(self._wire.get("/version").json()["version"])

    def proxies(self) -> dict[str, ProxySeen]:
        """All proxies with their toxics. Hangs (into the time-out) while any one of them is wedged."""
        with self._told("/proxies"):
            return {name: _seen(data) for name, data in self._wire.get("/proxies").json().items()}

    def proxy(self, name: str) -> ProxySeen:
        """One proxy with its toxics; ApiError with status 404 when there is none."""
        with self._told(f"/proxies/{name}"):
            return _seen(self._wire.get(f"/proxies/{quote(name, safe='')}").json())

    def create(self, name: str, listen: str, upstream: str, enabled: bool) -> ProxySeen:
        data = {"name": name, "listen": listen, "upstream": upstream, "enabled": enabled}
        with self._told("/proxies"):
            return _seen(self._wire.post("/proxies", json=data).json())

    def delete(self, name: str) -> None:
        """Remove the proxy and close its connections; this is what frees a wedged one."""
        self._library(name).destroy()

    def enable(self, name: str) -> None:
        self._library(name).enable()

    def disable(self, name: str) -> None:
        """Close the listener and every connection; the toxics stay."""
        self._library(name).disable()

    def add_toxic(self, proxy: str, name: str, toxic: Toxic) -> None:
        check(toxic)
        self._library(proxy).add_toxic(
            type=toxic.type, stream=toxic.stream, name=name, toxicity=toxic.toxicity, attributes=dict(toxic.attributes)
        )

    def remove_toxic(self, proxy: str, name: str) -> None:
        self._library(proxy).destroy_toxic(quote(name, safe=""))

    def close(self) -> None:
        self._wire.close()

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """An answer that is none of Toxiproxy's is an ApiError: something else listens there, or it was cut short."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ApiError(
                f"{self.url}{path} did not answer as Toxiproxy does: {type(error).__name__}: {error}"
            ) from error

    def _library(self, name: str) -> Any:
        return self._proxy_class(name=quote(name, safe=""), upstream="", listen="", enabled=True)


class Wire(Protocol):
    """What the library calls `APIConsumer`: calls on paths of the API. Each raises ApiError for anything but an answer of 2xx."""

    url: str

    def get(self, url: str) -> Answer: ...
    def delete(self, url: str) -> Answer: ...
    def post(self, url: str, json: Any = None) -> Answer: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Answer:
    """What the API answered, once it is known to be of 2xx."""

    status: int
    content: bytes

    def json(self) -> Any:
        """Raises ApiError for what is no JSON."""
        try:
            return jsonlib.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise ApiError(f"Toxiproxy answered with what is no JSON: {error}") from error


def posted(url: str) -> str:
    """The method of what the library POSTs: to an existing proxy it still does, which the server calls deprecated since 2.6."""
    return "PATCH" if url.startswith("/proxies/") and not url.endswith("/toxics") else "POST"


class _Wire:
    """Implements Wire over a kept connection of plain HTTP."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self.url = f"http://{host}:{port}"
        self._where = f"{host}:{port}"
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def get(self, url: str) -> Answer:
        return self._call("GET", url)

    def delete(self, url: str) -> Answer:
        return self._call("DELETE", url)

    def post(self, url: str, json: Any = None) -> Answer:
        return self._call(posted(url), url, jsonlib.dumps(json).encode())

    def close(self) -> None:
        self._connection.close()

    def _call(self, method: str, url: str, body: bytes | None = None) -> Answer:
        reused = self._still_open()
        try:
            try:
                answer = self._exchange(method, url, body)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not reused:
                    raise
                self._connection.close()  # the server closes idle connections after 60 s; it had not read our request
                answer = self._exchange(method, url, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ApiError(
                f"Toxiproxy at {self._where} did not answer {method} {url}: {error or type(error).__name__}"
            ) from error
        if answer.status // 100 != 2:
            text = answer.content.decode("utf-8", "replace").strip()
            raise ApiError(
                f"Toxiproxy at {self._where} answered {method} {url} with {answer.status}: {text}",
                answer.status,
                said_by(answer.content),
            )
        return answer

    def _exchange(self, method: str, url: str, body: bytes | None) -> Answer:
        self._connection.request(method, url, body, {"Content-Type": "application/json"} if body else {})
        response = self._connection.getresponse()
        return Answer(response.status, response.read())

    def _still_open(self) -> bool:
        """An idle connection that can be read has been closed by the server: open a new one before anything is sent."""
        sock: socket.socket | None = self._connection.sock
        if sock is None:
            return False
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        if poll.poll(0):
            self._connection.close()
            return False
        return True


def _bound_proxy_class(wire: Wire) -> Any:
    """The library's Proxy with its methods' global `APIConsumer` replaced by this client's wire; the library stays
    untouched.
    """
    from toxiproxy import Proxy

    methods = {
        name: types.FunctionType(
            method.__code__, {**method.__globals__, "APIConsumer": wire}, name, method.__defaults__
        )
        for name, method in vars(Proxy).items()
        if isinstance(method, types.FunctionType) and name != "down"
    }
    return type("Proxy", (Proxy,), methods)


def _seen(data: Mapping[str, Any]) -> ProxySeen:
    """Raises KeyError, TypeError or ValueError for what describes no proxy."""
    toxics = {
        str(toxic["name"]): Toxic(
            str(toxic["type"]),
            {str(name): int(value) for name, value in toxic["attributes"].items()},
            toxic["stream"],
            float(toxic["toxicity"]),
        )
        for toxic in data.get("toxics") or ()
    }
    if type(data["enabled"]) is not bool:
        raise TypeError(f"enabled is {data['enabled']!r}")
    return ProxySeen(str(data["name"]), str(data["listen"]), str(data["upstream"]), data["enabled"], toxics)
