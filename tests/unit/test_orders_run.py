"""The order book's part of a run, on the fake clock: read before the load, waited for after it, read twice, and left when asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.drill.model import Drill
from harness.drill.orders import Orders, Source
from harness.drill.parse import parse_text
from harness.errors import NotApplied, NotThere
from harness.expectations.base import Steady
from harness.facts import Broke, Injected, Injecting, Interrupted, OrdersSettled, Refused, SourceRead
from harness.fakeorders import FakeShop
from harness.fakeworld import FakeClock, FakeWorld, InlineWatch
from harness.journal import Journal
from harness.judge import judge
from harness.orders import disk
from harness.orders.review import Reviews
from harness.plan import make_plan
from harness.probes.clock import ClockProbe
from harness.probes.survey import SurveyProbe
from harness.report.sentences import sentence
from harness.report.unread import UnreadTold
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.orderbook import OrderBook
from harness.run.readings import Readings
from harness.run.recorder import Recorder
from harness.run.settling import Settling
from harness.run.stop import Stopped
from harness.verdict import Verdict

DRILL = """
drill: fake
stack: {compose: [compose.yaml]}
load: {locustfile: locustfile.py, against: api:8000, arrivals: [{for: 1m, rate: 20/s}]}
orders:
  checkout:
    request: GET /
    key: {header: Idempotency-Key}
    settle: {quiet: 10s, within: 1m}
    sources:
      orders: {is: store, command: {run: [orders]}}
      waiting: {is: queue, command: {run: [waiting]}}
steady: {for: 5s, within: 60s, all: [errors < 1%]}
phases:
  - name: gone
    for: 20s
    faults: [{down: {edge: api->db, for: 10s}}]
