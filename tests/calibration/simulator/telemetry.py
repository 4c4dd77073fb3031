"""What the service tells of itself: counts, durations, log lines. Here the planted lies of its instruments live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from calibration.simulator import chance as chances
from calibration.simulator.dialects import COUNTER, HISTOGRAM, line
from calibration.simulator.parked import parked
from calibration.simulator.replicas import Replica, Rollback, release_of
from calibration.simulator.resident import resident
from calibration.simulator.scenario import WALL_UNIX_S, Scenario
from calibration.simulator.service import Call, History, Request, Served
from calibration.simulator.store import Counted, Floats, Labels, Store, scraped, scrapes
from calibration.simulator.world import BAD, CHECKOUT, GOOD, ORDER, PRODUCTS, ROUTES, World
from harness.ledger import request_id, traceparent

WORKER, PROVIDER = "rehearsal-worker-1", "payments"
WELL = {CHECKOUT: ("201", "202"), PRODUCTS: ("200",), ORDER: ("200", "404")}
SAID = {"refused": "connection refused", "reset": "connection reset by peer", "timeout": "no answer in time"}


@dataclass(frozen=True)
class LogLine:
    """`written_s` is what Docker stamps."""

    service: str
    container: str
    written_s: float
    text: str


def counted(world: World, history: History, seed: int, scenario: Scenario, replicas: tuple[Replica, ...]) -> Counted:
    """All counters of the api, as its processes counted them."""
    chance, found, told = chances.stream(seed, "counting"), Counted(), world.metrics
    if told.preregistered:
        _register(found, scenario, replicas)
    for request in history.requests:
        served = request.served
        if served is None or served.status == 0:
            continue
        instance, (method, path) = served.replica.instance, ROUTES[request.route]
        for call in served.calls:
            found.count(
                instance, "dependency_calls_total", call.ended_s, dependency=call.dependency, outcome=call.outcome
            )
            if call.outcome != "ok":
                found.count(instance, "dependency_failures_total", call.ended_s)
        if served.status >= 500:
            found.count(instance, "http_errors_total", served.ended_s)
        if served.order:
            became = "paid" if served.order == "lost" else served.order
            found.count(instance, "checkout_orders_total", served.ended_s, outcome=became, version=served.version)
        _book_payments(world, found, served)
        drawn = chance.random()
        if drawn < told.lost_share or served.status in told.uncounted:
            continue
        if not told.counts_abandoned and request.outcome == "timeout":
            continue
        code = dict(told.code_told).get(str(served.status), str(served.status))
        if told.abandoned_told and request.outcome == "timeout":
            code = told.abandoned_told
        since_s = served.accepted_s if told.timer == "accepted" else served.begun_s
        labels = {"method": method, "route": path, "code": code, "version": served.version}
        counted_s = served.ended_s + (told.errors_late_s if served.status >= 500 else 0.0)
        took_s, alone = (served.ended_s - since_s) * told.stretched, world.dialect.one_histogram
        observed = labels if world.dialect.name != "prometheus" else {"method": method, "route": path}
        times = 2 if drawn > 1 - told.twice_share else 1
        for _ in range(times):
            found.count(instance, COUNTER, counted_s, **labels)
        for _ in range(times if alone else 1):
            found.observe(instance, HISTOGRAM, counted_s if alone else served.ended_s, took_s, **observed)
    return found


def _book_payments(world: World, found: Counted, served: Served) -> None:
    """What the provider counts: a payment for each order, or one for each attempt that reached it."""
    reached = [call for call in served.calls if call.dependency == "payments" and call.outcome in ("ok", "reset")]
    for call in reached if world.api.charges_again else reached[:1]:
        found.count(f"{PROVIDER}:8080", "payments_booked_total", call.ended_s)


def _register(found: Counted, scenario: Scenario, replicas: tuple[Replica, ...]) -> None:
    """Every series that may ever count is there at 0 from the beginning."""
    versions = (GOOD, BAD) if release_of(scenario) else (GOOD,)
    for replica in replicas:
        for route, (method, path) in ROUTES.items():
            for code in (*WELL[route], "500", "503", "504"):
                for version in versions:
                    labels = {"method": method, "route": path, "code": code, "version": version}
                    found.known(replica.instance, "http_requests_total", **labels)
        for dependency in ("postgres", "payments"):
            for outcome in ("ok", *SAID):
                found.known(replica.instance, "dependency_calls_total", dependency=dependency, outcome=outcome)
        for metric in ("orders_lost_total", "dependency_failures_total", "http_errors_total"):
            found.known(replica.instance, metric)
    found.known(f"{PROVIDER}:8080", "payments_booked_total")


def store_of(
    world: World,
    history: History,
    scenario: Scenario,
    replicas: tuple[Replica, ...],
    seed: int,
    back: Rollback | None = None,
) -> Store:
    """What Prometheus scraped of it all."""
    metrics, worker, provider = world.metrics, f"{WORKER}:8080", f"{PROVIDER}:8080"
    begins: dict[str, Callable[[float], float | None]] = {r.instance: partial(_began, r) for r in replicas}
    begins[worker] = begins[provider] = lambda at_s: 2.5 if at_s > 2.5 else None
    jobs = {worker: "worker", provider: PROVIDER}
    targets = [
        scrapes(
            jobs.get(instance, "api"),
            instance,
            metrics.scrape_s,
            scenario.closes_s - 2.0,
            metrics.miss_share,
            chances.stream(seed, f"scrapes of {instance}"),
            began,
        )
        for instance, began in begins.items()
    ]
    gauges: dict[tuple[str, str, Labels], partial[Floats]] = {
        (worker, "orders_waiting", ()): partial(_waiting, history),
        (worker, "orders_parked", ()): partial(parked, world, scenario, back),
    }
    for replica in replicas:
        gauges[replica.instance, "process_resident_memory_bytes", ()] = partial(resident, world, seed, replica)
        gauges[replica.instance, "process_start_time_seconds", ()] = partial(_started, seed, replica)
        gauges[replica.instance, "process_uptime_seconds", ()] = partial(_uptime, replica)
    first = min((hurt.on_s for hurt in scenario.hurts), default=scenario.gate_s)
    silent = dict.fromkeys(metrics.silent, first)
    return scraped(
        counted(world, history, seed, scenario, replicas),
        gauges,
        targets,
        metrics.buckets,
        silent,
        (COUNTER, HISTOGRAM) if world.dialect.born_late else () if metrics.preregistered else None,
        {replica.instance: _deaths(metrics.forgets_every_s, scenario, replica, seed) for replica in replicas},
        metrics.restores,
        {replica.instance: first for replica in replicas} if metrics.copied else {},
    )


def _deaths(every_s: float, scenario: Scenario, replica: Replica, seed: int) -> Sequence[float]:
    """When a process within a replica dies that nobody sees, since the one that Docker knows lives on."""
    if not every_s:
        return ()
    return chances.times(chances.stream(seed, f"forgetting {replica.name}"), every_s, scenario.closes_s)


def _began(replica: Replica, at_s: float) -> float | None:
    process = replica.at(at_s)
    return None if process is None else process.began_s


def _waiting(history: History, at_s: Floats) -> Floats:
    come = np.searchsorted(np.asarray(history.enqueued_s), at_s, side="right")
    gone = np.searchsorted(np.sort(np.asarray(history.handled_s)), at_s, side="right")
    return np.asarray(come - gone, dtype=np.float64)


def _started(seed: int, replica: Replica, at_s: Floats) -> Floats:
    """When the process began, in Unix seconds, off by what the kernel's whole second of its boot leaves open."""
    off_s = chances.stream(seed, "boot").uniform(-0.5, 0.5)
    starts = [_began(replica, float(one)) or 0.0 for one in at_s]
    return np.asarray([WALL_UNIX_S + off_s + start for start in starts], dtype=np.float64)


