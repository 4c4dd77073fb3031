"""Returns from a bad release, simulated: five ways in which one goes wrong, each with its own code, and how often a comparison with
the time before errs.

`python -m calibration.returns [RUNS]` (with PYTHONPATH=tests) writes docs/returns.md. Every draw is seeded.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibration.rates import Rate
from harness import facts as f
from harness.expectations.as_before import AsBefore
from harness.expectations.base import Evidence, Steady
from harness.expectations.margins import needed
from harness.expectations.rolled_back import RolledBack
from harness.faults.bad_release import BadRelease
from harness.ledger import DONE, DTYPE, OUTCOMES, Rows
from harness.stats import Condition
from harness.stats.batches import NEEDED_S
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding, Outcome

FAULT, LEVER = "release/bad_release-api", "release/rolled_back-runbook"
STEADY = Steady(5.0, (Condition.parse("errors < 3%"), Condition.parse("p95 < 400ms")))
PAGE = Path(__file__).parents[2] / "docs" / "returns.md"
MARGINS = AsBefore.model_validate({"errors": "+1pp", "p95": "+20%"})
MARGIN_ERRORS, MARGIN_P95 = 0.01, 0.20
ERRORS, MEDIAN_MS, SPREAD = 0.004, 60.0, 0.35
CORRELATED = 0.5  # of the level of latency from one second to the next; its size is WAVES
WAVES = 0.05


@dataclass(frozen=True)
class Service:
    """
    One run: load from 0 s, the gate's hold until `before_s`, then the deployment; out 2 s later, felt at once, paged 8 s later, its
    rollback's command ended 11 s later.

    rate            requests per second; before_s and after_s: how long the load is compared, before and after
    fails           share of the bad release's answers that fail; heals_s: it stops so long after, by itself
    leaves          whether the command does nothing
    by_itself       whether another hand takes it back, 4 s after it is out, before any page
    poisons         share of all answers that fail after it has left
    worse_errors    share of errors more than before, once it has left; worse_p95: how many times as slow
    """

    rate: float = 40.0
    before_s: float = 60.0
    after_s: float = 60.0
    fails: float = 0.4
    heals_s: float | None = None
    leaves: bool = False
    by_itself: bool = False
    poisons: float = 0.0
    worse_errors: float = 0.0
    worse_p95: float = 1.0

    @property
    def out_s(self) -> float:
        return self.before_s + 2.0

    @property
    def page_s(self) -> float:
        return self.out_s + 8.0

    @property
    def back_s(self) -> float:
        return self.out_s + 4.0 if self.by_itself else self.out_s + 11.0

    @property
    def end_s(self) -> float:
        return self.out_s + 16.0 + self.after_s


def rows(service: Service, seed: int) -> Rows:
    """What the load saw: latencies log-normal around a level that wanders, errors by chance."""
    dice = np.random.Generator(np.random.PCG64(seed))
    count = int(service.rate * (service.end_s + 2.0))
    due_s = np.sort(dice.uniform(0.0, service.end_s + 2.0, count))
    level = np.zeros(int(service.end_s) + 3)
    for second in range(1, len(level)):
        level[second] = CORRELATED * level[second - 1] + dice.normal(0.0, WAVES)
    took_ms = MEDIAN_MS * np.exp(dice.normal(0.0, SPREAD, count) + level[due_s.astype(int)])
    back_s = np.inf if service.leaves else service.back_s
    bad = (due_s >= service.out_s) & (due_s < back_s)
    after = due_s >= back_s
    share = np.full(count, ERRORS)
    ill = bad if service.heals_s is None else bad & (due_s < service.out_s + service.heals_s)
    share[ill] = service.fails
    share[after] += service.poisons + service.worse_errors
    took_ms[after] *= service.worse_p95
    array = np.zeros(count, DTYPE)
    array["intended_us"] = (due_s * 1e6).astype(np.int64)
    array["took_us"] = (took_ms * 1e3).astype(np.int64)
    array["parent"] = np.arange(count)
    array["endpoint"] = 1
    array["state"] = DONE
    failed = dice.random(count) < share
    array["outcome"] = np.where(failed, OUTCOMES.index("5xx"), OUTCOMES.index("ok"))
    array["status"] = np.where(failed, 500, 200)
    array["version"] = np.where(bad, 2, 1)
    numbers = np.arange(count, dtype=np.uint32)
    return Rows(array, np.zeros(count, np.uint16), numbers, ("", "POST /checkout"), ("", "v1", "v2"))


def facts(service: Service) -> list[f.Fact]:
    """What a run of it would have written, but for looks at containers: the answers name their version."""
    out_s, end_s = service.out_s, service.end_s
    found: list[f.Fact] = [
        f.LoadBegan(begins_s=0.0, seen_s=0.0),
        f.GateHeld(seen_s=STEADY.for_s),
        f.PhaseBegan(phase="release", seen_s=service.before_s),
        f.Injecting(fault=FAULT, kind="bad_release", target="api", planned_s=service.before_s, seen_s=service.before_s),
        f.Injected(fault=FAULT, begun_s=service.before_s + 0.01, seen_s=out_s, readback={"api-1": "bad: api:v2"}),
        f.PhaseEnded(phase="release", seen_s=end_s),
        f.PhaseSettled(phase="release", steady=True, seen_s=end_s),
        f.LoadEnded(clean=True, ended_s=end_s + 2.0, seen_s=end_s + 4.0),
        f.Closed(seen_s=end_s + 8.0),
        f.AlertChanged(alert="Errors", state="firing", seen_s=service.page_s - 1.0, before_s=service.page_s - 3.0),
        f.Paged(receiver="oncall", alert="Errors", status="firing", seen_s=service.page_s, starts_s=service.page_s - 1),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=s + 0.5) for s in range(int(end_s) + 4)),
    ]
    if not service.by_itself and service.heals_s is None:
        found += [
            f.LeverPulled(lever=LEVER, by="runbook", command="./rollback.sh", seen_s=service.page_s + 0.1),
            f.LeverEnded(lever=LEVER, begun_s=service.page_s + 0.1, exit_code=0, seen_s=service.out_s + 11.2),
        ]
    return found


def claim(service: Service, *, compares: bool = True) -> RolledBack:
    runbook = service.heals_s is None
    given = {"by": "runbook", "command": ["./rollback.sh"]} if runbook else {"by": "system"}
    margins = {"errors": "+1pp", "p95": "+20%"} if compares else None
    return RolledBack.model_validate({**given, "trigger": "page", "within": "16s", "id": LEVER, "as_before": margins})


def judged(service: Service, seed: int, *, compares: bool = True) -> Finding:
    fault = BadRelease(service="api", image="api:v2", id=FAULT)
    evidence = Evidence(
        journal_of(*facts(service)),
        rows(service, seed),
        WrittenLogs(),
        STEADY,
        "release",
        False,
        {FAULT: fault},
        over=True,
    )
    return claim(service, compares=compares).check(evidence)


WRONG: Mapping[str, tuple[str, Service, str]] = {
    "a": (
        "it says that it is done, and the new version goes on serving",
        Service(leaves=True),
        "said_done_but_still_serving",
    ),
    "b": ("another signal than the claim's had it taken back", Service(by_itself=True), "wrong_trigger"),
    "c": ("what the bad version wrote makes the old one fail", Service(poisons=0.3), "rolled_back_and_still_broken"),
    "d": (
        "it heals by itself, and nobody takes it back",
        Service(leaves=True, heals_s=12.0),
        "restored_without_rollback",
    ),
    "e": ("a healthy version is taken back", Service(fails=ERRORS), "false_rollback"),
}
"""Each way in which a return goes wrong, by its letter: what happens, the service, and the code that it must get."""

LIKE = Service()
"""A return that is as before: its difference is nothing at all."""
WORSE = {
    "errors": Service(worse_errors=2 * MARGIN_ERRORS, after_s=180.0, before_s=180.0),
    "p95": Service(worse_p95=1 + 2 * MARGIN_P95, after_s=180.0, before_s=180.0),
}
"""Returns that are worse by twice the margin."""
EDGE = {"errors": replace(LIKE, worse_errors=MARGIN_ERRORS), "p95": replace(LIKE, worse_p95=1 + MARGIN_P95)}
"""Returns that are worse by just the margin: not inferior still, so that none of them may be failed oftener than 5 %."""


@dataclass
class Told:
    """How often runs of one service failed, and everything that was said of them."""

    failed: Rate
    said: Counter[str]


def runs_of(service: Service, seeds: Sequence[int]) -> Told:
    found, said = Rate(), Counter[str]()
    for seed in seeds:
        finding = judged(service, seed)
        found.add(finding.outcome is Outcome.FAILED and finding.reason == "worse_than_before")
        said[f"{finding.outcome.value}: {finding.reason}"] += 1
    return Told(found, said)


def page(runs: int) -> str:
    """The page: what each way of going wrong was called, and the two error rates."""
    seeds = range(runs)
    lines = [
        "# How often a return from a release is judged wrongly",
        "",
        "Simulated services, without Docker: each run's ledger and journal are drawn by a seeded generator, and judged by",
        "`rolled_back` with `as_before: {errors: +1pp, p95: +20%}`. Latencies are log-normal around a level that wanders from second to",
        f"second (correlation {CORRELATED:g}). Intervals are exact, 95 % (Clopper-Pearson). Made by `python -m calibration.returns {runs}`.",
        "",
        "## Five ways of going wrong",
        "",
        "| | what happens | code | found |",
        "| --- | --- | --- | --- |",
    ]
    few = range(max(20, runs // 10))
    for letter, (said, service, code) in WRONG.items():
        found = Rate()
        for seed in few:
            found.add(judged(service, seed, compares=False).reason == code)
        lines.append(f"| {letter} | {said} | `{code}` | {_shown(found)} |")
    lines += [
        "",
        "## Non-inferiority",
        "",
        "| the return is | failed as worse than before | else | promised |",
        "| --- | --- | --- | --- |",
    ]
    for name, service, promised in (
        ("as before", LIKE, "at most 5 %"),
        *((f"worse by just the margin of {what}", one, "at most 5 %") for what, one in EDGE.items()),
        *((f"worse by twice the margin of {what}", one, "at least 90 %") for what, one in WORSE.items()),
    ):
        told = runs_of(service, seeds)
        else_ = ", ".join(f"{said} {n}" for said, n in told.said.most_common() if "worse_than_before" not in said)
        lines.append(f"| {name} | {_shown(told.failed)} | {else_} | {promised} |")
    least = needed(MARGINS.errors, MARGINS.p95)
    lines += [
        "",
        f"`drill plan` asks for at least {least} requests and {NEEDED_S:g} s on either side; the runs that are as before have "
        f"{LIKE.rate * LIKE.after_s:.0f} requests after the return, those that are worse by twice the margin "
        f"{WORSE['p95'].rate * WORSE['p95'].after_s:.0f}.",
    ]
    return "\n".join(lines) + "\n"


def _shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.count} of {rate.runs} ({low * 100:.3g}–{high * 100:.3g} %)"


if __name__ == "__main__":
    PAGE.write_text(page(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