expect: [{orders_kept: {orders: checkout}}]
abort: {max_duration: 5m}
"""


class NoLogs:
    def lines(self, service: str, start_s: float, end_s: float) -> list[Any]:
        return []


@dataclass
class Ends:
    """Nobody asks for the end, unless at a second; a second Ctrl-C comes `again_s` after it."""

    clock: FakeClock
    at_s: float = float("inf")
    again_s: float = float("inf")
    why: str = "signal"

    def check(self) -> None:
        if self.clock.now_s() >= self.at_s:
            raise Stopped(self.why, Interrupted(signal="SIGINT"))

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        wait_until = self.clock.wait_until

        def wait(at_s: float) -> None:
            wait_until(at_s)
            if self.clock.now_s() >= self.again_s:
                raise Stopped(self.why, Interrupted(signal="SIGINT"))

        self.clock.wait_until = wait  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.clock.wait_until = wait_until  # type: ignore[method-assign]


@dataclass
class Played:
    """A run on the fake world, its shop, and what was said."""

    folder: Path
    world: FakeWorld = field(default_factory=FakeWorld)
    said: list[str] = field(default_factory=list)
    claimed: tuple[str, ...] = ("checkout",)

    def __post_init__(self) -> None:
        (self.folder / "compose.yaml").write_text("services: {}\n")
        (self.folder / "locustfile.py").write_text(
            "from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def t(self): self.client.get('/')\n"
        )
        self.plan = make_plan(parse_text(DRILL, file=self.folder / "fake.yaml"))
        self.plan.refuse()
        self.shop = FakeShop(self.folder, "checkout", "orders", "waiting")
        self.world.load.asked = self.shop.asked
        self.stop = Ends(self.world.clock)
        self.record = Recorder(self.folder / "facts", self.world.clock.now_s)

    @property
    def drill(self) -> Drill:
        return self.plan.drill

    @property
    def journal(self) -> Journal:
        return self.record.journal()

    def run(self) -> Verdict:
        clock = self.world.clock
        readings = Readings(self.folder, clock, self.shop.read, self.shop.read)
        engine = Engine(
            plan=self.plan,
            world=self.world.world,
            load=self.world.load,
            record=self.record,
            watch=InlineWatch((ClockProbe(), SurveyProbe()), self.world.world, self.record),
            injector=Injector(self.world.world, self.record, clock),
            stop=self.stop,
            steady=Steady(self.drill.steady.for_s, self.drill.steady.all),  # type: ignore[arg-type]
            logs=NoLogs(),  # type: ignore[arg-type]
            orders=OrderBook(
                self.drill.orders, self.claimed, readings, self.record, self.said.append, self.stop.interruptible
            ),
        )
        engine.run()
        rows = self.world.load.rows()
        books = disk.books(self.folder, {name: one.declared() for name, one in self.drill.orders.items()})
        reviews = Reviews(books, self.journal, rows, over=True)
        return judge(self.drill, self.plan.all_claims, self.journal, rows, NoLogs(), over=True, orders=reviews)  # type: ignore[arg-type]

    @property
    def settled(self) -> OrdersSettled:
        (fact,) = self.journal.of(OrdersSettled)
        return fact

    def read(self, reading: str) -> dict[str, SourceRead]:
        return {fact.source: fact for fact in self.journal.of(SourceRead, reading=reading)}


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


def outcome(verdict: Verdict) -> tuple[str, str]:
    (found,) = (one.finding for one in verdict.findings if "orders_kept" in one.id)
    return found.outcome.value, found.reason


def test_an_honest_shop_is_read_before_the_load_and_twice_after_it_and_passes(played: Played) -> None:
    verdict = played.run()
    assert [fact.rows for fact in played.read("start").values()] == [0, 0]
    first, second = played.read("first"), played.read("second")
    assert first["orders"].rows == second["orders"].rows == len(played.shop.rows["orders"]) > 300
    assert second["orders"].at_s - first["orders"].at_s >= 10
    assert played.settled.quiet
    assert played.settled.waited_s == pytest.approx(10, abs=1)
    assert outcome(verdict) == ("passed", "met")


def test_orders_that_are_nowhere_are_told_by_name(played: Played) -> None:
    lost = ("key-41", "key-77")
    keep = played.shop.keeps
    played.shop.keeps = lambda key, well: None if key in lost else keep(key, well)
    verdict = played.run()
    (found,) = (one.finding for one in verdict.findings if "orders_kept" in one.id)
    assert (found.outcome.value, found.reason) == ("failed", "lost")
    assert all(key in found.because for key in lost)


def at(played: Played, after_s: float, deed: Any) -> None:
    """Something happens to the shop's sources so long after they were first read when the load was over."""
    began: list[float] = []

    def changed(_source: str) -> None:
        clock = played.world.clock
        if len(played.world.load.rows()) and not began:
            began.append(clock.now_s())
        if began and clock.now_s() >= began[0] + after_s:
            deed()

    played.shop.changed = changed


def test_a_queue_that_still_holds_something_is_waited_for(played: Played) -> None:
    keep = played.shop.keeps

    def keeps(key: str, well: bool) -> None:
        keep(key, well)
        if key == "key-3":
            played.shop.rows["waiting"].append({"id": "id-key-3"})

    played.shop.keeps = keeps
    at(played, 25, played.shop.rows["waiting"].clear)
    assert outcome(played.run()) == ("passed", "met")
    assert played.settled.quiet
    assert 35 <= played.settled.waited_s <= 40
    assert any("1 row was still in waiting" in line for line in played.said)


def test_what_waited_before_the_load_is_not_waited_for(played: Played) -> None:
    played.shop.rows["waiting"] = [{"id": "old-1"}, {"id": "old-2"}]
    assert outcome(played.run()) == ("passed", "met")
    assert played.settled.quiet
    assert played.settled.waited_s == pytest.approx(10, abs=1)


def test_what_waits_is_waited_for_though_no_more_does_than_before(played: Played) -> None:
    keep = played.shop.keeps
    played.shop.rows["waiting"] = [{"id": "old-1"}, {"id": "old-2"}]

    def keeps(key: str, well: bool) -> None:
        keep(key, well)
        if key == "key-3":
            played.shop.rows["waiting"] = [{"id": "id-key-3"}, {"id": "old-2"}]

    played.shop.keeps = keeps
    at(
        played,
        25,
        lambda: played.shop.rows["waiting"][:1] == [{"id": "id-key-3"}] and played.shop.rows["waiting"].pop(0),
    )
    assert outcome(played.run()) == ("passed", "met")
    assert 35 <= played.settled.waited_s <= 40
    assert any("1 row was still in waiting" in line for line in played.said)


