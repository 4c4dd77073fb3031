"""Two states compared: the same ones never differ, and of others exactly what was made different is told; on cut tapes never the opposite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.endstate import CONTAINERS, differences
from harness.expectations.base import Evidence, Steady
from harness.expectations.state_restored import StateRestored
from harness.facts import ContainerChanged, Fact, GuardTripped, Injected, Injecting, Mended, StateRead, StateSettled
from harness.faults.bad_release import BadRelease
from harness.journal import Journal
from harness.ledger import rows_of
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding, Outcome

CLAIMS = (StateRestored(), StateRestored(only=("schema",)), StateRestored(ignore=("*.restarts",), services=("api",)))
SERVICES = ("api", "worker", "db")
Rows = list[dict[str, Any]]


def container(service: str, number: int, **other: Any) -> dict[str, Any]:
    return {
        "service": service,
        "container": f"{service}-{number}",
        "image": f"sha256:{service}",
        "image_name": f"{service}:1",
        "command": "#c0",
        "environment": {"A": "#a0", "B": "#b0"},
        "files": {"/etc/one": "#f0"},
        "health": "running",
        "restarts": 0,
        "unread": {},
        **other,
    }


def read(part: str, reading: str, rows: Sequence[dict[str, Any]], at_s: float = 0.0, **other: Any) -> StateRead:
    held = tuple(json.dumps(row) for row in rows)
    content = " ".join(sorted(held))
    return StateRead(part=part, reading=reading, rows=len(rows), content=content, held=held, seen_s=at_s, **other)


def check(claim: StateRestored, facts: Sequence[Fact], *, over: bool = True, **faults: Any) -> Finding:
    journal = facts if isinstance(facts, Journal) else journal_of(*facts)
    return claim.check(Evidence(journal, rows_of([]), WrittenLogs(), Steady(5.0, ()), over=over, faults=faults))


stacks = st.lists(st.tuples(st.sampled_from(SERVICES), st.integers(0, 3)), min_size=1, max_size=8, unique=True).map(
    lambda names: [container(*name) for name in names]
)
PLANTED = {
    "image": ("image", "sha256:other"),
    "command": ("command", "#c1"),
    "environment.A": ("environment", {"A": "#a1", "B": "#b0"}),
    "environment.NEW": ("environment", {"A": "#a0", "B": "#b0", "NEW": "#n"}),
    "environment.B": ("environment", {"A": "#a0"}),
    "files./etc/one": ("files", {"/etc/one": "#f1"}),
    "health": ("health", "exited with 1"),
    "restarts": ("restarts", 2),
}


@given(stacks, st.randoms())
def test_the_same_containers_in_another_order_do_not_differ(rows: Rows, shuffled: Any) -> None:
    again = list(rows)
    shuffled.shuffle(again)
    assert differences(read(CONTAINERS, "before", rows), read(CONTAINERS, "second", again)) == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(stacks, st.data())
def test_exactly_what_was_made_different_is_told_with_its_container(rows: Rows, data: Any) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    kinds = data.draw(st.sets(st.sampled_from(sorted(set(PLANTED) - {"environment.NEW", "environment.B"})), min_size=1))
    kinds |= data.draw(st.sampled_from((set(), {"environment.NEW"}))) if "environment.A" not in kinds else set()
    changed = {**rows[place], **{PLANTED[kind][0]: PLANTED[kind][1] for kind in kinds}}
    now = [*rows[:place], changed, *rows[place + 1 :]]
    found = differences(read(CONTAINERS, "before", rows), read(CONTAINERS, "second", now))
    assert {one.name for one in found} == {f"{changed['service']}.{kind}" for kind in kinds}
    assert {one.where for one in found} == {changed["container"]}


@given(stacks, st.data())
def test_a_container_that_is_gone_or_new_is_told_as_that_alone(rows: Rows, data: Any) -> None:
    service = data.draw(st.sampled_from([row["service"] for row in rows]))
    more = [*rows, container(service, 9)]
    (left_over,) = differences(read(CONTAINERS, "before", rows), read(CONTAINERS, "second", more))
    (missing,) = differences(read(CONTAINERS, "before", more), read(CONTAINERS, "second", rows))
    assert (left_over.reason, left_over.where) == ("container_left_over", f"{service}-9")
    assert (missing.reason, missing.name) == ("container_missing", f"{service}.containers")


def test_an_environment_variable_that_is_gone_was_there_before() -> None:
    now = container("api", 1, environment={"A": "#a0"})
    (found,) = differences(read(CONTAINERS, "before", [container("api", 1)]), read(CONTAINERS, "second", [now]))
    assert (found.name, found.before, found.after) == ("api.environment.B", "hash b0", "not there")


@pytest.mark.parametrize(
    ("was", "now", "before", "after"),
    [
        ("1 #a1", "2 #a2", "1", "2"),
        (" #a1", "on #a2", "empty", "on"),
        ("good #a1", "#a2", "good", "hash a2"),
        ("[DB_PASSWORD] #a1", "[DB_PASSWORD] #a2", "hash a1", "hash a2"),
    ],
)
def test_a_value_that_is_no_secret_is_told_and_of_another_its_hash(was: str, now: str, before: str, after: str) -> None:
    rows = [[container("api", 1, environment={"A": value})] for value in (was, now)]
    (found,) = differences(read(CONTAINERS, "before", rows[0]), read(CONTAINERS, "second", rows[1]))
    assert (found.name, found.before, found.after) == ("api.environment.A", before, after)


def test_a_container_that_is_better_than_before_is_no_harm() -> None:
    then, now = (container("api", 1, health=health) for health in ("running, starting", "running, healthy"))
    assert not differences(read(CONTAINERS, "before", [then]), read(CONTAINERS, "second", [now]))
    (found,) = differences(read(CONTAINERS, "before", [now]), read(CONTAINERS, "second", [then]))
    assert (found.reason, found.after) == ("health_differs", "running, starting")


def test_an_image_of_another_name_with_the_same_digest_is_the_same_image() -> None:
    now = container("api", 1, image_name="registry/api:stable")
    assert not differences(read(CONTAINERS, "before", [container("api", 1)]), read(CONTAINERS, "second", [now]))


ROWS = st.lists(st.fixed_dictionaries({"id": st.integers(0, 20)}), max_size=12)


@given(ROWS, ROWS)
def test_rows_are_compared_as_a_multiset(then: Rows, now: Rows) -> None:
    found = differences(read("schema", "before", then), read("schema", "second", now))
    same = sorted(row["id"] for row in then) == sorted(row["id"] for row in now)
    assert (not found) == same
    for one in found:
        expected = {"more_rows": len(now) > len(then), "fewer_rows": len(now) < len(then), "rows_differ": True}
        assert expected[one.reason]


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5), st.booleans())
def test_counts_are_held_within_their_bounds(then: int, now: int, bound: int, at_most: bool) -> None:
    limit: dict[str, Any] = {"compare": "count", "at_most" if at_most else "margin": bound}
    rows = [[{"id": number} for number in range(count)] for count in (then, now)]
    found = differences(read("parked", "before", rows[0], **limit), read("parked", "second", rows[1], **limit))
    within = now <= bound if at_most else abs(now - then) <= bound
    assert (not found) == within


def test_a_part_with_more_rows_than_are_held_is_told_by_their_number() -> None:
    before, after = (replace(read("big", "before", [{"id": n} for n in range(n)]), held=()) for n in (900, 901))
    (found,) = differences(before, after)
    assert (found.reason, found.before, found.after) == ("more_rows", "900 rows", "901 rows")


def whole(*last: dict[str, Any]) -> list[Fact]:
    """A run's facts: read before, and twice at the end, when the containers are `last`."""
    then, schema = [container("api", 1), container("db", 1)], [{"id": "orders"}]
    now = list(last) or then
    return [
        read(CONTAINERS, "before", then, 1.0),
        read("schema", "before", schema, 2.0),
        read(CONTAINERS, "first", now, 80.0),
        read("schema", "first", schema, 80.5),
        read(CONTAINERS, "second", now, 86.0),
        read("schema", "second", schema, 86.5),
        StateSettled(quiet=True, waited_s=6.0, seen_s=87.0),
    ]


