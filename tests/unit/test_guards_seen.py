"""Guards on alerts, container deaths, goodput and this machine: what trips, with its value, limit and since when; blind is not safe."""

from __future__ import annotations

import pytest

from harness import facts as f
from harness.document import verdict_doc
from harness.drill.guards import STANDING, AnyGuard, guard
from harness.ending import ending_of
from harness.ledger import NO_ROWS, Rows, rows_of
from harness.run.guards import Guards
from harness.run.stop import Stopped
from harness.stats.goodput import goodput_per_s
from harness.testing import journal_of
from harness.verdict import Verdict

BEGAN_S = 10.0


def looks(probe: str, until_s: float) -> list[f.Fact]:
    return [f.Looked(probe=probe, seen_s=float(at_s)) for at_s in range(int(until_s) + 1)]


def asked(
    guards: tuple[AnyGuard, ...], facts: list[f.Fact], now_s: float, rows: Rows = NO_ROWS
) -> f.GuardTripped | None:
    """What trips at now_s, of what was heard until then."""
    watch = Guards(guards)
    for fact in sorted(facts, key=lambda fact: fact.seen_s):
        if fact.seen_s <= now_s:
            watch.hear(fact)
    try:
        watch.check(rows, BEGAN_S, now_s)
    except Stopped as stopped:
        fact = stopped.fact
    else:
        return None
    assert isinstance(fact, f.GuardTripped)
    return fact


def alert(state: str, at_s: float, name: str = "Slow") -> f.AlertChanged:
    return f.AlertChanged(alert=name, state=state, labels={"severity": "page"}, happened_s=at_s, seen_s=at_s + 0.2)


@pytest.mark.parametrize(
    ("text", "facts", "now_s", "trips"),
    [
        ("alert Slow", [alert("firing", 20)], 21, True),
        ("alert Slow", [alert("pending", 20)], 21, False),
        ("alert Slow for 5s", [alert("firing", 20)], 24, False),
        ("alert Slow for 5s", [alert("firing", 20)], 26, True),
        ("alert Slow for 5s", [alert("firing", 20), alert("inactive", 23), alert("firing", 26)], 29, False),
        ("alert Slow", [alert("firing", 20), alert("inactive", 20.5)], 22, True),
        ("alert Slow", [alert("firing", 5), alert("inactive", 8)], 22, False),
        ("alert Slow for 5s", [alert("firing", 2)], 13, False),
        ("alert Slow for 5s", [alert("firing", 2)], 16, True),
        ("alert Slow", [alert("firing", 20, "Watchdog")], 21, False),
        ("any alert except Watchdog", [alert("firing", 20, "Watchdog")], 21, False),
        ('alert "[P1] Slow"', [alert("firing", 20, "[P1] Slow")], 21, True),
        ('any alert except "[P1] Slow"', [alert("firing", 20, "[P1] Slow")], 21, False),
        ("any alert except Watchdog", [alert("firing", 20, "Other")], 21, True),
    ],
)
def test_an_alert_trips_when_it_has_fired_for_its_time(
    text: str, facts: list[f.Fact], now_s: float, trips: bool
) -> None:
    found = asked((guard(text),), [*facts, *looks("alerts", now_s)], now_s)
    assert bool(found) == trips
    if found is not None:
        assert found.guard == text
        assert found.since_s in (20, 2)
        assert 'severity="page"' in found.detail


@pytest.mark.parametrize(
    ("text", "probe", "what"),
    [
        ("any alert", "alerts", "Prometheus' alerts"),
        ("any container_died", "containers", "Docker's containers"),
        ("host cpu > 95%", "host", "this machine's cpu"),
    ],
)
def test_what_cannot_be_looked_at_trips_after_its_time(text: str, probe: str, what: str) -> None:
    facts = looks(probe, 20) if probe != "host" else [f.HostSeen(cpu_ratio=0.1, seen_s=20.0)]
    assert asked((guard(text),), facts, 34) is None
    blind = asked((guard(text),), facts, 36)
    assert blind is not None
    assert blind.blind
    assert f"{what} could not be looked at for 16 s, since 20.0 s; blind is not safe" in blind.detail
    assert (blind.value, blind.limit, blind.since_s) == ("blind for 16 s", "blind for 15s", 20)
    never = asked((guard(text),), [], 26)
    assert never is not None
    assert never.since_s == BEGAN_S


def died(at_s: float, service: str = "api", code: int | None = 137, number: int = 1) -> f.ContainerChanged:
    return f.ContainerChanged(
        service=service,
        container=f"{service}-{number}",
        event="die",
        exit_code=code,
        happened_s=at_s,
        seen_s=at_s + 0.3,
    )


