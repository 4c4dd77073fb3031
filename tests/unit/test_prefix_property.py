"""Whatever happened in a run, and wherever its tape is cut: what was known then never says the opposite of the whole.

Timelines are random: phases, a fault, a service that breaks, recovers, relapses or never comes back, containers that die,
logs, looks with gaps, a load with late, dropped, hanging and never answered requests. What was known at an instant is the
facts seen until then, the rows reserved until then with what had become of them, and the log lines that had arrived.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_drill import TIMEOUT_S, Load, Phase

from harness import facts as f
from harness.expectations.alert_clears import AlertClears
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Line
from harness.expectations.dashboard_live import DashboardLive
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.log_quiet import LogQuiet
from harness.expectations.log_seen import LogSeen
from harness.expectations.metric_stays import MetricStays
from harness.expectations.outage_below import OutageBelow
from harness.expectations.page_sent import PageSent
from harness.expectations.recovers import Recovers
from harness.expectations.responds_within import RespondsWithin
from harness.expectations.stays_up import StaysUp
from harness.faults.base import Fault, Landing
from harness.journal import Journal
from harness.judge import judge
from harness.judge_claim import judge_claim
from harness.ledger import DUE, NEVER, SENT, Rows
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome


class Felt(Fault):
    """Landed when a look during it was refused."""

    service: str = "db"

    @property
    def target(self) -> str:
        return self.service

    def landing(self, before: Sequence[f.Witnessed], during: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if any(look.outcome == "refused" for look in during) else "not_landed", "by looks")

    def gone(self, before: Sequence[f.Witnessed], after: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if after and after[-1].outcome == "answered" else "not_landed", "by looks")


@dataclass(frozen=True)
class SteadyState:
    for_s: float = 4.0
    all: tuple[Condition, ...] = (Condition.parse("errors < 5%"), Condition.parse("p95 < 300ms"))


@dataclass(frozen=True)
class Drill:
    name: str = "random"
    phases: tuple[Phase, ...] = (Phase("hurt", (Felt(id="hurt/felt"),)), Phase("calm"))
    steady: SteadyState = field(default_factory=SteadyState)
    load: Load = field(default_factory=Load)


@dataclass(frozen=True)
class Claim:
    expectation: Any
    phase: str
    then: bool = False
    where: str = ""
    text: str = ""

    @property
    def id(self) -> str:
        then = "then/" if self.then else ""
        return f"{self.phase or 'run'}/{then}{self.expectation.word}-{self.expectation.about()}-{self.expectation!r}"


def claims() -> list[Claim]:
    found = []
    for phase in ("hurt", "calm", ""):
        found += [
            Claim(RespondsWithin(p95="400ms"), phase),
            Claim(OutageBelow(total="3s", longest="1s"), phase),
            Claim(OutageBelow(request="GET /b", longest="2s", slower="400ms"), phase),
            Claim(RespondsWithin(request="GET /b", p50="100ms", max="2s"), phase),
            Claim(RespondsWithin(p90="100ms", service_time=True), phase),
            Claim(ErrorsBelow(ratio="2%"), phase),
            Claim(ErrorsBelow(ratio="10%", request="GET /a", allow=("5xx",)), phase),
            Claim(ErrorsBelow(ratio="0%"), phase),
            Claim(StaysUp(), phase),
            Claim(StaysUp(service="api", restarts=1), phase),
            Claim(LogQuiet(matches="panic"), phase),
            Claim(LogSeen(service="api", contains="gone"), phase),
            Claim(AlertFires(alert="Slow"), phase),
            Claim(AlertFires(alert="Slow", labels={"service": "api"}, within_s="3s"), phase),
            Claim(AlertFires(alert="Gone", within_s="4s"), phase),
            Claim(AlertQuiet(alert="Slow"), phase),
            Claim(AlertQuiet(alert="*", allow=("Gone",)), phase),
            Claim(AlertQuiet(alert="Slow", labels={"service": "db"}), phase),
            Claim(PageSent(alert="Slow"), phase),
            Claim(PageSent(alert="Slow", receiver="oncall", count=1, within_s="5s"), phase),
            Claim(PageSent(alert="Slow", receiver="tickets", labels={"service": "db"}), phase),
            Claim(MetricStays(query="orders", below=10), phase),
            Claim(MetricStays(query="orders", above=0.5, below=40), phase),
            Claim(DashboardLive(file="board.json"), phase),
        ]
    found += [
        Claim(Recovers(within_s="2s"), "hurt", then=True),
        Claim(Recovers(within_s="6s"), "hurt", then=True),
        Claim(LogSeen(service="api", contains="back", within_s="4s"), "hurt", then=True),
        Claim(LogSeen(service="*", contains="gone", within_s="3s"), "hurt"),
        Claim(LogQuiet(service="api", matches="panic"), "hurt", then=True),
        Claim(ErrorsBelow(ratio="20%"), "hurt", then=True),
        Claim(AlertClears(alert="Slow", within_s="2s"), "hurt", then=True),
        Claim(AlertClears(alert="Slow", within_s="6s"), "hurt", then=True),
        Claim(AlertClears(alert="Slow", labels={"service": "api"}, within_s="4s"), "hurt", then=True),
        Claim(AlertQuiet(alert="Slow"), "hurt", then=True),
        Claim(AlertFires(alert="Slow", within_s="5s"), "hurt", then=True),
        Claim(PageSent(alert="Slow", status="resolved", within_s="6s"), "hurt", then=True),
    ]
    return found


@dataclass
class Timeline:
    """A run that has happened. `reserved_s`: when each row came into the ledger; `arrived_s`: when each line did."""

    drill: Drill
    journal: Journal
    rows: Rows
    reserved_s: Any
    lines: list[Line]
    arrived_s: list[float]

    def at(self, cut_s: float) -> tuple[Journal, Rows, WrittenLogs]:
        lines = [line for line, at_s in zip(self.lines, self.arrived_s, strict=True) if at_s <= cut_s]
        return self.journal.cut(cut_s), rows_at(self.rows, self.reserved_s, cut_s), WrittenLogs(lines)


def rows_at(rows: Rows, reserved_s: Any, cut_s: float) -> Rows:
    """The ledger as it stood at an instant."""
    part = rows.select(reserved_s <= cut_s).snapshot()
    array, sent_s, done_s = part.array, part.sent_s, part.done_s
    unsent = ~np.isnan(sent_s) & (sent_s > cut_s)
    running = ~unsent & ~np.isnan(done_s) & (done_s > cut_s)
    array["took_us"][unsent | running] = NEVER
    array["outcome"][unsent | running] = 0
    array["state"][running] = SENT
    array["sent_us"][unsent] = NEVER
    array["state"][unsent] = DUE
    return part


def timeline(seed: int) -> Timeline:
    """A random run."""
    dice = random.Random(seed)
    gate_s = dice.uniform(6, 8)
    hurt_s = gate_s + dice.uniform(0.1, 0.5)
    out_s = hurt_s + dice.uniform(6, 10)  # the mend of the fault, and the end of its phase
    settled_s = out_s + dice.uniform(5, 14)
    calm_s = settled_s + 0.1
    calm_out_s = calm_s + dice.uniform(4, 8)
    stop_s = calm_out_s + dice.uniform(0.5, 6)
    ended_s = stop_s + TIMEOUT_S + dice.uniform(-1.0, 0.5)
    closed_s = ended_s + dice.uniform(1.5, 6)

    on_s, off_s = hurt_s + dice.choice([0.0, 1.0]), out_s - dice.uniform(0.05, 0.4)
    bad_until_s = dice.choice([on_s, off_s, out_s + dice.uniform(0, 8), out_s + dice.uniform(0, 8), 1e9])
    relapse = dice.choice([None, None, (out_s + dice.uniform(2, 8), dice.uniform(0.5, 3))])
    how_bad, background = dice.choice([0.0, 0.06, 0.3, 1.0]), dice.choice([0.0, 0.0, 0.01, 0.04])
    bad_kind = dice.choice(["5xx", "timeout", "slow", "hang", "conn"])

    written: list[f.Fact] = [
        f.Opened(drill="random", run="0" * 8, wall_unix_s=1.7e9, monotonic_ns=1),
        f.LoadBegan(seen_s=0.6, begins_s=1.0),
        f.GateHeld(seen_s=gate_s),
        f.PhaseBegan(seen_s=hurt_s, phase="hurt"),
        f.Injecting(seen_s=on_s, fault="hurt/felt", kind="kill", target="db", planned_s=on_s),
        f.Injected(seen_s=on_s + 0.02, fault="hurt/felt", begun_s=on_s),
        f.Mended(seen_s=off_s + 0.03, fault="hurt/felt", begun_s=off_s),
        f.PhaseEnded(seen_s=out_s, phase="hurt"),
        f.PhaseSettled(seen_s=settled_s, phase="hurt", steady=dice.random() < 0.8),
        f.PhaseBegan(seen_s=calm_s, phase="calm"),
        f.PhaseEnded(seen_s=calm_out_s, phase="calm"),
        f.PhaseSettled(seen_s=stop_s, phase="calm", steady=True),
        f.LoadEnded(seen_s=ended_s, clean=dice.random() < 0.95, ended_s=stop_s),
        f.Closed(seen_s=closed_s),
    ]
    written += _looks(dice, gate_s, closed_s, ended_s)
    felt = dice.random() < 0.9
    for tick in range(2, int(closed_s * 2)):
        at_s = tick / 2
        outcome = "refused" if felt and on_s + 0.1 < at_s < off_s else "answered"
        written.append(f.Witnessed(seen_s=at_s, edge="api->db", port=5432, outcome=outcome, answer_ms=2.0))
    written += _containers(dice, on_s, off_s, closed_s)
    written += _observed(dice, on_s, out_s, closed_s)

    entries, reserved_s = [], []
    rate = dice.choice([8.0, 25.0, 60.0])
    at_s = 1.0
    while at_s < stop_s:
        hurt = (on_s <= at_s < bad_until_s) or (relapse is not None and relapse[0] <= at_s < sum(relapse))
        entry = _request(dice, at_s, how_bad if hurt else background, bad_kind, ended_s)
        entries.append(entry)
        reserved_s.append(at_s + dice.choice([0.0, 0.0, 0.0, 0.2]))
        if dice.random() < 0.1:
            later_s = at_s + dice.uniform(0.01, 0.5)
            entries.append(_request(dice, later_s, background, "5xx", ended_s) | {"dependent": True})
            reserved_s.append(later_s)
        at_s += dice.expovariate(rate)

    lines, arrived_s = [], []
    for text in ("gone", "back", "panic", "all is well"):
        for _ in range(dice.choice([0, 0, 1, 2]) if text != "all is well" else 5):
            line_s = dice.uniform(gate_s, closed_s)
            lines.append(Line(dice.choice(["api", "db"]), dice.choice(["api-1", "db-1"]), line_s, text))
            arrived_s.append(line_s + dice.uniform(0, 0.95))
    return Timeline(Drill(), journal_of(*written), rows_of(entries), np.array(reserved_s), lines, arrived_s)


def _request(dice: random.Random, at_s: float, bad: float, kind: str, ended_s: float) -> dict[str, Any]:
    entry: dict[str, Any] = {"at_s": at_s, "endpoint": dice.choice(["GET /a", "GET /a", "GET /b"])}
    entry["late_ms"] = dice.choice([0.1, 0.5, 3.0, 30.0])
    entry["took_ms"] = dice.lognormvariate(3.0, 0.6)
    if dice.random() < 0.002:
        return {"at_s": at_s, "outcome": "dropped"}
    if dice.random() < bad:
        entry |= {
            "5xx": {"outcome": "5xx"},
            "timeout": {"outcome": "timeout", "took_ms": TIMEOUT_S * 1000},
            "slow": {"took_ms": dice.uniform(300, 2500)},
            "hang": {"took_ms": None},
            "conn": {"outcome": "conn", "took_ms": 1.0},
        }[kind]
    if entry["took_ms"] is not None and at_s + (entry["late_ms"] + entry["took_ms"]) / 1000 > ended_s:
        entry |= {"took_ms": None, "outcome": ""}  # the load was stopped before its answer
    return entry


def _looks(dice: random.Random, gate_s: float, closed_s: float, ended_s: float) -> list[f.Fact]:
    found: list[f.Fact] = []
    for kind, every_s in (("load", 1.0), ("containers", 1.0), ("logs", 1.0), ("alerts", 1.0), ("pages", 1.0)):
        hole_s = dice.uniform(gate_s, closed_s) if dice.random() < 0.25 else -1.0
        length_s = dice.choice([0.5, 4.0, 12.0])
        at_s = dice.uniform(0.5, 1.5)
        while at_s < (ended_s if kind == "load" else closed_s):
            blind = hole_s <= at_s < hole_s + length_s
            if kind == "load" and not blind:
                late_ms = dice.choice([0.5, 2.0, 250.0])
                found.append(f.LoadSampled(seen_s=at_s, cpu_ratio=0.3, late_ms=late_ms, due=1, dropped=0))
            elif kind in ("containers", "alerts", "pages"):
                found.append(
                    f.Blinded(seen_s=at_s, probe=kind, target="", error="no answer")
                    if blind
                    else f.Looked(seen_s=at_s, probe=kind)
                )
            elif kind == "logs" and not blind:
                found += [f.Looked(seen_s=at_s, probe=kind, target=name) for name in ("api-1", "db-1")]
            at_s += every_s * dice.uniform(0.9, 1.3)
    return found


def _observed(dice: random.Random, on_s: float, out_s: float, closed_s: float) -> list[f.Fact]:
    """Prometheus and Alertmanager: alerts that come, stay, go, flap, were there before; pages, repeated, late, elsewhere, lost."""
    found: list[f.Fact] = []
    here = dice.random() < 0.95
    found.append(
        f.MonitoringFound(seen_s=0.5, prometheus="prom:9090" if here else "", alertmanager="am:9093" if here else "")
    )
    found.append(f.ReceiverSeen(seen_s=0.5, receiver="oncall", kind="webhook", observable=True, group_wait_s=0.5))
    found.append(f.ReceiverSeen(seen_s=0.5, receiver="tickets", kind="webhook", observable=dice.random() < 0.8))
    found.append(f.TargetSeen(seen_s=0.6, job="api", instance="api:80", health="up", interval_s=1.0))
    for rule in ("Slow", "Gone"):
        if dice.random() < 0.9:
            found.append(
                f.RuleSeen(
                    seen_s=0.6,
                    rule=rule,
                    group="g",
                    for_s=dice.choice([0.0, 1.0, 4.0, 20.0]),
                    interval_s=1.0,
                    keep_firing_s=dice.choice([0.0, 0.0, 30.0]),
                    health=dice.choice(["ok", "ok", "ok", "err"]),
                )
            )
    delivery = 0
    for service in ("api", "db"):
        labels = {"service": service, "severity": "page"}
        began = [dice.uniform(1, closed_s), on_s + dice.uniform(0.2, 4), on_s + dice.uniform(0.2, 4)]
        at_s, seen_s = began[0] if dice.random() < 0.2 else dice.choice(began[1:]), 0.0
        for _ in range(dice.choice([0, 1, 1, 1, 2])):
            until_s = dice.choice([at_s + dice.uniform(1, 6), out_s + dice.uniform(-1, 5), 1e9])
            fires_s = at_s + dice.choice([0.0, 1.0, 3.0])
            for state, happened_s in (("pending", at_s), ("firing", fires_s), ("inactive", max(until_s, fires_s + 1))):
                if state == "firing" and until_s < fires_s:
                    continue
                seen_s = max(seen_s, happened_s + dice.uniform(0, 1.9))
                found.append(
                    f.AlertChanged(
                        alert="Slow",
                        state=state,
                        labels=labels,
                        happened_s=happened_s,
                        before_s=happened_s - 1,
                        seen_s=seen_s,
                    )
                )
            routed = dice.choice(["active", "active", "suppressed"])
            found.append(
                f.AlertRouted(seen_s=fires_s + 1.5, alert="Slow", state=routed, labels=labels, receivers=("oncall",))
            )
            for status, told_s in (("firing", fires_s), ("resolved", max(until_s, fires_s + 1))):
                for _ in range(dice.choice([0, 1, 1, 1, 2]) if routed == "active" else 0):
                    delivery += 1
                    come_s = told_s + dice.uniform(0.1, 5)
                    found.append(
                        f.Paged(
                            receiver=dice.choice(["oncall", "oncall", "tickets"]),
                            alert="Slow",
                            status=status,
                            labels=labels,
                            fingerprint=service,
                            group_key="{}",
                            start=f"{fires_s:.6f}",
                            starts_s=fires_s,
                            ends_s=None if status == "firing" else told_s,
                            delivery=delivery,
                            happened_s=come_s,
                            seen_s=come_s + dice.uniform(0, 1.9),
                        )
                    )
            at_s = until_s + dice.uniform(0.5, 3)
    found.append(f.PanelFound(seen_s=0.7, dashboard="board.json", panel="Orders", query="orders"))
    found.append(f.PanelFound(seen_s=0.7, dashboard="board.json", panel="Errors", query="errors"))
    found.append(f.PanelFound(seen_s=0.7, dashboard="board.json", panel="Logs", why="its data source is loki"))
    return [fact for fact in found + _samples(dice, closed_s) if fact.seen_s < closed_s]


def _samples(dice: random.Random, closed_s: float) -> list[f.Fact]:
    found: list[f.Fact] = []
    for query, every_s in (("orders", 1.0), ("errors", 5.0)):
        hole_s, length_s = dice.uniform(5, closed_s), dice.choice([0.0, 0.0, 8.0])
        wrong, base = dice.choice([0.0, 0.0, 0.02]), dice.choice([3.0, 30.0, 300.0])
        empty, series = dice.choice([0.0, 0.0, 0.0, 0.05, 1.0]), dice.choice([0, 0, 1])  # 1: a series of NaN
        at_s = dice.uniform(0.5, 1.5)
        while at_s < closed_s:
            if not hole_s <= at_s < hole_s + length_s:
                value = (
                    None
                    if dice.random() < empty
                    else base * dice.uniform(0.5, 1.3) * (20 if dice.random() < wrong else 1)
                )
                count = 1 if value is not None else series
                seen_s = at_s + dice.uniform(0, 0.5)
                found.append(f.Sampled(query=query, value=value, count=count, happened_s=at_s, seen_s=seen_s))
                found.append(f.Looked(probe="samples", target=query, seen_s=seen_s + 1e-4))
            at_s += every_s * dice.uniform(0.9, 1.3)
    return found


def _containers(dice: random.Random, on_s: float, off_s: float, closed_s: float) -> list[f.Fact]:
    found: list[f.Fact] = []
    for service in ("api", "db"):
        name, restarts = f"{service}-1", 0
        deaths = [(on_s + 0.01, 137)] if service == "db" and dice.random() < 0.8 else []
        deaths += [(dice.uniform(0, closed_s), dice.choice([0, 1, 137])) for _ in range(dice.choice([0, 0, 0, 1, 2]))]
        for at_s, code in sorted(deaths):
            lag_s = dice.uniform(0, 0.95)
            if dice.random() < 0.2:
                found.append(
                    f.ContainerChanged(
                        service=service, container=name, event="oom", happened_s=at_s - 0.01, seen_s=at_s + lag_s
                    )
                )
            found.append(
                f.ContainerChanged(
                    service=service, container=name, event="die", exit_code=code, happened_s=at_s, seen_s=at_s + lag_s
                )
            )
        for tick in range(int(closed_s)):
            if service == "db" and on_s + 0.05 < tick < off_s:
                state = ("exited", 137)
            else:
                state = ("running", 0)
                restarts = sum(1 for at_s, _ in deaths if at_s < tick and at_s != on_s + 0.01)
            found.append(
                f.ContainerSeen(
                    service=service,
                    container=name,
                    status=state[0],
                    exit_code=state[1],
                    restarts=restarts,
                    seen_s=tick + 0.5,
                )
            )
    return found


def check(line: Timeline, cut_s: float) -> dict[str, Finding]:
    journal, rows, logs = line.at(cut_s)
    over = cut_s >= line.journal.end_s
    return {c.id: judge_claim(line.drill, c, journal, rows, logs, over=over).finding for c in claims()}


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), parts=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(seed: int, parts: list[float]) -> None:
    line = timeline(seed)
    whole = check(line, line.journal.end_s)
    for part in parts:
        cut_s = part * line.journal.end_s
        for id_, finding in check(line, cut_s).items():
            outcomes = {finding.outcome, whole[id_].outcome}
            assert outcomes != {Outcome.PASSED, Outcome.FAILED}, (
                f"seed {seed}: {id_}\n at {cut_s:.2f} s: {finding.outcome.value}: {finding.because}\n"
                f" whole: {whole[id_].outcome.value}: {whole[id_].because}"
            )


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), part=st.floats(0, 1))
def test_a_claim_passes_only_once_its_window_is_closed(seed: int, part: float) -> None:
    line = timeline(seed)
    journal, rows, logs = line.at(part * line.journal.end_s)
    for claim in claims():
        if judge_claim(line.drill, claim, journal, rows, logs).finding.outcome is not Outcome.PASSED:
            continue
        window = journal.window(claim.phase, claim.then)
        assert window is not None
        limit_s = claim.expectation.late_s()
        if isinstance(claim.expectation, AlertClears | Recovers):  # what was held as long as it must is decided
            limit_s = min(limit_s or 0.0, line.drill.steady.for_s)
        assert journal.end_s >= (window.end_s if limit_s is None else min(window.end_s, window.start_s + limit_s))


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9))
def test_without_looks_nothing_that_rests_on_absence_passes(seed: int) -> None:
    line = timeline(seed)
    looks = (f.Looked, f.LoadSampled)
    blind = Journal(tuple(fact for fact in line.journal.facts if not isinstance(fact, looks)))
    for claim in claims():
        if not isinstance(claim.expectation, LogSeen | PageSent | DashboardLive):  # what was seen was seen
            found = judge_claim(line.drill, claim, blind, line.rows, WrittenLogs(line.lines), over=True).finding
            assert found.outcome is not Outcome.PASSED, claim.id


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), kept=st.floats(0, 1))
def test_taking_looks_away_never_makes_a_claim_pass(seed: int, kept: float) -> None:
    line, dice = timeline(seed), random.Random(seed)
    fewer = Journal(
        tuple(
            fact
            for fact in line.journal.facts
            if not isinstance(fact, f.Looked | f.LoadSampled) or dice.random() < kept
        )
    )
    logs = WrittenLogs(line.lines)
    for claim in claims():
        if judge_claim(line.drill, claim, fewer, line.rows, logs, over=True).finding.outcome is Outcome.PASSED:
            whole = judge_claim(line.drill, claim, line.journal, line.rows, logs, over=True).finding
            assert whole.outcome is Outcome.PASSED, claim.id


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_without_any_evidence_nothing_passes_and_nothing_fails(claim: Claim) -> None:
    found = judge_claim(Drill(), claim, Journal(), rows_of([]), WrittenLogs(), over=True).finding
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.decide


def test_the_random_runs_reach_every_outcome_of_every_claim() -> None:
    """Otherwise the properties above would hold of nothing."""
    seen: Mapping[str, Counter[Outcome]] = {}
    counts: dict[str, Counter[Outcome]] = {}
    for seed in range(60):
        line = timeline(seed)
        for id_, finding in check(line, line.journal.end_s).items():
            counts.setdefault(id_, Counter())[finding.outcome] += 1
    seen = counts
    words: dict[str, Counter[Outcome]] = {}
    for id_, counter in seen.items():
        words.setdefault(id_.split("-")[0], Counter()).update(counter)
    for word, counter in words.items():
        assert counter[Outcome.PASSED], (word, counter)
        assert counter[Outcome.FAILED], (word, counter)


def test_judging_the_same_evidence_twice_gives_the_same_verdict() -> None:
    line = timeline(7)
    first, again = (
        judge(line.drill, claims(), line.journal, line.rows, WrittenLogs(line.lines), over=True) for _ in range(2)
    )
    assert first == again