@cache
def ends() -> tuple[Journal, ...]:
    ill = container("api", 1, restarts=2)
    return journal_of(*whole()), journal_of(*whole(ill, container("db", 1))), journal_of(*whole(ill))


@pytest.mark.parametrize("claim", CLAIMS, ids=repr)
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(claim: StateRestored) -> None:
    for journal in ends():
        final = check(claim, journal)
        for number in range(len(journal.facts)):
            cut = check(claim, Journal(journal.facts[:number]), over=False)
            assert cut.outcome is Outcome.INCONCLUSIVE
            assert cut.reason == "window_open"
            assert check(claim, Journal(journal.facts[:number]), over=True).outcome is Outcome.INCONCLUSIVE
        assert final.outcome is not Outcome.INCONCLUSIVE


@pytest.mark.parametrize("claim", CLAIMS, ids=repr)
def test_without_any_evidence_nothing_passes_and_nothing_fails(claim: StateRestored) -> None:
    found = check(claim, [])
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.decide
    assert check(claim, [StateSettled(quiet=True, waited_s=1.0)]).outcome is Outcome.INCONCLUSIVE
    ended = [
        *whole()[:-1],
        GuardTripped(guard="errors", detail="90%", seen_s=86.8),
        StateSettled(quiet=False, cut="cut short (guard)", seen_s=87.0),
    ]
    assert check(claim, ended).outcome is Outcome.INCONCLUSIVE