def _uptime(replica: Replica, at_s: Floats) -> Floats:
    return np.array([at - (_began(replica, float(at)) or at) for at in at_s])


def log_lines(world: World, history: History, run: str, end_s: float, seed: int) -> list[LogLine]:
    """All lines until the end, in the order in which they were written: late, and not always in the order of what they tell."""
    chance, found = chances.stream(seed, "logging"), list[LogLine]()
    lossy, told = chances.stream(seed, "lines lost"), world.logging
    muted = {name for name in _names(history)[: told.mute]}
    for request in history.requests:
        served = request.served
        if served is None or served.status == 0:
            continue
        for at_s, entry in _lines(world, request, served, run, chance.random()):
            written_s = (
                at_s
                + chance.uniform(0.0005, 0.01)
                + (chance.random() < 0.1) * chance.uniform(0.0, world.logging.late_s)
            )
            if served.replica.name not in muted and (not told.lost_share or lossy.random() >= told.lost_share):
                found += [LogLine("api", served.replica.name, written_s, text) for text in entry.split("\n")]
    found += _recoveries(world, history)
    for at_s in history.handled_s:
        found.append(
            LogLine("worker", WORKER, at_s + chance.uniform(0.001, 0.05), _line(world, at_s, "INFO", "order fulfilled"))
        )
    return sorted((line for line in found if line.written_s < end_s), key=lambda line: line.written_s)


