"""Memory that grows, stays, is put back by a restart, or only warms up: against series that are made with a known slope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import theilslopes

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.counters import START
from harness.expectations.leak import GAP_S, LAG_S, Leak
from harness.fakeworld import FakeWorld
from harness.probes.memory import MemoryProbe
from harness.stats import Condition
from harness.stats.theil_sen import batch_medians, theil_sen
from harness.testing import WrittenLogs, journal_of, rows_of, series_of
from harness.verdict import Finding, Outcome

MIB = 1 << 20
LIMIT = 512 * MIB


def evidence(
    memory: list[float], *, limit: int | None = LIMIT, restart_s: float | None = None, watched: bool = True
) -> Evidence:
    """A phase from 10 s on, with one container, read once a second."""
    end_s = 10.0 + len(memory)
    facts: list[f.Fact] = [
        f.PhaseBegan(phase="p", seen_s=10.0),
        f.PhaseEnded(phase="p", seen_s=end_s),
        f.ContainerSeen(service="api", container="api-1", status="running", started_at="a", seen_s=5.0),
    ]
    if restart_s is not None:
        facts.append(
            f.ContainerSeen(service="api", container="api-1", status="running", started_at="b", seen_s=restart_s)
        )
    facts += [
        f.MemorySeen(service="api", container="api-1", used_bytes=round(value), limit_bytes=limit, seen_s=10.0 + i)
        for i, value in enumerate(memory)
    ]
    if watched:
        facts += [f.Looked(probe="memory", target="api", seen_s=float(s)) for s in range(5, int(end_s) + 5)]
    return Evidence(
        journal=journal_of(*facts),
        rows=rows_of([]),
        logs=WrittenLogs(),
        steady=Steady(5.0, (Condition.parse("errors < 1%"),)),
        phase="p",
        over=True,
        series=series_of({"rss": [({"__name__": "rss"}, [(10.0 + i, value) for i, value in enumerate(memory)])]}),
    )


def memory(n: int, per_s: float = 0.0, start: float = 100 * MIB, seed: int = 1, phi: float = 0.6) -> list[float]:
    """AR(1) of 1 MiB around a line."""
    dice = np.random.default_rng(seed)
    noise, wave = dice.normal(0, MIB * np.sqrt(1 - phi * phi), n), np.zeros(n)
    for i in range(1, n):
        wave[i] = phi * wave[i - 1] + noise[i]
    return [float(value) for value in start + per_s * np.arange(n) + wave]


def check(values: list[float], *, horizon: str = "24h", **how: object) -> Finding:
    return Leak(service="api", horizon_s=horizon).check(evidence(values, **how))  # type: ignore[arg-type]


def test_memory_that_stays_passes_and_memory_that_runs_away_fails() -> None:
    assert check(memory(240), horizon="10m").outcome is Outcome.PASSED
    runs_away = check(memory(240, per_s=0.5 * MIB), horizon="1h")
    assert (runs_away.outcome, runs_away.reason) == (Outcome.FAILED, "leaks")
    assert "MiB a minute" in runs_away.because
    assert runs_away.measure is not None
    assert runs_away.measure.kind == "sampling"
    assert runs_away.p_value is not None
    assert runs_away.p_value < 0.01


def test_a_slope_that_may_or_may_not_fill_it_within_the_horizon_is_open() -> None:
    assert check(memory(240), horizon="1000h").reason == "straddles"


def test_the_time_until_it_is_full_is_covered() -> None:
    """1 MiB/s with a limit of 512 MiB: seen for 240 s, and then asked when it is full."""
    covered = 0
    for seed in range(50):
        values = memory(240, per_s=MIB, seed=seed, phi=0.8)
        points = batch_medians(values, range(240), 0.0, 240.0)
        slope = theil_sen([value for _, value in points], [at_s for at_s, _ in points])
        low_s, high_s = slope.until(LIMIT, 239.0)
        covered += low_s <= (LIMIT - 100 * MIB) / MIB - 239.0 <= high_s
    assert covered >= 45


@pytest.mark.parametrize(("phi", "least"), [(0.0, 0.93), (0.5, 0.93), (0.8, 0.91)])
def test_the_interval_of_a_slope_from_batch_medians_covers_where_raw_points_do_not(phi: float, least: float) -> None:
    """240 points, true slope 0, nominal 95 %; raw points of the same series beside it."""
    runs, covered, raw = 300, 0, 0
    for seed in range(runs):
        values = memory(240, seed=1000 + seed, phi=phi)
        points = batch_medians(values, range(240), 0.0, 240.0)
        slope = theil_sen([value for _, value in points], [at_s for at_s, _ in points])
        covered += slope.low <= 0 <= slope.high
        if phi == 0.8 and seed < 60:
            one = theil_sen(values[::4], range(60))
            raw += one.low <= 0 <= one.high
    assert covered / runs >= least
    if phi == 0.8:
        assert raw / 60 < 0.93


def test_growth_in_the_first_half_alone_is_warming_up() -> None:
    values = [value + min(i, 100) * MIB for i, value in enumerate(memory(240))]
    found = check(values, horizon="1h")
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "still_warming")


def test_a_restart_begins_a_new_series() -> None:
    values = [*memory(100, start=300 * MIB), *memory(200, seed=2)]
    assert check(values, horizon="5m", restart_s=110.0).outcome is Outcome.PASSED
    short = check([*memory(50), *memory(50)], restart_s=60.0)
    assert (short.outcome, short.reason) == (Outcome.INCONCLUSIVE, "too_few")


def test_each_process_with_enough_samples_is_judged_and_not_the_longest_alone() -> None:
    """125 s well, then a release that leaks 3 MiB/s until the window's end."""
    values = [*memory(125), *memory(115, per_s=3 * MIB, seed=2)]
    found = check(values, horizon="1h", restart_s=135.0)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "leaks")
    before = check([*memory(100, per_s=3 * MIB), *memory(200, seed=2)], horizon="5m", restart_s=110.0)
    assert (before.outcome, before.reason) == (Outcome.FAILED, "leaks")


