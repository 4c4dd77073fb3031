"""One simulated run from its seed to its folder, through the public writers of the journal and of the ledger."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from calibration.simulator import chance as chances
from calibration.simulator import looks
from calibration.simulator.looks import Seen
from calibration.simulator.pager import deliveries, held_alerts
from calibration.simulator.raw import chosen
from calibration.simulator.releases import releases, rollback_of
from calibration.simulator.replicas import Replica, Rollback, release_of, replicas
from calibration.simulator.rules import evaluate
from calibration.simulator.scenario import WALL_UNIX_S, Scenario, scenario_of
from calibration.simulator.service import History, Request, Service
from calibration.simulator.spans import spans, write_spans
from calibration.simulator.store import Store
from calibration.simulator.telemetry import LogLine, log_lines, store_of
from calibration.simulator.world import World
from harness import facts as f
from harness.facts import Fact
from harness.journal import Writer as JournalWriter
from harness.ledger import NEVER, OUTCOMES
from harness.ledger.writing import Writer as LedgerWriter
from harness.series import SeriesWriter
from harness.spans import Span

RUN = "simulated"
MONOTONIC_NS = 1_000_000_000_000
TRIGGER = "BadRelease"

T = TypeVar("T")


@dataclass(frozen=True)
class Recording:
    """All that one run leaves behind, before it is written."""

    scenario: Scenario
    history: History
    replicas: tuple[Replica, ...]
    store: Store
    facts: tuple[Fact, ...]
    lines: tuple[LogLine, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Lived:
    """What happened in the stack, whatever its monitoring made of it: the part that many planted defects share."""

    lives: tuple[Replica, ...]
    history: History
    steady: Mapping[str, bool]
    facts: tuple[Fact, ...]


Key = tuple[object, ...]


class Memo:
    """Of one seed, what was simulated already: worlds that differ only in what is watched share the rest."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: dict[Key, object] = {}

    def get(self, key: Key, make: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]  # type: ignore[return-value]  # put there by the same `make`


def simulate(drill: Mapping[str, Any], world: World, seed: int, memo: Memo | None = None) -> Recording:
    """The run of a drill (its plain data) on a simulated world. The same for the same three, with a memo or without."""
    memo = Memo(seed) if memo is None else memo
    assert memo.seed == seed, "a memo is of one seed"
    scenario = scenario_of(drill, chances.stream(seed, "scenario"))
    while True:  # a stack that does not come back ends the run
        recording, steady = _played(drill, world, scenario, memo)
        unsteady = next((n for n, one in enumerate(scenario.stretches, 1) if not steady[one.name]), len(steady))
        if unsteady == len(scenario.stretches):
            return recording
        scenario = scenario.only(unsteady)


def _played(
    drill: Mapping[str, Any], world: World, scenario: Scenario, memo: Memo
) -> tuple[Recording, Mapping[str, bool]]:
    back: Rollback | None = None
    seed = memo.seed
    while True:  # once more with the rollback that the first telling leads to: all before it is the same again
        key: Key = (tuple(one.name for one in scenario.stretches), world.api, world.release, back)
        lived = memo.get(("lived", *key), partial(_lived, world, scenario, seed, back))
        store = memo.get(
            ("store", *key, world.metrics), partial(store_of, world, lived.history, scenario, lived.lives, seed)
        )
        changes, offset_s = evaluate(
            world.rules, store, world.evaluation_s, scenario.closes_s - 2.0, chances.stream(seed, "evaluations")
        )
        held = held_alerts(changes, scenario.closes_s, chances.stream(seed, "alertmanager"))
        sent = deliveries(world.pager, held, scenario.closes_s - 1.0, seed)
        found = rollback_of(world, scenario, sent, TRIGGER)
        if found == back or (back is not None and found is not None and abs(found.pulled_s - back.pulled_s) < 1e-6):
            break
        assert back is None, "a rollback must not change what led to it"
        back = found
    seen = Seen(list(lived.facts))
    looks.monitoring(seen, world, scenario, store, changes, offset_s, seed)
    looks.pages(seen, world, scenario, held, sent, seed)
    queries, dashboards = _queries(drill)
    panels = [metric for _, metric in world.panels]
    looks.samples(seen, scenario, store, queries, panels if dashboards else (), seed)
    for dashboard in dashboards:
        for title, metric in world.panels:
            seen.add(f.PanelFound(seen_s=3.0, dashboard=dashboard, panel=title, query=metric))
    releases(seen, world, scenario, lived.lives, back, _lever(drill), seed)
    facts = tuple(sorted(seen.facts, key=lambda fact: fact.seen_s))
    lines = tuple(log_lines(world, lived.history, RUN, scenario.closes_s, seed))
    traced = memo.get(("spans", *key, world.tracing), partial(spans, world, lived.history, RUN, seed))
    return Recording(scenario, lived.history, lived.lives, store, facts, lines, tuple(traced)), lived.steady