def _names(history: History) -> list[str]:
    return sorted({request.served.replica.name for request in history.requests if request.served})


def _recoveries(world: World, history: History) -> Iterator[LogLine]:
    """By each replica, once a dependency answers again that had not."""
    if not world.logging.recovery:
        return
    calls = [
        (call.ended_s, request.served.replica.name, call)
        for request in history.requests
        if request.served is not None
        for call in request.served.calls
    ]
    ill: set[tuple[str, str]] = set()
    for at_s, replica, call in sorted(calls, key=lambda one: one[:2]):
        if call.outcome != "ok":
            ill.add((replica, call.dependency))
        elif (replica, call.dependency) in ill:
            ill.remove((replica, call.dependency))
            text = f"{call.dependency} is available again"
            told = _line(world, at_s, "INFO", text, dependency=call.dependency)
            yield LogLine("api", replica, at_s + 0.002, told)


def _lines(world: World, request: Request, served: Served, run: str, drawn: float) -> Iterator[tuple[float, str]]:
    logging = world.logging
    ids = {}
    if logging.request_id:
        ids = {"request_id": request_id(run, 0, request.number), "trace_id": traceparent(run, 0, request.number)[3:35]}
    for call in served.calls if logging.failures else ():
        if call.outcome != "ok" and (call.dependency != "payments" or call is _last(served, "payments")):
            for named in (logging.blames or (call.dependency,)) * logging.repeats:
                yield call.ended_s, _failure(world, served, call, named, ids)
    if drawn > 1 - logging.grumbles and served.status in (201, 202):
        yield (
            served.ended_s,
            _line(world, served.ended_s, "WARNING", "payments timed out, asked again", **ids, dependency="payments"),
        )
    if drawn < logging.cries and served.status < 400:
        yield served.ended_s, _line(world, served.ended_s, "ERROR", "unexpected state of the cart", **ids)
    if served.status == 500 and logging.failures:
        text = "KeyError: 'discount' while pricing the cart" if logging.specific else "internal error"
        yield served.ended_s, _line(world, served.ended_s, "ERROR", text, **ids)
    if drawn < logging.traceback and request.route == CHECKOUT:
        yield served.ended_s, "Traceback (most recent call last):"
    yield served.ended_s, _line(world, served.ended_s, "INFO", f"{request.route} {served.status}", **ids)


def _failure(world: World, served: Served, call: Call, named: str, ids: Mapping[str, str]) -> str:
    logging = world.logging
    text, more = f"{named}: {SAID[call.outcome]}", {"dependency": named, "error_type": call.outcome}
    if not logging.names:
        text, more = SAID[call.outcome], {"error_type": call.outcome}
    if not logging.specific:
        text, more = "internal error", {}
    if logging.secret:
        text = f"{text}; dsn=postgres://shop:hunter2-s3cret@postgres/shop"
    return _line(world, call.ended_s, "ERROR" if served.status >= 500 else "WARNING", text, **ids, **more)


def _last(served: Served, dependency: str) -> object:
    return [call for call in served.calls if call.dependency == dependency][-1]


def _line(world: World, at_s: float, level: str, message: str, **more: str) -> str:
    return line(world.dialect, at_s + world.logging.ahead_s, level, message, more)
