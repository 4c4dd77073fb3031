"""What a request event may say, and what becomes of it in the ledger: nothing that Locust takes leaves a row open."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic_ns
from types import SimpleNamespace
from typing import Any

import pytest

from harness.ledger import DEPENDENT, DONE, NEVER, OUTCOMES, read
from harness.ledger.writing import Writer
from harness.load.birth import serve
from harness.load.names import MOST_SENT
from harness.load.recorder import Recorder
from harness.load.seat import Seat, Seats
from harness.load.stalls import BEAT_US, Stalls


class Load:
    """A recorder with one user that serves an arrival, which was due 2 ms before its task began."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        opened_ns = monotonic_ns() - 5_000_000_000
        self.writer, seats = Writer(folder, "0badcafe", 0, opened_ns), Seats()
        self.recorder = Recorder(self.writer, seats, opened_ns, "X-Version", lambda kind, text: self.said.append(text))
        self.recorder.outside.open = True
        self.user = SimpleNamespace()
        self.seat = seats.of(self.user)
        serve(self.seat)
        self.arrive()

    def arrive(self, began_ms_ago: float = 0.0, stood_still_ms_ago: tuple[float, float] | None = None) -> Seat:
        """The hub had turns all the time since the task began, but between these two."""
        self.seat.begun_us = self.recorder.now_us() - round(began_ms_ago * 1000)
        start_us, end_us = (self.recorder.now_us() - ago_ms * 1000 for ago_ms in stood_still_ms_ago or (0.0, 0.0))
        self.recorder.stalls = Stalls(self.recorder.opened_us)
        for at_us in range(self.seat.begun_us, self.recorder.now_us(), BEAT_US):
            if not start_us < at_us < end_us:
                self.recorder.stalls.beat(at_us)
        self.seat.due_us = self.seat.begun_us - 2000
        self.seat.row, self.seat.filled = self.writer.due(self.seat.due_us, self.seat.number), False
        return self.seat

    def fire(self, **meta: Any) -> None:
        plain = {"request_type": "X", "name": "x", "response_time": 0.0, "response_length": 5, "exception": None}
        self.recorder.on_request(**{**plain, **meta})

    def rows(self) -> Any:
        self.writer.close()
        return read(self.folder)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return Load(tmp_path)


