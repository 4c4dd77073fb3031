"""What a rule would take in production: tried once more on the run's own counters, with clean history before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibration.simulator import chance as chances
from calibration.simulator.looks import Seen
from calibration.simulator.rules import Rule, evaluate
from calibration.simulator.scenario import Scenario, Stretch
from calibration.simulator.store import Series, Store
from calibration.simulator.world import World
from harness import facts as f

HISTORY_S = 900.0  # longer than any rule's window


def replays(seen: Seen, drill: Mapping[str, Any], world: World, scenario: Scenario, store: Store) -> None:
    """Of each alert that a claim wants to know it of."""
    stretches = {one.name: one for one in scenario.stretches}
    for phase in drill["phases"]:
        for said in (claim["alert_fires"] for claim in phase.get("expect", ()) if "alert_fires" in claim):
            rule = next((one for one in world.rules if one.name == said["alert"]), None)
            stretch = stretches.get(phase["name"])
            if "production_equivalent" in said and rule is not None and stretch is not None and stretch.hurts:
                seen.add(_replay(rule, dict(said.get("labels", {})), stretch, world, scenario, store))


def _replay(
    rule: Rule, labels: dict[str, str], stretch: Stretch, world: World, scenario: Scenario, store: Store
) -> f.ReplaySeen:
    on_s, off_s = stretch.hurts[0].on_s, stretch.hurts[0].off_begun_s
    clean = Store([_lengthened(one, scenario) for one in store.series if one.metric in rule.expression.metrics()])

    def after_s(of: Store) -> float | None:
        changes, _ = evaluate((rule,), of, world.evaluation_s, off_s, chances.stream(0, "replay"))
        fired = (one.at_s for one in changes if one.state == "firing" and one.at_s >= on_s)
        return next((round(at_s - on_s, 3) for at_s in fired), None)

    return f.ReplaySeen(
        seen_s=scenario.closes_s - 0.01,
        alert=rule.name,
        phase=stretch.name,
        labels=labels,
        rehearsed_after_s=after_s(store),
        after_s=after_s(clean),
        history_s=HISTORY_S,
        recorded_s=round(off_s - on_s, 3),
        grain_s=world.metrics.scrape_s + world.evaluation_s,
        tool="promtool 3",
    )


def _lengthened(series: Series, scenario: Scenario) -> Series:
    """With samples before its first, at the rate that it had until the first fault."""
    first_s = min((hurt.begun_s for hurt in scenario.hurts), default=scenario.gate_s)
    calm = [place for place, at_s in enumerate(series.at_s) if scenario.gate_s <= at_s < first_s]
    if len(calm) < 2:
        return series
    start, end = calm[0], calm[-1]
    rate = (series.grown[end] - series.grown[start]) / (series.at_s[end] - series.at_s[start])
    begins_s = series.at_s[start]
    past = [begins_s - HISTORY_S + step for step in range(int(HISTORY_S))]
    grown = [rate * (at_s - past[0]) for at_s in past]
    lift = rate * HISTORY_S - series.grown[start]
    told = [*grown, *(value + lift for value in series.grown[start:])]
    return Series(series.metric, series.labels, past + series.at_s[start:], told, told)
