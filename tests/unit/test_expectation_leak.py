"""Memory that grows, stays, is put back by a restart, or only warms up: against series that are made with a known slope."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import theilslopes

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
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
    values = [*memory(100, per_s=MIB), *memory(200, seed=2)]
    assert check(values, horizon="5m", restart_s=110.0).outcome is Outcome.PASSED
    short = check([*memory(50), *memory(50)], restart_s=60.0)
    assert (short.outcome, short.reason) == (Outcome.INCONCLUSIVE, "too_few")


def test_without_a_limit_or_looks_or_samples_nothing_is_decided() -> None:
    assert check(memory(240), limit=None).reason == "no_limit"
    assert Leak(service="api", limit="512MiB", horizon_s="10m").check(evidence(memory(240), limit=None)).outcome is (
        Outcome.PASSED
    )
    assert check(memory(240), watched=False).reason == "not_watched"
    assert check([]).reason == "no_evidence"
    full = check(memory(240, start=600 * MIB))
    assert (full.outcome, full.reason) == (Outcome.FAILED, "full")


def test_a_metric_is_judged_as_a_container_is() -> None:
    base = evidence(memory(240, per_s=0.5 * MIB))
    looks = tuple(f.Looked(probe="series", seen_s=float(s), writer="harness", number=900 + s) for s in range(5, 256))
    found = Leak(metric="rss", limit="512MiB", horizon_s="1h").check(
        Evidence(
            **{**base.__dict__, "journal": journal_of(*base.journal.facts, *looks)},
        )
    )
    assert (found.outcome, found.reason) == (Outcome.FAILED, "leaks")
    unkept = Leak(metric="other", limit="512MiB", horizon_s="1h").check(base)
    assert unkept.reason == "not_recorded"


def test_a_claim_is_about_one_source_and_a_phase_long_enough() -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Leak(horizon_s="1h")
    with pytest.raises(ValueError, match="`limit` is needed"):
        Leak(metric="rss", horizon_s="1h")
    assert "60s" in Leak(service="api", horizon_s="1h").undecidable(Reach(40, 100, 10))
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
