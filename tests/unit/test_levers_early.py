"""A rollback in the middle of a rolling deployment: it leaves off, and what cannot is waited for, with a deadline."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_levers import HUMAN, RUNBOOK, back, play, world

from harness.facts import (
    Deployed,
    Injected,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    Mended,
    Paged,
)
from harness.fakeworld import FakeWorld
from harness.verdict import Outcome

UNCUT = "./deploy.sh is under way, and drill does not know its steps"


def rolling(step_s: float = 4.0, replicas: int = 4) -> FakeWorld:
    """Each replica takes so long to get the release; the page comes 5 s after the first had it."""
    made = world(replicas)
    made.releases.step_s = step_s
    return made


def test_a_page_in_the_middle_of_a_deployment_makes_it_leave_off_and_the_rollback_begins_then(tmp_path: Path) -> None:
    fake = rolling()
    journal, verdict = play(fake, tmp_path)
    (page,), (pulled,), (held,), (out,) = (journal.of(kind) for kind in (Paged, LeverPulled, LeverHeld, Injected))
    assert pulled.seen_s - page.seen_s < 0.3, "it is decided when the page comes"
    assert (held.fault, held.why) == (out.fault, "")
    assert out.seen_s - held.seen_s < 4.0, "after the step that was under way"
    assert len([name for name, image in out.readback.items() if "bad" in image]) == 3, "the fourth was never begun"
    (ended,) = journal.of(LeverEnded)
    assert out.seen_s <= ended.begun_s < out.seen_s + 0.3
    assert [(d.by, d.replicas) for d in journal.of(Deployed)] == [("harness", 3), ("rollback", 4)]
    found = back(verdict)
    assert found.outcome is Outcome.PASSED, found.because
    assert "the deployment left off" in found.because
    assert held.cite in found.cites


def test_a_rollback_that_leaves_the_half_that_was_out_is_found_out(tmp_path: Path) -> None:
    fake = rolling()
    fake.commands.deed = lambda: fake.releases.rolled_back("api", replicas=1)
    _, verdict = play(fake, tmp_path)
    assert back(verdict).reason == "said_done_but_still_serving"
    assert "api-2" in back(verdict).because
    assert "api-4" not in back(verdict).because, "it never had the release"
    assert fake.still_on() == ()


def test_a_person_is_asked_while_the_release_goes_out_and_a_yes_makes_it_leave_off(tmp_path: Path) -> None:
    fake = rolling()
    fake.people.present = True
    came = play(rolling(), tmp_path)[0].first(Paged)
    assert came is not None
    fake.people.says = {came.seen_s + 1.0: "yes"}
    journal, verdict = play(fake, tmp_path, HUMAN)
    (asked,), (held,), (out,) = journal.of(LeverAsked), journal.of(LeverHeld), journal.of(Injected)
    assert asked.seen_s < held.seen_s < out.seen_s
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because


def test_a_deployment_that_cannot_leave_off_is_waited_for_and_the_finding_says_why(tmp_path: Path) -> None:
    fake = rolling()
    fake.releases.uncut = UNCUT
    journal, verdict = play(fake, tmp_path)
    (held,), (out,), (ended,) = journal.of(LeverHeld), journal.of(Injected), journal.of(LeverEnded)
    assert held.why == UNCUT
    assert out.readback == {f"api-{number}": "api:bad" for number in range(1, 5)}
    assert ended.begun_s >= out.seen_s
    assert ended.exit_code == 0
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because
    assert f"and the rollback waited for that: {UNCUT}" in back(verdict).because


def test_a_lever_waits_no_longer_than_its_deadline_which_is_nobodys_failure(tmp_path: Path) -> None:
    fake = rolling()
    fake.releases.uncut = UNCUT
    journal, verdict = play(fake, tmp_path, RUNBOOK.replace("timeout: 20s", "timeout: 3s"))
    (pulled,), (ended,) = journal.of(LeverPulled), journal.of(LeverEnded)
    assert ended.exit_code is None
    assert ended.detail == "was not started: the release still went out 3 s after the lever was pulled"
    assert ended.seen_s - pulled.seen_s == pytest.approx(3.0, abs=0.3)
    assert not fake.commands.started
    assert (back(verdict).outcome, back(verdict).reason) == (Outcome.INCONCLUSIVE, "held_back"), back(verdict).because
    assert fake.still_on() == ()


def test_a_run_that_is_ended_while_a_lever_waits_starts_nothing_and_leaves_nothing_out(tmp_path: Path) -> None:
    fake = rolling()
    fake.releases.uncut = UNCUT
    held = play(rolling(), tmp_path)[0].first(LeverHeld)
    assert held is not None
    journal, verdict = play(fake, tmp_path, halt_s=held.seen_s + 0.5)
    (ended,) = journal.of(LeverEnded)
    assert ended.detail.startswith("was not started: the run was ended")
    assert not fake.commands.started
    assert journal.of(Mended)
    assert fake.still_on() == ()
    assert verdict.exit_code == 130
