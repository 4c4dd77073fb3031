"""Taking what hurts edges out of Toxiproxy from outside of the run: the clean-up ladder, from the run's folder alone."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from harness.edges import Edge
from harness.errors import NotApplied
from harness.facts import ListenersChanged, RungTried
from harness.journal import Journal
from harness.run.folder import RunFolder
from harness.world.ladder import RECREATED, REMOVED, RESTARTED, TAKEN_AWAY, Exhausted, Rung, climb
from harness.world.ladder_turn import ladder_turn
from harness.world.wanted import Wanted, opens_at_once, wanted_of

if TYPE_CHECKING:
    from harness.world.toxiproxy import Server

TRIES = 3
READ_BACK_S = 0.3  # a harness that lives and did not answer makes what it wants so again within 0.25 s
API_WITHIN_S = 10.0
GONE, THERE = 404, 409
CAME_AGAIN = "a fault that was taken out came on again"


def clear(
    folder: RunFolder,
    journal: Journal,
    hurt: Mapping[str, str],
    record: Callable[[RungTried], object],
    restart: Callable[[], object],
    remove: Callable[[], object],
    harness_goes_on: Callable[[], bool] = lambda: True,
) -> str:
    """'' when no proxy of the run has toxics and those of the hurt edges are open, or all are gone with their container;
    else what is wrong.

    hurt      edges, each with one of the faults on it
    restart   restarts Toxiproxy's container, remove takes it away: without it there is no fault, and no traffic either
    harness_goes_on   whether a harness that is on the ladder itself is worth waiting for: it then does what we would
    """
    from harness.world.toxiproxy import Server

    api = folder.stack_notes().get("api")
    if not api:
        return ""  # the stack never came so far: nothing can be on
    wanted = _as_they_were(folder, journal)
    ours = {name: it for name, it in wanted.items() if name.rpartition(":")[0] in hurt}
    server = Server(str(api[0]), int(api[1]))
    everywhere = tuple(dict.fromkeys(name.rpartition(":")[0] for name in wanted))

    def fill_again() -> None:
        restart()
        _await(server)
        _recreate(server, wanted)
        _stays_out(server, hurt)

    def recreate() -> None:
        _recreate(server, ours)
        _stays_out(server, hurt)

    rungs = (
        Rung(REMOVED, lambda: _stays_out(server, hurt)),
        Rung(RECREATED, recreate, tuple(hurt)),
        Rung(RESTARTED, fill_again, everywhere),
        Rung(TAKEN_AWAY, remove, everywhere),
    )
    try:
        turn = partial(ladder_turn, folder.facts, harness_goes_on)
        climb(next(iter(hurt.values())), ", ".join(hurt), rungs, record, turn)
    except Exhausted as error:
        return f"Toxiproxy does not let go ({error})"
    finally:
        server.close()
    return ""


def cleared(server: Server, hurt: Collection[str]) -> bool:
    """Remove every toxic and open every proxy; whether a toxic, or a closed proxy of a hurt edge, was found.

    Other proxies may be closed because their dependency does not listen, and are closed again by a harness that lives.
    """
    found = False
    for name, proxy in server.proxies().items():
        for toxic in proxy.toxics:
            with _fine(GONE):
                server.remove_toxic(name, toxic)
        if not proxy.enabled:
            with _fine(GONE):
                server.enable(name)
        closed = not proxy.enabled and name.rpartition(":")[0] in hurt
        found = found or closed or bool(proxy.toxics)
    return found


def _stays_out(server: Server, hurt: Collection[str]) -> None:
    """Clear it, and read back until nothing was found. Raises NotApplied when a fault comes on again and again."""
    for _ in range(TRIES):
        if not cleared(server, hurt):
            return
        time.sleep(READ_BACK_S)
    raise NotApplied(CAME_AGAIN)


def _as_they_were(folder: RunFolder, journal: Journal) -> dict[str, Wanted]:
    """The proxies of all edges without a fault, open where their dependency last listened. What went through a relay goes
    straight."""
    listening = {fact.service: fact.ports for fact in journal.of(ListenersChanged)}
    names = {field.name for field in dataclasses.fields(Edge)} - {"known"}
    noted = folder.stack_notes().get("edges") or ()
    edges = [Edge(**{name: value for name, value in told.items() if name in names}) for told in noted]
    return {
        name: wanted
        for edge in edges
        if edge.address and not edge.refused
        for name, wanted in wanted_of(edge, listening.get(edge.dependency, ()), ()).items()
    }


def _recreate(server: Server, wanted: Mapping[str, Wanted]) -> None:
    for name, it in wanted.items():
        with _fine(GONE):
            server.delete(name)
        with _fine(THERE):
            server.create(name, it.listen, it.upstream, opens_at_once(it))


@contextlib.contextmanager
def _fine(status: int) -> Iterator[None]:
    """A harness that lives may just have done the same: what comes of it is read back in any case."""
    from harness.world.toxiproxy import ApiError

    try:
        yield
    except ApiError as error:
        if error.status != status:
            raise


def _await(server: Server) -> None:
    """Until a Toxiproxy that was restarted answers. Raises ApiError."""
    from harness.world.toxiproxy import ApiError

    ends_s = time.monotonic() + API_WITHIN_S
    while time.monotonic() < ends_s:
        with contextlib.suppress(ApiError):
            server.version()
            return
        time.sleep(0.05)
    server.version()
