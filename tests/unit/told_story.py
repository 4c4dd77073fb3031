"""Random runs of a stack that tells everything of itself: metrics, traces, logs with ids, pages, memory. Known to the instant.

Long enough for the claims that need a minute of samples or ninety seconds of load after a fault. The service may be honest or not:
it loses counts, leaves ids out of its logs, accuses somebody else, tears traces, answers with strange pages, retries, leaks, dies. Each
piece of evidence has the instant at which it was there, so that a run can be cut anywhere.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from small_drill import TIMEOUT_S
from told_orders import NAME, told_orders
from trace_stories import call, process, send, server, spans
from truthful_service import Replica, Scraped, Traffic, counter

from harness import facts as f
from harness.expectations.base import Expectation, Line
from harness.faults.base import Fault, Landing
from harness.journal import Journal
from harness.ledger import DUE, NEVER, OUTCOMES, SENT, Rows, request_id
from harness.ledger.layout import trace_prefix
from harness.orders.book import GivenBook
from harness.orders.review import Reviews
from harness.series import Book, RawSeries
from harness.spans import GivenSpans, Span
from harness.testing import WrittenLogs, journal_of, rows_of

RUN, WALL_S = "0badcafe", 1.7e9
FAULT = "hurt/felt"
STEADY_S = 32.0
"""Of the gate: six batches of five seconds fit into it."""
METRIC, ERRORS, BUCKETS = "http_requests_total", 'code=~"5.."', "http_request_duration_seconds"
ATTEMPTS, MEMORY = "payment_attempts_total", "process_resident_memory_bytes"
ENDPOINTS = ("GET /catalog", "POST /checkout")
MIB = float(1 << 20)
SAYS = {
    "summary": "Shoppers wait.",
    "description": "21% of the requests to db took longer than 0.5 s.",
    "runbook_url": "https://wiki.example.test/runbooks/Slow",
    "dashboard_url": "/d/checkout",
}
BOOK = f.RunbookFound(
    seen_s=1, folder="books", file="Slow.md", sections=("Slow", "Meaning", "Impact", "Diagnosis", "Mitigation")
)


class Felt(Fault):
    """On the edge to the database; landed when a look during it was slow."""

    @property
    def target(self) -> str:
        return "api->db"

    def landing(self, before: Sequence[f.Witnessed], during: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if any((look.answer_ms or 0) > 100 for look in during) else "not_landed", "by looks")

    def gone(self, before: Sequence[f.Witnessed], after: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if after and (after[-1].answer_ms or 0) < 100 else "not_landed", "by looks")


class Dice(random.Random):
    """`honest`: of what may be wrong with the service and its watchers nothing is."""

    honest = False

    def defect(self, values: Sequence[Any]) -> Any:
        """One of the values; the first is that of an honest service."""
        return values[0] if self.honest else self.choice(values)

    def chance(self, p: float) -> bool:
        return not self.honest and self.random() < p


@dataclass
class Told:
    """A run that has happened, and when each of its parts was there to be seen."""

    journal: Journal
    rows: Rows
    reserved_s: Any
    lines: list[Line]
    line_s: list[float]
    spans: list[Span]
    span_s: list[float]
    series: Book
    orders: GivenBook

    def reviews(self, journal: Journal, rows: Rows, *, over: bool) -> Reviews:
        """The order book, judged by what was known."""
        return Reviews({NAME: self.orders}, journal, rows, over=over)

    def at(self, cut_s: float) -> tuple[Journal, Rows, WrittenLogs, Book, GivenSpans]:
        """What was known at that instant. Samples are known once a look brought them."""
        journal = self.journal.cut(cut_s)
        looks = journal.of(f.Looked, probe="series")
        brought_s = looks[-1].seen_s - 0.05 if looks else -math.inf
        lines = [line for line, at_s in zip(self.lines, self.line_s, strict=True) if at_s <= cut_s]
        seen = [span for span, at_s in zip(self.spans, self.span_s, strict=True) if at_s <= cut_s]
        book = {
            selector: tuple(one.between(-np.inf, brought_s) for one in found) for selector, found in self.series.items()
        }
        known = {selector: tuple(one for one in found if len(one)) for selector, found in book.items()}
        return journal, rows_at(self.rows, self.reserved_s, cut_s), WrittenLogs(lines), known, GivenSpans.of(seen)


def rows_at(rows: Rows, reserved_s: Any, cut_s: float) -> Rows:
    """The ledger as it stood at an instant."""
    part = rows.select(reserved_s <= cut_s).snapshot()
    array, sent_s, done_s = part.array, part.sent_s, part.done_s
    unsent = ~np.isnan(sent_s) & (sent_s > cut_s)
    running = ~unsent & ~np.isnan(done_s) & (done_s > cut_s)
    array["took_us"][unsent | running] = NEVER
    array["outcome"][unsent | running] = 0
    array["status"][unsent | running] = 0
    array["state"][running] = SENT
    array["sent_us"][unsent] = NEVER
    array["state"][unsent] = DUE
    return part


@dataclass
class Times:
    gate_s: float
    hurt_s: float
    on_s: float
    off_s: float
    out_s: float
    settled_s: float
    calm_out_s: float
    stop_s: float
    ended_s: float
    closed_s: float


def told(seed: int, claims: Sequence[Expectation]) -> Told:
    """A random run; series are kept for the selectors of these claims."""
    dice = Dice(seed)
    dice.honest = seed % 3 == 0
    gate_s = dice.uniform(38, 44)
    hurt_s = gate_s + dice.uniform(0.1, 0.5)
    out_s = hurt_s + dice.uniform(62, 68)
    settled_s = out_s + dice.uniform(92, 100)
    calm_out_s = settled_s + 0.1 + dice.uniform(31, 36)
    stop_s = calm_out_s + dice.uniform(0.5, 4)
    ended_s = stop_s + TIMEOUT_S + dice.uniform(-1, 0.5)
    closed_s = ended_s + dice.choice([2.5, 12.0, 36.0])
    on_s, off_s = hurt_s + dice.choice([0.0, 1.0]), out_s - dice.uniform(0.05, 0.4)
    times = Times(gate_s, hurt_s, on_s, off_s, out_s, settled_s, calm_out_s, stop_s, ended_s, closed_s)
    entries, reserved_s, bad_from_s = _load(dice, times)
    rows = rows_of([dict(entry) for entry in entries])
    death_s = dice.choice([None, None, None, dice.uniform(gate_s, stop_s)])
    lines, line_s = _logs(dice, rows, times)
    found, span_s = _spans(dice, rows, times)
    written = _facts(dice, times) + _pages(dice, times) + _memory(dice, times)
    written += _prober(seed, times)
    if death_s is not None:
        written += [
            f.ContainerChanged(
                service="api", container="api-1", event="die", exit_code=1, happened_s=death_s, seen_s=death_s + 0.4
            ),
            f.ContainerChanged(
                service="api", container="api-1", event="start", happened_s=death_s + 1.5, seen_s=death_s + 1.9
            ),
        ]
    orders, read = told_orders(seed, dice.honest, rows, ended_s)
    written = [fact for fact in (*written, *read) if fact.seen_s <= closed_s]
    series = _series(dice, rows, times, death_s, claims, bad_from_s)
    return Told(journal_of(*written), rows, np.array(reserved_s), lines, line_s, found, span_s, series, orders)


def _load(dice: Dice, t: Times) -> tuple[list[dict[str, Any]], list[float], tuple[float, float]]:
    bad_until_s = dice.choice([t.off_s, t.off_s, t.out_s + dice.uniform(0, 8), 1e9, 1e9])
    how_bad, background = dice.defect([0.3, 0.0, 0.06, 0.3, 1.0]), dice.choice([0.0, 0.0, 0.01])
    kind = dice.defect(["5xx", "5xx", "timeout", "slow", "conn"])
    strange = dice.choice([None, None, "text/html Error", "application/json keys:deadbeef"])
    rate = dice.choice([5.0, 12.0])
    entries, reserved_s = [], []
    at_s = 1.0
    while at_s < t.stop_s:
        hurt = t.on_s <= at_s < bad_until_s
        entry: dict[str, Any] = {
            "at_s": at_s,
            "endpoint": dice.choice(ENDPOINTS),
            "late_ms": dice.choice([0.1, 0.5, 30.0]),
        }
        entry |= {
            "took_ms": dice.lognormvariate(3.0, 0.6),
            "shape": dice.choice(["application/json keys:0123abcd"] * 9 + ["text/html Shop"]),
        }
        if dice.random() < (how_bad if hurt else background):
            entry |= {
                "5xx": {"outcome": "5xx", "shape": "application/json keys:00000500"},
                "timeout": {"outcome": "timeout", "took_ms": TIMEOUT_S * 1000, "shape": ""},
                "slow": {"took_ms": dice.uniform(300, 2500)},
                "conn": {"outcome": "conn", "took_ms": 1.0, "shape": ""},
            }[kind]
        elif hurt and strange and dice.random() < 0.2:
            entry["shape"] = strange
        if at_s + (entry["late_ms"] + entry["took_ms"]) / 1000 > t.ended_s:
            entry |= {"took_ms": None, "outcome": "", "shape": ""}
        entries.append(entry)
        reserved_s.append(at_s + dice.choice([0.0, 0.0, 0.2]))
        at_s += dice.expovariate(rate)
    return entries, reserved_s, (t.on_s, min(bad_until_s, t.stop_s))


def _logs(dice: Dice, rows: Rows, t: Times) -> tuple[list[Line], list[float]]:
    """A line for most requests that failed, often late, and some of others."""
    has, why, names = (dice.defect([1.0, 1.0, 1.0, 0.4]) for _ in range(3))
    accused, lag_s, noisy = (
        dice.defect(["db", "db", "cache"]),
        dice.defect([0.1, 3.0, 28.0]),
        dice.chance(0.2),
    )
    lines, line_s = [], []

    def add(service: str, at_s: float, **said: Any) -> None:
        lines.append(Line(service, f"{service}-1", at_s, json.dumps(said)))
        line_s.append(at_s + dice.uniform(0, 0.95))

    sent_s, done_s = rows.sent_s, rows.done_s
    for place in range(len(rows)):
        outcome, number = OUTCOMES[int(rows.array["outcome"][place])], int(rows.number[place])
        began_s = float(sent_s[place])
        ended_s = float(done_s[place])
        ended_s = began_s + TIMEOUT_S if math.isnan(ended_s) else ended_s
        if outcome in ("5xx", "timeout") and dice.random() < has:
            said: dict[str, Any] = {
                "level": "ERROR",
                "request_id": request_id(RUN, 0, number),
                "message": "internal error",
            }
            said |= {"error.type": "TimeoutError"} if dice.random() < why else {}
            said |= {"dependency": accused} if dice.random() < names else {}
            add("api", dice.uniform(ended_s, ended_s + lag_s), **said)
        elif outcome == "ok" and dice.random() < 0.1:
            level = "ERROR" if noisy and dice.random() < 0.2 else "INFO"
            add("api", ended_s, level=level, request_id=request_id(RUN, 0, number), message="done")
    if dice.honest or dice.random() < 0.5:
        add("api", t.off_s + dice.uniform(0.5, 25), level="INFO", message="db is back", dependency="db")
    if dice.chance(0.3):
        for _ in range(dice.choice([3, 2000])):
            add(
                "db",
                dice.uniform(t.on_s, t.out_s),
                level="WARNING",
                message="slow",
                dependency=dice.choice(["db", "cache"]),
            )
    if dice.chance(0.1):
        add("api", dice.uniform(t.gate_s, t.stop_s), level="INFO", message="token AKIAIOSFODNN7EXAMPLE was used")
    return lines, line_s


def _spans(dice: Dice, rows: Rows, t: Times) -> tuple[list[Span], list[float]]:
    """A tree for most answered requests, sent some seconds later, each service by itself."""
    traced = dice.defect([1.0, 1.0, 1.0, 0.7])
    torn, lost = dice.defect([0.0, 0.0, 0.0, 0.02]), dice.defect([0.0, 0.0, 0.0, 0.05])
    blamed, waits_ms = dice.defect(["db", "db", "cache"]), dice.defect([5.0, 50.0, 4000.0])
    found: list[Span] = []
    came_s: list[float] = []
    sent_s, service_ms = rows.sent_s, rows.service_ms
    for place in range(len(rows)):
        if rows.array["status"][place] == 0 or dice.random() > traced:
            continue
        asked, began_s = f"{int(rows.number[place]) + 1:016x}", float(sent_s[place])
        took_ms, bad = float(service_ms[place]), OUTCOMES[int(rows.array["outcome"][place])] == "5xx"
        taken = () if dice.random() < lost else (process("worker", 5, at_ms=waits_ms),)
        work = max(1.0, took_ms - 4)
        root = server(
            "api",
            max(1.0, took_ms - 2),
            call("api", blamed, work, error=bad, missing=dice.random() < torn),
            send("api", 1, *taken),
            error=bad,
        )
        flush_s = {"api": dice.uniform(0, 4.5), "worker": dice.uniform(0, 4.5)}
        for span in spans(root, trace_prefix(RUN, 0) + asked, asked, began_s):
            found.append(span)
            came_s.append(span.end_s + flush_s[span.service])
    return found, came_s


def _facts(dice: Dice, t: Times) -> list[f.Fact]:
    written: list[f.Fact] = [
        f.Opened(drill="told", run=RUN, wall_unix_s=WALL_S, monotonic_ns=1),
        f.MonitoringFound(seen_s=0.5, prometheus="prom:9090", alertmanager="am:9093"),
        f.ReceiverSeen(seen_s=0.5, receiver="oncall", kind="webhook", observable=True, group_wait_s=0.5),
        f.ExporterSeen(seen_s=0.5, service="api", observable=True),
        f.EdgeFound(seen_s=0.5, edge="client->api", address="10.0.0.1"),
        f.EdgeFound(seen_s=0.5, edge="api->db", address="10.0.0.2"),
        f.EdgeFound(seen_s=0.5, edge="api->cache", address="10.0.0.3"),
        f.LoadBegan(seen_s=0.6, begins_s=1.0),
        BOOK,
        f.GateHeld(seen_s=t.gate_s),
        f.PhaseBegan(seen_s=t.hurt_s, phase="hurt"),
        f.Injecting(seen_s=t.on_s, fault=FAULT, kind="latency", target="api->db", planned_s=t.on_s),
        f.Injected(seen_s=t.on_s + 0.02, fault=FAULT, begun_s=t.on_s),
        f.Mended(seen_s=t.off_s + 0.03, fault=FAULT, begun_s=t.off_s),
        f.PhaseEnded(seen_s=t.out_s, phase="hurt"),
        f.PhaseSettled(seen_s=t.settled_s, phase="hurt", steady=dice.random() < 0.8),
        f.PhaseBegan(seen_s=t.settled_s + 0.1, phase="calm"),
        f.PhaseEnded(seen_s=t.calm_out_s, phase="calm"),
        f.PhaseSettled(seen_s=t.stop_s, phase="calm", steady=True),
        f.LoadEnded(seen_s=t.ended_s, clean=True, ended_s=t.stop_s),
        f.Closed(seen_s=t.closed_s),
    ]
    for tick in range(2, int(t.closed_s)):
        slow = t.on_s + 0.1 < tick < t.off_s
        answer_ms = 400.0 if slow else 1.0
        written.append(
            f.Witnessed(seen_s=float(tick), edge="api->db", port=5432, outcome="answered", answer_ms=answer_ms)
        )
        written.append(f.ClockRead(seen_s=tick + 0.1, wall_unix_s=WALL_S + tick + 0.1))
    for name in ("api", "db", "cache"):
        written += [
            f.ContainerSeen(seen_s=tick + 0.5, service=name, container=f"{name}-1", status="running", started_at="a")
            for tick in range(0, int(t.closed_s), 5)
        ]
    probes: list[tuple[str, str]] = [("pages", ""), ("alerts", ""), ("series", ""), ("traces", ""), ("memory", "api")]
    probes += [("logs", f"{name}-1") for name in ("api", "db", "cache")]
    for probe, target in probes:
        hole_s = dice.uniform(t.gate_s, t.closed_s) if dice.chance(0.08) else -1e9
        at_s = dice.uniform(0.5, 1.5)
        while at_s < t.closed_s:
            if not hole_s <= at_s < hole_s + 65:
                written.append(f.Looked(seen_s=at_s, probe=probe, target=target))
            at_s += dice.uniform(0.9, 1.3)
    at_s = 0.7
    while at_s < t.ended_s:
        written.append(
            f.LoadSampled(seen_s=at_s, cpu_ratio=0.3, late_ms=dice.choice([0.5, 2.0, 250.0]), due=1, dropped=0)
        )
        at_s += dice.uniform(0.9, 1.3)
    return written


def _prober(seed: int, t: Times) -> list[f.Fact]:
    """Somebody who looks from the users' side, and may be alarmed, soon or late. With dice of its own."""
    dice = random.Random(f"prober {seed}")
    at_s = dice.choice([t.on_s + dice.uniform(1, 40), t.out_s + dice.uniform(1, 60), t.gate_s - 5, math.inf])
    rule = f.RuleSeen(seen_s=0.6, rule="Unreachable", expr="probe_success == 0", interval_s=1.0)
    if math.isinf(at_s):
        return [rule]
    fired = f.AlertChanged(
        seen_s=at_s + dice.uniform(0, 1.5), alert="Unreachable", state="firing", happened_s=at_s, active_s=at_s - 1
    )
    return [rule, fired]


