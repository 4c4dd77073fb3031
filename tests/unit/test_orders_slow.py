"""Sources of an order book that are slow to be read: the stack is waited for no longer than it may be, and nobody is asked twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from order_reach import FakeReach, page, printed

from harness.drill.orders import Orders
from harness.errors import NotApplied
from harness.fakeworld import FakeClock
from harness.orders.readers import glance, read
from harness.run.readings import Readings
from harness.run.settling import Settling
from harness.world.once import OnceReach

KEY, SETTLE, QUEUES = {"header": "Idempotency-Key"}, {"quiet": "4s", "within": "40s"}, {"work": "queue", "dead": "dead"}
SLOW = Orders.model_validate({
    "request": "POST /checkout",
    "key": KEY,
    "settle": SETTLE,
    "sources": {"orders": {"is": "store", "command": {"run": ["orders"], "timeout": "1m"}}},
})  # fmt: skip


@pytest.mark.parametrize(("took_s", "waited_s"), [(25, 54), (50, 104), (1, 41)])
def test_readings_that_take_long_are_not_waited_for_again_and_again_beyond_the_limit(
    tmp_path: Path, took_s: float, waited_s: float
) -> None:
    clock = FakeClock()

    def slowly(_reader: Any) -> Iterator[Any]:
        clock.wait_until(clock.now_s() + took_s)
        raise NotApplied("not ended after so long")

    settling = Settling("checkout", SLOW, Readings(tmp_path, clock, slowly, slowly), {})
    while not settling.look():
        clock.wait_until(settling.due_s)
    assert settling.settled is not None
    assert settling.settled.waited_s == pytest.approx(waited_s, abs=1)
    first, second = settling.taken
    assert second.began_s >= first.ended_s + 4


def test_a_broker_that_does_not_answer_in_time_is_asked_once_in_each_look_for_all_of_its_queues(tmp_path: Path) -> None:
    queues = [{"name": name, "messages_ready": 0, "messages_unacknowledged": 0} for name in ("work", "dead")]
    told = [printed("", 124, "not ended after 20 s"), *(printed(json.dumps(queues)) for _ in range(9))]
    broker = FakeReach(lambda *_: told.pop(0), {"/orders": page([])})
    reach, clock = OnceReach(broker), FakeClock()
    sources = {name: {"is": role, "rabbitmq": {"service": "mq", "queue": name}} for name, role in QUEUES.items()}
    orders = Orders.model_validate({"request": "POST /checkout", "key": KEY, "settle": SETTLE, "sources": {
        "orders": {"is": "store", "http": {"service": "api", "port": 80, "path": "/orders"}}, **sources,
    }})  # fmt: skip
    readings = Readings(tmp_path, clock, partial(read, reach=reach), partial(glance, reach=reach), afresh=reach.forget)
    settling, looks = Settling("checkout", orders, readings, {}), 1
    assert not settling.look()
    assert [one.fact.error[-20:] for one in settling.taken[1:]] == ["not ended after 20 s"] * 2
    while settling.settled is None:
        clock.wait_until(settling.due_s)
        settling.look()
        looks += 1
    assert settling.settled.quiet
    assert sum("list_queues" in command for command in broker.asked) == looks