def _lived(world: World, scenario: Scenario, seed: int, back: Rollback | None) -> Lived:
    lives = replicas(world, scenario, seed, back)
    history = Service(world, scenario, lives, seed).history()
    steady = {stretch.name: _steady(scenario, history.requests, stretch.settled_s) for stretch in scenario.stretches}
    seen = Seen()
    _bounds(seen, scenario, lives, steady)
    looks.clocks(seen, scenario, seed)
    looks.load(seen, scenario, history, seed)
    looks.witness(seen, scenario, seed)
    looks.collector(seen, scenario, seed)
    looks.machine(seen, world, scenario, lives, seed)
    looks.docker(seen, world, scenario, lives, seed)
    return Lived(lives, history, steady, tuple(seen.facts))


def _queries(drill: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Queries of metric_stays, and files of dashboard_live, of all claims."""
    claims = [claim for phase in drill["phases"] for word in ("expect", "then") for claim in phase.get(word, ())]
    claims += drill.get("expect", ())
    queries = [claim["metric_stays"]["query"] for claim in claims if "metric_stays" in claim]
    files = [claim["dashboard_live"]["file"] for claim in claims if "dashboard_live" in claim]
    return list(dict.fromkeys(queries)), list(dict.fromkeys(files))


def _lever(drill: Mapping[str, Any]) -> str:
    claims = [claim for phase in drill["phases"] for claim in phase.get("expect", ()) if "rolled_back" in claim]
    return str(claims[0]["rolled_back"]["id"]) if claims else ""


def _steady(scenario: Scenario, requests: Sequence[Request], at_s: float) -> bool:
    """Whether the drill's conditions held in the stretch before a moment."""
    mine = [r for r in requests if at_s - scenario.steady_for_s <= r.due_s < at_s]
    if not mine:
        return False
    waited = sorted(request.waited_s for request in mine)
    for limit in scenario.limits:
        if limit.metric == "errors":
            value = sum(r.outcome != "ok" for r in mine) / len(mine)
        else:
            value = 1000 * waited[min(len(waited) - 1, int(float(limit.metric[1:]) / 100 * len(waited)))]
        if value >= limit.most:
            return False
    return True


def _bounds(seen: Seen, scenario: Scenario, lives: Sequence[Replica], steady: Mapping[str, bool]) -> None:
    """The run's own story: what was asked and done, phases and faults."""
    seen.add(
        f.Opened(drill=scenario.drill, run=RUN, wall_unix_s=WALL_UNIX_S, monotonic_ns=MONOTONIC_NS, seen_s=0.0001),
        f.Asked(seen_s=0.01, step="up", what="stack_up"),
        f.Done(seen_s=3.5, step="up"),
        f.GateHeld(seen_s=scenario.gate_s, detail="held"),
    )
    for edge, (speaks, port, _, _) in looks.EDGES.items():
        seen.add(
            f.EdgeFound(
                seen_s=1.0,
                edge=edge,
                address="10.213.0.2",
                ports=(port,),
                speaks=speaks,
                known=("declared",),
                names=(edge.partition("->")[2],),
            )
        )
        seen.add(f.Surveyed(seen_s=scenario.gate_s - 0.5, edge=edge, mediated=12, direct=0))
    for stretch in scenario.stretches:
        seen.add(f.PhaseBegan(seen_s=stretch.begins_s, phase=stretch.name))
        seen.add(f.PhaseEnded(seen_s=stretch.ends_s, phase=stretch.name))
        seen.add(f.PhaseSettled(seen_s=stretch.settled_s, phase=stretch.name, steady=steady[stretch.name]))
        for hurt in stretch.hurts:
            stated = {**hurt.settings, "target": hurt.target}
            seen.add(
                f.Injecting(
                    seen_s=hurt.begun_s,
                    fault=hurt.id,
                    kind=hurt.word,
                    target=hurt.target,
                    planned_s=hurt.begun_s,
                    stated=stated,
                )
            )
            readback = (
                {life.name: "running: api:v2" for life in lives} if hurt is release_of(scenario) else {"on": True}
            )
            seen.add(f.Injected(seen_s=hurt.on_s, fault=hurt.id, begun_s=hurt.begun_s, readback=readback))
            off_s = hurt.off_s + (3.1 if hurt is release_of(scenario) else 0.0)
            seen.add(f.Mended(seen_s=off_s, fault=hurt.id, begun_s=hurt.off_begun_s))
    seen.add(f.Closed(seen_s=scenario.closes_s))


def write(recording: Recording, folder: Path, selectors: Sequence[str]) -> None:
    """The run folder, without its drill.yaml: facts/, ledger/, logs/, spans/, and series/ of these selectors."""
    writer = JournalWriter(folder / "facts", "harness", lambda: 0.0)
    for fact in recording.facts:
        writer.write(fact)
    writer.close()
    write_ledger(recording.history, folder / "ledger")
    _logs(recording, folder / "logs")
    write_spans(recording.spans, folder / "spans")
    series = SeriesWriter(folder / "series", selectors)
    for selector in selectors:
        found = [
            (
                labels,
                [(round(1000 * (WALL_UNIX_S + at_s)), value) for at_s, value in zip(one.at_s, one.values, strict=True)],
            )
            for labels, one in chosen(recording.store, selector)
        ]
        series.add(selector, found)


def write_ledger(history: History, folder: Path) -> None:
    """The ledger of one worker, by its own writer."""
    writer = LedgerWriter(folder, RUN, 0, MONOTONIC_NS)
    for request in history.requests:
        intended_us = round(request.due_s * 1e6)
        if request.sent_s is None or request.took_s is None:
            writer.drop(intended_us)
            continue
        row = writer.due(intended_us, request.user)
        endpoint = writer.number("endpoint", request.route)
        writer.sent(row, round((request.sent_s - request.due_s) * 1e6), endpoint)
        answered = request.status > 0 and request.served is not None
        version = writer.number("version", request.served.version) if answered and request.served else 0
        shape = writer.number("shape", request.served.shape) if answered and request.served else 0
        took_us = min(round(request.took_s * 1e6), NEVER - 1)
        outcome = OUTCOMES.index(request.outcome)
        writer.done(row, row, took_us, endpoint, request.status, version, outcome, 180 if answered else 0, shape)
    writer.close()


def _logs(recording: Recording, folder: Path) -> None:
    """As `docker logs --timestamps` gives them; lines are nearly in the order of their stamps."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, list[str]] = {name: [] for name in looks.containers(recording.replicas)}
    swap = random.Random(len(recording.lines))
    for line in recording.lines:
        stamp = datetime.fromtimestamp(WALL_UNIX_S + line.written_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
        mine = texts[line.container]
        mine.insert(len(mine) - (swap.random() < 0.02 and len(mine) > 0), f"{stamp} {line.text}")
    with (folder / "index.jsonl").open("w") as index:
        for name, service in looks.containers(recording.replicas).items():
            index.write(json.dumps({"container": name, "service": service, "file": f"{name}.log"}) + "\n")
            (folder / f"{name}.log").write_text("".join(f"{text}\n" for text in texts[name]))