def test_a_last_life_too_short_to_judge_prevents_a_pass_only_where_it_rises_to_its_end() -> None:
    warms_up = [value + min(i, 12) * 4 * MIB for i, value in enumerate(memory(40, seed=2))]
    flat = check([*memory(200), *warms_up], horizon="10m", restart_s=210.0)
    assert flat.outcome is Outcome.PASSED
    assert ("too short to judge", "api-1: 100 to 147 MiB in 39.0 s") in flat.details
    rises = check([*memory(200), *memory(40, per_s=3 * MIB, seed=2)], horizon="10m", restart_s=210.0)
    assert (rises.outcome, rises.reason) == (Outcome.INCONCLUSIVE, "too_few")
    assert "rose to its end" in rises.because


def test_a_replica_that_was_scaled_up_for_a_while_is_told_and_prevents_nothing() -> None:
    base = evidence(memory(240))
    more = [
        f.MemorySeen(service="api", container="api-2", used_bytes=90 * MIB, limit_bytes=LIMIT, seen_s=100.0 + i)
        for i in range(30)
    ]
    scaled = replace(base, journal=journal_of(*base.journal.facts, *more))
    found = Leak(service="api", horizon_s="10m").check(scaled)
    assert found.outcome is Outcome.PASSED
    assert ("too short to judge", "api-2: 90 to 90 MiB in 29.0 s") in found.details


def test_what_the_kernel_killed_for_want_of_memory_ran_out_whatever_the_slope() -> None:
    base = evidence(memory(240))
    died = f.ContainerChanged(service="api", container="api-2", event="oom", seen_s=100.0)
    asked = Leak(service="api", horizon_s="10m")
    found = asked.check(replace(base, journal=journal_of(*base.journal.facts, died)))
    assert (found.outcome, found.reason) == (Outcome.FAILED, "full")
    look = f.ContainerSeen(service="api", container="api-1", status="exited", oom_killed=True, seen_s=240.0)
    assert asked.check(replace(base, journal=journal_of(*base.journal.facts, look))).reason == "full"
    before = (replace(look, container="api-0", seen_s=3.0), replace(look, container="api-0", seen_s=30.0))
    assert asked.check(replace(base, journal=journal_of(*before, *base.journal.facts))).outcome is Outcome.PASSED
    squeezed = f.Injecting(fault="p/command", kind="command", target="api", planned_s=50.0, seen_s=50.0)
    ours = asked.check(replace(base, journal=journal_of(*base.journal.facts, squeezed, died)))
    assert (ours.outcome, ours.reason) == (Outcome.INCONCLUSIVE, "off_course")


@pytest.mark.parametrize("seconds", [15, 30])
def test_a_rise_at_the_very_end_is_no_outlier(seconds: int) -> None:
    """The median of twelve batches forgets one and two; whether it goes on so nobody knows."""
    for per_s in (2 * MIB, 410 * MIB / seconds):
        rise = [per_s * max(0, i - 239 + seconds) for i in range(240)]
        found = check([value + more for value, more in zip(memory(240), rise, strict=True)], horizon="10m")
        assert found.outcome is not Outcome.PASSED, per_s
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "off_course")
    early = [value + (80 * MIB if 100 <= i < 115 else 0) for i, value in enumerate(memory(240))]
    assert check(early, horizon="10m").outcome is Outcome.PASSED


