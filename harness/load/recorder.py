"""From what Locust's clients do to rows of the ledger: whose request it is, when it was sent, what came back."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from gevent import getcurrent

from harness.ledger.layout import ASIDE, CONN, NEVER, OK, TIMEOUT, UNGATED, request_id, trace_prefix
from harness.ledger.writing import Writer
from harness.load.outcome import classify, unreached
from harness.load.samples import Samples
from harness.load.seat import IN_TASK, OUTSIDE, Seat, Seats
from harness.load.shape import LOOKED_AT, shape_of

MOST_ENDPOINTS = 5000  # beyond it, names that differ with every request would eat memory without end
SHAPE_SHARE = 0.02  # of the time that fingerprints of new answers may take; beyond it a row has none
SHAPES_KEPT = 4096
ID_HEADERS = ("X-Request-ID", "X-Correlation-ID", "Request-ID", "X-Trace-ID", "X-Amzn-Trace-Id", "X-B3-TraceId")


class Entry:
    """One request of an HTTP client, from sending to its report; stands in for the client's request event meanwhile."""

    __slots__ = ("endpoint", "fired", "name", "parent", "real", "recorder", "response", "row", "seat")
    endpoint: int
    name: str
    response: Any

    def __init__(self, recorder: Recorder, row: int, parent: int, seat: Seat | None, real: Any) -> None:
        self.recorder = recorder
        self.row = row
        self.parent = parent
        self.seat = seat
        self.real = real
        self.fired = False

    def fire(self, **meta: Any) -> None:
        """Locust reports the request: first the row, then whoever listens."""
        self.fired = True
        recorder = self.recorder
        recorder.reported_at = meta.get("start_time")
        endpoint = self.endpoint if meta.get("name") is self.name else recorder.endpoint_of(meta)
        recorder.write(self.row, self.parent, endpoint, meta)
        self.real.fire(**meta)


