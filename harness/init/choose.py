"""What a first drill is about: whose dependency is hurt, and within which limits. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.edges import Edge
from harness.init.kinds import STORES, watcher
from harness.init.routes import Route
from harness.init.seen import Baseline, Looked, Spoken
from harness.init.used import use
from harness.stack import names as topology

RATES = (10, 5, 4, 2, 1)
BUSY = 0.3
"""The most that the load may keep one worker of the service busy: the drill is about faults, not about its capacity."""
GATE_S = 15


@dataclass(frozen=True)
class Hurt:
    """What is done: an edge, or where none can be mediated a service; `why` says how it was chosen, for a person.

    speaks   the edge's protocol where the files do not tell it and the dependency answered in it
    used     whether the load surely comes to it: what it goes to; a route's name is no proof, nor are connections that rose
    """

    edge: Edge | None = None
    service: str = ""
    why: str = ""
    speaks: str = ""
    used: bool = False

    @property
    def unknown(self) -> bool:
        """Whether nobody but its caller could see that the dependency is slow: a protocol that the witness does not speak."""
        return self.edge is not None and not (self.edge.speaks or self.speaks)


@dataclass(frozen=True)
class Limits:
    """Arrivals a second, and what the gate asks for: a share of errors in percent, and a percentile in milliseconds."""

    rate_per_s: int = 4
    errors_percent: int = 5
    percentile: str = "p95"
    time_ms: int = 2000
    measured: bool = False


def hurt(
    config: topology.Config,
    service: str,
    found: Sequence[Edge],
    seen: Sequence[Edge],
    spoken: Sequence[Spoken] = (),
    routes: Sequence[Route] = (),
    risen: Collection[str] = (),
) -> Hurt:
    """The dependency that matters most to a service: a store before others, proven, what the load probably comes to, its own or its
    callees' own.

    A store that only the files name comes before a proven service that is none: what little was asked may never have come to it.
    One that is known from a mounted file alone, which may speak of anything, comes after what is proven.

    found    edges of the files, joined with what was seen; seen: those that had connections
    spoken   what answered HTTP
    routes   what the load asks for; risen: edges whose connections rose meanwhile
    """
    home = topology.owner(config, service)
    proven = {edge.id: sum(1 for known in edge.known if known.how == "seen") for edge in seen}
    far = _distances(home, found)
    usable = [
        edge
        for edge in found
        if not edge.refused and edge.caller in far and edge.dependency != home and not watcher(config, edge.dependency)
    ]

    def rank(edge: Edge) -> tuple[int, ...]:
        store = STORES.index(edge.speaks) if edge.speaks in STORES else len(STORES)
        rumour = bool(edge.known) and all(known.where.startswith("file ") for known in edge.known)
        sure = edge.id in proven or not rumour
        rose, named = use(edge, home, routes, risen).weight
        return (
            store == len(STORES) or not sure,
            edge.id not in proven,
            -rose,
            -named,
            edge.external,
            far[edge.caller],
            store,
        )

    best = min(usable, key=rank, default=None)
    if best is not None:
        reasons = [
            "it had connections while the project ran"
            if best.id in proven
            else f"the files name it ({best.known[0].where if best.known else 'declared'})"
        ]
        if best.speaks in STORES:
            reasons.append(f"it speaks {best.speaks}")
        if why := use(best, home, routes, risen).why:
            reasons.append(why)
        if best.caller != home:
            reasons.append(f"{home} calls it by way of {best.caller}")
        answered = any(one.service == best.dependency for one in spoken)
        speaks = "http" if answered and not best.speaks else ""
        return Hurt(best, best.dependency, "; ".join(reasons), speaks)
    refused = [
        edge
        for edge in found
        if edge.refused
        and edge.caller in far
        and edge.dependency in topology.services(config)
        and edge.dependency != home
        and not watcher(config, edge.dependency)
    ]
    if refused:
        one = min(refused, key=rank)
        return Hurt(
            None,
            one.dependency,
            f"{one.id} cannot be mediated: {one.refused}; so the service itself is paused and stopped",
        )
    why = f"no dependency of {service} is known, so it is {service} itself that is stopped"
    return Hurt(None, service, why, used=True)


def only_seen(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Those that no file tells and that can be mediated: a drill knows them only where it declares them."""
    return tuple(
        edge for edge in edges if not edge.refused and not edge.external and {one.how for one in edge.known} == {"seen"}
    )


def limits(measured: Baseline) -> Limits:
    """Room above what was measured, so that a busy machine is no finding: five times the p95, at least half a second."""
    if not measured.requests:
        return Limits()
    rate = next((rate for rate in RATES if rate * max(measured.p50_s, 0.001) <= BUSY), 1)
    samples = rate * GATE_S
    percentile, base_s = ("p95", measured.p95_s) if samples >= 59 else ("p50", max(measured.p50_s, measured.p95_s / 2))
    time_ms = max(500, math.ceil(base_s * 5 * 10) * 100)
    bad = math.ceil(100 * measured.errors / measured.requests)
    return Limits(rate, min(90, 2 * bad + max(1, math.ceil(200 / samples))), percentile, time_ms, measured=True)


def ready_within_s(looked: Looked) -> int:
    """Three times what it took, at least 90 s, in whole half minutes."""
    return max(90, math.ceil(3 * looked.ready_s / 30) * 30) if looked.ran else 180


def _distances(home: str, edges: Sequence[Edge]) -> dict[str, int]:
    """How many calls each service is away from a service that users call."""
    far, edge_of = {home: 0}, [home]
    while edge_of:
        here = edge_of.pop(0)
        for edge in edges:
            if edge.caller == here and edge.dependency not in far and not edge.external:
                far[edge.dependency] = far[here] + 1
                edge_of.append(edge.dependency)
    return far
