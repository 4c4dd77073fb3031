"""What is held does not grow until it runs out: memory, connections, threads, handles; its slope, and when it would meet its limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from harness.expectations import alerts, counts_judged, memory_judged
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.blinded import kept_from, last_blinded
from harness.expectations.counters import START
from harness.expectations.leak_stretches import (
    Stretch,
    of_containers,
    of_counts,
    of_metric,
    out_of_memory,
    still_rises,
)
from harness.expectations.memory_growth import POINTS
from harness.expectations.memory_programs import program_of
from harness.expectations.requests import cites, not_begun, still_open
from harness.facts import Holding, Injecting
from harness.journal import Window
from harness.quantities import Seconds, size_bytes, spell
from harness.stats.theil_sen import BATCHES
from harness.verdict import Finding, Outcome, failed, inconclusive

GAP_S = 10.0  # as the probes promise (harness/probes/memory.py, held.py); a test holds them together
LAG_S = 1.0
SERIES_GAP_S = 60.0
ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.PASSED)


def _in_its_unit(value: Any, info: ValidationInfo) -> Any:
    of = (info.data or {}).get("of", "memory")
    if value is None or of == "memory":
        return value if value is None else size_bytes(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"a limit of {of} is a number above 0 without a unit, not {value!r}")
    return value


class Leak(Expectation):
    """What a process holds does not grow so that it would run out within the horizon: memory, or connections, threads, handles.

        expect:
          - leak: {service: api, horizon: 24h}
          - leak: {service: api, limit: 512MiB, horizon: 24h}
          - leak: {metric: 'process_resident_memory_bytes{job="api"}', limit: 512MiB, horizon: 24h}
          - leak: {service: worker, collected: false, horizon: 24h}
          - leak: {service: api, of: connections, toward: db, limit: 100, horizon: 2h}
          - leak: {service: api, of: threads, limit: 500, horizon: 2h}
          - leak: {metric: 'process_open_fds{job="api"}', of: handles, limit: 1024, horizon: 2h}

    Units:   `limit` in bytes, else a plain number; left out, it is the container's own (`mem_limit`, of threads `pids_limit`).
             `horizon`: from the window's end to the time at which what is held, growing on as it does, meets the limit.
    Counts:  each container of the service by itself, read once a second, or each series of the metric, raw. Of memory its
             cgroup's (without file pages, which the kernel drops before it kills). Of connections those of its network in
             ESTABLISHED or CLOSE_WAIT, `toward` a dependency those to it alone; of threads its cgroup's (pids.current).
             Handles of other users' processes drill may not read: a metric tells them. A restart (of a metric's target:
             another process_start_time_seconds) begins a new series, and each with 60 samples or more is judged; shorter ones
             are told, and only prevent a pass where they rise to their end, or near the limit. The kernel's out-of-memory
             killer fails the claim about a service's memory.
    Decides: by the 95 % interval of the slope over twelve batch medians: failed when it surely grows and the limit is
             surely met within the horizon; passed when it is surely not. Growth that becomes less is warming up. What single
             samples show against that (near the limit, high above all before or rising at the end) prevents a pass:
             off_course. A heap grows between two collections, too: what has not doubled, or fell back by itself fewer than
             four times, or to levels that do not surely rise, has not failed (may_be_collected). `collected: false` (C, Rust)
             fails without the doubling, and is taken for a container of nginx, haproxy or envoy; `true` (JVM) not without the
             falls. A known store that has not doubled may fill its buffers (may_fill_buffers). Connections, threads and
             handles are judged while no fault is on (60 samples), a load's time-out after each; a bad release is no fault
             here, for what it holds is its own doing. What they grow by has failed only where it doubled, in two minutes or
             more (may_be_pool), under a load that did not grow (grows_with_load).
             What rose with faults, surely above the time before and without falling back, is open (not_given_back): a pool
             may have been filled. It has failed where connections that the other side has closed (CLOSE_WAIT) became more
             with two faults or more, and are more than were open before.
    Source:  Theil-Sen on batch medians (scipy.stats.theilslopes); raw points would be far too sure of themselves.
    """

    word: ClassVar[str] = "leak"
    sampling: ClassVar[bool] = True

    service: str = Field(default="", description="whose containers are meant")
    metric: str = Field(default="", description="a selector of series, of memory in bytes, instead of a service")
    of: Literal["memory", "connections", "threads", "handles"] = Field(default="memory", description="what is held")
    toward: str = Field(default="", description="only connections to this dependency")
    limit: Annotated[float | None, BeforeValidator(_in_its_unit)] = Field(
        default=None,
        description="what it may hold, memory with its unit (512MiB), else a number; the container's own when left out",
        json_schema_extra={
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*([kKmMgG]i?)?[bB]$", "examples": ["512MiB"]},
                {"type": "integer", "exclusiveMinimum": 0},
                {"type": "null"},
            ]
        },
    )
    horizon_s: Seconds = Field(alias="horizon", gt=0, description="so long it must at least last")
    collected: bool | None = Field(
        default=None, description="whether a garbage collector frees it, many MiB at once; left out, it may be so"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Leak:
        if bool(self.service) == bool(self.metric):
            raise ValueError("leak is about a `service` or a `metric`, one of the two")
        if self.service and self.of == "handles":
            raise ValueError(
                "drill may not read the handles of a container's processes: name a `metric`, such as process_open_fds"
            )
        if self.toward and not (self.service and self.of == "connections"):
            raise ValueError("`toward` is for the connections of a `service`")
        if self.collected is not None and self.of != "memory":
            raise ValueError(f"`collected` is for memory: nothing collects {self.of}")
        if self.limit is None and (self.metric or self.of == "connections"):
            what = "a metric has no limit of its own" if self.metric else "connections have no limit of their own"
            raise ValueError(f"{what}: `limit` is needed")
        return self

    @property
    def holding(self) -> Holding:
        return Holding(self.service, self.of, self.toward)

    def about(self) -> str:
        what = "" if self.of == "memory" or self.metric else f"-{self.of}{'-' if self.toward else ''}{self.toward}"
        metric = "".join(c if c.isalnum() or c == "_" else "-" for c in self.metric)[:40].strip("-")
        return f"{self.service}{what}" or metric

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
        probe, target, gap_s = self._watched_by()
        if not evidence.journal.watched(probe, target, window.start_s, window.end_s, gap_s, LAG_S):
            blinded = last_blinded(evidence.journal, probe, target, window)
            return inconclusive(
                f"{self._what()} could not be looked at all the time{kept_from(blinded)}",
                reason="not_watched",
                decide=f"a look of the probe {probe} at least every {gap_s:g} s until after the window",
                cites=cites(evidence, blinded),
            )
        return self._judged(evidence, window)

    def _watched_by(self) -> tuple[str, str, float]:
        """A probe, its target, and how often it must have looked."""
        if self.metric:
            return "series", "", SERIES_GAP_S
        return ("memory", self.service, GAP_S) if self.of == "memory" else ("held", str(self.holding), GAP_S)

    def _what(self) -> str:
        return f"the {self.of} of {self.metric}" if self.metric else str(self.holding)

    # --- judgement

    def _judged(self, evidence: Evidence, window: Window) -> Finding:
        if self.service and self.of == "memory" and (ended := self._ran_out(evidence, window)):
            return ended
        found = self._found(evidence, window)
        if not found:
            return inconclusive(
                f"nothing told {self._what()} in the window",
                reason="no_evidence",
                decide=f"{BATCHES * POINTS} samples or more of one process",
                cites=cites(evidence),
            )
        judged = [one for one in found if one.enough]
        if not judged:
            return self._too_few(evidence, max(found, key=lambda one: len(one.times_s)))
        short = [one for one in found if not one.enough]
        findings = [self._one(evidence, window, one, len(judged)) for one in judged]
        findings += [self._too_few(evidence, one, said) for one in short if (said := still_rises(one))]
        worst = min(findings, key=lambda finding: ORDER.index(finding.outcome))
        ps = [finding.p_value for finding in findings if finding.p_value is not None]
        told = tuple(("too short to judge", f"{one.name}: {one.said}") for one in short)
        p_value = min(1.0, min(ps) * len(judged)) if ps else None
        return replace(worst, p_value=p_value, details=(*worst.details, *told))

    def _found(self, evidence: Evidence, window: Window) -> list[Stretch]:
        if self.metric:
            return list(of_metric(evidence.series, self.metric, window, self.limit, self.of))
        if self.of == "memory":
            return list(of_containers(evidence.journal, self.service, window, self.limit))
        return list(of_counts(evidence.journal, self.holding, window, self.limit))

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

    def _one(self, evidence: Evidence, window: Window, part: Stretch, among: int) -> Finding:
        cited = (*cites(evidence), *part.cited)
        if part.limit is None:
            key = "mem_limit" if self.of == "memory" else "pids_limit"
            return inconclusive(
                f"{part.name} has no limit of its own on its {self.of}",
                reason="no_limit",
                decide=f"`limit` in the claim, or `{key}` in the Compose file",
                cites=cited,
            )
        limit = float(part.limit)
        if self.of != "memory":
            return counts_judged.judged(evidence, window, part, limit, self.horizon_s, among=among, cited=cited)
        program = program_of(evidence.journal, part.name) if self.service else ""
        return memory_judged.judged(
            part, limit, self.horizon_s, collected=self.collected, program=program, among=among, cited=cited
        )


def _each(every_s: float) -> str:
    return "a second" if every_s == 1 else f"every {spell(every_s)}"
