"""What people on call said and did in a stretch of a run, from their own records and from the run's terminal. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from harness import chain
from harness.facts import (
    Acknowledged,
    Executed,
    Executing,
    Fact,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverPulled,
    Noted,
    RecordBroken,
)
from harness.journal import Journal
from harness.unasked import RECORD
from harness.verdict import Judged, inconclusive


@dataclass(frozen=True)
class Command:
    """A command that a person ran with `drill exec`, or by a yes at the terminal; `code` None while it ran, or never did."""

    begun: Executing | LeverPulled
    ended: Executed | LeverEnded | None

    @property
    def text(self) -> str:
        command = self.begun.command
        return command if isinstance(command, str) else shlex.join(command)

    @property
    def words(self) -> tuple[str, ...]:
        """As a shell would take them apart; those inside of one word (`sh -c "…"`) too."""
        command = self.begun.command
        texts = (command,) if isinstance(command, str) else command
        return tuple(word for text in texts for word in _split(text))

    @property
    def code(self) -> int | None:
        return self.ended.exit_code if self.ended else None

    def said(self) -> str:
        """As the end of a sentence: 'ended with 1'."""
        if self.ended is None:
            return "was still running"
        return self.ended.detail or f"ended with {self.ended.exit_code}"

    def is_like(self, pattern: str) -> bool:
        """Whether the pattern's words are among the command's, in order; a program is the same wherever it stands."""
        words = iter(self.words)
        return all(any(_same(word, wanted) for word in words) for wanted in _split(pattern))


def _split(text: str) -> Sequence[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed
        return text.split()


def _same(word: str, wanted: str) -> bool:
    return wanted in (word, PurePosixPath(word).name) or PurePosixPath(wanted).name == word


@dataclass(frozen=True)
class People:
    """In the order in which it was said and done."""

    acknowledged: tuple[Acknowledged, ...] = ()
    answers: tuple[LeverAnswered, ...] = ()
    notes: tuple[Noted, ...] = ()
    commands: tuple[Command, ...] = ()

    @property
    def first(self) -> Fact | None:
        """The first sign of life, whatever it was."""
        said: list[Fact] = [*self.acknowledged, *self.answers, *self.notes, *(one.begun for one in self.commands)]
        return min(said, key=lambda fact: fact.at_s, default=None)

    def noted(self, kind: str) -> tuple[Noted, ...]:
        return tuple(note for note in self.notes if note.kind == kind)


def people(journal: Journal, since_s: float, until_s: float) -> People:
    """What was said and begun in [since_s, until_s], and how what was begun had ended by then."""
    began = [fact for fact in journal.of(Executing) if since_s <= fact.at_s <= until_s]
    ends = {(fact.writer, fact.begun_s): fact for fact in journal.of(Executed, until_s=until_s)}
    commands = [Command(one, ends.get((one.writer, one.seen_s))) for one in began]
    for pulled in journal.of(LeverPulled, by="human", since_s=since_s, until_s=until_s):
        if pulled.command:
            ended = journal.first(LeverEnded, lever=pulled.lever, since_s=pulled.at_s, until_s=until_s)
            commands.append(Command(pulled, ended))
    return People(
        journal.of(Acknowledged, since_s=since_s, until_s=until_s),
        journal.of(LeverAnswered, since_s=since_s, until_s=until_s),
        journal.of(Noted, since_s=since_s, until_s=until_s),
        tuple(sorted(commands, key=lambda one: one.begun.at_s)),
    )


def signs(told: People) -> Iterator[tuple[str, Fact]]:
    """The instants that only people tell: acknowledged (the first sign of life), believed (the first hypothesis)."""
    if (first := told.first) is not None:
        yield "acknowledged", first
    for note in told.noted("hypothesis")[:1]:
        yield "believed", note


def by_hand(
    told: People, asked: LeverAsked | None, pulled: LeverPulled | None, left_s: float | None
) -> tuple[LeverPulled | None, LeverEnded | None]:
    """A rollback that somebody who was asked did with `drill exec`: when it was decided, and how it ended, as a lever's are.

    Decided by a yes (`pulled`, with no command of its own), else by the first note that says so, else with the command. Which
    command it was: the last that began before the first container was taken back (`left_s`); where none was, the last like the
    claim's own; else the last after a decision. A look around that changed nothing is no rollback.
    """
    if asked is None or (pulled is not None and pulled.command):
        return pulled, None
    decisions = told.noted("decide")
    said: Fact | None = pulled or next(iter(decisions), None)
    mine = [one for one in told.commands if isinstance(one.begun, Executing)]
    if left_s is not None:
        mine = [one for one in mine if one.begun.at_s <= left_s]
    else:
        alike = [one for one in mine if asked.command and one.is_like(asked.command)]
        mine = alike or [one for one in mine if said is not None and one.begun.at_s >= said.at_s]
    done = mine[-1] if mine else None
    signs_of_it: list[Fact] = [*([said] if said is not None else []), *([done.begun] if done is not None else [])]
    first = min(signs_of_it, key=lambda fact: fact.at_s, default=None)
    if first is None:
        return None, None
    text = done.text if done else ""
    decided = pulled or LeverPulled(lever=asked.lever, by="human", command=text, trigger=asked.trigger)
    decided = decided if pulled else _stamped_as(decided, first)
    if done is None or done.ended is None:
        return decided, None
    end = done.ended
    ended = LeverEnded(
        lever=asked.lever, begun_s=done.begun.at_s, exit_code=end.exit_code, detail=end.detail, output=end.output
    )
    return replace(decided, command=text), replace(ended, writer=end.writer, number=end.number, seen_s=end.seen_s)


def _stamped_as(pulled: LeverPulled, fact: Fact) -> LeverPulled:
    return replace(pulled, writer=fact.writer, number=fact.number, seen_s=fact.seen_s)


# --- records that are not as they were written -----------------------------------------------------------------------------


def broken_records(journal: Journal) -> Mapping[str, RecordBroken]:
    return {fact.writer: fact for fact in journal.of(RecordBroken) if fact.writer.startswith(chain.PEOPLE)}


def damaged_records(journal: Journal) -> tuple[str, ...]:
    """A sentence for each file of facts of the run's own that is not as it was written."""
    broken = (fact for fact in journal.of(RecordBroken) if not fact.writer.startswith(chain.PEOPLE))
    return tuple(f"facts/{fact.writer}.jsonl was changed after it was written: {fact.why}" for fact in broken)


def tampered(journal: Journal) -> Iterator[Judged]:
    """A finding for each record of a person's that is not as it was written."""
    for name, fact in broken_records(journal).items():
        finding = inconclusive(
            f"facts/{name}.jsonl was changed after it was written: {fact.why}; nothing in it is taken",
            reason="record_broken",
            decide="a run whose records nobody changes",
            cites=(fact.cite,),
        )
        yield Judged(f"{RECORD}/{name}", "what people said and did stands as they wrote it", "", "", finding)
