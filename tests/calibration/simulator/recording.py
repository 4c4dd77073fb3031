"""One simulated run from its seed to all that it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from calibration.simulator import chance as chances
from calibration.simulator import looks, monitored, paged, witness
from calibration.simulator.bounds import bounds, steady_at
from calibration.simulator.dialects import Dialect, exposed
from calibration.simulator.looks import Seen
from calibration.simulator.pager import deliveries, held_alerts
from calibration.simulator.parked import stepped
from calibration.simulator.person import called
from calibration.simulator.releases import releases, rollback_of
from calibration.simulator.replay import replays
from calibration.simulator.replicas import Replica, Rollback, replicas
from calibration.simulator.rules import evaluate
from calibration.simulator.scenario import RUN, Scenario, scenario_of
from calibration.simulator.service import History, Service
from calibration.simulator.spans import spans
from calibration.simulator.store import Store
from calibration.simulator.telemetry import LogLine, log_lines, store_of
from calibration.simulator.world import World
from harness import facts as f
from harness.facts import Fact
from harness.spans import Span

TRIGGER = "BadRelease"

T = TypeVar("T")


@dataclass(frozen=True)
class Recording:
    """All that one run leaves behind, before it is written."""

    scenario: Scenario
    history: History
    replicas: tuple[Replica, ...]
    store: Store
    dialect: Dialect
    facts: tuple[Fact, ...]
    written: Callable[[], tuple[LogLine, ...]]
    traced: Callable[[], tuple[Span, ...]]

    @cached_property
    def exposed(self) -> Store:
        """The store as the service spells it."""
        return exposed(self.dialect, self.store)

    @cached_property
    def lines(self) -> tuple[LogLine, ...]:
        """What the services logged; made when it is asked for."""
        return self.written()

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """What the services traced; made when it is asked for."""
        return self.traced()


@dataclass(frozen=True)
class Lived:
    """What happened in the stack, whatever its monitoring made of it: the part that many planted defects share."""

    lives: tuple[Replica, ...]
    history: History
    steady: Mapping[str, bool]
    facts: tuple[Fact, ...]


Key = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Same:
    """A thing as part of a key, told by its identity; it is kept as long as the key."""

    what: object

    def __hash__(self) -> int:
        return id(self.what)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.what is self.what


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
        key: Key = (tuple(one.name for one in scenario.stretches), world.api, world.machine, world.release, back)
        lived = memo.get(("lived", *key), partial(_lived, world, scenario, seed, back))
        store = memo.get(
            ("store", *key, world.metrics, world.dialect, world.replay),
            partial(store_of, world, lived.history, scenario, lived.lives, seed, back),
        )
        changes, offset_s = evaluate(
            world.rules, store, world.evaluation_s, scenario.closes_s - 2.0, chances.stream(seed, "evaluations")
        )
        told = () if world.pager.unsent else changes
        held = held_alerts(told, scenario.closes_s, chances.stream(seed, "alertmanager"))
        sent = deliveries(world.pager, held, scenario.closes_s - 1.0, seed)
        found = rollback_of(world, scenario, sent, TRIGGER)
        if found == back or (back is not None and found is not None and abs(found.pulled_s - back.pulled_s) < 1e-6):
            break
        assert back is None, "a rollback must not change what led to it"
        back = found
    seen = Seen(list(lived.facts))
    monitored.monitoring(seen, world, scenario, store, changes, offset_s, seed)
    paged.pages(seen, world, scenario, held, sent, seed)
    queries, dashboards = _queries(drill)
    panels = [metric for _, metric in world.panels]
    monitored.samples(seen, scenario, store, queries, panels if dashboards else (), seed)
    for dashboard in dashboards:
        for title, metric in world.panels:
            seen.add(f.PanelFound(seen_s=3.0, dashboard=dashboard, panel=title, query=metric))
    replays(seen, drill, world, scenario, store)
    releases(seen, world, scenario, lived.lives, back, _id_of(drill, "rolled_back"), seed)
    stepped(seen, world, back, _id_of(drill, "healed"))
    called(seen, world, scenario, sent, _id_of(drill, "on_call"))
    facts = tuple(sorted(seen.facts, key=lambda fact: fact.seen_s))
    history, closes_s = lived.history, scenario.closes_s
    written = partial(
        memo.get,
        ("lines", *key, world.logging, world.dialect),
        lambda: tuple(log_lines(world, history, RUN, closes_s, seed)),
    )
    traced = partial(memo.get, ("spans", *key, world.tracing), lambda: tuple(spans(world, history, RUN, seed)))
    return Recording(scenario, history, lived.lives, store, world.dialect, facts, written, traced), lived.steady


def _lived(world: World, scenario: Scenario, seed: int, back: Rollback | None) -> Lived:
    lives = replicas(world, scenario, seed, back)
    history = Service(world, scenario, lives, seed).history()
    steady = {stretch.name: steady_at(scenario, history.requests, stretch.settled_s) for stretch in scenario.stretches}
    seen = Seen()
    bounds(seen, scenario, lives, steady)
    looks.clocks(seen, scenario, seed)
    looks.load(seen, scenario, history, seed)
    witness.witness(seen, scenario, seed)
    witness.collector(seen, scenario, seed)
    looks.machine(seen, world, scenario, lives, seed)
    looks.docker(seen, world, scenario, lives, seed)
    return Lived(lives, history, steady, tuple(seen.facts))


def _queries(drill: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Queries of metric_stays and healed, and files of dashboard_live, of all claims."""
    claims = [claim for phase in drill["phases"] for word in ("expect", "then") for claim in phase.get(word, ())]
    claims += drill.get("expect", ())
    queries = [claim["metric_stays"]["query"] for claim in claims if "metric_stays" in claim]
    queries += [claim["healed"]["harm"]["query"] for claim in claims if "healed" in claim]
    files = [claim["dashboard_live"]["file"] for claim in claims if "dashboard_live" in claim]
    return list(dict.fromkeys(queries)), list(dict.fromkeys(files))


def _id_of(drill: Mapping[str, Any], word: str) -> str:
    """Of the first such claim."""
    claims = [claim for phase in drill["phases"] for claim in phase.get("expect", ()) if word in claim]
    return str(claims[0][word]["id"]) if claims else ""
