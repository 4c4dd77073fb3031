"""The service under load, request by request in the order of their sending: workers, dependencies, pauses, the queue.

Each replica serves first come, first served with a fixed number of workers, so that the order of arrivals and the moments at
which workers become free tell everything: an event is taken from one heap, in time order, and may put later ones there.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field

from calibration.simulator import chance as chances
from calibration.simulator.aftermath import in_a_wave, scarred_share
from calibration.simulator.replicas import Replica
from calibration.simulator.scenario import Scenario, seconds, share
from calibration.simulator.world import BAD, CHECKOUT, GOOD, ORDER, PRODUCTS, World

READ_WITHIN_S = 30.0  # shoppers look at an order of the last so many seconds
SHAPES = {CHECKOUT: "id total", PRODUCTS: "items", ORDER: "id state total"}
NEVER_S = 1e6  # beyond the end of every run: a worker that is not given back


@dataclass(frozen=True)
class Call:
    """One attempt at a dependency: ok, refused, reset (after it did its work) or timeout."""

    dependency: str
    outcome: str
    begun_s: float
    ended_s: float


@dataclass(frozen=True)
class Served:
    """What a replica did for a request: accepted, begun by a worker, ended. status 0: it died meanwhile, nothing was sent."""

    replica: Replica
    version: str
    accepted_s: float
    begun_s: float
    ended_s: float
    status: int
    calls: tuple[Call, ...]
    order: str = ""
    """What became of a checkout: paid, pay_later, lost (acknowledged, and never written); '' of others."""
    shape: str = ""
    """Of its answer, as the load takes it."""


@dataclass(frozen=True)
class Request:
    """One arrival as the load saw it, and what the service did; took_s None: dropped before it was sent."""

    number: int
    due_s: float
    sent_s: float | None
    took_s: float | None
    route: str
    outcome: str
    status: int
    user: int
    served: Served | None = None

    @property
    def waited_s(self) -> float:
        """From its being due to its answer; infinite without one."""
        if self.sent_s is None or self.took_s is None or self.outcome in ("timeout", "conn"):
            return math.inf
        return self.sent_s - self.due_s + self.took_s


@dataclass
class History:
    requests: list[Request] = field(default_factory=list)
    enqueued_s: list[float] = field(default_factory=list)
    handled_s: list[float] = field(default_factory=list)


class Service:
    def __init__(self, world: World, scenario: Scenario, replicas: tuple[Replica, ...], seed: int) -> None:
        self.world, self.scenario, self.replicas = world, scenario, replicas
        self._chance = chances.stream(seed, "service")
        self._client = chances.stream(seed, "client")
        length = math.ceil(scenario.closes_s) + 60
        self._levels = chances.levels(chances.stream(seed, "levels"), length, 0.85, 0.25)
        self._free = {replica.name: [0.0] * world.api.workers for replica in replicas}
        self._lost = {replica.name: world.api.pool_lost for replica in replicas}
        self._hiccups = [one.begins_s + self._chance.uniform(8.0, 18.0) for one in scenario.stretches if not one.hurts]
        self._turn = 0
        self._readers = chances.stream(seed, "readers")
        self._acknowledged: list[tuple[float, bool]] = []  # when an order was, and whether it is lost
        self._attempts: list[float] = []  # at the database, in the order of time

    def history(self) -> History:
        """Every arrival of the load, in the order of their being due."""
        found, in_flight = History(), list[float]()
        for number, due_s in enumerate(self.scenario.arrivals()):
            route = self._route(self._client.random(), due_s)
            late_s = self._client.expovariate(1 / 0.0015)
            while in_flight and in_flight[0] <= due_s:
                heapq.heappop(in_flight)
            if len(in_flight) >= self.scenario.max_in_flight:
                found.requests.append(Request(number, due_s, None, None, "", "dropped", 0, 0))
                continue
            request = self._request(number, due_s, due_s + late_s, route)
            heapq.heappush(in_flight, due_s + late_s + (request.took_s or 0.0))
            found.requests.append(request)
            if request.served is not None and request.served.order:
                found.enqueued_s.append(request.served.ended_s)
                insort(self._acknowledged, (request.served.ended_s, request.served.order == "lost"))
        found.enqueued_s.sort()
        found.handled_s = self._handled(found.enqueued_s)
        return found

    def _route(self, drawn: float, due_s: float) -> str:
        """Some look at an order; there must be one."""
        if drawn < 0.4:
            return CHECKOUT
        return ORDER if drawn < 0.5 and self._orders(due_s) else PRODUCTS

    def _orders(self, at_s: float) -> list[tuple[float, bool]]:
        """Those that were acknowledged lately."""
        first, last = (bisect_left(self._acknowledged, (one_s, False)) for one_s in (at_s - READ_WITHIN_S, at_s - 0.1))
        return self._acknowledged[first:last]

    def _request(self, number: int, due_s: float, sent_s: float, route: str) -> Request:
        there_s = self._client.uniform(0.0002, 0.001)
        back_s = self._client.uniform(0.0002, 0.001)
        served = self._served(sent_s + there_s, route)
        user = 1 + number % 50
        if served is None or served.status == 0:
            ended_s = sent_s + 0.001 if served is None else served.ended_s
            return Request(number, due_s, sent_s, ended_s - sent_s, route, "conn", 0, user, served)
        took_s = served.ended_s + back_s - sent_s
        if took_s > self.scenario.timeout_s:
            took_s = self.scenario.timeout_s + self._client.uniform(0.0, 0.004)
            return Request(number, due_s, sent_s, took_s, route, "timeout", 0, user, served)
        outcome = "ok" if served.status < 400 else f"{served.status // 100}xx"
        return Request(number, due_s, sent_s, took_s, route, outcome, served.status, user, served)

    def _served(self, accepted_s: float, route: str) -> Served | None:
        """By the next replica in turn that is there; None when none is."""
        there = [replica for replica in self.replicas if replica.at(accepted_s) is not None]
        if not there:
            return None
        self._turn += 1
        replica = there[self._turn % len(there)]
        process = replica.at(accepted_s)
        assert process is not None
        free = self._free[replica.name]
        begun_s = replica.paused_until(max(accepted_s, heapq.heappop(free)))
        calls: list[Call] = []
        worked_s, status, order = self._work(begun_s, route, process.version, calls)
        ended_s = begun_s + worked_s
        ended_s += replica.paused_s(begun_s, ended_s)
        hurt = any(call.outcome != "ok" or call.ended_s - call.begun_s > 0.2 for call in calls)
        if hurt and self._lost[replica.name] > 0:
            self._lost[replica.name] -= 1
            heapq.heappush(free, NEVER_S)
        else:
            heapq.heappush(free, ended_s)
        shape = f"application/json {SHAPES[route]}" if status < 400 else "application/json error"
        if status >= 500 and self.world.api.friendly:
            status, shape = 200, "text/html title=Sorry"
        if status >= 500 and self.world.api.redirects:
            status, shape = 200, "text/html -> /sorry title=Sorry"
        if process.died and ended_s > process.ended_s:
            return Served(replica, process.version, accepted_s, begun_s, process.ended_s, 0, tuple(calls))
        return Served(replica, process.version, accepted_s, begun_s, ended_s, status, tuple(calls), order, shape)

    def _work(self, at_s: float, route: str, version: str, calls: list[Call]) -> tuple[float, int, str]:
        """Seconds of work, status, and what became of the order. A failure ends it."""
        api, chance = self.world.api, self._chance
        level = self._level(at_s)
        own_s = chances.lognormal(chance, api.checkout_ms if route == CHECKOUT else api.read_ms, 0.35) / 1000 * level
        now_s = at_s + own_s + self._backlog_s(at_s)
        scarred = scarred_share(api, self.scenario, at_s)
        if scarred and chance.random() < scarred:
            return now_s - at_s, 500, ""
        if route == CHECKOUT:
            ended_s, status, order = self._checkout(at_s, now_s, version, calls)
            return ended_s - at_s, status, order
        now_s = self._database(calls, now_s, level)
        if calls[-1].outcome != "ok":
            return now_s - at_s, _failed(calls[-1]), ""
        orders = self._orders(at_s) if route == ORDER else []  # none is left of those where it waited for long
        lost = bool(orders) and self._readers.choice(orders)[1]
        return now_s - at_s, 404 if lost else 200, ""

    def _checkout(self, at_s: float, now_s: float, version: str, calls: list[Call]) -> tuple[float, int, str]:
        """When it was answered, its status, and what became of the order."""
        api, level = self.world.api, self._level(at_s)
        if not api.acknowledges_first:
            now_s = self._database(calls, now_s, level)
            if calls[-1].outcome != "ok":
                return now_s, _failed(calls[-1]), ""
        for attempt in range(api.payments_attempts):
            now_s = self._call(calls, "payments", now_s + 0.02 * min(attempt, 1), level)
            if calls[-1].outcome == "ok":
                break
        order, status = ("paid", 201) if calls[-1].outcome == "ok" else ("pay_later", 202)
        if order == "pay_later" and not api.pay_later:
            return now_s, 503, ""
        if self._defective(at_s, version):
            return now_s, 500, ""
        written_s = self._database(calls, now_s, level)
        written = calls[-1].outcome == "ok"
        if api.acknowledges_first:
            return now_s, status, order if written else "lost"
        return written_s, status if written else _failed(calls[-1]), order if written else ""

    def _database(self, calls: list[Call], at_s: float, level: float) -> float:
        """As many attempts as the service makes; returns when the last ended."""
        now_s = at_s
        for _ in range(self.world.api.database_attempts):
            now_s = self._call(calls, "postgres", now_s, level)
            if calls[-1].outcome == "ok":
                break
        return now_s

    def _call(self, calls: list[Call], dependency: str, at_s: float, level: float) -> float:
        """One attempt; returns when it ended."""
        api, chance, edge = self.world.api, self._chance, f"api->{dependency}"
        usual_ms, limit_s = (
            (api.database_ms, api.database_timeout_s)
            if dependency == "postgres"
            else (api.payments_ms, api.payments_timeout_s)
        )
        took_s, outcome = chances.lognormal(chance, usual_ms, 0.3) / 1000 * level, "ok"
        if dependency == "postgres" and self._slowed(at_s):
            took_s *= self.world.release.slows
        if dependency == "postgres" and any(begun <= at_s < begun + api.hiccup_s for begun in self._hiccups):
            took_s += 0.6
        if dependency == "postgres" and in_a_wave(api, self.scenario, at_s):
            took_s += 0.6
        overwhelmed = dependency == "postgres" and self._overwhelmed(at_s)
        if self.scenario.hurt("down", edge, at_s):
            took_s, outcome = chance.uniform(0.0005, 0.002), "refused"
        elif self.scenario.hurt("hang", edge, at_s):
            took_s, outcome = limit_s, "timeout"
        elif (broken := self.scenario.hurt("reset", edge, at_s)) and chance.random() < share(broken.settings["share"]):
            outcome = "reset"
        elif overwhelmed:
            took_s, outcome = limit_s, "timeout"
        elif slow := self.scenario.hurt("latency", edge, at_s):
            delay_s, jitter_s = seconds(slow.settings["delay"]), seconds(slow.settings.get("jitter", "0ms"))
            took_s += chance.uniform(delay_s - jitter_s, delay_s + jitter_s)
            if took_s > limit_s:
                took_s, outcome = limit_s, "timeout"
        calls.append(Call(dependency, outcome, at_s, at_s + took_s))
        return at_s + took_s

    def _overwhelmed(self, at_s: float) -> bool:
        """More was asked of the database in the last second than it bears; what it is asked now counts, too."""
        if not self.world.api.database_capacity:
            return False
        insort(self._attempts, at_s)
        first, last = (bisect_left(self._attempts, one_s) for one_s in (at_s - 1.0, at_s))
        return last - first >= self.world.api.database_capacity

    def _defective(self, at_s: float, version: str) -> bool:
        release = self.world.release
        hurt = next((h for h in self.scenario.hurts if h.word == "bad_release"), None)
        if hurt is None or at_s < hurt.begun_s:
            return False
        if version == BAD:
            healed = release.heals_after_s is not None and at_s > hurt.on_s + release.heals_after_s
            return not healed and self._chance.random() < release.error_share
        after = version == GOOD and at_s > hurt.on_s  # the good one serves then only because it was taken back to
        return after and release.poison_share > 0 and self._chance.random() < release.poison_share

    def _slowed(self, at_s: float) -> bool:
        return any(hurt.word == "bad_release" and at_s >= hurt.on_s for hurt in self.scenario.hurts)

    def _backlog_s(self, at_s: float) -> float:
        backlog_s = self.world.api.backlog_s
        return 0.8 if backlog_s and any(h.off_s <= at_s < h.off_s + backlog_s for h in self.scenario.hurts) else 0.0

    def _level(self, at_s: float) -> float:
        return self._levels[min(int(at_s), len(self._levels) - 1)]

    def _handled(self, enqueued_s: list[float]) -> list[float]:
        """When the worker's two hands had brought each order to its end."""
        hands, found = [0.0, 0.0], []
        stuck_s = (
            min((h.on_s for h in self.scenario.hurts), default=math.inf) if self.world.api.worker_stuck else math.inf
        )
        for at_s in enqueued_s:
            if at_s >= stuck_s:
                break
            begun_s = max(at_s, heapq.heappop(hands))
            ended_s = begun_s + chances.lognormal(self._chance, 0.05, 0.3)
            heapq.heappush(hands, ended_s)
            found.append(ended_s)
        return found


def _failed(call: Call) -> int:
    """The status of a request whose call failed."""
    return 503 if call.outcome == "refused" else 504