def test_a_queue_that_never_empties_is_read_at_the_limit_and_its_orders_are_stuck(played: Played) -> None:
    keep = played.shop.keeps

    def keeps(key: str, well: bool) -> None:
        if key == "key-9":
            played.shop.rows["waiting"].append({"key": key})
        else:
            keep(key, well)

    played.shop.keeps = keeps
    assert outcome(played.run()) == ("failed", "stuck")
    assert sentence(played.settled).startswith("orders checkout: NOT AT REST after 6")
    assert (played.settled.quiet, played.settled.detail) == (False, "1 row was still in waiting")
    assert 60 <= played.settled.waited_s <= 72


def test_what_changes_until_the_limit_is_not_judged(played: Played) -> None:
    at(played, 0, lambda: played.shop.rows["orders"].append({"key": f"late-{played.world.clock.now_s()}"}))
    assert outcome(played.run()) == ("inconclusive", "unsettled")
    assert (played.settled.quiet, played.settled.detail) == (False, "orders still changed")


def test_what_comes_to_rest_late_is_read_only_then(played: Played) -> None:
    count = iter(range(5))
    at(played, 0, lambda: played.shop.rows["orders"].pop() if next(count, None) == 4 else None)
    assert outcome(played.run()) == ("failed", "lost")
    assert played.read("first")["orders"].rows == played.read("second")["orders"].rows
    assert played.settled.quiet


def test_a_source_that_does_not_answer_for_a_while_is_waited_for(played: Played) -> None:
    played.shop.keeps = lambda key, well: None if not well else played.shop.rows["orders"].append({"key": key})
    orders = played.shop.rows["orders"]
    gone: list[bool] = []

    def changed(_source: str) -> None:
        loaded = len(played.world.load.rows()) > 0
        if loaded and not gone:
            gone.append(True)
            del played.shop.rows["orders"]
            clock = played.world.clock
            clock.at(clock.now_s() + 20, lambda: played.shop.rows.update(orders=orders))

    played.shop.changed = changed
    assert outcome(played.run()) == ("passed", "met")
    assert 30 <= played.settled.waited_s <= 36


def test_a_claim_that_is_lost_by_a_source_that_never_answers_ends_the_run_before_anybody_is_hurt(
    played: Played,
) -> None:
    del played.shop.rows["waiting"]
    played.run()
    (refused,) = played.journal.of(Refused)
    assert refused.reason == (
        "orders checkout: waiting could be read neither before the load nor after it began: waiting does not answer"
    )
    assert not played.journal.of(Injecting)
    assert played.read("again")["waiting"].error == "waiting does not answer"
    assert not played.journal.of(OrdersSettled)


def test_what_a_source_needs_is_said_before_the_load(played: Played) -> None:
    def refused(name: str) -> None:
        if name == "waiting":
            raise NotApplied("ACCESS_REFUSED - Login was refused")

    played.shop.changed = refused
    played.run()
    needed = "a login that may read it: `user` and `password` of the source, or its `headers` over HTTP"
    assert played.said == [f"orders: what cannot be read needs {needed}"]
    (fact,) = played.journal.of(Refused)
    assert fact.reason.endswith(f"ACCESS_REFUSED - Login was refused\n    cure: {needed}")


def test_a_source_that_answers_only_when_the_load_has_begun_is_read_and_waited_for(played: Played) -> None:
    del played.shop.rows["waiting"]
    played.world.clock.at(2.0, lambda: played.shop.rows.update(waiting=[]))
    assert outcome(played.run()) == ("passed", "met")
    assert played.read("again")["waiting"].error == ""
    assert played.settled.detail == ""


