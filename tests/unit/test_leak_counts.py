"""Connections, threads and handles that become more, by hand: as a leak does, as a pool does, and with each fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.leak import GAP_S, LAG_S, Leak
from harness.fakeworld import FakeWorld
from harness.probes.held import HeldProbe
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of, series_of
from harness.verdict import Finding, Outcome

BEGAN_S = 10.0


def evidence(
    counts: Sequence[float],
    *,
    of: str = "connections",
    unclosed: Sequence[float] = (),
    faults: Sequence[tuple[float, float]] = (),
    kind: str = "latency",
    restart_s: float | None = None,
    limit: int | None = None,
    requests: Sequence[Mapping[str, Any]] = (),
) -> Evidence:
    """One container, looked at once a second from the phase's beginning on; faults by when they were on, counted from there too."""
    end_s = BEGAN_S + len(counts)
    facts: list[f.Fact] = [
        f.PhaseBegan(phase="p", seen_s=BEGAN_S),
        f.PhaseEnded(phase="p", seen_s=end_s),
        f.ContainerSeen(service="api", container="api-1", status="running", started_at="a", seen_s=5.0),
    ]
    if restart_s is not None:
        again_s = BEGAN_S + restart_s
        facts.append(
            f.ContainerSeen(service="api", container="api-1", status="running", started_at="b", seen_s=again_s)
        )
    for number, (from_s, until_s) in enumerate(faults):
        name, at_s = f"p/{kind}-{number}", BEGAN_S + from_s
        facts.append(f.Injecting(fault=name, kind=kind, target="api->db", planned_s=at_s, seen_s=at_s))
        facts.append(f.Mended(fault=name, begun_s=BEGAN_S + until_s, seen_s=BEGAN_S + until_s))
    holding = f.Holding("api", of)
    facts += [
        f.HeldSeen(
            service="api",
            container="api-1",
            of=of,
            count=round(count),
            unclosed=round(unclosed[i]) if unclosed else 0,
            limit=limit,
            seen_s=BEGAN_S + i,
        )
        for i, count in enumerate(counts)
    ]
    facts += [f.Looked(probe="held", target=str(holding), seen_s=float(s)) for s in range(5, int(end_s) + 5)]
    facts += [f.Looked(probe="series", seen_s=float(s)) for s in range(5, int(end_s) + 5)]
    return Evidence(
        journal=journal_of(*facts),
        rows=rows_of(requests),
        logs=WrittenLogs(),
        steady=Steady(5.0, (Condition.parse("errors < 1%"),)),
        phase="p",
        over=True,
        series=series_of({"fds": [({"__name__": "fds"}, [(BEGAN_S + i, one) for i, one in enumerate(counts)])]}),
    )


def check(counts: Sequence[float], *, most: int | None = 100, horizon: str = "1h", **how: Any) -> Finding:
    of = how.get("of", "connections")
    claim = Leak(service="api", of=of, limit=most, horizon_s=horizon)  # type: ignore[arg-type]
    return claim.check(evidence(counts, **how))


def flat(n: int, level: float) -> list[float]:
    """So many, and now and then one more."""
    return [level + (i % 7 == 3) for i in range(n)]


def test_as_many_as_before_pass_and_more_and_more_fail() -> None:
    stays = check(flat(240, 20))
    assert (stays.outcome, stays.measure is not None) == (Outcome.PASSED, True)
    leaks = check([10 + i / 5 for i in range(240)])
    assert (leaks.outcome, leaks.reason) == (Outcome.FAILED, "leaks")
    assert "+12 to +12 connections a minute, 56 of 100 connections now" in leaks.because
    assert leaks.p_value is not None
    assert leaks.p_value < 0.01


def test_a_line_without_any_noise_is_no_warm_up() -> None:
    for per_s in (0.1, 0.25, 0.5, 1.0, 3.0):
        assert check([10 + i * per_s for i in range(240)], most=2000, horizon="24h").reason == "leaks", per_s


def test_a_pool_that_fills_and_stays_is_no_leak() -> None:
    assert check([min(20, 2 + i) for i in range(240)]).outcome is Outcome.PASSED
    assert check([min(20, 2 + i / 5) for i in range(240)]).reason == "still_warming"
    full = check(flat(240, 20), most=20)
    assert (full.outcome, full.reason) == (Outcome.INCONCLUSIVE, "may_be_pool")
    assert check(flat(240, 25), most=20).reason == "full"