class Recorder:
    def __init__(
        self,
        writer: Writer,
        seats: Seats,
        opened_ns: int,
        version_header: str,
        say: Callable[[str, str], None],
        samples: Samples | None = None,
        ours: tuple[str, ...] = (),
    ):
        """`ours`: see ids_begin."""
        self._writer = writer
        self._samples = samples
        self._seats = seats
        self.opened_ns = opened_ns
        self.opened_us = opened_ns // 1000
        self._version_header = version_header
        self._say = say
        self._ours = ours
        self._told_ids: set[str] = set()
        self._endpoints: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._shapes: dict[Any, int] = {}
        self._versions: dict[str | None, int] = {None: 0}
        self._shape_ns = 0
        self._began_ns = monotonic_ns()
        self.reported_at: Any = self  # start_time of the event that is passing through, by identity
        self.begun = False  # whether the gate has opened; before it everything is preparation

    def now_us(self) -> int:
        return monotonic_ns() // 1000 - self.opened_us

    # --- requests of Locust's HTTP clients ----------------------------------------------------------------------------

    def begin(self, user: Any, method: str, name: str, real: Any) -> Entry:
        """A request is about to be sent. Raises LedgerBroken."""
        now_us = monotonic_ns() // 1000 - self.opened_us
        label = f"{method} {name}"
        endpoint = self._endpoints.get(label)
        if endpoint is None:
            endpoint = self._endpoint(label)
        seat = None if user is None else user.__dict__.get("_drill_seat") or self._seats.of(user)
        if seat is None or seat.row == OUTSIDE:
            row = parent = self._writer.open(now_us, endpoint, seat.number if seat else 0, self._outside(seat, label))
        elif seat.filled:
            parent = seat.row
            row = self._writer.open(now_us, endpoint, seat.number, 0, parent)
        elif seat.row == IN_TASK:
            seat.filled = True
            row = parent = seat.row = self._writer.open(now_us, endpoint, seat.number, 0)
        else:
            seat.filled = True
            row = parent = seat.row
            self._writer.sent(row, now_us - seat.due_us, endpoint)
        entry = Entry(self, row, parent, seat, real)
        entry.name, entry.endpoint = name, endpoint
        return entry

    def _outside(self, seat: Seat | None, label: str) -> int:
        """Flags of a request that belongs to no arrival. A user's own on_start and on_stop are aside, as is all
        preparation."""
        if not self.begun or (seat is not None and getcurrent() is seat.user._greenlet):
            return ASIDE
        self._say("ungated", f"{label} was sent outside of any arrival, by a greenlet that the locustfile started")
        return UNGATED

    def redirected(self, entry: Entry) -> None:
        """It was answered with a redirect, which its client follows now: what comes back is of another request."""
        self._writer.redirected(entry.row)

    def hold(self, entry: Entry, response: Any) -> None:
        """Answered, but its outcome is still to be said in a with-block."""
        entry.response = response
        if entry.seat is not None:
            entry.seat.held.append(entry)

    def failed(self, entry: Entry, error: Exception) -> None:
        """The client raised instead of reporting (a URL that is none, …): an error at its endpoint, without an answer."""
        self._writer.done(entry.row, entry.parent, NEVER, entry.endpoint, 0, 0, classify(error, 0, entry), 0, 0)

    def settle(self, seat: Seat, raised: bool) -> None:
        """The task is over: requests of which the locustfile never said what became of them are what their answer was.

        A with-block that was left by an exception says that the answer was wrong.
        """
        held, seat.held = seat.held, []
        for entry in held:
            if not entry.fired:
                meta = dict(getattr(entry.response, "request_meta", None) or {})
                status = getattr(entry.response, "status_code", 0) or 0
                error = getattr(entry.response, "error", None)
                meta["exception"] = error or (Exception() if raised or status >= 400 else None)
                self.write(entry.row, entry.parent, self.endpoint_of(meta) if "name" in meta else entry.endpoint, meta)

    # --- other clients: only the event tells --------------------------------------------------------------------------

    def on_request(self, **meta: Any) -> None:
        """The first listener of Locust's request event. Events of the HTTP clients have been recorded already."""
        if meta.get("start_time") is self.reported_at:
            self.reported_at = self
            return
        took_us = _took_us(meta)
        sent_us = self.now_us() - took_us
        endpoint = self.endpoint_of(meta)
        seat = self._seat_here()
        if seat is None or seat.row == OUTSIDE:
            flags = self._outside(seat, f"{meta.get('request_type')} {meta.get('name')}")
            row = parent = self._writer.open(sent_us, endpoint, seat.number if seat else 0, flags)
        elif not seat.filled and seat.row != IN_TASK:
            row = parent = seat.row
            seat.filled = True
            self._writer.sent(row, max(0, sent_us - seat.due_us), endpoint)
        elif not seat.filled:
            row = parent = seat.row = self._writer.open(sent_us, endpoint, seat.number, 0)
            seat.filled = True
        else:
            parent = seat.row
            row = self._writer.open(sent_us, endpoint, seat.number, 0, parent)
        self.write(row, parent, endpoint, meta)

    def _seat_here(self) -> Seat | None:
        """The seat of the user whose greenlet, or a descendant of it, is running."""
        greenlet = getcurrent()
        for _ in range(8):
            if args := getattr(greenlet, "args", ()):
                user = args[0]
                if getattr(user, "_greenlet", None) is greenlet:
                    return self._seats.of(user)
            spawner = getattr(greenlet, "spawning_greenlet", None)
            greenlet = spawner() if spawner else None
            if greenlet is None:
                return None
        return None

    # --- answers ------------------------------------------------------------------------------------------------------

    def write(self, row: int, parent: int, endpoint: int, meta: dict[str, Any]) -> None:
        """The row is done: from what Locust reports of the request."""
        response = meta.get("response")
        exception = meta.get("exception")
        status = version = shape = 0
        if response is not None:
            status = getattr(response, "status_code", 0) or 0
            headers = getattr(response, "headers", None)
            if status and headers is not None:
                if self._version_header:
                    name = headers.get(self._version_header)
                    found = self._versions.get(name)
                    version = self._version(name) if found is None else found
                shape = self._shape(row, endpoint, status, headers, response)
        outcome = OK if exception is None else classify(exception, status, response)
        if outcome in (CONN, TIMEOUT) and status == 0 and unreached(exception, response):
            self._writer.unreached(row)
        size = meta.get("response_length") or 0
        took_us = _took_us(meta)
        status = status if 0 <= status <= 0xFFFF else 0
        self._writer.done(row, parent, took_us, endpoint, status, version, outcome, min(size, NEVER), shape)

    def _version(self, name: Any) -> int:
        if len(self._versions) > 1000:
            return 0
        number = self._versions[name] = self._writer.number("version", str(name))
        return number

    def endpoint_of(self, meta: dict[str, Any]) -> int:
        label = f"{meta.get('request_type')} {meta.get('name')}"
        number = self._endpoints.get(label)
        return self._endpoint(label) if number is None else number

    def _endpoint(self, label: str) -> int:
        if len(self._endpoints) >= MOST_ENDPOINTS:
            method = label.partition(" ")[0]
            self._say(
                "warning", f"more than {MOST_ENDPOINTS} names of requests; group them with name= in the locustfile"
            )
            return self._writer.number("endpoint", f"{method} (other)")
        number = self._endpoints[label] = self._writer.number("endpoint", label)
        self._names[number] = label
        return number

    def sets_own(self, header: str) -> None:
        """The locustfile sets this header itself, so that ours is not sent."""
        if header not in self._told_ids:
            self._told_ids.add(header)
            self._say(
                "own_ids", f"the locustfile sets {header} itself, so that the harness sends none of its own there"
            )

    def _look_for_ids(self, headers: Any) -> None:
        """Whether answers bear ids that are not the load's: a service that makes its own can be searched by those."""
        for header in ID_HEADERS:
            if header not in self._told_ids and (value := headers.get(header)) and not _id_of_ours(value, self._ours):
                self._told_ids.add(header)
                self._say("answer_ids", f"answers bear {header}s that the load did not send")

    def _shape(self, row: int, endpoint: int, status: int, headers: Any, response: Any) -> int:
        """Fingerprints are made once per distinct answer, and for answers that always differ within a share of the
        time."""
        content = getattr(
            response, "_cached_content", None
        )  # what has been read of it, and no more: it may be a stream
        if content is None:
            content = getattr(response, "_content", None)
        body = content if isinstance(content, bytes) else None
        moved = (headers.get("location") or "") if 300 <= status < 400 else _moved(response)
        kind = "" if body else headers.get("content-type") or ""  # the same body is not sent as two types
        key = (
            endpoint,
            status,
            kind,
            moved,
            hash(body if body is None or len(body) <= LOOKED_AT else body[:LOOKED_AT]),
        )
        known = self._shapes.get(key)
        if known is not None:
            return known
        self._look_for_ids(headers)
        began_ns = monotonic_ns()
        if self._shape_ns > SHAPE_SHARE * (began_ns - self._began_ns) + 100_000_000:
            return 0
        shape = shape_of(headers.get("content-type") or "", body, moved)
        number = self._writer.number("shape", shape)
        if self._samples is not None:
            self._samples.keep(row, (endpoint, status, number), self._names.get(endpoint, ""), shape, moved, body)
        if len(self._shapes) >= SHAPES_KEPT:
            self._shapes.clear()
        self._shapes[key] = number
        self._shape_ns += monotonic_ns() - began_ns
        return number


def ids_begin(run: str, worker: int) -> tuple[str, ...]:
    """What the ids that the load sends begin with, in lower case and without dashes."""
    return request_id(run, worker, 0)[:-1].replace("-", "").lower(), trace_prefix(run, worker)


def _id_of_ours(value: str, ours: tuple[str, ...]) -> bool:
    return any(part in value.lower().replace("-", "") for part in ours)


def _moved(response: Any) -> str:
    """Where a followed redirect ended, or ''. (The response's own url is no help: Locust writes the name there.)"""
    if getattr(response, "history", None):
        return str(getattr(response.request, "url", ""))
    return ""


def _took_us(meta: dict[str, Any]) -> int:
    took_ms = meta.get("response_time")
    return min(max(0, round(took_ms * 1000)), NEVER - 1) if took_ms else 0
