"""Tables of coverage: how often the judge's own intervals hold the truth, on series that remember (AR(1)), by Monte Carlo.

What is slow or broken in one second is so in the next. An interval that forgets this is too narrow, and a judge that uses it
fails healthy services. Every draw is seeded, so that the tables are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.kayenta import differs
from calibration.rates import Rate
from harness.ledger import DONE, DTYPE, OUTCOMES, Rows
from harness.stats import Condition, steady_from
from harness.stats.bootstrap import percentile_ratio
from harness.stats.proportions import clustered, effective, newcombe
from harness.stats.theil_sen import batch_medians, theil_sen

PERSISTENCE = (0.0, 0.3, 0.6, 0.8)
SECONDS = 120
PER_S = 15
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One line of a table: `rate` of what is counted, which must lie in [least, most], Monte Carlo's own error allowed for."""

    table: str
    case: str
    counts: str
    rate: Rate
    least: float
    most: float

    @property
    def holds(self) -> bool:
        low, high = self.rate.interval
        return high >= self.least and low <= self.most


def tables(simulations: int) -> list[Cell]:
    """All tables, each cell from so many simulations (fewer where one is dear)."""
    return [cell for table, dear in TABLES for cell in table(max(1, simulations // dear))]


def as_data(simulations: int, place: int) -> list[dict[str, Any]]:
    """The cells of one of TABLES, as plain data."""
    table, dear = TABLES[place]
    return [asdict(cell) for cell in table(max(1, simulations // dear))]


def cell_of(data: dict[str, Any]) -> Cell:
    return Cell(**{**data, "rate": Rate(**data["rate"])})


def remembering(dice: np.random.Generator, runs: int, length: int, persistence: float) -> Floats:
    """Series of an AR(1) of unit variance, one a row."""
    found = np.empty((runs, length))
    found[:, 0] = dice.standard_normal(runs)
    fresh = np.sqrt(1 - persistence**2)
    for i in range(1, length):
        found[:, i] = persistence * found[:, i - 1] + fresh * dice.standard_normal(runs)
    return found


def _errors(dice: np.random.Generator, runs: int, persistence: float, share: float) -> NDArray[np.int64]:
    """Errors a second of a service whose share of errors wanders around `share`."""
    level = np.exp(0.5 * remembering(dice, runs, SECONDS, persistence) - 0.125)
    return dice.binomial(PER_S, np.minimum(share * level, 1.0))


def _batched(per_second: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], list[int]]:
    runs = per_second.shape[0]
    sums: NDArray[np.int64] = per_second.reshape(runs, count, -1).sum(axis=2)
    return sums, [per_second.shape[1] * PER_S // count] * count


def _shares(simulations: int) -> Iterator[Cell]:
    """A share's 95 % interval from 12 batches of 10 s: it holds the share that the service has."""
    for persistence in PERSISTENCE:
        dice = np.random.default_rng((53, int(10 * persistence)))
        ks, ns = _batched(_errors(dice, simulations, persistence, 0.03), 12)
        rate = Rate()
        for row in ks.tolist():
            low, high = clustered(row, ns)
            rate.add(low <= 0.03 <= high)
        yield Cell("share of errors (§5.3)", f"φ = {persistence}", "holds the truth", rate, 0.93, 1.0)


def _differences(simulations: int) -> Iterator[Cell]:
    """Two stretches of one steady service, 6 batches each: a difference is claimed where there is none."""
    for persistence in PERSISTENCE:
        dice = np.random.default_rng((54, int(10 * persistence)))
        ks, ns = _batched(_errors(dice, simulations, persistence, 0.03), 12)
        rate = Rate()
        for row in ks.tolist():
            one, other = effective(row[:6], ns[:6], 0.9), effective(row[6:], ns[6:], 0.9)
            rate.add(newcombe(*other, *one, 0.9)[0] > 0)
        yield Cell("two stretches alike (§5.3)", f"φ = {persistence}", "claims a regression", rate, 0.0, 0.065)


def _percentiles(simulations: int) -> Iterator[Cell]:
    """p95 of two stretches of one steady service, by resampled batches: slower is claimed where nothing is."""
    for persistence in PERSISTENCE:
        dice = np.random.default_rng((55, int(10 * persistence)))
        level = remembering(dice, simulations, SECONDS, persistence)
        own = dice.standard_normal((simulations, SECONDS, PER_S))
        times = np.exp(0.3 * level[:, :, None] + 0.4 * own).reshape(simulations, 12, -1) * 50e3
        rate = Rate()
        for run in times:
            ratio = percentile_ratio(list(run[6:]), list(run[:6]), 0.95)
            assert ratio is not None
            rate.add(ratio.interval(0.90)[0] > 1)
        yield Cell("p95 of two stretches alike (§5.3)", f"φ = {persistence}", "claims to be slower", rate, 0.0, 0.065)


def _slopes(simulations: int) -> Iterator[Cell]:
    """The slope of a memory that does not grow, from medians of 12 batches."""
    for length in (120, 240):
        for persistence in (0.0, 0.5, 0.8):
            dice = np.random.default_rng((56, length, int(10 * persistence)))
            series = remembering(dice, simulations, length, persistence)
            rate = Rate()
            for values in series:
                points = batch_medians(values, range(length), 0, length)
                slope = theil_sen([value for _, value in points], [at_s for at_s, _ in points])
                rate.add(slope.low <= 0 <= slope.high)
            least = 0.93 if length == 240 else 0.90
            yield Cell("slope 0 (§5.5)", f"{length} points, φ = {persistence}", "holds the truth", rate, least, 1.0)


@dataclass(frozen=True)
class _Fault:
    """A fault of 60 s from second 0, with this share of errors; afterwards `after` is left of them."""

    name: str
    per_s: int
    during: float
    after: float


def _recoveries(simulations: int) -> Iterator[Cell]:
    """When the steady state came back (errors below 1 %, held for 60 s): the interval holds the moment of the mend."""
    condition = Condition("errors", "<", 0.01)
    for fault, least in (
        (_Fault("30 % errors, 50/s", 50, 0.30, 0.0), 0.97),
        (_Fault("5 % errors, 50/s", 50, 0.05, 0.0), 0.95),
        (_Fault("30 % errors, 20/s", 20, 0.30, 0.0), 0.95),
    ):
        held = Rate()
        for rows in _runs(fault, simulations):
            found = steady_from(rows, [condition], 60.0, 0.0, 240.0)
            held.add(found.low_s <= 60.0 <= found.high_s and found.held)
        yield Cell("recovery (§5.6)", fault.name, "holds the mend", held, least, 1.0)
    never = Rate()
    for rows in _runs(_Fault("3 % errors for ever, 50/s", 50, 0.03, 0.03), simulations):
        never.add(steady_from(rows, [condition], 60.0, 0.0, 240.0).held)
    yield Cell("recovery (§5.6)", "3 % errors for ever, 50/s", "claims a recovery", never, 0.0, 0.005)


def _runs(fault: _Fault, simulations: int) -> Iterator[Rows]:
    dice = np.random.default_rng((57, fault.per_s, int(100 * fault.during)))
    count = 240 * fault.per_s
    due_s = np.arange(count) / fault.per_s
    for _ in range(simulations):
        bad = dice.random(count) < np.where(due_s < 60.0, fault.during, fault.after)
        array: Any = np.zeros(count, DTYPE)
        array["intended_us"] = np.round(due_s * 1e6)
        array["took_us"], array["state"], array["parent"] = 10_000, DONE, np.arange(count)
        array["outcome"] = np.where(bad, OUTCOMES.index("5xx"), OUTCOMES.index("ok"))
        yield Rows(array, np.zeros(count, np.uint16), np.arange(count, dtype=np.uint32))


RAW_POINTS = {0.0: 0.015, 0.3: 0.102, 0.6: 0.244, 0.8: 0.430}
"""How often Mann-Whitney at 98 % tells two halves of one steady series of 240 points apart, by what the points remember."""


def _point_by_point(simulations: int) -> Iterator[Cell]:
    """Two stretches alike, of 120 s each: point by point, as Kayenta's judge compares them, and by batches, as no_regression does.

    The same series is a metric's points, and the level of the requests' times. Of ten series one is compared by batches.
    """
    table = "point by point, or by batches (§5.3)"
    for persistence in PERSISTENCE:
        dice = np.random.default_rng((58, int(10 * persistence)))
        level = remembering(dice, simulations, 2 * SECONDS, persistence)
        raw, batched = Rate(), Rate()
        for points in level:
            raw.add(differs(points[:SECONDS], points[SECONDS:], 0.98))
        for points in level[: max(1, simulations // 10)]:
            times = np.exp(0.3 * points[:, None] + 0.4 * dice.standard_normal((2 * SECONDS, PER_S))) * 50e3
            batches = list(times.reshape(24, -1))
            ratio = percentile_ratio(batches[12:], batches[:12], 0.95)
            assert ratio is not None
            batched.add(ratio.interval(0.90)[0] > 1)
        expected = RAW_POINTS[persistence]
        case = f"φ = {persistence}"
        yield Cell(
            table,
            case,
            "Mann-Whitney of all points (2 % nominal) tells them apart",
            raw,
            expected - 0.015,
            expected + 0.015,
        )
        yield Cell(table, case, "batches (5 % nominal) claim to be slower", batched, 0.0, 0.065)


TABLES: tuple[tuple[Callable[[int], Iterator[Cell]], int], ...] = (
    (_shares, 1),
    (_differences, 1),
    (_percentiles, 10),
    (_slopes, 1),
    (_recoveries, 10),
    (_point_by_point, 1),
)
"""Each with how many times dearer one of its simulations is."""