def test_what_was_never_read_before_the_load_is_open() -> None:
    facts = [
        fact
        for fact in whole()
        if not (isinstance(fact, StateRead) and (fact.part, fact.reading) == ("schema", "before"))
    ]
    found = check(StateRestored(), facts)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_read")
    assert found.because == "schema was not read before the load"


def test_phases_that_were_never_begun_leave_it_open_and_a_difference_fails_all_the_same() -> None:
    last = StateSettled(quiet=True, waited_s=6.0, unplayed=("second",), seen_s=87.0)
    assert check(StateRestored(), [*whole()[:-1], last]).because == "the run ended before second began"
    ill = container("api", 1, restarts=2)
    assert check(StateRestored(), [*whole(ill, container("db", 1))[:-1], last]).reason == "restarted"


def test_what_still_changed_is_named_in_whichever_direction() -> None:
    better = container("api", 1)
    for one, other, told in (
        ({"command": "#c1"}, {"command": "#c2"}, "api.command was hash c1, then hash c2"),
        ({"health": "exited with 1"}, {}, "api.health was exited with 1, then running"),
    ):
        readings = [("before", better), ("first", better | one), ("second", better | other)]
        facts = [read("containers", name, [row], at_s) for at_s, (name, row) in enumerate(readings, 80)]
        found = check(StateRestored(), [*facts, StateSettled(quiet=False, waited_s=66.0, seen_s=87.0)])
        assert found.because == f"containers still changed after 66 s of waiting: {told}"


def test_a_part_that_may_grow_alone_proves_nothing() -> None:
    facts = [
        replace(fact, compare="grows") if isinstance(fact, StateRead) and fact.part == "schema" else fact
        for fact in whole()
    ]
    found = check(StateRestored(only=("schema",)), facts)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "only listed" in found.because


def test_a_release_that_never_came_out_was_not_put_back_by_us(tmp_path: Path) -> None:
    left = read(CONTAINERS, "left", [container("api", 1, image="sha256:odd")], 40.0, phase="release")
    fault = BadRelease(id="f", service="api", image="api:bad")
    assert check(StateRestored(), [*whole(), left], f=fault).outcome is Outcome.PASSED


def test_a_service_whose_name_has_a_dot_is_told_by_all_of_it(tmp_path: Path) -> None:
    was, now = ([container("api.v1", 1, image=image), container("db", 1)] for image in ("sha256:a", "sha256:b"))
    facts: list[Fact] = [
        read(CONTAINERS, "before", was, 1.0),
        read(CONTAINERS, "first", now, 80.0),
        read(CONTAINERS, "second", now, 86.0),
        StateSettled(quiet=True, waited_s=6.0, seen_s=87.0),
    ]
    assert check(StateRestored(services=("api.v1",)), facts).reason == "image_differs"
    back: list[Fact] = [
        read(CONTAINERS, "before", was, 1.0),
        Injected(fault="f", begun_s=2.0, seen_s=2.0),
        read(CONTAINERS, "left", now, 40.0, phase="release"),
        Mended(fault="f", begun_s=41.0, why="plan", seen_s=42.0),
        read(CONTAINERS, "first", was, 80.0),
        read(CONTAINERS, "second", was, 86.0),
        StateSettled(quiet=True, waited_s=6.0, seen_s=87.0),
    ]
    found = check(StateRestored(), back, f=BadRelease(id="f", service="api.v1", image="api:bad"))
    assert (found.outcome, found.reason) == (Outcome.FAILED, "image_differs")


