"""The run's own story as facts: the stack, the gate, phases and faults, and whether the steady state was held after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calibration.simulator.looks import Seen
from calibration.simulator.replicas import Replica, release_of
from calibration.simulator.scenario import MONOTONIC_NS, RUN, WALL_UNIX_S, Scenario
from calibration.simulator.service import Request
from calibration.simulator.witness import EDGES
from harness import facts as f


def bounds(seen: Seen, scenario: Scenario, lives: Sequence[Replica], steady: Mapping[str, bool]) -> None:
    """The run's own story: what was asked and done, phases and faults."""
    seen.add(
        f.Opened(drill=scenario.drill, run=RUN, wall_unix_s=WALL_UNIX_S, monotonic_ns=MONOTONIC_NS, seen_s=0.0001),
        f.Asked(seen_s=0.01, step="up", what="stack_up"),
        f.Done(seen_s=3.5, step="up"),
        f.GateHeld(seen_s=scenario.gate_s, detail="held"),
    )
    for edge, (speaks, port, _, _) in EDGES.items():
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


def steady_at(scenario: Scenario, requests: Sequence[Request], at_s: float) -> bool:
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
