"""The end state in whole drills on the fake world: what a rollback leaves behind is found, and told by its own reason."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from calibration import left_behind
from calibration.left_behind import CLAIM, LEFT_BEHIND, FakeStack, Played

from harness.expectations.state_evidence import found_in
from harness.facts import StateRead, StateSettled
from harness.journal import Journal
from harness.verdict import Finding, Outcome


def test_a_stack_that_is_rolled_back_whole_is_as_before(tmp_path: Path) -> None:
    played = Played(tmp_path, meanwhile=lambda stack: stack.parts["orders"].append({"id": "o2"}))
    found = played.finding()
    assert found.outcome is Outcome.PASSED, found.because
    assert (
        found.because
        == "as before the load: containers (4 containers), schema (2 rows), waiting (0 rows), parked (0 rows)"
    )
    assert ("not compared", "orders: 1 row, then 2") in found.details
    readings = [(one.part, one.reading) for one in played.record.journal().of(StateRead)]
    assert readings.count(("containers", "left")) == readings.count(("schema", "left")) == 1
    assert ("orders", "left") not in readings
    assert {reading for _, reading in readings} == {"before", "left", "first", "second"}


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_is_left_behind_is_found_by_its_own_reason(tmp_path: Path, name: str) -> None:
    plant, reason, says = LEFT_BEHIND[name]
    found = Played(tmp_path, meanwhile=plant).finding()
    assert (found.outcome, found.reason) == (Outcome.FAILED, reason), found.because
    assert found.because.startswith(f"1 thing is not as before the load: {says} was "), found.because
    assert found.census
    assert len(found.cites) == 2


def test_two_things_are_both_told_the_worse_first(tmp_path: Path) -> None:
    def both(stack: FakeStack) -> None:
        LEFT_BEHIND["dead letters are left"][0](stack)
        LEFT_BEHIND["the new setting stays"][0](stack)

    found = Played(tmp_path, meanwhile=both).finding()
    assert found.reason == "config_differs"
    assert found.because.startswith("2 things are not as before the load: api.environment.PAYMENT_URL was ")
    assert "; parked was 0 rows, is 14 rows, only here: {" in found.because


def test_our_own_putting_back_does_not_hide_that_nobody_rolled_back(tmp_path: Path) -> None:
    found = Played(tmp_path, rolls_back=False).finding()
    assert (found.outcome, found.reason) == (Outcome.FAILED, "image_differs")
    assert "when release was over; we have put it back since" in found.because


SCHEMA = CLAIM.replace("{", "{only: [schema], ")


def test_what_was_as_before_when_its_phase_was_over_is_so_whoever_puts_the_release_back_then(tmp_path: Path) -> None:
    found = Played(tmp_path, rolls_back=False, claim=SCHEMA).finding()
    assert found.outcome is Outcome.PASSED, found.because


@pytest.mark.parametrize("containers", [True, False])
def test_what_is_as_before_only_since_we_put_the_release_back_proves_no_rollback(
    tmp_path: Path, containers: bool
) -> None:
    """A flag, say: no container tells of it, so that our own restore runs in any case. Beside a target there are none to tell."""
    plant = LEFT_BEHIND["a column has another type"][0]
    played = Played(tmp_path, rolls_back=False, claim=SCHEMA, containers=containers, meanwhile=plant)
    restore, good = played.world.releases.restore, list(played.stack.parts["schema"])

    def put_back(holder: str) -> str:
        played.stack.parts["schema"] = good
        return restore(holder)

    played.world.releases.restore = put_back  # type: ignore[method-assign]
    found = played.finding()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "put_back"), found.because
    if containers:
        assert "when release was over; it is as before since we put back the good release of api" in found.because


def test_beside_a_target_the_declared_parts_are_read_and_nothing_is_asked_of_containers(tmp_path: Path) -> None:
    played = Played(tmp_path, claim=SCHEMA, containers=False)
    found = played.finding()
    assert (found.outcome, found.because) == (Outcome.PASSED, "as before the load: schema (2 rows)")
    assert {one.part for one in played.record.journal().of(StateRead)} == {"schema", "waiting", "parked", "orders"}


def test_beside_a_target_what_a_rollback_leaves_behind_is_found(tmp_path: Path) -> None:
    plant, reason, _ = LEFT_BEHIND["a column has another type"]
    found = Played(tmp_path, claim=SCHEMA, containers=False, meanwhile=plant).finding()
    assert (found.outcome, found.reason) == (Outcome.FAILED, reason), found.because


@pytest.mark.parametrize(("blind", "reason"), [(True, "not_read"), (False, "put_back")])
def test_what_was_not_read_before_we_put_the_release_back_proves_no_rollback(
    tmp_path: Path, blind: bool, reason: str
) -> None:
    """`blind`: it could not be read then; else the journal is of a run that did not read it then."""
    played = Played(tmp_path, rolls_back=False, claim=SCHEMA)
    played.run()
    facts = [
        dataclasses.replace(fact, error="no answer", held=(), rows=0) if blind else None
        for fact in played.record.journal().of(StateRead, part="schema", reading="left")
    ]
    assert len(facts) == 1
    told = [
        new
        for fact in played.record.journal().facts
        if (
            new := facts[0] if isinstance(fact, StateRead) and (fact.part, fact.reading) == ("schema", "left") else fact
        )
    ]
    (doubt,) = found_in(Journal(told), {i.id: i.fault for i in played.plan.injections}, ["schema"]).doubts
    assert (doubt.part, doubt.reason) == ("schema", reason)


def test_a_run_that_is_ended_early_is_not_read_and_never_passes(tmp_path: Path) -> None:
    played = Played(tmp_path, halt_s=20.0)
    found = played.finding()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_read")
    assert found.because == "the run ended before the state was read: cut short (signal)"
    (settled,) = played.record.journal().of(StateSettled)
    assert settled.unplayed == ("release",)


def test_a_queue_that_drains_late_is_waited_for(tmp_path: Path) -> None:
    played = Played(tmp_path, meanwhile=lambda stack: stack.parts["waiting"].append({"id": "w"}))
    played.world.clock.at(100.0, played.stack.parts["waiting"].clear)
    found = played.finding()
    assert found.outcome is Outcome.PASSED, found.because
    assert 100 < played.world.clock.now_s() < 112


def test_what_still_changes_at_the_end_is_told_as_such(tmp_path: Path) -> None:
    played = Played(tmp_path)

    def grows(what: str) -> None:
        if what == "waiting" and played.world.clock.now_s() > 30:
            played.stack.parts["waiting"].append({"id": f"w{played.stack.reads}"})

    played.stack.before_read = grows
    found = played.finding()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "unsettled")
    assert re.match(r"waiting still changed after 6\d s of waiting: waiting was \d+ rows, then \d+ rows", found.because)


def test_a_part_that_cannot_be_read_is_open_and_hides_no_difference_elsewhere(tmp_path: Path) -> None:
    def lost(stack: FakeStack) -> None:
        del stack.parts["schema"]

    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    found = Played(folders[0], meanwhile=lost).finding()
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "not_read")
    assert "schema could not be read when all was over: schema does not answer" in found.because

    def both(stack: FakeStack) -> None:
        lost(stack)
        LEFT_BEHIND["dead letters are left"][0](stack)

    assert Played(folders[1], meanwhile=both).finding().reason == "more_rows"


def test_a_mounted_file_that_cannot_be_read_is_open_unless_it_is_ignored(tmp_path: Path) -> None:
    for number, (claim, outcome) in enumerate(
        ((CLAIM, Outcome.INCONCLUSIVE), ('{id: restored, ignore: ["*.files./etc/app.yaml"]}', Outcome.PASSED))
    ):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        played = Played(folder, claim=claim)
        played.stack.file = None
        found = played.finding()
        assert found.outcome is outcome, found.because


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("{id: restored, ignore: [api.restarts]}", "a container was restarted"),
        ('{id: restored, ignore: ["*.environment.POWER*"]}', "a flag stays set"),
        ("{id: restored, services: [api]}", "the database has ended"),
        ("{id: restored, only: [schema]}", "dead letters are left"),
        ("{id: restored, ignore: [parked]}", "dead letters are left"),
    ],
)
def test_what_may_differ_is_not_held_against_it(tmp_path: Path, claim: str, name: str) -> None:
    found = Played(tmp_path, claim=claim, meanwhile=LEFT_BEHIND[name][0]).finding()
    assert found.outcome is Outcome.PASSED, found.because


def test_of_the_environment_a_flag_is_told_and_no_secret_kept(tmp_path: Path) -> None:
    played = Played(tmp_path, meanwhile=LEFT_BEHIND["a flag stays set"][0])
    found = played.finding()
    texts = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    assert texts
    assert not any("s3cret" in text or "http://pay" in text for text in texts)
    assert "api.environment.POWER_PEG was not there, is on" in found.because
    row = json.loads(played.record.journal().of(StateRead, part="containers")[0].held[0])
    assert row["environment"].keys() == {"PAYMENT_URL", "DB_PASSWORD"}
    assert row["environment"]["DB_PASSWORD"].startswith("#")


@pytest.fixture
def in_redis(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Dead letters are kept in a list of Redis, of which the drill says what is given; without rows it is not there."""

    def kept(says: str) -> None:
        part = f"parked: {{{says}redis: {{service: db, list: parked}}}}"
        drill = left_behind.DRILL.replace("parked: {at_most: 0, command: {run: [parked]}}", part)
        assert part in drill
        monkeypatch.setattr(left_behind, "DRILL", drill)

    return kept