@pytest.mark.parametrize("late", [True, False])
def test_a_mounted_file_that_could_be_read_once_only_is_not_known_to_be_other(late: bool) -> None:
    unread = container("api", 1, files={}, unread={"/etc/one": "Docker did not answer"})
    was, now = ([container("api", 1)], [unread]) if late else ([unread], [container("api", 1)])
    facts: list[Fact] = [
        read(CONTAINERS, "before", was, 1.0),
        read(CONTAINERS, "first", now, 80.0),
        read(CONTAINERS, "second", now, 86.0),
        StateSettled(quiet=True, waited_s=6.0, seen_s=87.0),
    ]
    found = check(StateRestored(), facts)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_read")
    two = [
        container("api", n, files={"/etc/one": "#f1"} if n == 1 else {}, unread={} if n == 1 else {"/etc/one": "?"})
        for n in (1, 2)
    ]
    (sure,) = differences(
        read(CONTAINERS, "before", [container("api", 1), container("api", 2)]), read(CONTAINERS, "second", two)
    )
    assert (sure.name, sure.where) == ("api.files./etc/one", "api-1")


def test_what_a_claim_names_and_nobody_read_never_passes() -> None:
    for claim, reason in (
        (StateRestored(services=("worker",)), "no_evidence"),
        (StateRestored(services=("api", "worker-*")), "no_evidence"),
        (StateRestored(only=("schema", "flags")), "not_read"),
    ):
        found = check(claim, whole())
        assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, reason), claim
    assert check(StateRestored(only=("schema",), services=("worker",)), whole()).outcome is Outcome.PASSED


# --- jobs -------------------------------------------------------------------------------------------------------------


def job(*facts: Fact, was: str = "running", now: str = "exited with 0", restart: str = "no") -> Finding:
    """What is said of a stack in which a job was at work before the load, and has ended since."""
    api, then = container("api", 1), container("seed", 1, health=was, restart=restart)
    ended = container("seed", 1, health=now, restart=restart)
    before, first, second = (
        read(CONTAINERS, reading, rows, at_s, compare="same")
        for reading, rows, at_s in (
            ("before", [api, then], 1),
            ("first", [api, ended], 90),
            ("second", [api, ended], 96),
        )
    )
    settled = StateSettled(quiet=True, waited_s=6.0, seen_s=97)
    return check(StateRestored(), [before, *facts, first, second, settled])


def fault(target: str, kind: str = "down") -> Fact:
    return Injecting(fault="one", kind=kind, target=target, planned_s=30, seen_s=30)


def died(at_s: float) -> Fact:
    return ContainerChanged(service="seed", container="seed-1", event="die", exit_code=0, seen_s=at_s)


def test_a_job_that_is_done_is_no_difference() -> None:
    assert job().outcome is Outcome.PASSED
    assert job(was="created", restart="on-failure").outcome is Outcome.PASSED
    assert job(died(20), fault("api->db")).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "worse",
    [{"now": "exited with 1"}, {"was": "running, healthy"}, {"restart": "always"}, {"restart": "unless-stopped"}],
)
def test_what_ended_badly_or_was_no_job_is_one(worse: dict[str, str]) -> None:
    found = job(**worse)
    assert (found.outcome, found.reason) == (Outcome.FAILED, "health_differs")


@pytest.mark.parametrize("by", [fault("seed->db"), fault("seed"), fault("", "command")])
def test_a_container_that_a_fault_aimed_at_has_not_ended_by_itself(by: Fact) -> None:
    assert job(died(20), by).reason == "health_differs"
    assert job(died(20), by).outcome is Outcome.FAILED


@pytest.mark.parametrize("facts", [(fault("api->db"),), (fault("db"), died(40))])
def test_a_server_that_ends_well_when_its_dependency_is_gone_is_never_passed(facts: tuple[Fact, ...]) -> None:
    found = job(*facts)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "health_differs")
    assert "seed-1 was running and ended with 0 when faults had begun" in found.because
