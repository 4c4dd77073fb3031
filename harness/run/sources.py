"""The order book of a real run: its sources read from the stack that it brought up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harness.drill.readers import HttpReader, RabbitmqReader
from harness.run.orderbook import OrderBook
from harness.run.readings import Readings
from harness.world.reach import AMQP_PORT, StackReach

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.run.assembly import Parts
    from harness.run.session import Session
    from harness.stack.stack import Stack


def asked_over_tcp(drill: Drill) -> tuple[str, ...]:
    """'service:port' of the sources that this machine asks over a port, each once."""
    readers = [source.reader for orders in drill.orders.values() for source in orders.sources.values()]
    found = [f"{reader.service}:{reader.port}" for reader in readers if isinstance(reader, HttpReader)]
    found += [f"{reader.service}:{AMQP_PORT}" for reader in readers if isinstance(reader, RabbitmqReader)]
    return tuple(dict.fromkeys(found))


def order_book(session: Session, stack: Stack, parts: Parts) -> OrderBook | None:
    """None for a drill that declares no orders. Commands on this machine are told the run's Compose project."""
    from harness.orders.readers import glance, read

    drill, folder = session.drill, session.folder
    if not drill.orders:
        return None
    told = {
        "COMPOSE_PROJECT_NAME": stack.project_name,
        "COMPOSE_FILE": str(folder.path / "compose.yaml"),
        "DRILL_RUN": folder.run,
    }
    reach = StackReach(parts.containers, stack.services, stack.address, drill.path("."), told)
    return OrderBook(
        drill.orders,
        Readings(folder.path, session.clock, partial(read, reach=reach), partial(glance, reach=reach)),
        session.record,
        session.display.say,
        partial(session.stop.interruptible, again=True),
    )
