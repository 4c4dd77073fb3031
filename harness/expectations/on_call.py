"""The person on call: did they take the page on, understand it, and do something that helps and nothing that harms?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness import blaming
from harness.blaming import Parts
from harness.expectations import alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.people_story import Command, People, broken_records, people
from harness.expectations.requests import cites, not_begun, still_open
from harness.expectations.triggers import Trigger, TriggerText
from harness.facts import Injected, Injecting, LeverAsked, Noted, PhaseSettled
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

RELEASE_WORDS = ("release", "deploy", "deployment", "deployed", "rollout", "version", "canary")
"""What people call a bad release: not the service, but what became of it."""
_WORD = re.compile(r"[a-z0-9_][a-z0-9_.\-]*")


class OnCall(Expectation):
    """A person on call takes the page on, names what is wrong, and mends it without harm.

        expect:
          - on_call: {acknowledged: 1m, diagnosed: 2m}
          - on_call: {acknowledged: 30s, diagnosed: 2m, believes: [api, bad release], mitigations: [rollback.sh], harmful: [restart postgres, volume rm]}

    Units:   `acknowledged` and `diagnosed` from the moment the page was shown (on the run's terminal, with what can be typed). It is
             shown with a step's question where that one is asked upon the same `trigger`, and else by itself.
    Counts:  what was typed there (`ack`, `note …`, `yes`), and what was said and done beside it with `drill ack`, `drill note` and
             `drill exec -- COMMAND`, from the first fault on (harm: in the whole phase). Any sign of life is an acknowledgement. The diagnosis is the first hypothesis (a `note`) that
             names a part of the stack: it must name what the phase's faults hurt (of a release its service, or the word
             "release", "deploy", "version"), or one of `believes`, and no more than one part besides. A command is one of
             `mitigations` or `harmful` when it has all words of one, in order; a mitigation must have ended with 0.
    Decides: once the phase is over and settled; a harmful command at once. Failed: not_acknowledged, no_hypothesis (silence), late,
             wrong_hypothesis, not_mitigated, harmful_action. Inconclusive: nobody could be asked (not_asked), nothing says what
             was wrong (no_evidence), or a record was changed (record_broken).
    Source:  the people's own records, `facts/people-*.jsonl`, chained line by line by SHA-256.
    """

    word: ClassVar[str] = "on_call"
    # As a lever it asks, and has nothing of its own to run (harness/run/levers.py).
    by: ClassVar[Literal["human"]] = "human"
    command: ClassVar[tuple[str, ...]] = ()
    text: ClassVar[str] = ""
    waits_s: ClassVar[float | None] = None
    rolls_back: ClassVar[bool] = False
    shell: ClassVar[bool] = False
    timeout_s: ClassVar[float] = math.inf
    service: ClassVar[str] = ""

    acknowledged_s: Seconds | None = Field(default=None, alias="acknowledged", description="from the page on")
    diagnosed_s: Seconds | None = Field(
        default=None, alias="diagnosed", description="from the page to the first hypothesis"
    )
    believes: tuple[str, ...] = Field(
        default=(), description="names of what is wrong; what the phase's faults hurt when left out"
    )
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="by part, other names of it")
    mitigations: tuple[str, ...] = Field(default=(), description="commands of which one must have been run, well")
    harmful: tuple[str, ...] = Field(default=(), description="commands that must not be run")
    trigger: TriggerText = Field(default=Trigger(), description="what people are shown: page, page NAME, alert NAME")

    @model_validator(mode="after")
    def _claims_something(self) -> OnCall:
        if not (self.acknowledged_s or self.diagnosed_s or self.mitigations or self.harmful):
            raise ValueError("say what is claimed: acknowledged, diagnosed, mitigations or harmful")
        if self.believes and self.diagnosed_s is None:
            raise ValueError("`believes` goes with `diagnosed`, the time there is for it")
        return self

    def pages(self) -> str:
        return self.trigger.pages()

    def undecidable(self, reach: Reach) -> str:
        if reach.then:
            return "on_call is about the phase in which people are paged: write it under `expect`"
        if not reach.faulted:
            return "there is no fault in this phase, so there is nothing to be called for"
        for name, limit_s in (("acknowledged", self.acknowledged_s), ("diagnosed", self.diagnosed_s)):
            if limit_s is not None and limit_s > reach.window_s:
                return f"`{name}` is {spell(limit_s)}, but the phase is over after {spell(reach.window_s)}"
        return ""

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach, pages=self.trigger.kind == "page") if self.trigger.is_fact else ""

    def doubtful(self, reach: Reach) -> str:
        return self.trigger.doubtful(reach)

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if broken := broken_records(evidence.journal):
            return inconclusive(
                f"what people said and did is not known: facts/{next(iter(broken))}.jsonl was changed after it was written",
                reason="record_broken",
                decide="a run whose records nobody changes",
                cites=[fact.cite for fact in broken.values()],
            )
        settled = evidence.journal.first(PhaseSettled, phase=evidence.phase)
        window = Window(window.start_s, settled.seen_s if settled else math.inf)
        told = people(evidence.journal, window.start_s, min(window.end_s, evidence.journal.end_s))
        for one in told.commands:
            if bad := next((name for name in self.harmful if one.is_like(name)), ""):
                return failed(
                    f"{one.text} was run at {one.begun.at_s - window.start_s:.1f} s, which is harmful ({bad}); it {one.said()}",
                    reason="harmful_action",
                    cites=[one.begun.cite],
                    census=True,
                )
        if not window.ended:
            return still_open(evidence, window)
        on = [fact for id_ in evidence.faults if (fact := evidence.journal.first(Injected, fault=id_)) is not None]
        since_s = min((fact.begun_s for fact in on), default=window.start_s)  # before that nobody could be on to it
        told = people(evidence.journal, max(window.start_s, since_s), min(window.end_s, evidence.journal.end_s))
        came_s, asked = self._called(evidence, window, on)
        if asked is None or (not asked.there and told.first is None):
            never = (
                f"{self.trigger.said()} {'never came' if came_s is None else 'came too late'}, so that nobody was asked"
            )
            nobody = "there was no terminal to ask on, and nobody used `drill ack`, `drill note` or `drill exec`"
            return inconclusive(
                never if asked is None else nobody,
                reason="not_asked",
                decide="a page, and a person: `drill run` on a terminal, or `drill ack` and `drill exec` beside it",
                cites=cites(evidence, asked),
            )
        return _Judging(self, evidence, window, asked, told).finding()

    def _called(
        self, evidence: Evidence, window: Window, on: Sequence[Injected]
    ) -> tuple[float | None, LeverAsked | None]:
        """When what people are called by came, and the question by which it was shown: this claim's own, or the first that any step
        asked from then on. What was asked before, upon something else, called nobody about it."""
        journal = evidence.journal
        begun = [fact for id_ in evidence.faults if (fact := journal.first(Injecting, fault=id_)) is not None]
        since_s = min((fact.at_s for fact in begun), default=window.start_s)
        out = min(on, key=lambda fact: fact.seen_s, default=None)
        came = self.trigger.arrived(journal, since_s, out)
        if came is None or came.high_s > window.end_s:
            return None, None
        asked = journal.of(LeverAsked, since_s=came.high_s, until_s=window.end_s)
        return came.high_s, next(iter(sorted(asked, key=lambda one: one.lever != self.id)), None)


class _Judging:
    """One person's story, from the page on."""

    def __init__(self, claim: OnCall, evidence: Evidence, window: Window, asked: LeverAsked, told: People) -> None:
        self.claim, self.evidence, self.window, self.asked, self.told = claim, evidence, window, asked, told

    def finding(self) -> Finding:
        for judged in (self._acknowledged(), self._diagnosed(), self._mitigated()):
            if judged is not None:
                return judged
        first = self.told.first
        said = [f"acknowledged {self._after(first.at_s)}"] if first else ["nothing harmful was run"]
        if self.claim.diagnosed_s is not None and (note := self._hypothesis()):
            said.append(f"{note.text!r} named what was wrong {self._after(note.at_s)}")
        said += [f"{one.text} ended with 0" for one in self._well()[:1]]
        took = None if first is None else max(0.0, first.at_s - self.asked.seen_s)
        measure = None if took is None else Measure(round(took, 3), round(took, 3), "s to acknowledge")
        return passed("; ".join(said), measure=measure, cites=self._cites(), details=self._details())

    def _acknowledged(self) -> Finding | None:
        limit_s, first = self.claim.acknowledged_s, self.told.first
        if limit_s is None:
            return None
        if first is None:
            silence = "nobody acknowledged the page, wrote anything down or ran anything"
            return self._silent(silence, limit_s, reason="not_acknowledged")
        return self._in_time("acknowledged", first.at_s, limit_s)

    def _diagnosed(self) -> Finding | None:
        limit_s, note = self.claim.diagnosed_s, self._hypothesis()
        if limit_s is None:
            return None
        if note is None:
            said = self.told.noted("hypothesis")
            if said and not self._read(said[0])[2]:
                return self._untold()
            count = len(said)
            silence = (
                "nobody wrote down what they believe"
                if not count
                else f"{count} {'hypothesis names' if count == 1 else 'hypotheses name'} no part of the stack"
            )
            return self._silent(silence, limit_s, reason="no_hypothesis")
        named, right, roots = self._read(note)
        if not right and not roots:
            return self._untold()
        if not right:
            others = f"it names {', '.join(named)}" if named else "it names nobody"
            return self._failed(
                f"the first hypothesis was {note.text!r}: {others}, and {roots} was wrong", reason="wrong_hypothesis"
            )
        return self._in_time("diagnosed", note.at_s, limit_s)

    def _untold(self) -> Finding:
        return inconclusive(
            "the phase's faults hurt no part of the stack that a hypothesis could name",
            reason="no_evidence",
            decide="`believes`, or the `service` that a command hurts",
            cites=self._cites(),
        )

    def _mitigated(self) -> Finding | None:
        if not self.claim.mitigations or self._well():
            return None
        ran = "; ".join(f"{one.text} {one.said()}" for one in self.told.commands) or "nobody ran anything"
        wanted = ", ".join(self.claim.mitigations)
        return self._failed(f"none of {wanted} was run and ended with 0: {ran}", reason="not_mitigated")

    # --- what was said and done -------------------------------------------------------------------------------------------

    def _well(self) -> list[Command]:
        wanted = self.claim.mitigations
        return [one for one in self.told.commands if one.code == 0 and any(one.is_like(name) for name in wanted)]

    def _hypothesis(self) -> Noted | None:
        """The first that names somebody."""
        return next((note for note in self.told.noted("hypothesis") if any(self._read(note)[:2])), None)

    def _read(self, note: Noted) -> tuple[tuple[str, ...], bool, str]:
        """The parts that a note names, whether it is right, and what would have been: '' where nothing tells."""
        evidence, claim = self.evidence, self.claim
        parts = Parts.of(evidence.journal, claim.aliases)
        words = [word.rstrip(".-") for word in _WORD.findall(note.text.lower())]
        named = blaming.distinct(part for word in words if (part := parts.known(word, note.at_s)))
        on = [one for id_, one in evidence.faults.items() if evidence.journal.first(Injected, fault=id_) is not None]
        roots = blaming.truth_of([target for one in on for target in one.targets], parts, evidence.against).roots
        phrases = [*claim.believes] or ([*RELEASE_WORDS] if any(one.outlasts for one in on) else [])
        if claim.believes:
            roots = frozenset(part for name in claim.believes if (part := parts.known(name.lower(), note.at_s)))
        phrased = any(_has(words, phrase) for phrase in phrases)
        besides = [part for part in named if part not in roots]
        right = (phrased or bool(roots & set(named))) and len(besides) <= 1
        return named, right, " or ".join(claim.believes or sorted(roots) or phrases[:1])

    # --- how it is told ---------------------------------------------------------------------------------------------------

    def _after(self, at_s: float) -> str:
        return f"{max(0.0, at_s - self.asked.seen_s):.1f} s after the page"

    def _in_time(self, what: str, at_s: float, limit_s: float) -> Finding | None:
        if at_s <= self.asked.seen_s + limit_s:
            return None
        return self._failed(f"{what} only {self._after(at_s)} (limit {spell(limit_s)})", reason="late")

    def _silent(self, said: str, limit_s: float, *, reason: str) -> Finding:
        asked_s, end_s = self.asked.seen_s, self.window.end_s
        if asked_s + limit_s > end_s:
            return inconclusive(
                f"{said}, but the phase was over {end_s - asked_s:.1f} s after the page (limit {spell(limit_s)})",
                reason="window_open",
                decide="a phase that goes on for as long as there is time after the page",
                cites=self._cites(),
            )
        return self._failed(f"{said} (asked at {asked_s:.1f} s, limit {spell(limit_s)})", reason=reason)

    def _failed(self, said: str, *, reason: str) -> Finding:
        return failed(said, reason=reason, cites=self._cites(), details=self._details())

    def _cites(self) -> tuple[str, ...]:
        told = self.told
        said = (*told.acknowledged[:1], *told.notes[:3], *(one.begun for one in told.commands[:3]))
        return cites(self.evidence, self.asked, *said)

    def _details(self) -> Details:
        told, start_s = self.told, self.window.start_s
        lines = [(one.at_s, f"acknowledged by {one.by}", one.alert or "the page") for one in told.acknowledged]
        lines += [(one.at_s, "answered", one.text) for one in told.answers]
        lines += [(one.at_s, f"{one.kind} by {one.by}", one.text) for one in told.notes]
        lines += [(one.begun.at_s, "ran", f"{one.text}: {one.said()}") for one in told.commands]
        return tuple((f"{at_s - start_s:.1f} s", f"{what}: {text}") for at_s, what, text in sorted(lines))


def _has(words: Sequence[str], phrase: str) -> bool:
    """Whether the phrase's words follow each other among these."""
    wanted = [word.rstrip(".-") for word in _WORD.findall(phrase.lower())]
    return bool(wanted) and any(words[i : i + len(wanted)] == wanted for i in range(len(words)))