def test_a_heap_that_is_collected_far_from_its_limit_passes_and_one_at_its_limit_is_open() -> None:
    """No slope in either: what falls from its limit may have been killed there."""
    far = [150 * MIB + (i % 20) * 8 * MIB for i in range(240)]
    assert check(far).outcome is Outcome.PASSED
    steady = check([470 * MIB + (i % 5) * MIB for i in range(240)])
    assert steady.outcome is Outcome.PASSED
    near = check([100 * MIB + (i % 20) * 20.5 * MIB for i in range(240)])
    assert (near.outcome, near.reason) == (Outcome.INCONCLUSIVE, "off_course")
    assert "as what is killed at its limit" in near.because


def test_without_a_limit_or_looks_or_samples_nothing_is_decided() -> None:
    assert check(memory(240), limit=None).reason == "no_limit"
    assert Leak(service="api", limit="512MiB", horizon_s="10m").check(evidence(memory(240), limit=None)).outcome is (
        Outcome.PASSED
    )
    assert check(memory(240), watched=False).reason == "not_watched"
    assert check([]).reason == "no_evidence"
    full = check(memory(240, start=600 * MIB))
    assert (full.outcome, full.reason) == (Outcome.FAILED, "full")


def of_metric(values: list[float], *, begun: list[float] | None = None, horizon: str = "1h") -> Finding:
    """`begun`: at each sample, when its process began."""
    base = evidence(values)
    looks = tuple(f.Looked(probe="series", seen_s=float(s), writer="harness", number=900 + s) for s in range(5, 256))
    book = base.series
    if begun is not None:
        times = [(10.0 + i, value) for i, value in enumerate(begun)]
        book = {**book, **series_of({START: [({"__name__": START}, times)]})}
    asked = Leak(metric="rss", limit="512MiB", horizon_s=horizon)
    return asked.check(replace(base, journal=journal_of(*base.journal.facts, *looks), series=book))


def test_a_metric_is_judged_as_a_container_is() -> None:
    found = of_metric(memory(240, per_s=0.5 * MIB))
    assert (found.outcome, found.reason) == (Outcome.FAILED, "leaks")
    unkept = Leak(metric="other", limit="512MiB", horizon_s="1h").check(evidence(memory(240, per_s=0.5 * MIB)))
    assert unkept.reason == "not_recorded"


def test_a_metric_is_cut_where_its_process_began_anew() -> None:
    """Killed every 20 s at its limit; and a heap that fell as far in one process, but from no limit."""
    saw = [100 * MIB + (i % 20) * 19 * MIB for i in range(240)]
    loop = of_metric(saw, begun=[float(i // 20 * 20) for i in range(240)])
    assert (loop.outcome, loop.reason) == (Outcome.INCONCLUSIVE, "too_few")
    assert of_metric(saw).reason == "off_course"
    assert of_metric(saw, begun=[1.0] * 240).outcome is Outcome.PASSED
    redeployed = of_metric([*memory(125), *memory(115, per_s=3 * MIB)], begun=[1.0] * 125 + [135.0] * 115)
    assert (redeployed.outcome, redeployed.reason) == (Outcome.FAILED, "leaks")
    assert Leak(metric="rss", limit="512MiB", horizon_s="1h").series() == ("rss", START)


def test_a_claim_is_about_one_source_and_a_phase_long_enough() -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Leak(horizon_s="1h")
    with pytest.raises(ValueError, match="`limit` is needed"):
        Leak(metric="rss", horizon_s="1h")
    assert "need 1m" in Leak(service="api", horizon_s="1h").undecidable(Reach(40, 100, 10))
    assert "no service" in Leak(service="pai", horizon_s="1h").undecidable(Reach(90, 100, 10, services=("api",)))
    assert Leak(service="api", horizon_s="1h").undecidable(Reach(90, 100, 10, services=("api",))) == ""


def test_the_probe_reads_the_service_and_says_that_it_looked() -> None:
    world = FakeWorld().world
    probe = MemoryProbe("api")
    seen, looked = probe.look(world)
    assert isinstance(seen, f.MemorySeen)
    assert (seen.service, seen.container) == ("api", "api-1")
    assert looked == f.Looked(probe="memory", target="api")
    assert (probe.gap_s, probe.lag_s) == (GAP_S, LAG_S)


def test_the_slope_and_its_interval_are_those_of_scipy() -> None:
    dice = np.random.default_rng(5)
    for n, digits in ((3, 6), (6, 0), (12, 6), (12, 0), (40, 1)):
        times, values = np.sort(dice.uniform(0, 60, n)).round(digits), (dice.normal(0, 3, n)).round(digits)
        for confidence in (0.5, 0.9, 0.95, 0.999):
            if len(set(times.tolist())) > 2:
                ours, theirs = theil_sen(values, times, confidence), theilslopes(values, times, confidence)
                assert (ours.per_s, ours.low, ours.high) == pytest.approx(
                    (theirs.slope, theirs.low_slope, theirs.high_slope)
                )
