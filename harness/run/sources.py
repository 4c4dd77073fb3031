"""The order book and the state of a real run: their sources read from the stack that it brought up, or beside a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from harness.drill.readers import HttpReader, RabbitmqReader
from harness.drill.state import ContainersReader
from harness.errors import NotApplied
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.state_restored import StateRestored
from harness.orders.declared import AMID, QUEUE
from harness.probes.queues import QueuesProbe
from harness.run.orderbook import OrderBook
from harness.run.readings import Readings
from harness.run.standing import container_rows
from harness.run.statebook import HOME, Parts, StateBook, Wait
from harness.stack.told import as_told
from harness.target.absent import NoContainers
from harness.target.unavailable import unread_books, unread_parts
from harness.world.once import OnceReach
from harness.world.reach import AMQP_PORT, StackReach

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.drill.orders import Orders
    from harness.drill.readers import Reader
    from harness.orders.readers.rows import Row
    from harness.run import assembly
    from harness.run.session import Session
    from harness.stack.played_on import PlayedOn
    from harness.world.handles import Reach


MOST_ROWS = 100_000
"""Of a part of the state: it is compared row by row, again and again. More is for a query to sum up."""


def asked_over_tcp(drill: Drill) -> tuple[str, ...]:
    """'service:port' of the sources that this machine asks over a port, each once."""
    readers = [source.reader for orders in drill.orders.values() for source in orders.sources.values()]
    readers += [kept.reader for kept in drill.state.values()]
    found = [f"{reader.service}:{reader.port}" for reader in readers if isinstance(reader, HttpReader)]
    found += [f"{reader.service}:{AMQP_PORT}" for reader in readers if isinstance(reader, RabbitmqReader)]
    return tuple(dict.fromkeys(found))


def order_book(session: Session, stack: PlayedOn, parts: assembly.Parts) -> OrderBook | None:
    """None for a drill that declares no orders."""
    drill = session.drill
    if not drill.orders:
        return None
    return _order_book(session, drill.orders, _reach(session, stack, parts))


def order_book_beside(session: Session, target: str) -> OrderBook | None:
    """The order books that are read by commands on this machine alone, beside a target; None where there are none."""
    unread = unread_books(session.drill)
    orders = {name: one for name, one in session.drill.orders.items() if name not in unread}
    return _order_book(session, orders, _reach_beside(session, target)) if orders else None


def _nowhere(at: str) -> NoReturn:
    raise NotApplied(f"{at} is not reached beside a target")


def _order_book(session: Session, orders: Mapping[str, Orders], reach: OnceReach) -> OrderBook:
    claims = [claim for _, _, claim in session.drill.claims() if isinstance(claim, OrdersKept)]
    return OrderBook(
        orders,
        {claim.orders for claim in claims},
        _readings(session, reach, reach.forget),
        session.record,
        session.display.say,
        partial(session.stop.interruptible, again=True),
    )


def _readings(session: Session, reach: Reach, afresh: Callable[[], None] = lambda: None) -> Readings:
    from harness.orders.readers import glance, read

    return Readings(
        session.folder.path, session.clock, partial(read, reach=reach), partial(glance, reach=reach), afresh=afresh
    )


def queues_probes(
    session: Session, stack: PlayedOn, parts: assembly.Parts, on: Callable[[], Sequence[str]]
) -> tuple[QueuesProbe, ...]:
    """What counts the rows of the order books' queues while faults are `on`; none for a drill without queues."""
    readings = _readings(session, _reach(session, stack, parts).reach)  # asked anew for each fault
    counts = [
        partial(readings.count, op, name, source, AMID)
        for op, orders in session.drill.orders.items()
        for name, source in orders.sources.items()
        if source.role == QUEUE
    ]
    return (QueuesProbe(counts, on),) if counts else ()


def state_book(session: Session, stack: PlayedOn, parts: assembly.Parts) -> StateBook | None:
    """None for a drill that neither declares a state nor claims one."""
    drill = session.drill
    if not (drill.state or _claims(drill)):
        return None

    def containers() -> Iterator[Row]:
        return container_rows(parts.containers.described(""), parts.containers.content)

    return _state_book(session, Parts(_wait(drill), drill.state), _reach(session, stack, parts), containers)


def state_book_beside(session: Session, target: str) -> StateBook | None:
    """The parts that are read by commands on this machine alone, beside a target; None where there are none."""
    drill, unread = session.drill, unread_parts(session.drill)
    declared = {name: kept for name, kept in drill.state.items() if name not in unread}
    parts = Parts(_wait(drill), declared, containers=False)
    return _state_book(session, parts, _reach_beside(session, target)) if declared else None


def _claims(drill: Drill) -> list[StateRestored]:
    return [claim for _, _, claim in drill.claims() if isinstance(claim, StateRestored)]


def _wait(drill: Drill) -> Wait:
    """How long it is waited for, the claims say: the longest."""
    claims = _claims(drill) or [StateRestored()]
    return Wait(max(one.quiet_s for one in claims), max(one.within_s for one in claims))


def _state_book(
    session: Session, parts: Parts, reach: OnceReach, containers: Callable[[], Iterator[Row]] = lambda: iter(())
) -> StateBook:
    from harness.orders.readers import glance, read

    def taken(reader: Reader, *, glancing: bool) -> Iterator[Row]:
        if isinstance(reader, ContainersReader):
            return containers()
        return (glance if glancing else read)(reader, reach, MOST_ROWS, everything=True)

    return StateBook(
        parts,
        Readings(
            session.folder.path,
            session.clock,
            partial(taken, glancing=False),
            partial(taken, glancing=True),
            HOME,
            reach.forget,
        ),
        session.record,
        session.display.say,
        partial(session.stop.interruptible, again=True),
    )


def _reach_beside(session: Session, target: str) -> OnceReach:
    told = {"DRILL_TARGET": target, "DRILL_RUN": session.folder.run}
    return OnceReach(StackReach(NoContainers(), {}, _nowhere, session.drill.path("."), told))


def _reach(session: Session, stack: PlayedOn, parts: assembly.Parts) -> OnceReach:
    """Commands on this machine are told the run's Compose project."""
    told = {**stack.compose.told(), "DRILL_RUN": session.folder.run}
    services = as_told(stack.project)
    return OnceReach(StackReach(parts.containers, services, stack.address, session.drill.path("."), told))
