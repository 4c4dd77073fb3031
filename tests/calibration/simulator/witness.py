"""What was seen from inside: the witness at each edge, and the collector of traces."""

from __future__ import annotations

from calibration.simulator import chance as chances
from calibration.simulator.looks import Seen, grid, watch
from calibration.simulator.scenario import Scenario, seconds, share
from harness import facts as f

EDGES = {"api->postgres": ("postgres", 5432, 3, 3.0), "api->payments": ("http", 8080, 1, 8.0)}


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
            elif (broken := scenario.hurt("reset", edge, at_s)) and chance.random() < share(broken.settings["share"]):
                outcome = "reset"
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


def collector(seen: Seen, scenario: Scenario, seed: int) -> None:
    """The collector of traces stands where the services send them, and is looked at."""
    for service in ("api", "worker"):
        seen.add(f.ExporterSeen(seen_s=2.5, service=service, url="http://otel:4318", observable=True))
    for at_s in watch(chances.stream(seed, "collector"), 1.0, scenario, 3.0):
        seen.add(f.Looked(seen_s=at_s, probe="traces"))