def test_a_pool_that_may_still_be_filling_has_not_failed() -> None:
    """Less than it had; or for less time than what is idle is kept open; or it fell back, as idle ones are closed."""
    slow = check([20 + i / 15 for i in range(240)])
    assert (slow.outcome, slow.reason) == (Outcome.INCONCLUSIVE, "may_be_pool")
    assert check([5 + i / 2 for i in range(110)], most=200).reason == "may_be_pool"
    idle = check([20 + (i + 150) % 200 / 4 for i in range(240)])
    assert idle.outcome is not Outcome.FAILED


def test_what_grows_with_the_load_has_not_failed() -> None:
    at_s = 0.0
    due = []
    while at_s < 250:
        at_s += 1 / (2 + at_s / 10)
        due.append({"at_s": at_s})
    rising = check([10 + i / 5 for i in range(240)], requests=due)
    assert (rising.outcome, rising.reason) == (Outcome.INCONCLUSIVE, "grows_with_load")
    steady = check([10 + i / 5 for i in range(240)], requests=[{"at_s": i / 5} for i in range(1250)])
    assert steady.reason == "leaks"
    lost = [{"at_s": i / 5, "took_ms": 5 if i % 10 else None} for i in range(1250)]
    assert check([10 + i / 5 for i in range(240)], requests=lost).reason == "leaks", "none waits beyond its time-out"


TWICE = ((60, 80), (150, 170))


def steps(*levels: float) -> list[float]:
    """Before, between and after the two faults, with as many again while one is on."""
    return [*flat(60, levels[0]), *flat(20, 90), *flat(70, levels[1]), *flat(20, 90), *flat(90, levels[2])]


def test_what_is_held_while_a_fault_is_on_and_given_back_is_no_leak() -> None:
    assert check(steps(20, 20, 20), faults=TWICE).outcome is Outcome.PASSED
    assert check(steps(20, 21, 20), faults=TWICE).outcome is Outcome.PASSED


def test_what_rises_with_each_fault_and_does_not_fall_back_is_open_and_told() -> None:
    found = check(steps(20, 40, 60), faults=TWICE)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_given_back")
    assert (
        "it rose with each fault and did not fall back (20, 40, 60 connections): 2 more such faults would meet"
        in found.because
    )
    once = check(steps(20, 40, 40), faults=TWICE)
    assert (once.outcome, once.reason) == (Outcome.INCONCLUSIVE, "not_given_back")
    assert "it rose with a fault and did not fall back (20, 40 connections)" in once.because
    assert check(steps(20, 40, 20), faults=TWICE).outcome is Outcome.PASSED, "given back later"


def test_connections_that_the_other_side_closed_and_that_stay_with_each_fault_are_a_leak() -> None:
    found = check(steps(20, 40, 60), unclosed=steps(0, 25, 50), faults=TWICE)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "leaks")
    assert "with each fault more connections stay open that the other side has closed (0, 25, 50)" in found.because
    once = check(steps(20, 40, 40), unclosed=steps(0, 25, 25), faults=TWICE)
    assert once.outcome is Outcome.INCONCLUSIVE
    idle = check(steps(20, 20, 20), unclosed=steps(0, 8, 15), faults=TWICE)
    assert idle.outcome is Outcome.PASSED, "a pool that was open before keeps what a fault closed"
    closed = check(steps(20, 40, 20), unclosed=steps(0, 25, 0), faults=TWICE)
    assert closed.outcome is Outcome.PASSED


def test_connections_left_unclosed_more_and_more_need_not_double() -> None:
    counts = [60 + i / 8 for i in range(240)]
    assert check(counts, most=120).reason == "may_be_pool"
    assert check(counts, most=120, unclosed=[i / 8 for i in range(240)]).reason == "leaks"


def test_growth_under_a_fault_alone_decides_nothing_and_under_a_bad_release_it_does() -> None:
    piles_up = [10 + i / 5 for i in range(240)]
    found = check(piles_up, faults=((5, 230),))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "too_few")
    assert check(piles_up, faults=((5, 230),), kind="bad_release").reason == "leaks"


def test_how_many_samples_were_left_out_and_why_is_told() -> None:
    found = check(flat(240, 20), faults=((5, 200),))
    timeout = 10
    said = (
        f"{240 - 200 - timeout} samples while no fault was on: too few ({195 + timeout} while a fault was on or settled"
    )
    assert said in found.because
    assert "and 5 in calm stretches of fewer than 15 left out)" in found.because
    assert "left out" not in str(check(flat(240, 20)))
    assert "while a fault was on or settled" in dict(check(flat(240, 20), faults=((100, 110),)).details)["window"]


