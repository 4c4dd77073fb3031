"""Faults on the edges of a target: toxics in Toxiproxies that were there before us, and that are as they were when we have gone.

What is ours bears the run's id in its name. Nothing else is touched: no proxy is made, deleted or moved, no toxic of others is.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from harness.errors import CannotRun, Missing, NotApplied, NotMended
from harness.target.model import EdgeAt
from harness.target.place import Place
from harness.target.reach import toxiproxy_at
from harness.world.handles import Toxic, Want
from harness.world.toxiproxy import ApiError, ProxySeen, Server, check
from harness.world.wanted import Wanted, steps, told

TRIES = 5
AGAIN_S = 0.5  # between two tries to take something out
PREFIX = "drill-"


def mark(run: str) -> str:
    """What the names of this run's toxics begin with."""
    return f"{PREFIX}{run}-"


@dataclass(frozen=True)
class Spot:
    """One edge: the Toxiproxy and the proxy it has there."""

    edge: str
    server: Server
    proxy: str

    def seen(self) -> ProxySeen:
        """Raises ApiError; see `gone`."""
        return self.server.proxy(self.proxy)

    def make(self, wants: Callable[[ProxySeen], Wanted], cut: bool = False) -> ProxySeen:
        """From what it holds to what is wanted of that, and read back. Raises NotApplied."""
        seen = self.seen()
        wanted = wants(seen)
        for step in steps(wanted, seen, cut):
            if step.verb == "add":
                self.server.add_toxic(self.proxy, step.toxic, wanted.toxics[step.toxic])
            elif step.verb == "remove":
                self.server.remove_toxic(self.proxy, step.toxic)
            elif step.verb == "disable":
                self.server.disable(self.proxy)
            elif step.verb == "enable":
                self.server.enable(self.proxy)
        seen = self.seen()
        if left := steps(wanted, seen):
            said = ", ".join(map(str, left))
            raise NotApplied(f"Toxiproxy took the change and did not make it: still to do: {said}")
        return seen

    def clear(self, ours: str, opened: bool) -> None:
        """Take out what is ours, and open it where we may have closed it. Raises NotApplied."""
        self.make(lambda seen: replace(as_wanted(seen, ours, ()), enabled=seen.enabled or opened))


class Placed(Protocol):
    """What is needed of a target, or of the record of one."""

    @property
    def toxiproxy(self) -> Mapping[str, Place]: ...
    @property
    def edges(self) -> Mapping[str, EdgeAt]: ...
    def api_of(self, at: EdgeAt) -> str: ...


def spots(target: Placed) -> dict[str, Spot]:
    """By edge, where it is. Raises CannotRun for secrets and certificates that are not to be had."""
    servers = {name: toxiproxy_at(place) for name, place in target.toxiproxy.items()}
    return {edge: Spot(edge, servers[target.api_of(at)], at.proxy) for edge, at in target.edges.items()}


