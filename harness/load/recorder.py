"""From what Locust's clients do to rows of the ledger: whose request it is, when it was sent, what came back."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from gevent import GreenletExit, getcurrent

from harness.ledger.layout import CONN, NEVER, OK, TIMEOUT, WRONG
from harness.ledger.writing import LedgerBroken, Writer
from harness.load.birth import seat_here
from harness.load.entry import Entry
from harness.load.fields import size_of, status_of, took_us_of
from harness.load.fingerprints import Fingerprints
from harness.load.names import Names
from harness.load.outcome import classify, unreached, untold
from harness.load.outside import Outside
from harness.load.samples import Samples
from harness.load.seat import IN_TASK, Seat, Seats
from harness.load.stalls import Stalls
from harness.load.streams import Bodies

PAUSE_US = 5_000  # a task that waits longer before its first request pauses
TOLD_US = 100_000  # a pause that is worth a word
EARLY_US = 5_000  # by so much a time may be rounded up


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
        """`ours`: see fingerprints.ids_begin."""
        self._writer = writer
        self._seats = seats
        self.opened_ns = opened_ns
        self.opened_us = opened_ns // 1000
        self._version_header = version_header
        self._say = say
        self._told_own: set[str] = set()
        self._names = Names(writer, say)
        self._numbers = self._names.known
        self._fingerprint = Fingerprints(writer, self._names.labels, say, samples, ours).of
        self._versions: dict[str | None, int] = {None: 0}
        self._told_pause = False
        self.by_event: set[type] = set()  # users of whose requests only an event tells, when they have ended
        self.stalls = Stalls(self.opened_us)
        self.on_broken: Callable[[Exception], None] = lambda error: None
        self.place: Callable[[], str] = str  # where in the locustfile the greenlet that asks stands: file:line, or ''
        self.reported_at: Any = self  # start_time of the event that is passing through, by identity
        self.outside = Outside(writer, seats, say, lambda: self.place())  # noqa: PLW0108 (it is set later)
        self.heard = False  # whether any task has sent a request that Locust was told of
        self.bodies = Bodies(writer, self.now_us)

    def now_us(self) -> int:
        return monotonic_ns() // 1000 - self.opened_us

    # --- requests of Locust's HTTP clients ----------------------------------------------------------------------------

    def begin(self, user: Any, method: str, name: str, real: Any) -> Entry:
        """A request is about to be sent. Raises LedgerBroken."""
        now_us = monotonic_ns() // 1000 - self.opened_us
        label = f"{method} {name}"
        endpoint = self._numbers.get(label)
        if endpoint is None:
            endpoint = self._names.sent(label)
        seat = seat_here()
        if seat is None:
            whose = self.outside.user_here() if user is None else self._seats.of(user)
            row = parent = self.outside.sent(whose, now_us, endpoint, label)
        elif seat.filled:
            parent = seat.row
            row = self._writer.open(now_us, endpoint, seat.number, 0, parent)
        elif seat.row == IN_TASK:
            self._fills(seat)
            row = parent = seat.row = self._writer.open(now_us, endpoint, seat.number, 0)
        else:
            self._fills(seat)
            row = parent = seat.row
            if seat.over:
                row = self._after(seat, now_us, endpoint)
            elif now_us - seat.begun_us > PAUSE_US:
                row = self._first_of(seat, now_us, endpoint)
            else:
                self._writer.sent(row, now_us - seat.due_us, endpoint)
        entry = Entry(self, row, parent, seat or whose, real, now_us)
        entry.name, entry.endpoint, entry.label = name, endpoint, label
        return entry

    def _fills(self, seat: Seat) -> None:
        seat.filled = self.heard = True

    def _after(self, seat: Seat, sent_us: int, endpoint: int) -> int:
        """The first request of an arrival whose task is over, by a greenlet that was born in it: its row. That the task itself sent
        nothing stands in the arrival's own; this one is as late as that task began."""
        due_us = max(0, sent_us - (seat.begun_us - seat.due_us))
        row = self._writer.open(due_us, endpoint, seat.number, 0, seat.row)
        self._writer.sent(row, sent_us - due_us, endpoint)
        return row

    def _first_of(self, seat: Seat, sent_us: int, endpoint: int) -> int:
        """The arrival's first request, sent some time after its task began: its row.

        What the task waited for before it is the locustfile's own (think time, a call of something else), no lateness of the load's;
        while gevent's hub stood still, the task has not waited but computed, or was held up with the whole process. After a pause the
        arrival's own row has asked nothing, and this request was due when the task would have sent it, begun on time and not held up.
        """
        paused_us = sent_us - seat.begun_us - self.stalls.held_up_us(seat.begun_us, sent_us, self.now_us())
        if paused_us <= PAUSE_US:
            self._writer.sent(seat.row, sent_us - seat.due_us, endpoint)
            return seat.row
        late_us = sent_us - seat.due_us - paused_us
        self._writer.nothing_sent(seat.row, late_us)
        row = self._writer.open(sent_us - late_us, endpoint, seat.number, 0, seat.row)
        self._writer.sent(row, late_us, endpoint)
        if not self._told_pause and paused_us >= TOLD_US:
            self._told_pause = True
            place = self.place()
            where = f" (before {place})" if place else ""
            self._say(
                "warning",
                f"tasks pause {paused_us // 1000} ms before their first request{where}: that is time of the locustfile's own, in "
                "no latency; latency counts from when the request would have been sent on time",
            )
        return row

    def redirected(self, entry: Entry) -> None:
        """It was answered with a redirect, which its client follows now: what comes back is of another request."""
        if entry.follows:
            self._writer.redirected(entry.row)

    def again(self, entry: Entry, error: BaseException | None) -> None:
        """An attempt at it failed by `error`, or by its answer, and its client makes another one by itself."""
        if error is None or not unreached(error, None, entry.handled):
            self._writer.again(entry.row)

    def elsewhere(self, entry: Entry) -> None:
        """It goes to another host than the service that is loaded."""
        self._writer.elsewhere(entry.row)

    def hold(self, entry: Entry, response: Any) -> None:
        """Answered, but its outcome is still to be said in a with-block."""
        entry.response = response
        if entry.seat is not None:  # its task may be over: then it is said, or not, in one that is not
            self._seats.of(entry.seat.user).held.append(entry)

    def failed(self, entry: Entry, error: BaseException) -> None:
        """The client raised instead of reporting (a URL that is none, …): an error at its endpoint, without an answer. What gave up
        waiting for it says how long it had waited."""
        try:
            endpoint = entry.endpoint or self._names.reported(entry.label)
        except LedgerBroken as broken:
            raise self.stopped(broken) from broken
        outcome = TIMEOUT if isinstance(error, GreenletExit) else classify(error, 0, entry, entry.handled)
        took_us = self.now_us() - entry.sent_us if outcome == TIMEOUT else NEVER
        self._writer.done(entry.row, entry.parent, took_us, endpoint, 0, 0, outcome, 0, 0)
        self.outside.ended(entry.row, outcome, entry.label)
        if isinstance(error, GreenletExit):
            self._say("warning", f"{entry.label} was killed by the locustfile while it waited: that is a time-out")

    def stopped(self, error: LedgerBroken) -> Exception:
        """Nothing can be written down any more: the load ends. To be raised, for Locust's events swallow whatever else is."""
        from locust.exception import StopUser  # which patches the process that imports it

        self.on_broken(error)
        return StopUser()

    def settle(self, seat: Seat, raised: bool) -> None:
        """The task is over: requests of which the locustfile never said what became of them are what their answer was.

        A with-block that was left by an exception says that the answer was wrong.
        """
        held, seat.held = seat.held, []
        for entry in held:
            if not entry.fired:
                meta = dict(getattr(entry.response, "request_meta", None) or {})
                status = status_of(getattr(entry.response, "status_code", 0) or 0)
                error = getattr(entry.response, "error", None)
                meta["exception"] = error or (Exception() if raised or status >= 400 else None)
                try:
                    endpoint = self.endpoint_of(meta) if "name" in meta else self._names.reported(entry.label)
                    self.write(entry.row, entry.parent, endpoint, meta, entry.handled)
                except LedgerBroken as broken:
                    raise self.stopped(broken) from broken

    # --- other clients: only the event tells --------------------------------------------------------------------------

    def on_request(self, **meta: Any) -> None:
        """The first listener of Locust's request event. Events of the HTTP clients have been recorded already."""
        if meta.get("start_time") is self.reported_at:
            self.reported_at = self
            return
        try:
            self._told(meta)
        except LedgerBroken as error:
            raise self.stopped(error) from error

    def _told(self, meta: dict[str, Any]) -> None:
        took_us, now_us = took_us_of(meta), self.now_us()
        sent_us = max(0, now_us - (took_us if took_us != NEVER else 0))  # no row is older than the run
        endpoint = self.endpoint_of(meta)
        seat = seat_here()
        if seat is None:
            label = f"{meta.get('request_type')} {meta.get('name')}"
            row = parent = self.outside.told(self.outside.user_here(), sent_us, endpoint, label)
        elif seat.filled:
            parent = seat.row
            row = self._writer.open(sent_us, endpoint, seat.number, 0, parent)
        elif seat.row == IN_TASK:
            self._fills(seat)
            row = parent = seat.row = self._writer.open(sent_us, endpoint, seat.number, 0)
        else:
            self.by_event.add(type(seat.user))
            self._fills(seat)
            row = parent = seat.row
            if seat.over:
                row = self._after(seat, sent_us, endpoint)
            elif sent_us - seat.begun_us > PAUSE_US:
                row = self._first_of(seat, sent_us, endpoint)
            elif seat.begun_us - sent_us > EARLY_US:  # the age of a message, …: it began before this task did
                self._writer.nothing_sent(row, seat.begun_us - seat.due_us)
                row = self._writer.open(sent_us, endpoint, seat.number, 0, parent)
            else:
                sent_us = max(sent_us, seat.begun_us)
                self._writer.sent(row, max(0, sent_us - seat.due_us), endpoint)
        self._writer.told(row)
        if took_us != NEVER and took_us > now_us - sent_us:
            meta = {**meta, "response_time": (now_us - sent_us) / 1000}  # it has ended by now
        self.write(row, parent, endpoint, meta)

    # --- answers ------------------------------------------------------------------------------------------------------

    def streamed(self, entry: Entry, endpoint: int, meta: dict[str, Any]) -> None:
        """It is reported, and its body is read afterwards, or was read before (catch_response). Raises LedgerBroken."""
        if entry.broke is not None and getattr(meta.get("response"), "_manual_result", None) is not True:
            meta = {**meta, "exception": entry.broke, "response_time": entry.broke_us / 1000}
        if meta.get("exception"):
            self.write(entry.row, entry.parent, endpoint, meta, entry.handled)
            return
        self.bodies.begin(entry, getcurrent())
        self.write(entry.row, entry.parent, endpoint, meta, whole=False)

    def write(
        self,
        row: int,
        parent: int,
        endpoint: int,
        meta: dict[str, Any],
        older: BaseException | None = None,
        *,
        whole: bool = True,
    ) -> None:
        """The row is done: from what Locust reports of the request. `older`: see classify; `whole`: see Writer.done. Raises
        LedgerBroken."""
        exception = meta.get("exception") or None  # as Locust asks: an empty one is none
        took_us = took_us_of(meta)
        if took_us == NEVER:
            self._say(
                "warning",
                f"{self._label(endpoint)} is reported with a response_time that is no number: it has no latency",
            )
        status = version = shape = 0
        try:
            response = meta.get("response")
            if response is not None:
                status = getattr(response, "status_code", 0) or 0
                if type(status) is not int or not 0 <= status <= 0xFFFF:
                    status = status_of(status)
                headers: Any = getattr(response, "headers", None)
                if status and hasattr(headers, "get"):
                    if self._version_header and not self._writer.went_elsewhere(row):
                        name = headers.get(self._version_header)
                        found = self._versions.get(name)
                        version = self._version(name) if found is None else found
                    shape = self._fingerprint(row, endpoint, status, headers, response)
            outcome = OK if exception is None else classify(exception, status, response, older)
            if outcome in (CONN, TIMEOUT) and status == 0 and unreached(exception, response, older):
                self._writer.unreached(row)
            elif outcome == WRONG and status == 0 and untold(exception, response, older):
                took_us = NEVER
            size = meta.get("response_length") or 0
            if type(size) is not int or not 0 <= size <= NEVER:
                size = size_of(size)
            self._writer.done(row, parent, took_us, endpoint, status, version, outcome, size, shape, whole=whole)
            self.outside.ended(row, outcome, self._label(endpoint))
        except LedgerBroken:
            raise
        except Exception as error:  # an answer that is like no client's of Locust's own: its exception tells enough
            outcome = classify(exception, status, None, older)
            self._writer.done(row, parent, took_us, endpoint, status, 0, outcome, 0, 0, whole=whole)
            what = f"its answer cannot be read ({type(error).__name__})"
            self._say("warning", f"{self._label(endpoint)} has no version and no shape: {what}")

    def _label(self, endpoint: int) -> str:
        return self._names.labels.get(endpoint, "a request")

    def _version(self, name: Any) -> int:
        if len(self._versions) > 1000:
            return 0
        number = self._versions[name] = self._writer.number("version", str(name))
        return number

    def endpoint_of(self, meta: dict[str, Any]) -> int:
        label = f"{meta.get('request_type')} {meta.get('name')}"
        number = self._numbers.get(label)
        return self._names.reported(label) if number is None else number

    def sets_own(self, header: str) -> None:
        """The locustfile sets this header itself, so that ours is not sent."""
        if header not in self._told_own:
            self._told_own.add(header)
            self._say(
                "own_ids", f"the locustfile sets {header} itself, so that the harness sends none of its own there"
            )