def _pages(dice: Dice, t: Times) -> list[f.Fact]:
    """None to three pages, about whom it was or somebody else, whole or lacking something."""
    found: list[f.Fact] = []
    for number in range(dice.choice([0, 1, 1, 1, 2, 3])):
        lacks = dice.defect(["", "", "", "summary", "runbook_url"])
        at_s = dice.choice([t.on_s + dice.uniform(1, 40), t.out_s + dice.uniform(1, 60), dice.uniform(1, t.closed_s)])
        dependency = dice.defect(["db", "db", "db", "cache"])
        found.append(
            f.Paged(
                receiver=dice.defect(["oncall", "oncall", "oncall", "tickets"]),
                alert="Slow",
                status="firing",
                labels={"severity": "page", "service": "api", "dependency": dependency},
                annotations={name: text for name, text in SAYS.items() if name != lacks},
                fingerprint=str(number),
                group_key="{}",
                start=str(at_s - 2),
                starts_s=at_s - 2,
                delivery=number + 1,
                generator="http://prom:9090/graph",
                happened_s=at_s,
                seen_s=at_s + dice.uniform(0, 1.9),
            )
        )
    return found


def _grows(dice: Dice, t: Times) -> Mapping[float, float]:
    """Memory in bytes each second: flat, warming up, or growing, with noise."""
    rate, noise = dice.choice([0.0, 0.0, 0.2, 2.0]) * MIB, dice.choice([0.05, 1.0]) * MIB
    warm_s = dice.choice([1e9, 1e9, t.hurt_s + 25])
    return {s + 0.3: 100 * MIB + rate * min(float(s), warm_s) + dice.gauss(0, noise) for s in range(2, int(t.closed_s))}


