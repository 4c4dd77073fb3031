"""What the harness would have seen of it all, as facts: the same probes, on intervals of their own that jitter."""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from calibration.simulator import chance as chances
from calibration.simulator.pager import Delivery, Held, labels_of, muted, receiver_of
from calibration.simulator.replicas import Replica
from calibration.simulator.resident import resident
from calibration.simulator.rules import Change, Quantile, Rule
from calibration.simulator.scenario import LOAD_BEGINS_S, WALL_UNIX_S, Scenario, seconds
from calibration.simulator.service import History
from calibration.simulator.store import Store
from calibration.simulator.world import World
from harness import facts as f

EDGES = {"api->postgres": ("postgres", 5432, 3, 3.0), "api->payments": ("http", 8080, 1, 8.0)}
OTHERS = ("postgres", "worker")


@dataclass
class Seen:
    """Facts of one run, in any order; `at` gives one its moment."""

    facts: list[f.Fact] = field(default_factory=list)

    def add(self, *facts: f.Fact) -> None:
        self.facts += facts


def grid(chance: random.Random, every_s: float, start_s: float, end_s: float) -> list[float]:
    """Moments of looks: about every_s apart, now and then later, as on a busy machine, but never for long."""
    found, at_s = [], start_s + chance.uniform(0.0, every_s)
    while at_s < end_s:
        found.append(at_s)
        at_s += every_s + abs(chance.gauss(0.0, 0.02)) + (chance.random() < 0.004) * chance.uniform(0.2, 1.5)
    return found


def after(looks: Sequence[float], at_s: float) -> float | None:
    """The first look at or after a moment."""
    place = bisect_left(looks, at_s)
    return looks[place] if place < len(looks) else None


def containers(replicas: Sequence[Replica]) -> dict[str, str]:
    """Service by container."""
    return {**{replica.name: "api" for replica in replicas}, **{f"rehearsal-{name}-1": name for name in OTHERS}}


def clocks(seen: Seen, scenario: Scenario, seed: int) -> None:
    chance = chances.stream(seed, "clock")
    for at_s in grid(chance, 1.0, 0.5, scenario.closes_s):
        wall = WALL_UNIX_S + at_s * (1 + 2e-6) + chance.gauss(0.0, 2e-5)
        seen.add(f.ClockRead(seen_s=at_s, wall_unix_s=wall), f.Looked(seen_s=at_s, probe="clock"))


def load(seen: Seen, scenario: Scenario, history: History, seed: int) -> None:
    chance = chances.stream(seed, "load process")
    last_s = max((r.sent_s + r.took_s for r in history.requests if r.sent_s and r.took_s), default=scenario.load_ends_s)
    ends_s = max(last_s, scenario.load_ends_s) + 0.05
    seen.add(f.LoadReady(seen_s=LOAD_BEGINS_S - 1.0, users=scenario.max_in_flight))
    seen.add(f.LoadBegan(seen_s=LOAD_BEGINS_S - 0.5, begins_s=LOAD_BEGINS_S))
    due = np.array([request.due_s for request in history.requests])
    dropped = np.array([request.due_s for request in history.requests if request.outcome == "dropped"])
    for at_s in grid(chance, 1.0, LOAD_BEGINS_S, ends_s):
        seen.add(
            f.LoadSampled(
                seen_s=at_s,
                cpu_ratio=round(chance.uniform(0.05, 0.2), 3),
                late_ms=round(chance.expovariate(1 / 3.0), 2),
                due=int((due <= at_s).sum()),
                dropped=int((dropped <= at_s).sum()),
            )
        )
    seen.add(f.LoadEnded(seen_s=ends_s, clean=True, ended_s=scenario.load_ends_s))


def collector(seen: Seen, scenario: Scenario, seed: int) -> None:
    """The collector of traces stands where the services send them, and is looked at."""
    for service in ("api", "worker"):
        seen.add(f.ExporterSeen(seen_s=2.5, service=service, url="http://otel:4318", observable=True))
    for at_s in grid(chances.stream(seed, "collector"), 1.0, 3.0, scenario.closes_s):
        seen.add(f.Looked(seen_s=at_s, probe="traces"))


def witness(seen: Seen, scenario: Scenario, seed: int) -> None:
    """Looks through each edge from inside the caller's network: what a fault does to one exchange of the protocol."""
    for edge, (speaks, port, turns, usual_ms) in EDGES.items():
        chance = chances.stream(seed, f"witness {edge}")
        for at_s in grid(chance, 0.5, 4.0, scenario.load_ends_s):
            answer_ms, outcome, limit_ms = chances.lognormal(chance, usual_ms, 0.25), "answered", 2000.0
            if scenario.hurt("down", edge, at_s):
                outcome = "refused"
            elif scenario.hurt("hang", edge, at_s):
                outcome = "hung"
            elif slow := scenario.hurt("latency", edge, at_s):
                delay, jitter = (
                    1000 * seconds(slow.settings["delay"]),
                    1000 * seconds(slow.settings.get("jitter", "0ms")),
                )
                answer_ms += sum(chance.uniform(delay - jitter, delay + jitter) for _ in range(turns))
            took_ms = {"answered": answer_ms, "hung": limit_ms}.get(outcome, 0.0)
            look = f.Witnessed(
                seen_s=at_s + (0.5 + took_ms) / 1000,
                happened_s=at_s,
                edge=edge,
                port=port,
                outcome=outcome,
                speaks=speaks,
                connect_ms=None if outcome == "refused" else 0.5,
                answer_ms=answer_ms if outcome == "answered" else None,
                limit_ms=limit_ms,
                turns=turns,
                chunks=1 if outcome == "answered" else 0,
                size=64 if outcome == "answered" else 0,
            )
            seen.add(look, f.Looked(seen_s=look.seen_s, probe="witness", target=edge))


