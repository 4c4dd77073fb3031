"""Series of runs in which nothing changes (A/A) but what chance does, as verdict.json: for tests of what looks at many runs."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PHASES = ("baseline", "slow", "slow then", "gone", "gone then")
REQUESTS = ("GET /catalog", "GET /orders", "POST /checkout")
NIGHT_S = 86_400.0
FIRST_UNIX_S = 1_795_000_000.0


@dataclass(frozen=True)
class Service:
    """What a run is drawn from: factors on its p95 (in 'slow'), its share of errors (in 'gone'), how long until it is detected."""

    p95: float = 1.0
    errors: float = 1.0
    detection: float = 1.0
    broken: str = ""


def verdict(run: str, dice: random.Random, service: Service = Service(), at: int = 0) -> dict[str, Any]:
    """One run: latencies that share the machine's mood and now and then a bad night, alerts on a grid, a claim that fails by chance."""
    mood = dice.lognormvariate(0, 0.06) * (dice.uniform(1.3, 2.5) if dice.random() < 0.07 else 1.0)
    detected = 12 * dice.uniform(1.0, 1.8) * service.detection
    recovery = math.ceil(dice.lognormvariate(1.5, 0.5))
    flaky = dice.random() < 0.05
    findings = [
        _finding("slow/alert_fires-Slow", "alert_fires: {alert: Slow}", measured=(detected - 2, detected)),
        _finding("slow/page_sent-Slow", "page_sent: {receiver: oncall}", measured=(detected + 1.2, detected + 1.2)),
        _finding("gone/recovers-steady", "recovers: {within: 60s}", measured=(recovery - 1, recovery)),
        _finding("run/stays_up-all", "stays_up: {service: '*'}", failed=flaky),
    ]
    for finding in findings:
        if finding["id"] == service.broken:
            finding["outcome"] = "failed"
    failed = any(finding["outcome"] == "failed" for finding in findings)
    return {
        "schema": "drill.verdict/1",
        "drill": "night",
        "run": run,
        "started_unix_s": FIRST_UNIX_S + at * NIGHT_S,
        "length_s": 300.0 + dice.random(),
        "verdict": "failed" if failed else "passed",
        "exit_code": int(failed),
        "invalid": [],
        "ending": {"gate": True, "stopped": "", "interrupted": 0, "not_mended": [], "broken": "", "refused": ""},
        "findings": findings,
        "detection": {"false_alarms": [{"alert": "Odd"}] * (dice.random() < 0.1)},
        "phases": [_phase(name, dice, mood, service) for name in PHASES],
    }


def series(runs: int, dice: random.Random, last: Service = Service()) -> list[dict[str, Any]]:
    """So many runs of one service; the last of them may be of another."""
    return [verdict(f"{at:08x}", dice, last if at == runs - 1 else Service(), at) for at in range(runs)]


def kept(runs: Path, documents: list[dict[str, Any]], drill: str = "drill: night\n") -> Iterator[Path]:
    """The run folders of these, with what is read of them: names, facts/, verdict.json, drill.yaml."""
    from datetime import UTC, datetime

    for document in documents:
        began = datetime.fromtimestamp(document["started_unix_s"], UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = runs / document["drill"] / f"{began}-{document['run']}"
        (folder / "facts").mkdir(parents=True)
        (folder / "verdict.json").write_text(json.dumps(document))
        (folder / "drill.yaml").write_text(drill)
        yield folder


def _finding(
    id_: str, text: str, *, measured: tuple[float, float] | None = None, failed: bool = False
) -> dict[str, Any]:
    measure = None if measured is None else {"low": measured[0], "high": measured[1], "unit": "s", "kind": "grid"}
    return {"id": id_, "text": text, "outcome": "failed" if failed else "passed", "measure": measure}


def _phase(name: str, dice: random.Random, mood: float, service: Service) -> dict[str, Any]:
    usual_ms = {"slow": 900.0, "gone": 300.0}.get(name, 80.0) * (service.p95 if name == "slow" else 1.0)
    share = 0.05 * service.errors if name == "gone" else 0.0005
    lines = [
        _line(dice, mood * usual_ms, share, n) | {"request": request}
        for request, n in zip(REQUESTS, (600, 200, 1200), strict=True)
    ]
    errors = sum(line["errors"] for line in lines)
    return {"name": name, **_figures(2000, errors, mood * usual_ms * dice.lognormvariate(0, 0.03)), "by_request": lines}


def _line(dice: random.Random, p95_ms: float, share: float, n: int) -> dict[str, Any]:
    errors = (
        min(n, int(dice.gauss(n * share, math.sqrt(n * share)) + 0.5))
        if share * n > 5
        else sum(dice.random() < share for _ in range(n))
    )
    return _figures(n, max(0, errors), p95_ms * dice.lognormvariate(0, 0.05))


def _figures(n: int, errors: int, p95_ms: float) -> dict[str, Any]:
    share, spread = errors / n, 1.96 * math.sqrt((errors + 1) / n) / math.sqrt(n)
    return {
        "requests": n,
        "errors": errors,
        "error_interval": [max(0.0, share - spread), min(1.0, share + spread)],
        "p95_ms": p95_ms,
        "p95_interval_ms": [p95_ms * 0.95, p95_ms * 1.05],
    }
