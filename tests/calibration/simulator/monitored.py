"""What the stack's own Prometheus was asked for and said: rules, alerts, targets, and the queries of claims."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from calibration.simulator import chance as chances
from calibration.simulator.looks import Seen, after, watch
from calibration.simulator.pager import labels_of
from calibration.simulator.rules import Change, Quantile, Rule
from calibration.simulator.scenario import Scenario
from calibration.simulator.store import Store
from calibration.simulator.world import World
from harness import facts as f

_QUANTILE = re.compile(r"histogram_quantile\(([\d.]+), sum by \(le\) \(rate\((\w+)_bucket\[(\d+)s\]\)\)\)")
_RATE = re.compile(r"sum\(rate\((\w+)\[(\d+)s\]\)\)")
_MOST = re.compile(r"max_over_time\((\w+)\[(\d+)s\]\)")
_PLAIN = re.compile(r'(\w+)(?:\{(\w+)="([^"]*)"\})?')


def monitoring(
    seen: Seen, world: World, scenario: Scenario, store: Store, changes: Sequence[Change], offset_s: float, seed: int
) -> list[float]:
    """Prometheus' rules, alerts and targets; returns when its alerts were looked at."""
    chance = chances.stream(seed, "prometheus")
    seen.add(f.MonitoringFound(seen_s=2.0, prometheus="prometheus:9090", alertmanager="alertmanager:9093"))
    looks = watch(chance, 1.0, scenario)
    seen.add(*(f.Looked(seen_s=at_s, probe="alerts") for at_s in looks))
    every_s = world.evaluation_s
    for rule in world.rules:
        evaluated_s = offset_s + every_s * math.floor((looks[0] - 0.002 - offset_s) / every_s)
        seen.add(rule_fact(rule, looks[0] - 0.002, evaluated_s, every_s))
    for change in changes:
        at_s = after(looks, change.at_s + chance.uniform(0.003, 0.04))
        if at_s is not None:
            seen.add(
                f.AlertChanged(
                    seen_s=at_s - 0.001,
                    happened_s=change.at_s,
                    alert=change.rule.name,
                    state=change.state,
                    labels=labels_of(change),
                    active_s=change.active_s,
                    before_s=change.before_s,
                    value=change.value,
                )
            )
    seen.add(*(f.Looked(seen_s=at_s, probe="series") for at_s in watch(chance, 2.0, scenario)))
    targets = watch(chance, 1.0, scenario)
    seen.add(*(f.Looked(seen_s=at_s, probe="targets") for at_s in targets))
    for target in store.targets:
        health = ""
        for began_s, took_s, ok in zip(target.at_s, target.took_s, target.ok, strict=True):
            now = "up" if ok else "down"
            seen_s = after(targets, float(began_s + took_s))
            if now != health and seen_s is not None:
                health = now
                seen.add(
                    f.TargetSeen(
                        seen_s=seen_s - 0.001,
                        job=target.job,
                        instance=target.instance,
                        health=now,
                        interval_s=world.metrics.scrape_s,
                        took_s=round(float(took_s), 6),
                        error="" if ok else "connection refused",
                    )
                )
    return looks


def rule_fact(rule: Rule, seen_s: float, evaluated_s: float, every_s: float) -> f.RuleSeen:
    return f.RuleSeen(
        seen_s=seen_s,
        rule=rule.name,
        group="checkout",
        expr=rule.expression.text(),
        labels=dict(rule.labels),
        for_s=rule.for_s,
        keep_firing_s=rule.keep_firing_s,
        interval_s=every_s,
        evaluated_s=evaluated_s,
        health="err" if rule.error else "ok",
        error=rule.error,
    )


def samples(
    seen: Seen, scenario: Scenario, store: Store, queries: Sequence[str], panels: Sequence[str], seed: int
) -> None:
    """Queries of claims each second, those of dashboards every five."""
    chance = chances.stream(seed, "queries")
    for query, every_s in [*((one, 1.0) for one in queries), *((one, 5.0) for one in panels)]:
        for at_s in watch(chance, every_s, scenario):
            found = asked(query)(store, at_s)
            for labels, value in found[:20]:
                sample = f.Sampled(
                    seen_s=at_s, happened_s=at_s - 0.01, query=query, value=value, labels=labels, count=len(found)
                )
                seen.add(sample)
            if not found:
                seen.add(f.Sampled(seen_s=at_s, query=query, count=0))
            seen.add(f.Looked(seen_s=at_s + 0.001, probe="samples", target=query))


def asked(query: str) -> Callable[[Store, float], list[tuple[dict[str, str], float]]]:
    """The few forms of PromQL that the simulated drill asks: a selector, max_over_time or sum(rate(…)), and histogram_quantile."""
    if (parts := _QUANTILE.fullmatch(query)) is not None:
        expression = Quantile(parts.group(2), {}, float(parts.group(1)), float(parts.group(3)), -1.0)
        return lambda store, at_s: [({}, value) for value in expression.holds(store, at_s).values()]
    rate, plain = _RATE.fullmatch(query), _PLAIN.fullmatch(query)
    if rate is not None:
        metric, window_s = rate.group(1), float(rate.group(2))

        def summed(store: Store, at_s: float) -> list[tuple[dict[str, str], float]]:
            grown = [one.increase(window_s, at_s) for one in store.select(metric, {})]
            known = [value / window_s for value in grown if value is not None]
            return [({}, sum(known))] if known else []

        return summed
    if (most := _MOST.fullmatch(query)) is not None:
        metric, back_s = most.group(1), float(most.group(2))

        def greatest(store: Store, at_s: float) -> list[tuple[dict[str, str], float]]:
            known = [(dict(one.labels), one.between(at_s - back_s, at_s)) for one in store.select(metric, {})]
            return [(labels, max(values)) for labels, values in known if values]

        return greatest
    assert plain is not None, f"the simulator cannot answer {query!r}"
    metric, matchers = plain.group(1), {plain.group(2): plain.group(3)} if plain.group(2) else {}

    def present(store: Store, at_s: float) -> list[tuple[dict[str, str], float]]:
        values = [(dict(one.labels), one.value(at_s)) for one in store.select(metric, matchers)]
        return [(labels, value) for labels, value in values if value is not None]

    return present