class Broken:
    """An answer whose every field raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def answer(status: Any, headers: Any = None) -> Any:
    return SimpleNamespace(status_code=status, headers={} if headers is None else headers, _content=b"hello")


@pytest.mark.parametrize(
    ("meta", "outcome", "status"),
    [
        ({"response": answer("OK")}, "ok", 0),
        ({"response": answer("503"), "exception": ValueError()}, "5xx", 503),
        ({"response": answer("UNAVAILABLE"), "exception": ValueError()}, "wrong", 0),
        ({"response": answer(None), "exception": ValueError()}, "conn", 0),
        ({"response": answer(200, [("X-Version", "v7")])}, "ok", 200),
        ({"response": answer(200, {"X-Version": ["v7"]})}, "ok", 200),
        ({"response": answer(503, {"X-Version": ["v7"]}), "exception": ValueError()}, "5xx", 503),
        ({"response": answer(-1)}, "ok", 0),
        ({"response": answer(70_000)}, "ok", 0),
        ({"response": "hello"}, "ok", 0),
        ({"response": Broken()}, "ok", 0),
        ({"response": Broken(), "exception": ValueError()}, "wrong", 0),
        ({"response_length": -1}, "ok", 0),
        ({"response_length": 1.5}, "ok", 0),
        ({"response_length": 1 << 40}, "ok", 0),
        ({"response_length": "long"}, "ok", 0),
        ({"response_time": "soon"}, "ok", 0),
        ({"response_time": float("nan")}, "ok", 0),
        ({"exception": ""}, "ok", 0),
        ({"exception": False}, "ok", 0),
        ({"exception": 0}, "ok", 0),
        ({"exception": "it failed"}, "wrong", 0),
    ],
)
def test_whatever_an_event_says_its_request_is_done(
    load: Load, meta: dict[str, Any], outcome: str, status: int
) -> None:
    load.fire(**meta)
    (row,) = load.rows().array
    assert (row["state"], OUTCOMES[row["outcome"]], row["status"]) == (DONE, outcome, status)
    untold = "response_time" in meta or meta.get("exception") == "it failed"
    assert row["took_us"] == (NEVER if untold else 0), "no time is no short time"


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ({"response_time": "soon"}, "X x is reported with a response_time that is no number: it has no latency"),
        (
            {"response": answer(200, {"X-Version": ["v7"]})},
            "X x has no version and no shape: its answer cannot be read",
        ),
        ({"response": answer("OK"), "exception": ""}, ""),
    ],
)
def test_what_is_lost_of_an_odd_event_is_said(load: Load, meta: dict[str, Any], says: str) -> None:
    load.fire(**meta)
    assert "\n".join(load.said).startswith(says)
    assert len(load.said) == bool(says)


def test_the_age_of_a_message_is_kept_and_damages_no_ledger(load: Load) -> None:
    load.fire(name="young", response_time=3000.0)
    load.arrive()
    load.fire(name="older than the run", response_time=10_000_000.0)
    rows = load.rows()
    young, old = (rows.select(rows.at_endpoint(f"X {name}")) for name in ("young", "older than the run"))
    assert young.service_ms == pytest.approx([3000.0])
    assert old.array["intended_us"].tolist() == [0]
    assert (old.done_s < 60.0).all(), "nothing ends after now"
    assert (young.has(DEPENDENT).all(), old.has(DEPENDENT).all()) == (True, True)
    arrivals = rows.select(~rows.has(DEPENDENT))
    assert arrivals.late_ms == pytest.approx([2.0, 2.0])


def test_a_pause_before_the_first_request_is_no_lateness_and_the_load_s_own_lateness_still_counts(load: Load) -> None:
    load.recorder.place = lambda: "users.py:7"
    load.arrive(began_ms_ago=300.0)
    entry = load.recorder.begin(load.user, "GET", "/cart", None)
    now_s = load.recorder.now_us() / 1e6
    load.writer.done(entry.row, entry.parent, 40_000, entry.endpoint, 200, 0, 1, 5, 0)
    load.arrive(began_ms_ago=300.0)
    load.recorder.begin(load.user, "GET", "/cart", None)
    rows = load.rows()
    asked = rows.select(rows.at_endpoint("GET /cart"))
    stalled_ms = asked.late_ms - 2.0  # of this test's own process
    assert (stalled_ms < 250.0).all()
    assert asked.latency_ms[0] == pytest.approx(42.0 + stalled_ms[0])
    first = rows.select(~rows.has(DEPENDENT))
    assert first.late_ms[1:] == pytest.approx(asked.late_ms), "what the gate on lateness reads"
    begun_s = first.intended_s[1] + 0.002
    assert begun_s + 0.3 + stalled_ms[0] / 1e3 <= asked.sent_s[0] <= now_s, "sent when it was sent"
    (told,) = load.said
    assert re.match(r"tasks pause 30\d ms before their first request \(before users.py:7\): ", told)


def test_a_load_process_that_is_held_up_within_a_task_was_late(load: Load) -> None:
    load.arrive(began_ms_ago=300.0, stood_still_ms_ago=(300.0, 0.0))
    load.recorder.begin(load.user, "GET", "/cart", None)
    _, row = load.rows().array
    assert row["sent_us"] >= 302_000
    assert not row["flags"] & DEPENDENT
    assert load.said == []


def test_names_that_only_requests_were_sent_under_take_no_room_from_those_they_are_reported_under(load: Load) -> None:
    reported = SimpleNamespace(fire=lambda **meta: None)
    for number in range(MOST_SENT + 5000):
        entry = load.recorder.begin(load.user, "GET", f"/item/{number}", reported)
        entry.fire(request_type="GET", name=f"/item/{number % 100}/of-group", response_time=1.0, exception=None)
    load.recorder.failed(load.recorder.begin(load.user, "GET", "/at-last", reported), ValueError("no URL"))
    rows = load.rows()
    asked = [rows.endpoints[number] for number in rows.array["endpoint"]]
    assert asked.count("GET /item/7/of-group") == 60
    assert asked[-1] == "GET /at-last"
    assert not [name for name in asked if "(other)" in name or not name]


def test_users_of_whose_first_request_only_an_event_told_are_known_from_then_on(load: Load) -> None:
    load.recorder.begin(load.user, "GET", "/cart", None)
    load.fire()
    assert load.recorder.by_event == set(), "an HTTP client's came first"
    load.arrive()
    load.fire()
    assert load.recorder.by_event == {SimpleNamespace}