def machine(seen: Seen, world: World, scenario: Scenario, replicas: Sequence[Replica], seed: int) -> None:
    """Pressure on the processors, and what each replica's memory holds, once a second."""
    chance, stalled_us = chances.stream(seed, "machine"), 0
    for at_s in grid(chance, 1.0, 1.0, scenario.closes_s):
        stalled_us += round(chance.uniform(5_000, 40_000))
        seen.add(f.PressureSeen(seen_s=at_s, cpu_some_us=stalled_us), f.Looked(seen_s=at_s, probe="pressure"))
    looks = grid(chance, 1.0, 3.5, scenario.closes_s)
    for replica in replicas:
        for at_s, used in zip(looks, resident(world, seed, replica, np.array(looks)).tolist(), strict=True):
            if replica.at(at_s) is not None:
                limit = 512 << 20
                memory = f.MemorySeen(
                    seen_s=at_s, service="api", container=replica.name, used_bytes=round(used), limit_bytes=limit
                )
                seen.add(memory)
    seen.add(*(f.Looked(seen_s=at_s, probe="memory", target="api") for at_s in looks))


def docker(seen: Seen, world: World, scenario: Scenario, replicas: Sequence[Replica], seed: int) -> None:
    """Containers, their events, and their logs being followed."""
    chance = chances.stream(seed, "docker")
    looks = grid(chance, 1.0, 2.0, scenario.closes_s)
    seen.add(*(f.Looked(seen_s=at_s, probe="containers") for at_s in looks))
    for name, service in containers(replicas).items():
        seen.add(
            f.ContainerSeen(seen_s=looks[0], service=service, container=name, status="running", image=f"{service}:v1")
        )
        for at_s in grid(chance, 1.0, 2.0, scenario.closes_s):
            seen.add(f.Looked(seen_s=at_s, probe="logs", target=name))
    for replica in replicas:
        restarts = 0
        for process, following in zip(replica.processes, replica.processes[1:], strict=False):
            code, told = (world.api.crash_exit_code, world.api.oom) if process.died else (0, False)
            restarts += process.died
            seen_s = after(looks, process.ended_s) or process.ended_s
            events: list[tuple[str, float, int | None]] = [("oom", process.ended_s, None)] if told else []
            events += [("die", process.ended_s + 0.01, code), ("start", following.began_s - 0.05, None)]
            for event, at_s, exit_code in events:
                seen.add(
                    f.ContainerChanged(
                        seen_s=max(after(looks, at_s) or seen_s, at_s),
                        happened_s=at_s,
                        service="api",
                        container=replica.name,
                        event=event,
                        exit_code=exit_code,
                    )
                )
            state = f.ContainerSeen(
                seen_s=after(looks, following.began_s) or following.began_s,
                service="api",
                container=replica.name,
                status="running",
                restarts=restarts,
                image=f"api:{following.version}",
                started_at=f"{following.began_s:.3f}",
            )
            seen.add(state)


def monitoring(
    seen: Seen, world: World, scenario: Scenario, store: Store, changes: Sequence[Change], offset_s: float, seed: int
) -> list[float]:
    """Prometheus' rules, alerts and targets; returns when its alerts were looked at."""
    chance = chances.stream(seed, "prometheus")
    seen.add(f.MonitoringFound(seen_s=2.0, prometheus="prometheus:9090", alertmanager="alertmanager:9093"))
    looks = grid(chance, 1.0, 4.0, scenario.closes_s)
    seen.add(*(f.Looked(seen_s=at_s, probe="alerts") for at_s in looks))
    every_s = world.evaluation_s
    for rule in world.rules:
        evaluated_s = offset_s + every_s * max(0, int((looks[0] - offset_s) / every_s))
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
    seen.add(*(f.Looked(seen_s=at_s, probe="series") for at_s in grid(chance, 2.0, 4.0, scenario.closes_s)))
    targets = grid(chance, 1.0, 4.0, scenario.closes_s)
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