def hurt(target: str, from_s: float, until_s: float = 0, aimed: tuple[str, ...] = ()) -> list[f.Fact]:
    facts: list[f.Fact] = [f.Injecting(fault="p/kill", kind="kill", target=target, planned_s=from_s, seen_s=from_s)]
    facts += [f.Aimed(fault="p/kill", containers=aimed, seen_s=from_s)] if aimed else []
    return [*facts, *([f.Mended(fault="p/kill", begun_s=until_s - 1, seen_s=until_s)] if until_s else [])]


LEVER = [
    f.LeverPulled(lever="l", by="runbook", command="./rollback.sh", seen_s=19.0),
    f.LeverEnded(lever="l", begun_s=19.0, exit_code=0, seen_s=24.0),
]


@pytest.mark.parametrize(
    ("text", "facts", "trips"),
    [
        ("any container_died", [died(20)], True),
        ("any container_died", [died(20, code=0)], False),
        ("any container_died", [died(5)], False),
        ("any container_died except api", [died(20)], False),
        ("container_died api", [died(20)], True),
        ("container_died db", [died(20)], False),
        ("any container_died", [died(20), *hurt("api", 19)], False),
        ("any container_died", [died(20), *hurt("worker+api", 19)], False),
        ("any container_died", [died(20), *hurt("api->db", 19)], True),
        ("any container_died", [died(28), *hurt("api", 19, 25)], True),
        ("container_died api", [died(20), *hurt("api", 19)], False),
        ("container_died api", [died(20, number=2), *hurt("api", 19, aimed=("api-1",))], True),
        ("container_died api", [died(20), *hurt("api", 19, aimed=("api-1",))], False),
        ("any container_died", [died(20), *LEVER], False),
        ("any container_died", [died(27), *LEVER], True),
    ],
)
def test_a_death_trips_unless_the_drill_made_it(text: str, facts: list[f.Fact], trips: bool) -> None:
    found = asked((guard(text),), [*facts, *looks("containers", 30)], 30)
    assert bool(found) == trips
    if found is not None:
        assert "died with code 137" in found.detail
        assert "no fault of the drill was on it" in found.detail


def test_a_restart_of_ours_is_no_death_of_the_service_that_was_restarted() -> None:
    """`restore: restart` restarts callers that no fault was on."""
    ours = f.Restarted(phase="p", services=("api",), begun_s=19.0, why="not steady", seen_s=21.0)
    guards = (guard("any container_died"),)
    assert asked(guards, [died(20), ours, *looks("containers", 30)], 30) is None
    assert asked(guards, [died(20, "db"), ours, *looks("containers", 30)], 30) is not None
    assert asked(guards, [died(24), ours, *looks("containers", 30)], 30) is not None


def test_a_sidecar_of_what_is_released_is_made_anew_by_us() -> None:
    home = f.ContainerSeen(service="api", container="api-1", status="running", seen_s=11.0)
    lodger = f.ContainerSeen(service="proxy", container="proxy-1", status="running", network_of="api-1", seen_s=11.0)
    out = f.Injecting(fault="p/bad", kind="bad_release", target="api", planned_s=19.0, seen_s=19.0)
    guards = (guard("any container_died"),)
    assert asked(guards, [home, lodger, out, died(20, "proxy"), *looks("containers", 30)], 30) is None
    assert asked(guards, [home, out, died(20, "proxy"), *looks("containers", 30)], 30) is not None


def test_a_death_that_no_event_told_is_seen_by_a_look() -> None:
    def seen(at_s: float, status: str = "running", restarts: int = 0, code: int = 0) -> f.Fact:
        return f.ContainerSeen(
            service="api", container="api-1", status=status, restarts=restarts, exit_code=code, seen_s=at_s
        )

    guards = (guard("any container_died"),)
    again = asked(guards, [seen(11), seen(20, restarts=2), *looks("containers", 30)], 30)
    assert again is not None
    assert again.value == "was restarted 2 times"
    ended = asked(guards, [seen(11), seen(20, "exited", code=3), *looks("containers", 30)], 30)
    assert ended is not None
    assert ended.value == "ended with code 3"
    assert asked(guards, [seen(11), seen(20, "exited"), *looks("containers", 30)], 30) is None


def host(at_s: float, cpu: float = 0.1, free: int = 50, disk: int = 5_000) -> f.HostSeen:
    return f.HostSeen(
        cpu_ratio=cpu,
        memory_bytes=100,
        memory_free_bytes=free,
        disks={"/runs": (disk * 10**6, 10**10), "/var/lib/docker": (9 * 10**9, 10**10)},
        seen_s=at_s,
    )


