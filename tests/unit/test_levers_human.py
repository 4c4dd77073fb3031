"""A person called on the fake world: at the run's terminal, or beside it with records of their own; all of it judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_levers import HUMAN, back, play, world

from harness import chain
from harness.facts import (
    Acknowledged,
    Executed,
    Executing,
    Fact,
    LeverAnswered,
    LeverAsked,
    LeverPulled,
    Noted,
    Sealed,
)
from harness.fakeworld import FakeWorld
from harness.journal_writer import Writer
from harness.verdict import Finding, Outcome, Verdict

ON_CALL = "{acknowledged: 8s, diagnosed: 12s, mitigations: [rollback.sh], id: people}"
BOTH = f"{HUMAN}}}, {{on_call: {ON_CALL}"
BY_HAND = BOTH.replace("command: [./rollback.sh], ", "")
"""Two claims where the drill of test_levers has one."""


def people(verdict: Verdict) -> Finding:
    (found,) = [judged.finding for judged in verdict.findings if judged.id == "people"]
    return found


def beside(fake: FakeWorld, tmp_path: Path, name: str = "people-41") -> Callable[[Fact], Fact]:
    """A record that somebody else's process writes."""
    writer = Writer(tmp_path / f"facts-{id(fake)}", name, fake.clock.now_s, chained=chain.root("", name))
    return writer.write


def at_a_terminal(*lines: tuple[float, str]) -> FakeWorld:
    fake = world()
    fake.people.present = True
    fake.people.says = dict(lines)
    return fake


def test_who_is_called_is_shown_the_page_and_what_can_be_typed(tmp_path: Path) -> None:
    journal, _ = play(at_a_terminal(), tmp_path, BOTH, recorded=True)
    (asked,) = journal.of(LeverAsked)
    first, *_, typed, elsewhere = asked.question.splitlines()
    assert first == "page for oncall: Errors"
    assert "ack" in typed
    assert "yes (runs ./rollback.sh)" in typed
    assert "drill exec -- COMMAND" in elsewhere
    assert asked.command == "./rollback.sh"


def test_what_is_typed_at_the_terminal_is_a_record_and_a_yes_pulls_the_lever(tmp_path: Path) -> None:
    fake = at_a_terminal((17.0, "ack"), (18.0, "note the new api is broken"), (19.0, "wait"), (20.0, "yes"))
    journal, verdict = play(fake, tmp_path, BOTH, recorded=True)
    typed = [fact for fact in journal.facts if fact.writer == "people-terminal"]
    assert [type(fact) for fact in typed] == [Acknowledged, Noted, LeverAnswered, LeverAnswered]
    assert [seal.lines for seal in journal.of(Sealed)] == [1, 2, 3, 4]
    assert [pulled.by for pulled in journal.of(LeverPulled)] == ["human"]
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because
    assert people(verdict).outcome is Outcome.PASSED, people(verdict).because


def test_silence_is_judged_as_silence_by_both(tmp_path: Path) -> None:
    _, verdict = play(at_a_terminal(), tmp_path, BOTH, recorded=True)
    assert back(verdict).reason == "never_decided"
    assert "nobody answered" in back(verdict).because
    assert people(verdict).reason == "not_acknowledged"


def test_without_a_terminal_and_without_a_word_both_are_open(tmp_path: Path) -> None:
    _, verdict = play(world(), tmp_path, BOTH, recorded=True)
    assert (back(verdict).reason, people(verdict).reason) == ("not_asked", "not_asked")


@pytest.mark.parametrize("there", [True, False])
def test_a_rollback_by_hand_beside_the_run_is_decided_and_executed(tmp_path: Path, there: bool) -> None:
    fake = world()
    fake.people.present = there
    write = beside(fake, tmp_path)
    begun: list[float] = []

    def begins() -> None:
        write(Acknowledged(by="ada"))
        write(Noted(by="ada", kind="hypothesis", text="bad release"))
        begun.append(write(Executing(by="ada", command=("./rollback.sh",))).seen_s)

    def ends() -> None:
        fake.releases.rolled_back("api")
        write(Executed(begun_s=begun[0], exit_code=0, output="done"))

    journal, verdict = play(fake, tmp_path, BY_HAND, recorded=True, at={18.0: begins, 20.0: ends})
    assert not journal.of(LeverPulled)
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because
    assert people(verdict).outcome is Outcome.PASSED, people(verdict).because
    began, ended = journal.of(Executing)[0], journal.of(Executed)[0]
    assert {began.cite, ended.cite} <= set(back(verdict).cites)