def played_in_redis(folder: Path, letters: Mapping[float, int] = {}, claim: str = CLAIM) -> Finding:
    """`letters` are how many dead ones there are from then on; those at 0 were there before the run."""
    folder.mkdir(exist_ok=True)
    played = Played(folder, claim=claim)

    def are(count: int) -> None:
        played.stack.parts["list parked"] = [{"id": f"{number}"} for number in range(count)]

    are(letters.get(0.0, 0))
    for at_s, count in letters.items():
        played.world.clock.at(at_s, partial(are, count))
    return played.finding()


@pytest.mark.parametrize("says", ["", "at_most: 0, ", "margin: 3, "])
def test_a_name_that_was_empty_at_every_look_may_be_misspelt(
    tmp_path: Path, in_redis: Callable[[str], None], says: str
) -> None:
    in_redis(says)
    found = played_in_redis(tmp_path)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "only_empty")
    assert found.because.startswith("parked was empty at every look")
    assert "may_be_empty" in found.decide


def test_dead_letters_that_nobody_has_pass_where_the_drill_says_that_the_name_is_right(
    tmp_path: Path, in_redis: Callable[[str], None]
) -> None:
    in_redis("at_most: 0, may_be_empty: true, ")
    found = played_in_redis(tmp_path)
    assert found.outcome is Outcome.PASSED, found.because
    assert "parked (0 rows at every look)" in found.because


def test_a_look_that_found_something_proves_the_name(tmp_path: Path, in_redis: Callable[[str], None]) -> None:
    """Before the load, and while it was waited for at the end."""
    in_redis("at_most: 0, ")
    for number, letters in enumerate(({0.0: 1, 20.0: 0}, {20.0: 1, 100.0: 0})):
        found = played_in_redis(tmp_path / f"{number}", letters)
        assert found.outcome is Outcome.PASSED, found.because
        assert "parked (0 rows)" in found.because


def test_a_name_that_is_not_proven_hides_no_difference_and_is_no_matter_where_it_is_ignored(
    tmp_path: Path, in_redis: Callable[[str], None]
) -> None:
    in_redis("")
    assert played_in_redis(tmp_path / "one", {50.0: 2}).reason == "more_rows"
    found = played_in_redis(tmp_path / "two", claim="{id: restored, ignore: [parked]}")
    assert found.outcome is Outcome.PASSED, found.because