def test_a_leak_between_faults_is_found_whatever_faults_did() -> None:
    counts = [one + i / 2 for i, one in enumerate(steps(10, 10, 10))]
    assert check(counts, most=300, faults=TWICE).reason == "leaks"


def test_what_a_fault_left_behind_must_have_been_seen_for_a_pass() -> None:
    late = check(flat(240, 20), faults=((200, 225),))
    assert (late.outcome, late.reason) == (Outcome.INCONCLUSIVE, "too_few")
    early = check(flat(240, 20), faults=((5, 20),))
    assert early.reason == "too_few"
    killed = check([*flat(100, 20), *flat(140, 20)], faults=((100, 110),), restart_s=103.0)
    assert killed.outcome is Outcome.PASSED, "a process that ended in the fault holds nothing any more"


def test_a_container_has_its_own_limit_of_threads_and_of_connections_none() -> None:
    grows = [12 + i for i in range(240)]
    assert check(grows, of="threads", most=None, limit=400).reason == "leaks"
    assert check(flat(240, 401), of="threads", most=None, limit=401).reason == "full"
    assert check(flat(240, 20), of="threads", most=None).reason == "no_limit"
    with pytest.raises(ValueError, match="connections have no limit of their own"):
        Leak(service="api", of="connections", horizon_s="1h")  # type: ignore[arg-type]


def test_a_metric_tells_handles_and_no_service_does() -> None:
    asked = Leak(metric="fds", of="handles", limit=1024, horizon_s="1h")  # type: ignore[arg-type]
    assert asked.check(evidence([100 + i for i in range(240)])).reason == "leaks"
    assert asked.check(evidence(flat(240, 100))).outcome is Outcome.PASSED
    with pytest.raises(ValueError, match="name a `metric`"):
        Leak(service="api", of="handles", limit=1024, horizon_s="1h")  # type: ignore[arg-type]


def test_a_limit_has_a_unit_for_memory_alone() -> None:
    with pytest.raises(ValueError, match="a size must have a unit"):
        Leak(service="api", limit=100, horizon_s="1h")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a number above 0 without a unit"):
        Leak(service="api", of="threads", limit="100MiB", horizon_s="1h")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`toward` is for the connections"):
        Leak(service="api", of="threads", toward="db", limit=100, horizon_s="1h")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`collected` is for memory"):
        Leak(service="api", of="threads", collected=True, horizon_s="1h")  # type: ignore[arg-type]


def test_claims_about_other_things_of_one_service_have_other_names() -> None:
    threads = Leak(service="api", of="threads", horizon_s="1h")  # type: ignore[arg-type]
    toward = Leak(service="api", of="connections", toward="db", limit=9, horizon_s="1h")  # type: ignore[arg-type]
    assert (threads.about(), toward.about()) == ("api-threads", "api-connections-db")
    assert "no service" in Leak(service="pai", of="threads", horizon_s="1h").undecidable(  # type: ignore[arg-type]
        Reach(90, 100, 10, services=("api",))
    )


def test_what_was_not_looked_at_is_open_and_says_why() -> None:
    seen = evidence(flat(240, 20))
    blind = f.Blinded(probe="held", target="the connections of api", error="the lookout is gone", seen_s=100.0)
    facts = [one for one in seen.journal.facts if not isinstance(one, f.Looked)]
    found = Leak(service="api", of="connections", limit=100, horizon_s="1h").check(  # type: ignore[arg-type]
        replace(seen, journal=journal_of(*facts, blind))
    )
    assert found.reason == "not_watched"
    assert "the connections of api could not be looked at all the time: the lookout is gone" in found.because


@pytest.mark.parametrize("of", ["connections", "threads"])
def test_the_probe_reads_the_service_and_says_that_it_looked(of: str) -> None:
    probe = HeldProbe(f.Holding("api", of))
    seen, looked = probe.look(FakeWorld().world)
    assert isinstance(seen, f.HeldSeen)
    assert (seen.service, seen.container, seen.of) == ("api", "api-1", of)
    assert looked == f.Looked(probe="held", target=f"the {of} of api")
    assert (probe.gap_s, probe.lag_s) == (GAP_S, LAG_S)
