"""The one writer to Toxiproxy: others say what they want of an edge, this makes it so, reads it back, and keeps it
so.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from harness.edges import Edge
from harness.errors import CannotRun, NotApplied, NotMended
from harness.facts import Blinded, Done, Fact, Looked
from harness.world.contents import Contents
from harness.world.handles import Want
from harness.world.ladder import RECREATED, REMOVED, RESTARTED, Exhausted, Rung, Turn, alone, climb, highest
from harness.world.ladder_queue import LadderQueue
from harness.world.toxiproxy import ApiError, Server, check
from harness.world.wanted import Wanted, steps, wanted_of

EVERY_S = 0.25  # how often the server is read back
API_WITHIN_S = (
    10.0  # a Toxiproxy that was (re)started must answer within this; it takes some 20 ms, its container up to seconds
)


class Reconciler:
    """Implements handles.Proxies. One lock guards what is wanted and the connection that writes; who wants, writes.

    The background thread reads with a connection of its own and takes the lock only to repair what is not as wanted (a
    restarted Toxiproxy is filled again), so an injection does not wait for it. Toxics of several holders on one edge
    stand side by side; when one comes or goes, Toxiproxy draws again which open connections a neighbour with a share
    below 100 % hits (toxics/toxic.go, Run).

    api      host and port of the server's API
    record   told when the server was not as wanted, could not be read, or can be read again
    restart  restarts the server, blocking; the last rung of the clean-up ladder
    by_hand  commands for a person, beside curl's, when every rung failed
    turn     on the clean-up ladder, which `drill halt` climbs too
    """

    def __init__(
        self,
        api: tuple[str, int],
        edges: Sequence[Edge],
        record: Callable[[Fact], object] = lambda fact: None,
        restart: Callable[[], None] | None = None,
        by_hand: Sequence[str] = (),
        turn: Turn = alone,
    ) -> None:
        self._edges = {edge.id: edge for edge in edges if edge.address and not edge.refused}
        self._record = record
        self._restart = restart
        self._by_hand = tuple(by_hand)
        self._contents = Contents(Server(*api))
        self._reader = Server(*api)
        self._lock = threading.RLock()
        self._queue = LadderQueue(threading.Condition(self._lock), turn)
        self._numbers = itertools.count(1)
        self._wants: dict[tuple[str, str], tuple[int, Want]] = {}
        self._listening: dict[str, tuple[int, ...]] = {}
        self._through: dict[str, dict[int, str]] = {}
        self._owed: dict[str, set[str]] = {}  # holder → proxies that its mend could not prove clean
        self._changes = 0
        self._blind = False
        self._said: dict[str, str] = {}  # by proxy, what the last pass had to repair
        self._let_go = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="proxies", daemon=True)

    # --- what others say --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Fill the server and keep it so. Raises errors.CannotRun when it does not answer in time, or refuses a proxy."""
        try:
            with self._lock:
                self._contents.read_all(API_WITHIN_S)
                ends_s = time.monotonic() + API_WITHIN_S
                for name in sorted(self._ours()):
                    while error := self._try(name):  # an edge's address may still be on its way to the interface
                        if time.monotonic() > ends_s:
                            raise CannotRun(f"Toxiproxy cannot hold the proxy {name}: {error}")
                        time.sleep(0.1)
        except ApiError as error:
            raise CannotRun(str(error)) from error
        self._thread.start()

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """The service listens on exactly these ports: its edges' proxies open and close. What fails is tried again
        every 0.25 s.

        Closing a proxy closes its open connections too; Toxiproxy cannot close the listener alone.
        """
        with self._lock:
            if self._listening.get(service) == tuple(sorted(ports)):
                return
            self._listening[service] = tuple(sorted(ports))
            self._changes += 1
            for edge in self._edges.values():
                if edge.dependency == service and not edge.external:
                    for name in self._ours(edge.id):
                        self._try(name)

    def through(self, edge: str, port: int, relay: str) -> None:
        """What goes over this port of the edge passes by a relay ('host:port'), which passes it on; '' and it goes straight
        again. Closes the port's open connections. What fails is tried again every 0.25 s."""
        with self._lock:
            self._through.setdefault(edge, {})[port] = relay
            self._changes += 1
            if edge in self._edges and f"{edge}:{port}" in self._wanted(self._edges[edge]):
                self._try(f"{edge}:{port}")

    def want(self, want: Want) -> Mapping[str, Any]:
        """Make it so, read it back; returns the readback by proxy. Raises errors.NotApplied; the want is then
        withdrawn.

        Open connections feel it at once, unless `cut` closes them. A port that the dependency opens later gets it too.
        """
        edge = self._edges.get(want.edge)
        if edge is None:
            raise NotApplied(f"no mediated edge {want.edge!r}; there are {', '.join(sorted(self._edges)) or 'none'}")
        for toxic in want.toxics:
            check(toxic)
        if self._let_go:
            raise NotApplied("the run's lease has lapsed")
        with self._lock:
            key = (want.edge, want.holder)
            before = self._wants.get(key)
            self._wants[key] = (next(self._numbers), want)
            self._changes += 1
            names = self._wanted(edge)
            name = ""
            try:
                if want.toxics and not names:
                    raise NotApplied(
                        f"{edge.dependency} listens on no port, so {edge.id} has no proxy that could be hurt"
                    )
                for name, wanted in names.items():
                    self._contents.make(name, wanted, want.cut)
                return {name: self._contents.read_back(name, self._wanted_proxy(name)) for name in names}
            except NotApplied as error:
                del self._wants[key]
                if before is not None:
                    self._wants[key] = before
                self._changes += 1
                hung = isinstance(error, ApiError) and error.status == 0
                rung = self._put_right(want.holder, self._ours(want.edge), hung=name if hung else "")
                raise NotApplied(f"{error} (withdrawn{': ' + rung if rung else ''})") from error

    def unwant(self, holder: str) -> str:
        """Withdraw all that the holder wanted and prove it; returns the rung of the ladder used, '' for an ordinary
        removal.

        The ladder (each call has 3 s): delete the toxics; delete the proxy and create it again, which closes its
        connections and frees one that a slow reader wedged; restart Toxiproxy. Raises errors.NotMended when none
        helped. Idempotent. Called for several holders at once, nobody climbs before each was tried the ordinary way.
        """
        self._queue.join(holder)  # before the lock is had: whoever climbs has it for long
        with self._lock:
            try:
                edges = [edge for edge, who in self._wants if who == holder]
                for edge in edges:
                    del self._wants[edge, holder]
                self._changes += 1
                return self._put_right(
                    holder, {*self._owed.get(holder, ()), *(n for e in edges for n in self._ours(e))}
                )
            finally:
                self._queue.tried(holder)

    def let_go(self) -> None:
        """The run's lease has lapsed: nothing is wanted of any edge any more. From any thread; waits for nobody."""
        self._let_go = True

    def holders(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(dict.fromkeys(holder for _, holder in self._wants))

    def close(self) -> None:
        """Stop keeping; takes nothing away."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        with self._lock:
            self._contents.server.close()

    # --- making it so; all of it under the lock ---------------------------------------------------------------------

    def _wanted(self, edge: Edge) -> dict[str, Wanted]:
        wants = [n for (edge_id, _), n in self._wants.items() if edge_id == edge.id and not self._let_go]
        return wanted_of(edge, self._listening.get(edge.dependency, ()), wants, self._through.get(edge.id, {}))

    def _all_wanted(self) -> dict[str, Wanted]:
        return {name: wanted for edge in self._edges.values() for name, wanted in self._wanted(edge).items()}

    def _wanted_proxy(self, name: str) -> Wanted | None:
        edge = self._edges.get(name.rpartition(":")[0])
        return self._wanted(edge).get(name) if edge else None

    def _ours(self, edge_id: str = "") -> set[str]:
        """Names of proxies, wanted or there, of one edge or of all; a proxy of ours is one that is named like an
        edge.
        """
        wanted = self._wanted(self._edges[edge_id]) if edge_id else self._all_wanted()
        return {*wanted, *(n for n in self._contents.seen if "->" in n and edge_id in ("", n.rpartition(":")[0]))}

    def _try(self, name: str) -> str:
        """'' or why not; for what is tried again anyhow."""
        try:
            self._contents.make(name, self._wanted_proxy(name))
            self._contents.look(name)
        except NotApplied as error:
            return str(error)
        return ""

    def _prove(self, name: str) -> None:
        """Make it as wanted, and read it back."""
        self._contents.make(name, self._wanted_proxy(name))
        self._contents.read_back(name, self._wanted_proxy(name))

    # --- the clean-up ladder ----------------------------------------------------------------------------------------

    def _put_right(self, holder: str, names: Iterable[str], hung: str = "") -> str:
        names = sorted(names)
        self._owed[holder] = set(names)
        rung = highest([self._climb(holder, name, ordinary=name != hung) for name in names])
        del self._owed[holder]
        return rung

    def _climb(self, holder: str, name: str, ordinary: bool = True) -> str:
        """`ordinary` is False when a call about this proxy has just hung: the first rung would only hang again."""
        everywhere = tuple(self._edges)
        rungs = [
            Rung(RECREATED, lambda: self._recreate(name), (name.rpartition(":")[0],)),
            Rung(RESTARTED, lambda: self._refill(name), everywhere),
        ]
        if ordinary:
            rungs.insert(0, Rung(REMOVED, lambda: self._settle(name)))
        try:
            return climb(holder, name, rungs, self._record, lambda: self._queue.turn(holder))
        except Exhausted as error:
            url = self._contents.server.url
            raise NotMended(
                f"{name} may still be hurt; tried: {error}. By hand:",
                (f"curl -X DELETE {url}/proxies/{quote(name, safe='')}", f"curl -X POST {url}/reset", *self._by_hand),
            ) from error

    def _settle(self, name: str) -> None:
        """Make it as wanted: once from what was last known, and when the reading shows more to do, once from that."""
        try:
            self._prove(name)
        except ApiError:
            raise  # Toxiproxy does not answer about it, and would not a second time
        except NotApplied:
            self._prove(name)

    def _recreate(self, name: str) -> None:
        self._contents.delete(name)
        self._prove(name)

    def _refill(self, name: str) -> None:
        """Restart Toxiproxy, and fill it as wanted: first the proxy that this is about, then all others."""
        if self._restart is None:
            raise NotApplied("no way to do it was given")
        self._restart()
        self._contents.read_all(API_WITHIN_S)
        self._prove(name)
        for other in sorted(self._ours() - {name}):
            self._try(other)

    # --- keeping it so ----------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._over.wait(EVERY_S):
            self._pass()
        self._reader.close()

    def _pass(self) -> None:
        with self._lock:
            before = self._changes
        try:
            seen = self._reader.proxies()
        except ApiError as error:
            if not self._blind:
                self._blind = True
                self._record(Blinded(probe="toxiproxy", target=self._reader.url, error=str(error)))
            return
        if self._blind:
            self._blind = False
            self._record(Looked(probe="toxiproxy", target=self._reader.url))
        with self._lock:
            if self._changes != before or self._over.is_set():
                return  # what was read is older than what is wanted; the next pass sees it
            self._contents.seen = seen
            drift = {name: steps(self._wanted_proxy(name), seen.get(name)) for name in self._ours()}
            for name, todo in drift.items():
                said = (
                    f"not as wanted: {', '.join(map(str, todo))}: {self._try(name) or 'made so again'}" if todo else ""
                )
                if said and said != self._said.get(name):
                    self._record(Done(step="proxies", detail=said))
                self._said[name] = said