@pytest.mark.parametrize(
    ("text", "seen", "value"),
    [
        ("host cpu > 95% for 3s", [host(20.0 + n, cpu=0.97) for n in range(5)], "97%"),
        ("host cpu > 95% for 3s", [host(20.0 + n, cpu=0.5 if n == 3 else 0.97) for n in range(6)], ""),
        ("host cpu > 95%", [host(20.0, cpu=0.97), host(21.0)], ""),
        ("host memory < 5% free", [host(20.0, free=4)], "4% free"),
        ("host memory > 95%", [host(20.0, free=4)], "96% used"),
        ("host memory < 5% free", [host(20.0, free=6)], ""),
        ("host disk < 1GB", [host(20.0, disk=400)], "400MB free"),
        ("host disk > 90%", [host(20.0, disk=400)], "96% used"),
        ("host disk < 1GB", [host(20.0)], ""),
        ("host disk < 1GB", [host(5.0, disk=400), host(20.0)], ""),
    ],
)
def test_the_machine_trips_when_every_look_of_its_time_found_it_short(
    text: str, seen: list[f.Fact], value: str
) -> None:
    found = asked((guard(text),), seen, 25)
    assert (found.value if found else "") == value
    if found is not None:
        assert found.since_s == 20
        assert "see: " in found.detail, "always with the command that tells more"
        assert "host disk" not in text or " at /runs" in found.detail


def test_what_stands_unstated_trips_by_its_limit_and_never_where_it_could_not_look_at_all() -> None:
    assert asked(STANDING, [], 100) is None
    assert asked(STANDING, [f.HostSeen(seen_s=20.0)], 100) is None
    full = asked(STANDING, [host(20.0, disk=400)], 21)
    assert full is not None
    assert full.limit == "< 500MB free"
    gone = asked(STANDING, [host(20.0)], 60)
    assert gone is not None
    assert gone.blind, "it could look, and cannot any more"


def answers(*each: tuple[float, float, str]) -> Rows:
    return rows_of([{"at_s": a, "took_ms": t, "endpoint": "GET /", "outcome": o} for a, t, o in each])


def test_goodput_counts_good_answers_when_they_come() -> None:
    rows = answers(*[(10 + n / 10, 500.0, "ok" if n % 2 else "5xx") for n in range(100)])
    assert goodput_per_s(rows, 12, 18) == pytest.approx(5, abs=0.2)
    assert goodput_per_s(rows, 12, 18, "GET /") == goodput_per_s(rows, 12, 18)
    assert goodput_per_s(rows, 12, 18, "POST /") == 0
    late = answers((10, 9_000.0, "ok"), (11, 1.0, "ok"))
    assert goodput_per_s(late, 18, 20) == 0.5
    assert goodput_per_s(late, 10, 12) == 0.5
    assert goodput_per_s(late, 5, 5) == 0


def test_goodput_trips_over_its_whole_window_alone() -> None:
    rows = answers(*[(10 + n / 10, 5.0, "ok" if n < 50 else "5xx") for n in range(150)])
    guards = (guard("goodput < 5/s for 4s"),)
    assert asked(guards, [], 13, rows) is None, "its window is not full yet"
    assert asked(guards, [], 15, rows) is None
    found = asked(guards, [], 19.5, rows)
    assert found is not None
    assert (found.value, found.limit, found.since_s) == ("0/s", "< 5/s", 15.5)


def test_of_looks_only_the_latest_are_kept() -> None:
    watch = Guards((guard("host cpu > 95%"), guard("any container_died")))
    for at_s in range(1000):
        watch.hear(f.HostSeen(cpu_ratio=0.1, seen_s=float(at_s)))
        watch.hear(f.Looked(probe="containers", seen_s=float(at_s)))
        watch.hear(f.Witnessed(edge="a->b", port=1, outcome="answered", seen_s=float(at_s)))
        if at_s > BEGAN_S:
            watch.check(NO_ROWS, BEGAN_S, float(at_s))
    assert len(watch._kept) < 100


def test_the_verdicts_document_says_which_guard_its_value_its_limit_and_since_when() -> None:
    tripped = f.GuardTripped(
        guard="host disk < 1GB free", detail="full", value="0.4GB free", limit="< 1GB free", since_s=20.0, seen_s=20.5
    )
    for facts, said in (((tripped,), "host disk < 1GB free"), ((), None)):
        journal = journal_of(*facts)
        told = verdict_doc(Verdict("d", "r", (), ending=ending_of(journal)), journal, NO_ROWS, {})["ending"]
        assert (told["guard"] or {}).get("guard") == said
    assert {"value": "0.4GB free", "since_s": 20.0, "blind": False}.items() <= verdict_doc(
        Verdict("d", "r", ()), journal_of(tripped), NO_ROWS, {}
    )["ending"]["guard"].items()