@pytest.mark.parametrize(("source", "refused"), [("waiting", False), ("orders", True)])
def test_what_has_no_such_name_yet_may_still_come_to_be_unless_it_is_a_store(
    played: Played, source: str, refused: bool
) -> None:
    def changed(name: str) -> None:
        if name == source and not played.journal.of(Injected):
            raise NotThere(f"there is no {name}")

    played.shop.changed = changed
    found = outcome(played.run())
    assert bool(played.journal.of(Refused)) is refused
    assert found == (("passed", "met") if not refused else found)


def test_a_source_that_never_answered_and_no_claim_is_about_is_not_waited_for(played: Played) -> None:
    played.claimed = ()
    del played.shop.rows["waiting"]
    assert outcome(played.run())[0] == "inconclusive"
    (told,) = (fact for fact in played.journal.of(SourceRead, reading="start") if fact.error)
    assert UnreadTold().line(told) == "orders checkout: waiting CANNOT BE READ: waiting does not answer"
    assert played.settled.waited_s <= 12
    assert played.read("second")["waiting"].error == "waiting does not answer"
    assert played.read("second")["orders"].rows > 300


def test_a_run_that_is_ended_early_is_asked_after_its_orders(played: Played) -> None:
    played.stop.at_s = 15.0
    played.run()
    assert played.world.still_on() == ()
    assert played.settled.quiet
    assert played.read("second")["orders"].rows > 100


def test_a_second_ctrl_c_leaves_them_and_nothing_is_judged(played: Played) -> None:
    played.stop.at_s, played.stop.again_s = 15.0, 20.0
    assert outcome(played.run()) == ("inconclusive", "not_read")
    assert (played.settled.quiet, played.settled.detail) == (False, "cut short (signal)")
    assert played.read("first") == {}
    assert len(played.journal.of(Interrupted)) == 2


def test_who_leaves_before_the_load_began_waits_for_no_orders(played: Played) -> None:
    def leave(_reader: Any) -> Any:
        raise Stopped("signal", Interrupted(signal="SIGINT"))

    played.shop.read = leave  # type: ignore[method-assign]
    played.run()
    assert played.said == []
    assert not played.journal.of(OrdersSettled)
    assert len(played.journal.of(Interrupted)) == 1


def test_with_a_fault_still_on_nothing_is_read(played: Played) -> None:
    for number in range(1, 400):
        played.world.failures.raises(number, RuntimeError("Toxiproxy is gone"))
    played.world.failures.planned.pop(1)
    outcome_, _ = outcome(played.run())
    assert outcome_ == "inconclusive"
    assert played.settled.detail.startswith("still on: ")
    assert played.read("first") == {}


def test_a_disk_that_is_full_is_a_reason_and_no_traceback(played: Played) -> None:
    (played.folder / "orders" / "checkout.orders.start.jsonl").mkdir()
    (played.folder / "orders" / "checkout.orders.first.jsonl").mkdir()
    assert outcome(played.run())[0] == "inconclusive"
    assert "Is a directory" in played.read("start")["orders"].error
    assert not played.journal.of(Broke)


def test_two_readings_are_alike_in_whatever_order_their_rows_come(tmp_path: Path) -> None:
    rows: list[Any] = [{"id": "1"}, {"id": "2"}, {"id": "2"}]
    orders = Orders.model_validate({
        "request": "POST /checkout",
        "key": {"header": "Idempotency-Key"},
        "sources": {"orders": {"is": "store", "command": {"run": ["orders"]}}},
    })  # fmt: skip
    readings = Readings(tmp_path, FakeClock(), lambda reader: iter(rows), lambda reader: iter(rows))
    once = readings.take("checkout", "orders", orders.sources["orders"], "first")
    rows.reverse()
    again = readings.take("checkout", "orders", orders.sources["orders"], "second")
    assert once.content == again.content
    assert once.fact.sha256 != again.fact.sha256
    fields: dict[str, Any] = {"id": "1", "files": {"/a": "1", "/b": "2"}}
    turned = {"files": dict(reversed(fields["files"].items())), "id": "1"}
    contents = []
    for row in (fields, turned, {**fields, "files": {"/a": "2", "/b": "1"}}):
        rows[:] = [row]
        contents.append(readings.take("checkout", "orders", orders.sources["orders"], "second").content)
    assert contents[0] == contents[1] != contents[2]
    rows.pop()
    assert readings.take("checkout", "orders", orders.sources["orders"], "second").content != contents[2]
    rows.clear()
    gone = readings.take("checkout", "orders", orders.sources["orders"], "second", glance=True).fact
    assert (gone.rows, gone.most) == (0, 3)