def pages(
    seen: Seen, world: World, scenario: Scenario, held: Sequence[Held], sent: Sequence[Delivery], seed: int
) -> None:
    """Alertmanager's alerts and silences, its receivers, and what came to the mailbox."""
    chance, pager = chances.stream(seed, "pages"), world.pager
    for name in world.runbooks:
        sections = ("Meaning", "Impact", "Diagnosis", "Mitigation")
        seen.add(f.RunbookFound(seen_s=3.0, folder="runbooks", file=f"{name}.md", sections=sections))
    for receiver in dict.fromkeys([*pager.routes.values(), "tickets"]):
        seen.add(
            f.ReceiverSeen(
                seen_s=3.0,
                receiver=receiver,
                kind="webhook",
                url=f"http://pager.example.test/v1/{receiver}",
                observable=True,
                group_wait_s=pager.group_wait_s,
                group_interval_s=pager.group_interval_s,
            )
        )
    seen.add(*(f.Looked(seen_s=at_s, probe="pages") for at_s in grid(chance, 1.0, 4.0, scenario.closes_s)))
    looks = grid(chance, 1.0, 4.0, scenario.closes_s)
    seen.add(*(f.Looked(seen_s=at_s, probe="silences") for at_s in looks))
    for silence in pager.silences:
        matchers = tuple(f'{name}="{value}"' for name, value in silence.labels.items())
        seen.add(
            f.SilenceSeen(seen_s=looks[0] - 0.002, silence=silence.id, state="active", matchers=matchers, by="ops")
        )
    for alert in held:
        _routed(seen, world, alert, held, looks)
    for delivery in sent:
        _paged(seen, delivery, chance)


def _routed(seen: Seen, world: World, alert: Held, held: Sequence[Held], looks: Sequence[float]) -> None:
    last, at_s = None, after(looks, alert.come_s)
    place = looks.index(at_s) if at_s is not None else len(looks)
    for look_s in looks[place:]:
        gone = look_s >= alert.gone_s
        silences, inhibitors = muted(world.pager, alert, held, look_s)
        state = "gone" if gone else "suppressed" if silences or inhibitors else "active"
        if (state, silences, inhibitors) != last:
            last = (state, silences, inhibitors)
            seen.add(
                f.AlertRouted(
                    seen_s=look_s - 0.001,
                    alert=alert.rule.name,
                    state=state,
                    labels=dict(alert.labels),
                    fingerprint=alert.fingerprint,
                    receivers=(receiver_of(world.pager, alert.labels),),
                    silenced_by=silences,
                    inhibited_by=inhibitors,
                )
            )
        if gone:
            return


def _paged(seen: Seen, delivery: Delivery, chance: random.Random) -> None:
    alert, resolved = delivery.held, delivery.status == "resolved"
    told = {
        "alert": alert.rule.name,
        "service": alert.labels.get("service", ""),
        "of": f" because of {alert.labels['dependency']}" if alert.labels.get("dependency") else "",
        "value": f"{alert.value:.4g}",
        "limit": f"{alert.rule.expression.limit:g}",
    }
    seen.add(
        f.Paged(
            seen_s=delivery.at_s + chance.uniform(0.001, 0.05),
            happened_s=delivery.at_s,
            receiver=delivery.receiver,
            alert=alert.rule.name,
            status=delivery.status,
            labels=dict(alert.labels),
            annotations={name: filled(text, told) for name, text in alert.rule.annotations.items()},
            fingerprint=alert.fingerprint,
            group_key=delivery.group_key,
            start=datetime.fromtimestamp(WALL_UNIX_S + alert.from_s, UTC).isoformat(timespec="milliseconds"),
            starts_s=round(alert.from_s, 3),
            ends_s=round(alert.until_s, 3) if resolved else None,
            delivery=delivery.number,
            count=delivery.count,
            url=f"/v1/{delivery.receiver}",
            generator="http://prometheus:9090/graph",
        )
    )


def filled(text: str, told: Mapping[str, str]) -> str:
    """A template with its values; what a template cannot find, Prometheus writes into the annotation as an error."""
    try:
        return text.format_map(told)
    except KeyError as error:
        return f"<error expanding template: error executing template: undefined variable {error}>"


_QUANTILE = re.compile(r"histogram_quantile\(([\d.]+), sum by \(le\) \(rate\((\w+)_bucket\[(\d+)s\]\)\)\)")
_RATE = re.compile(r"sum\(rate\((\w+)\[(\d+)s\]\)\)")
_PLAIN = re.compile(r'(\w+)(?:\{(\w+)="([^"]*)"\})?')


def samples(
    seen: Seen, scenario: Scenario, store: Store, queries: Sequence[str], panels: Sequence[str], seed: int
) -> None:
    """Queries of claims each second, those of dashboards every five."""
    chance = chances.stream(seed, "queries")
    for query, every_s in [*((one, 1.0) for one in queries), *((one, 5.0) for one in panels)]:
        for at_s in grid(chance, every_s, 4.0, scenario.closes_s):
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
    """The few forms of PromQL that the simulated drill asks: a selector, sum(rate(…)), or histogram_quantile of such."""
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
    assert plain is not None, f"the simulator cannot answer {query!r}"
    metric, matchers = plain.group(1), {plain.group(2): plain.group(3)} if plain.group(2) else {}

    def present(store: Store, at_s: float) -> list[tuple[dict[str, str], float]]:
        values = [(dict(one.labels), one.value(at_s)) for one in store.select(metric, matchers)]
        return [(labels, value) for labels, value in values if value is not None]

    return present