def _memory(dice: Dice, t: Times) -> list[f.Fact]:
    limit = dice.choice([None, int(256 * MIB), int(256 * MIB)])
    return [
        f.MemorySeen(seen_s=at_s, service="api", container="api-1", used_bytes=int(used), limit_bytes=limit)
        for at_s, used in _grows(dice, t).items()
    ]


def _series(
    dice: Dice,
    rows: Rows,
    t: Times,
    death_s: float | None,
    claims: Sequence[Expectation],
    bad: tuple[float, float],
) -> Book:
    """The service's own counters and histogram, honest or not, and those of its attempts and memory."""
    generator = np.random.default_rng(dice.randrange(1 << 30))
    sent_s = rows.sent_s
    array, n = rows.array, len(rows)
    took_s = np.where(np.isnan(rows.done_s), TIMEOUT_S, rows.done_s - sent_s)
    lost = np.isin(array["outcome"], [OUTCOMES.index("conn")])
    unanswered = array["status"] == 0
    names = np.array([0, *(1 if name == ENDPOINTS[0] else 2 for name in rows.endpoints[1:])])
    inside_s = np.maximum(1e-4, np.where(unanswered, took_s + generator.exponential(0.5, n), took_s - 0.003))
    served_s = np.where(lost, np.inf, sent_s + 0.001 + inside_s)
    counted_status = np.where(unanswered, 200, array["status"])
    lying = dice.defect([None, None, None, "loses", "praises", "hides"])
    if lying == "praises":
        counted_status = np.where(counted_status >= 500, 200, counted_status)
    if lying == "hides":
        inside_s = inside_s / 3
    seen = Traffic(
        sent_s, took_s, names[array["endpoint"]], array["status"].astype(np.int64), array["outcome"].astype(np.int64),
        served_s, inside_s, counted_status.astype(np.int64),
    )  # fmt: skip
    lives = ((-60.0, math.inf),) if death_s is None else ((-60.0, death_s), (death_s + 1.5, math.inf))
    hidden = dice.defect([math.inf, math.inf, math.inf, dice.uniform(t.hurt_s, t.stop_s)])
    wanted = list(dict.fromkeys(selector for claim in claims for selector in claim.series()))
    selectors = {
        selector: (lambda labels, selector=selector: _fits(labels, selector))
        for selector in wanted
        if selector.startswith((METRIC, BUCKETS))
    }
    kept = generator.random(n) > (0.05 if lying == "loses" else 0.0)
    scraped = Scraped(generator, (Replica("api-1:80", lives),), every_s=dice.choice([1.0, 2.0]), until_s=t.closed_s)
    book = dict(
        scraped.book(seen, lambda _: kept, selectors=selectors, hidden_until=float(hidden))  # type: ignore[arg-type]
    )
    stamps_s = np.arange(1.0, t.closed_s, 1.0)
    many, then = dice.choice([1, 1, 3]), dice.choice([1, 1, 3])
    times = np.ones(n, int)
    times[(sent_s >= t.on_s) & (sent_s < t.off_s)] = many
    times[(sent_s >= t.off_s) & (sent_s < t.off_s + dice.choice([5.0, 1e9]))] = then
    at_s = np.sort(np.repeat(sent_s[~np.isnan(sent_s)], times[~np.isnan(sent_s)]))
    labels = {"job": "api", "instance": "api-1:80"}
    begun_s = np.full(len(stamps_s), -1.0)
    book[ATTEMPTS] = (
        counter({"__name__": ATTEMPTS, **labels}, at_s, stamps_s, stamps_s, begun_s, np.ones(len(stamps_s), bool)),
    )
    used = _grows(dice, t)
    book[MEMORY] = (RawSeries({"__name__": MEMORY, **labels}, np.array(list(used)), np.array(list(used.values()))),)
    return book


def _fits(labels: Mapping[str, str], selector: str) -> bool:
    name, _, inner = selector.partition("{")
    return labels["__name__"] == name and ("5.." not in inner or labels.get("code", "").startswith("5"))
