"""The load process as the engine needs it, and its configuration from the drill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.facts import Fact
from harness.ledger import LIVE_BLOCK, Rows, Tail
from harness.load.access import Access
from harness.load.asked import Operation
from harness.load.config import SPAWN_PER_S
from harness.load.generator import Generator, LoadConfig

if TYPE_CHECKING:
    from harness.drill.model import Drill

START_S = 20.0  # Locust itself takes 0.4 s; a locustfile that trains a model at import may take longer
EACH_S = 1.0  # another process imports Locust, where all processors may be busy with that
JOIN_S = 60.0  # workers on other machines are waited for


class RealLoad:
    """Generator and ledger together."""

    def __init__(self, generator: Generator, ledger: Path, drain_s: float) -> None:
        self._generator = generator
        self._tail = Tail(ledger, LIVE_BLOCK)
        self._drain_s = drain_s

    def begin(self, at_s: float) -> None:
        self._generator.begin(at_s)

    def poll(self) -> list[Fact]:
        return self._generator.poll()

    def stop(self) -> list[Fact]:
        self._generator.stop(self._drain_s)
        return self._generator.poll()

    def rows(self) -> Rows:
        return self._tail.rows()


def host_of(drill: Drill, address: tuple[str, int]) -> str:
    """What the locustfile's paths are appended to; `address` is where its service is published."""
    host, port = address
    return f"{drill.load.against.scheme}://{host}:{port}"


def load_config(drill: Drill, run: str, opened_ns: int, access: Access | None = None) -> LoadConfig:
    """What the load process is told, from the drill's `load:`; where its service is comes later (host_of). `access`: how it gets in
    there, where that takes more than an address."""
    load = drill.load
    return LoadConfig(
        run=run,
        opened_monotonic_ns=opened_ns,
        locustfiles=drill.locustfiles,
        host="",
        model="open" if load.users is None else "closed",
        arrivals=load.segments,
        poisson=load.poisson,
        seed=load.seed,
        max_in_flight=load.max_in_flight,
        users_at_least=load.users_at_least,
        users=load.users,
        spawn_rate=load.spawn_rate_per_s,
        timeout_s=load.timeout_s,
        tags=load.tags,
        exclude_tags=load.exclude_tags,
        drain_s=load.timeout_s,
        version_header=load.version_header or "X-Version",
        orders=tuple(
            Operation(name, orders.request, header=orders.key.header, json=orders.key.json_)
            for name, orders in drill.orders.items()
        ),
        access=access,
        workers=load.all_workers,
        joining=load.workers.expect if load.workers else 0,
        listen=load.workers.listen if load.workers else "",
        token_file=str(drill.path(load.workers.token_file)) if load.workers else "",
    )


def users_ready_s(drill: Drill) -> float:
    """How long the users may take to start: as declared by the rate, then one time-out for the slowest on_start, with room."""
    load = drill.load
    users = load.users or load.max_in_flight
    join_s = JOIN_S if load.workers else 0.0
    return (
        users / (load.spawn_rate_per_s or SPAWN_PER_S)
        + 3 * load.timeout_s
        + load.all_workers * EACH_S
        + START_S
        + join_s
    )