def test_what_reading_leaves_a_mark_on_is_glanced_at_until_the_end(tmp_path: Path) -> None:
    orders = Orders.model_validate({
        "request": "POST /checkout",
        "key": {"header": "Idempotency-Key"},
        "sources": {
            "orders": {"is": "store", "command": {"run": ["orders"]}},
            "dead": {"is": "dead", "rabbitmq": {"service": "mq", "queue": "dead"}},
        },
    })  # fmt: skip
    clock, read, glanced = FakeClock(), list[str](), list[str]()

    def taken(into: list[str], row: Any) -> Any:
        def rows(reader: Any) -> Iterator[Any]:
            into.append(reader.what)
            yield row

        return rows

    readings = Readings(tmp_path, clock, taken(read, {"id": "o-1"}), taken(glanced, {"waiting": 1}))
    settling = Settling("checkout", orders, readings, {})
    while not settling.look():
        clock.wait_until(settling.due_s)
    assert settling.settled is not None
    assert settling.settled.quiet
    assert read == ["queue dead"] * 2
    assert glanced.count("queue dead") > 3
    told = {
        reading.fact.reading: tmp_path / reading.fact.file for reading in settling.taken if reading.fact.role == "dead"
    }
    assert {reading: path.read_text() for reading, path in told.items()} == dict.fromkeys(told, '{"id":"o-1"}\n')
    assert len(told) == 2


@pytest.mark.parametrize(("now", "quiet"), [(["old-1", "old-2"], True), (["old-2"], True), (["new-1", "old-2"], False)])
def test_a_queue_that_is_marked_by_reading_is_read_once_to_see_whether_the_same_waits(
    tmp_path: Path, now: list[str], quiet: bool
) -> None:
    orders = Orders.model_validate({
        "request": "POST /checkout",
        "key": {"header": "Idempotency-Key"},
        "settle": {"quiet": "10s", "within": "30s"},
        "sources": {
            "orders": {"is": "store", "command": {"run": ["orders"]}},
            "work": {"is": "queue", "rabbitmq": {"service": "mq", "queue": "work"}},
        },
    })  # fmt: skip
    clock, waiting, read = FakeClock(), ["old-1", "old-2"], list[str]()

    def named(reader: Any) -> Iterator[Any]:
        read.append(reader.what)
        yield from ({"id": id_} for id_ in waiting) if reader.what == "queue work" else ()

    def counted(reader: Any) -> Iterator[Any]:
        yield from ({"waiting": 1} for _ in waiting) if reader.what == "queue work" else ()

    readings = Readings(tmp_path, clock, named, counted)
    began = readings.take("checkout", "work", orders.sources["work"], "start")
    waiting[:] = now
    settling = Settling("checkout", orders, readings, {}, {"work": began})
    while not settling.look():
        clock.wait_until(settling.due_s)
    assert settling.settled is not None
    assert settling.settled.quiet is quiet
    assert (
        read.count("queue work") == 1 + 1 + 2
    )  # before the load, to see whether the same waits, and the two that are judged


def test_a_reading_that_takes_longer_than_it_may_is_none(tmp_path: Path) -> None:
    clock = FakeClock()

    def slowly(_reader: Any) -> Iterator[Any]:
        for number in range(100):
            clock.wait_until(clock.now_s() + 1)
            yield {"id": f"o-{number}"}

    source = Source.model_validate({"is": "store", "command": {"run": ["orders"], "timeout": "5s"}})
    reading = Readings(tmp_path, clock, slowly, slowly).take("checkout", "orders", source, "first")
    assert reading.fact.error == "not read whole after 5 s"