@pytest.mark.parametrize(
    ("claim", "words", "code", "reason"),
    [
        (BOTH, ("./rollback.sh",), 0, "said_done_but_still_serving"),
        (BOTH, ("sh", "-c", "./rollback.sh now"), 1, "rollback_failed"),
        (BOTH, ("docker", "ps"), 0, "never_decided"),
        (BY_HAND, ("./rollback.sh",), 0, "never_decided"),
    ],
)
def test_a_command_that_took_nothing_back_is_told_for_what_it_is(
    tmp_path: Path, claim: str, words: tuple[str, ...], code: int, reason: str
) -> None:
    """What is the claim's own command was meant as the rollback; another that changed nothing was a look around."""
    fake = at_a_terminal()
    write = beside(fake, tmp_path)

    def runs() -> None:
        begun = write(Executing(by="ada", command=words))
        write(Executed(begun_s=begun.seen_s, exit_code=code, output="so"))

    _, verdict = play(fake, tmp_path, claim, recorded=True, at={18.0: runs})
    assert back(verdict).reason == reason, back(verdict).because
    if reason == "never_decided":
        assert "no rollback was begun" in back(verdict).because


def test_after_a_written_decision_the_next_command_is_the_rollback(tmp_path: Path) -> None:
    fake = at_a_terminal((17.0, "decide roll it back"))
    write = beside(fake, tmp_path)

    def runs() -> None:
        begun = write(Executing(by="ada", command=("make", "undo")))
        write(Executed(begun_s=begun.seen_s, exit_code=0))

    _, verdict = play(fake, tmp_path, BY_HAND, recorded=True, at={19.0: runs})
    assert back(verdict).reason == "said_done_but_still_serving"
    assert "make undo ended with 0" in back(verdict).because


def test_people_are_called_about_any_fault_where_no_rollback_is_claimed(tmp_path: Path) -> None:
    fake = at_a_terminal((17.0, "ack"), (18.0, "note api"), (19.0, "yes"))
    claim = f"{{by: system, trigger: page, within: 30s, id: back}}}}, {{on_call: {ON_CALL.replace('mitigations: [rollback.sh], ', '')}"
    journal, verdict = play(fake, tmp_path, claim, recorded=True, at={20.0: lambda: fake.releases.rolled_back("api")})
    assert [asked.lever for asked in journal.of(LeverAsked)] == ["people"]
    assert people(verdict).outcome is Outcome.PASSED, people(verdict).because
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because


TIMED = BOTH.replace("trigger: page", "trigger: after 1s", 1)


def test_who_is_asked_by_the_clock_is_not_called_by_a_page_that_never_comes(tmp_path: Path) -> None:
    journal, verdict = play(at_a_terminal((14.0, "ack")), tmp_path, TIMED, page_s=None, recorded=True)
    assert [asked.lever for asked in journal.of(LeverAsked)] == ["back"]
    assert (people(verdict).outcome, people(verdict).reason) == (Outcome.INCONCLUSIVE, "not_asked")


def test_a_page_after_another_question_is_shown_too_and_a_yes_is_to_what_it_runs(tmp_path: Path) -> None:
    fake = at_a_terminal((19.0, "ack"), (20.0, "note api"), (21.0, "yes"), (22.0, "observe it is well again"))
    claim = TIMED.replace("mitigations: [rollback.sh], ", "")
    journal, verdict = play(fake, tmp_path, claim, page_s=8.0, recorded=True)
    assert [asked.lever for asked in journal.of(LeverAsked)] == ["back", "people"]
    assert [pulled.lever for pulled in journal.of(LeverPulled)] == ["back"]
    assert [one.text for one in journal.of(Noted)] == ["api", "it is well again"]
    assert people(verdict).outcome is Outcome.PASSED, people(verdict).because
