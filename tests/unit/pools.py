"""A service with a pool, simulated: how many connections it has open each second, of which the truth is known."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LENGTH_S = 300
WARM_S = 30.0
"""The load begins so long before the window."""
TWICE = ((70.0, 90.0), (165.0, 185.0))


@dataclass(frozen=True)
class Shape:
    """
    most      the pool has no more; requests beyond it fail
    idle_s    an idle one is closed after so long; `lifo`: the one last used is used next
    reuse     False: a connection for each request, kept open for `idle_s`
    slower    so much longer each request takes while a fault is on; `breaks`: it ends what is open when it begins
    ramp      the rate grows by this factor over the whole load
    leaks     share of the requests that never give theirs back: all the time, or (`in_faults`) while a fault is on
    closed    of those, the other side closes
    """

    rate: float = 10.0
    service_s: float = 0.1
    most: int = 50
    idle_s: float = math.inf
    lifo: bool = True
    reuse: bool = True
    faults: Sequence[tuple[float, float]] = ()
    slower: float = 1.0
    breaks: bool = False
    ramp: float = 1.0
    leaks: float = 0.0
    in_faults: bool = False
    closed: bool = False


@dataclass
class Seen:
    counts: list[float]
    unclosed: list[float]
    requests: list[dict[str, Any]]


def play(shape: Shape, seed: int) -> Seen:
    """From `WARM_S` before the window, whose beginning is 0, once a second."""
    dice = random.Random(seed)
    idle: list[tuple[float, bool]] = []  # since when, and whether the other side has closed it
    busy: list[tuple[float, bool]] = []  # until when, and whether it is given back
    leaked = leaked_closed = 0
    broke: set[float] = set()
    seen = Seen([], [], [])
    at_s, due_s = -WARM_S, -WARM_S

    def until(now_s: float) -> None:
        nonlocal leaked, leaked_closed
        while busy and busy[0][0] <= now_s:
            end_s, back = heapq.heappop(busy)
            if back:
                idle.append((end_s, False))
            else:
                leaked += 1
                leaked_closed += shape.closed
        for from_s, _ in shape.faults if shape.breaks else ():
            if from_s <= now_s and from_s not in broke:
                broke.add(from_s)
                idle[:] = [(since_s, True) for since_s, _ in idle]
        idle[:] = [one for one in idle if one[0] + shape.idle_s > now_s]

    def on(now_s: float) -> bool:
        return any(from_s <= now_s < until_s for from_s, until_s in shape.faults)

    for second in range(int(-WARM_S), LENGTH_S):
        at_s = float(second)
        while due_s < at_s:
            until(due_s)
            takes_s = dice.expovariate(1 / shape.service_s) * (shape.slower if on(due_s) else 1.0)
            while shape.reuse and idle and idle[-1 if shape.lifo else 0][1]:
                idle.pop(-1 if shape.lifo else 0)  # it is asked, found closed, and thrown away
            fits = len(idle) + len(busy) + leaked < shape.most
            if shape.reuse and idle:
                idle.pop(-1 if shape.lifo else 0)
                fits = True
            if fits:
                lost = dice.random() < shape.leaks and (on(due_s) or not shape.in_faults)
                heapq.heappush(busy, (due_s + takes_s, not lost))
            seen.requests.append({"at_s": 10.0 + due_s, "took_ms": 1000 * min(takes_s, 9.0)})
            done = (due_s + WARM_S) / (LENGTH_S + WARM_S)
            due_s += dice.expovariate(shape.rate * (1 + (shape.ramp - 1) * done))
        until(at_s)
        if second >= 0:
            seen.counts.append(len(idle) + len(busy) + leaked)
            seen.unclosed.append(sum(closed for _, closed in idle) + leaked_closed)
    seen.requests = [one for one in seen.requests if one["at_s"] >= 0]
    return seen


def healthy(number: int) -> Shape:
    """One of as many as are asked for, each another."""
    dice = random.Random(1000 + number)
    slower = dice.choice((1.0, 3.0, 20.0))
    return Shape(
        rate=dice.choice((2.0, 10.0, 30.0)),
        service_s=dice.choice((0.01, 0.1, 0.5)),
        most=dice.choice((10, 30, 80)),
        idle_s=dice.choice((5.0, 30.0, 90.0, math.inf)),
        lifo=dice.random() < 0.5,
        faults=dice.choice(((), TWICE[:1], TWICE, TWICE)),
        slower=slower,
        breaks=dice.random() < 0.5,
        ramp=dice.choice((1.0, 1.0, 3.0)),
    )