class TargetProxies:
    """Implements handles.Proxies. One lock guards what is wanted and the connections that write.

    by_hand  the command for a person when something will not come out
    """

    def __init__(self, run: str, places: Mapping[str, Spot], by_hand: str) -> None:
        self._mark = mark(run)
        self._places = places
        self._by_hand = by_hand
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._wants: dict[tuple[str, str], tuple[int, Want]] = {}
        self._owed: dict[str, set[str]] = {}
        self._let_go = False

    def look(self, edges: Sequence[str]) -> dict[str, ProxySeen]:
        """What is found at these edges, before anything is changed. Raises CannotRun with everything that hinders."""
        found: dict[str, ProxySeen] = {}
        wrong: list[Missing] = []
        for edge in edges:
            spot = self._places[edge]
            try:
                found[edge] = spot.seen()
            except ApiError as error:
                lacks = (
                    f"Toxiproxy at {spot.server.url} has no proxy {spot.proxy!r}, which is to be on the way of {edge}"
                )
                wrong.append(Missing(lacks if gone(error) else str(error)))
                continue
            wrong += _hinders(spot, found[edge])
        if wrong:
            raise CannotRun(*dict.fromkeys(wrong))
        return found

    def want(self, want: Want) -> Mapping[str, Any]:
        """See handles.Proxies."""
        spot = self._places.get(want.edge)
        if spot is None:
            raise NotApplied(f"no Toxiproxy of the target is on the way of {want.edge}")
        for toxic in want.toxics:
            check(toxic)
        if self._let_go:
            raise NotApplied("the run's lease has lapsed")
        with self._lock:
            key = (want.edge, want.holder)
            self._wants[key] = (next(self._numbers), want)
            try:
                return {spot.proxy: told(spot.make(self._wanted(spot), want.cut))}
            except NotApplied as error:
                del self._wants[key]
                self._put_right(want.holder, {want.edge})
                raise NotApplied(f"{error} (withdrawn)") from error

    def unwant(self, holder: str) -> str:
        """See handles.Proxies. There is no ladder: what is not ours is not restarted, and not made anew."""
        with self._lock:
            edges = {edge for edge, who in self._wants if who == holder} | self._owed.get(holder, set())
            for edge in edges:
                self._wants.pop((edge, holder), None)
            self._put_right(holder, edges)
        return ""

    def listening(self, service: str, ports: Sequence[int]) -> None:
        """Nobody follows the listeners of a target."""

    def holders(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(dict.fromkeys(holder for _, holder in self._wants))

    def let_go(self) -> None:
        """The run's lease has lapsed: nothing more is put in. From any thread; waits for nobody."""
        self._let_go = True

    def close(self) -> None:
        for server in {id(spot.server): spot.server for spot in self._places.values()}.values():
            server.close()

    def _wanted(self, spot: Spot) -> Callable[[ProxySeen], Wanted]:
        wants = [numbered for (edge, _), numbered in self._wants.items() if edge == spot.edge and not self._let_go]
        return lambda seen: as_wanted(seen, self._mark, wants)

    def _put_right(self, holder: str, edges: set[str]) -> None:
        """Raises NotMended with the commands for a person."""
        self._owed[holder] = set(edges)
        for edge in sorted(edges):
            spot = self._places[edge]
            if error := tried(partial(spot.make, self._wanted(spot))):
                raise NotMended(
                    f"{spot.proxy} of Toxiproxy at {spot.server.url} may still be hurt: {error}. By hand:",
                    (
                        self._by_hand,
                        f"curl {spot.server.url}/proxies/{quote(spot.proxy, safe='')}  # toxics {self._mark}* are ours",
                    ),
                )
        del self._owed[holder]


def as_wanted(seen: ProxySeen, ours: str, wants: Sequence[tuple[int, Want]]) -> Wanted:
    """A proxy with these wants on it and all else as it is seen; open without them, for one that was closed is not begun with. Pure."""
    toxics: dict[str, Toxic] = {name: toxic for name, toxic in seen.toxics.items() if not name.startswith(ours)}
    toxics |= {f"{ours}{n}-{toxic.type}-{toxic.stream}": toxic for n, want in wants for toxic in want.toxics}
    closed = any(want.closed for _, want in wants)
    return Wanted(seen.name, seen.listen, seen.upstream, not closed, toxics)


def gone(error: ApiError) -> bool:
    """Whether Toxiproxy itself says that the proxy is no more; a 404 of what stands before it says nothing of that."""
    return error.status == 404 and error.said == "proxy not found"


def tried(take_out: Callable[[], object]) -> str:
    """Why it did not come about, tried again and again for some seconds; '' once it has, or once the proxy itself is gone."""
    error = ""
    for number in range(TRIES):
        if number:
            time.sleep(AGAIN_S)
        try:
            take_out()
            return ""
        except NotApplied as wrong:
            if isinstance(wrong, ApiError) and gone(wrong):
                return ""
            error = str(wrong)
    return error


def _hinders(spot: Spot, seen: ProxySeen) -> list[Missing]:
    where = f"{spot.proxy} of Toxiproxy at {spot.server.url}, on the way of {spot.edge},"
    left = sorted({name.split("-")[1] for name in seen.toxics if name.startswith(PREFIX) and name.count("-") > 1})
    wrong = [
        Missing(f"{where} has toxics of run {run}, which did not take them out", f"drill mend {run}") for run in left
    ]
    if not seen.enabled:
        wrong.append(
            Missing(f"{where} is closed: nothing goes over it", "open it, or leave its faults out with --skip")
        )
    return wrong
