"""Memory does not grow until it runs out: its slope, and when it would meet its limit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations import alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.counters import START
from harness.expectations.memory_doubts import SLOWS, Doubt, unproven
from harness.expectations.memory_growth import POINTS, slows
from harness.expectations.memory_programs import PROXIES, program_of
from harness.expectations.memory_stretches import (
    MIB,
    Stretch,
    of_containers,
    of_metric,
    off_course,
    out_of_memory,
    still_rises,
)
from harness.expectations.requests import cites, not_begun, still_open
from harness.facts import Injecting
from harness.journal import Window
from harness.quantities import Bytes, Seconds, figures, spell
from harness.stats.proportions import p_beyond
from harness.stats.theil_sen import BATCHES, batch_medians, theil_sen
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed

PROBE = "memory"
GAP_S = 10.0  # as the probe promises (harness/probes/memory.py); a test holds them together
LAG_S = 1.0
SERIES_GAP_S = 60.0
ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.PASSED)


class Leak(Expectation):
    """Memory does not grow so that it would run out within the horizon.

        expect:
          - leak: {service: api, horizon: 24h}
          - leak: {service: api, limit: 512MiB, horizon: 24h}
          - leak: {metric: 'process_resident_memory_bytes{job="api"}', limit: 512MiB, horizon: 24h}
          - leak: {service: worker, collected: false, horizon: 24h}

    Units:   `limit` in bytes; left out, it is the container's own (`mem_limit`). `horizon`: from the window's end to the
             time at which the memory, growing on as it does, meets the limit.
    Counts:  each container of the service by itself, read from its cgroup once a second (without file pages, which the
             kernel drops before it kills), or each series of the metric, raw. A restart (of a metric's target: another
             process_start_time_seconds) begins a new series, and each with 60 samples or more is judged; shorter ones are
             told, and only prevent a pass where they rise to their end, or near the limit. The kernel's out-of-memory
             killer fails the claim about a service.
    Decides: by the 95 % interval of the slope over twelve batch medians: failed when memory surely grows and the limit is
             surely met within the horizon; passed when it is surely not. Growth that becomes less is warming up. What single
             samples show against that (near the limit, high above all before or rising at the end) prevents a pass:
             off_course. A heap grows between two collections, too: what has not doubled, or fell back by itself fewer than
             four times, or to levels that do not surely rise, has not failed (may_be_collected). `collected: false` (C, Rust)
             fails without the doubling, and is taken for a container of nginx, haproxy or envoy; `true` (JVM) not without the
             falls. A known store that has not doubled may fill its buffers (may_fill_buffers).
    Source:  Theil-Sen on batch medians (scipy.stats.theilslopes); raw points would be far too sure of themselves.
    """

    word: ClassVar[str] = "leak"
    sampling: ClassVar[bool] = True

    service: str = Field(default="", description="whose containers are meant")
    metric: str = Field(default="", description="a selector of series in bytes, instead of a service")
    limit: Bytes | None = Field(default=None, description="what it may hold; the container's own limit when left out")
    horizon_s: Seconds = Field(alias="horizon", gt=0, description="so long it must at least last")
    collected: bool | None = Field(
        default=None, description="whether a garbage collector frees it, many MiB at once; left out, it may be so"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Leak:
        if bool(self.service) == bool(self.metric):
            raise ValueError("leak is about a `service` or a `metric`, one of the two")
        if self.metric and self.limit is None:
            raise ValueError("a metric has no limit of its own: `limit` is needed")
        return self

    def about(self) -> str:
        return self.service or "".join(c if c.isalnum() or c == "_" else "-" for c in self.metric)[:40].strip("-")

    def undecidable(self, reach: Reach) -> str:
        least_s = BATCHES * POINTS * self._every_s(reach)
        if reach.window_s < least_s:
            each = f"one {_each(self._every_s(reach))}"
            return f"it lasts {spell(reach.window_s)}; twelve batches of five samples, {each}, need {spell(least_s)}"
        return reach.no_service(self.service) if self.service else ""

    def doubtful(self, reach: Reach) -> str:
        every_s = self._every_s(reach)
        due, wanted = reach.least_s / every_s, BATCHES * POINTS
        if not reach.least_s or due >= wanted:
            return ""
        return (
            f"where its window lasts {spell(round(reach.least_s, 3))}, about {due:.0f} samples are due, one {_each(every_s)}, and "
            f"{wanted} are needed to decide it: {spell(wanted * every_s)}"
        )

    def _every_s(self, reach: Reach) -> float:
        """Between two samples: a service is read each second, a metric when its job is scraped, whichever of them is meant."""
        return (None if self.service else reach.scraped_every_s(self.metric)) or 1.0

    def needs(self, reach: Reach) -> str:
        return f"{BATCHES * POINTS} samples of one process, one {_each(self._every_s(reach))}"

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach) if self.metric else ""

    def series(self) -> tuple[str, ...]:
        return (self.metric, START) if self.metric else ()

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if not window.ended:
            return still_open(evidence, window)
        if self.metric and self.metric not in evidence.series:
            return inconclusive(
                f"raw samples of {self.metric} were not kept",
                reason="not_recorded",
                decide="a stack with a Prometheus, and a run of this drill",
                cites=cites(evidence),
            )
        probe, target, gap_s = ("series", "", SERIES_GAP_S) if self.metric else (PROBE, self.service, GAP_S)
        if not evidence.journal.watched(probe, target, window.start_s, window.end_s, gap_s, LAG_S):
            return inconclusive(
                f"the memory of {self.about()} was not looked at all the time",
                reason="not_watched",
                decide=f"a look of the probe {probe} at least every {gap_s:g} s until after the window",
                cites=cites(evidence),
            )
        return self._judged(evidence, window)

    # --- judgement

    def _judged(self, evidence: Evidence, window: Window) -> Finding:
        if self.service and (ended := self._ran_out(evidence, window)):
            return ended
        found = list(
            of_metric(evidence.series, self.metric, window, self.limit)
            if self.metric
            else of_containers(evidence.journal, self.service, window, self.limit)
        )
        if not found:
            return inconclusive(
                f"nothing told the memory of {self.about()} in the window",
                reason="no_evidence",
                decide=f"{BATCHES * POINTS} samples or more of one process",
                cites=cites(evidence),
            )
        judged = [one for one in found if one.enough]
        if not judged:
            return self._too_few(evidence, max(found, key=lambda one: len(one.times_s)))
        short = [one for one in found if not one.enough]
        findings = [self._one(evidence, one, len(judged)) for one in judged]
        findings += [self._too_few(evidence, one, said) for one in short if (said := still_rises(one))]
        worst = min(findings, key=lambda finding: ORDER.index(finding.outcome))
        ps = [finding.p_value for finding in findings if finding.p_value is not None]
        told = tuple(("too short to judge", f"{one.name}: {one.said}") for one in short)
        p_value = min(1.0, min(ps) * len(judged)) if ps else None
        return replace(worst, p_value=p_value, details=(*worst.details, *told))

    def _ran_out(self, evidence: Evidence, window: Window) -> Finding | None:
        """What needs no slope: the kernel found a container without memory. A fault that is a command may have taken it."""
        fact = out_of_memory(evidence.journal, self.service, window)
        if fact is None:
            return None
        said, cited = f"{fact.container} ran out of memory at {fact.at_s:.1f} s", cites(evidence, fact)
        if evidence.journal.first(Injecting, kind="command", until_s=fact.at_s):
            decide = "a drill without a command that may take memory"
            return inconclusive(f"{said}, after a fault by command", reason="off_course", decide=decide, cites=cited)
        return failed(said, reason="full", cites=cited)

    def _too_few(self, evidence: Evidence, part: Stretch, said: str = "too few") -> Finding:
        return inconclusive(
            f"{part.name}: {len(part.times_s)} samples of one process: {said}",
            reason="too_few",
            decide=f"{BATCHES * POINTS} samples or more without a restart",
            cites=(*cites(evidence), *part.cited),
        )

    def _one(self, evidence: Evidence, part: Stretch, among: int) -> Finding:
        cited = (*cites(evidence), *part.cited)
        if part.limit_bytes is None:
            return inconclusive(
                f"{part.name} has no memory limit of its own",
                reason="no_limit",
                decide="`limit` in the claim, or `mem_limit` in the Compose file",
                cites=cited,
            )
        program = program_of(evidence.journal, part.name) if self.service else ""
        taken = self.collected is None and program in PROXIES
        start_s, end_s = part.times_s[0], part.times_s[-1]
        points = batch_medians(part.bytes_, part.times_s, start_s, math.nextafter(end_s, math.inf))
        times, values = [at_s for at_s, _ in points], [value for _, value in points]
        slope = theil_sen(values, times)
        now, limit = values[-1], float(part.limit_bytes)
        low_s, high_s = slope.until(limit, end_s)
        measure = Measure(round(low_s / 3600, 4), round(high_s / 3600, 4), "h", "sampling")
        said = (
            f"{part.name}: {figures(slope.low * 60 / MIB, signed=True)} to {figures(slope.high * 60 / MIB, signed=True)} MiB a minute, {now / MIB:.0f} of "
            f"{limit / MIB:.0f} MiB now: full {_when(low_s, high_s)} (horizon {_h(self.horizon_s)})"
        )
        details = (
            ("window", f"{start_s:.1f} s to {end_s:.1f} s, {len(part.times_s)} samples"),
            ("batch medians (MiB)", " ".join(f"{value / MIB:.2f}" for value in values)),
        )
        if now >= limit:
            return failed(f"{said}; it is there", reason="full", measure=measure, cites=cited, details=details)
        growth = (limit - slope.level) / (
            self.horizon_s + end_s - slope.middle_s
        )  # meets the limit just at the horizon
        p = p_beyond(lambda confidence: theil_sen(values, times, confidence).low, growth)
        doubt = None
        if low_s > self.horizon_s:
            if seen := off_course(part, slope, limit, self.horizon_s):
                doubt = Doubt(
                    reason="off_course", seen=seen, decide="a longer window, in which it stays away from its limit"
                )
        elif slows(values, times):
            doubt = SLOWS
        elif slope.low <= 0 or high_s >= self.horizon_s or p * among > 0.05:
            doubt = Doubt(
                reason="straddles", seen="", decide="a longer window: the interval of the slope narrows with its length"
            )
        else:
            collected = False if taken else self.collected
            doubt = unproven(part, points, limit, self.horizon_s, collected=collected, program=program)
        if doubt:
            because = f"{said}; but {doubt.seen}" if doubt.seen else said
            finding = inconclusive(
                because, reason=doubt.reason, decide=doubt.decide, measure=measure, cites=cited, details=details
            )
        elif low_s > self.horizon_s:
            finding = passed(said, measure=measure, cites=cited, details=details)
        else:
            why = f" (`collected: false` was taken, as {program} collects no garbage)" if taken else ""
            finding = failed(f"{said}{why}", reason="leaks", measure=measure, cites=cited, details=details)
        return replace(finding, p_value=round(p, 9))


def _each(every_s: float) -> str:
    return "a second" if every_s == 1 else f"every {spell(every_s)}"


def _when(low_s: float, high_s: float) -> str:
    if math.isinf(low_s):
        return "never"
    return f"after {_h(low_s)} or more" if math.isinf(high_s) else f"after {_h(low_s)} to {_h(high_s)}"


def _h(value_s: float) -> str:
    return f"{figures(value_s / 3600)} h" if value_s >= 3600 else spell(round(value_s, 1))
