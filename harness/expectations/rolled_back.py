"""A bad release is rolled back: noticed, decided on, taken out everywhere, and the service is well again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.release_story import ReleaseStory, release_story, restored_while_bad
from harness.expectations.requests import GAP_S as LOAD_GAP_S
from harness.expectations.requests import load_was_watched, not_begun
from harness.expectations.triggers import Trigger, TriggerText
from harness.facts import LoadEnded, NotInjected
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed

PROBE = "releases"
GAP_S = 5.0  # as the probe promises (harness/probes/releases.py); a test holds them together
LAG_S = 0.5
SIGNAL_LAG_S = 3.0  # a page or an alert of the last moment is known so late
LEAST = 20  # answers of another version that show the bad one to be gone, where nobody looked at the containers


class RolledBack(Expectation):
    """A bad release is taken back in time, on every replica, for the right reason, and the service is well again.

        expect:
          - rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 45s}
          - rolled_back: {by: system, trigger: alert CheckoutErrorsHigh, within: 45s}
          - rolled_back: {by: human, trigger: page, within: 2m}

    Units:   `within` from the phase's beginning to the last request that the bad version answered.
    Counts:  every answer that names a version (`load.version_header`), and what Docker says that each container runs,
             until the phase's `then` is over. `by: system` is only watched. `by: runbook`: the command is started when
             the trigger arrives, in the drill file's folder, without a shell (a text with `shell: true` gets one), and is
             killed after `timeout`. It finds COMPOSE_PROJECT_NAME and COMPOSE_FILE (which states the good release),
             DRILL_RUN, DRILL_SERVICE, DRILL_GOOD_IMAGE and DRILL_BAD_IMAGE. `by: human` asks on the terminal; silence is
             silence. What is taken back upon a page though no steady condition was broken was healthy (false_rollback), unless
             it is `silent`: a leak, or a wrong sum with status 200. Putting the good release back at the end is ours, and
             never counts.
    Decides: once the window has closed; failed before that as soon as the bad version answers a request sent after the
             limit, which stands whatever the gates say.
    Source:  the ledger's versions, Docker's images, the lever's own facts; the steady state as for `recovers`.
    """

    word: ClassVar[str] = "rolled_back"

    by: Literal["system", "runbook", "human"] = Field(description="who pulls the lever")
    command: tuple[str, ...] | str = Field(default=(), description="what rolls back: program and arguments")
    shell: bool = Field(default=False, description="give the command, a text, to a shell")
    timeout_s: Seconds = Field(default=60.0, alias="timeout", gt=0, description="after which the command is killed")
    trigger: TriggerText = Field(default=Trigger(), description="page, page NAME, alert NAME or after 20s")
    within_s: Seconds = Field(alias="within", gt=0, description="from the phase's beginning to the last bad answer")
    service: str = Field(default="", description="which, where the phase has several bad releases")
    silent: bool = Field(default=False, description="its harm shows in no request: steady is no proof of health")

    @model_validator(mode="after")
    def _whole(self) -> RolledBack:
        if self.by == "runbook" and not self.command:
            raise ValueError("by: runbook needs the `command` that rolls back")
        if self.by == "system" and self.command:
            raise ValueError("by: system is only watched: it has no `command`")
        if isinstance(self.command, str) and not self.shell:
            raise ValueError("write the command as a list, [./rollback.sh], or give the text to a shell: shell: true")
        if self.shell and not isinstance(self.command, str):
            raise ValueError("`shell: true` goes with a command that is one text")
        return self

    def about(self) -> str:
        return self.service or self.by

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        if reach.then:
            return "rolled_back is about the phase with the bad release: write it under `expect`"
        if not reach.releases:
            return "there is no bad_release in this phase"
        if self.service and self.service not in reach.releases:
            return f"no bad_release in this phase is of {self.service}; there is one of {', '.join(reach.releases)}"
        if self.within_s > reach.window_s:
            return f"`within` is {spell(self.within_s)}, but the phase is over after {spell(reach.window_s)}"
        if self.trigger.kind == "after" and self.trigger.after_s >= self.within_s:
            return f"the lever is pulled {self.trigger.said()}, when the limit ({spell(self.within_s)}) has passed"
        return ""

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        fault = self._fault(evidence)
        story = release_story(evidence, fault, self.trigger, self.id)
        refused = evidence.journal.first(NotInjected, fault=fault)
        if story is None or refused is not None:
            why = f"could not be deployed: {refused.error}" if refused else "was not deployed"
            return inconclusive(f"the bad release {why}", reason="not_deployed", decide="a release that is deployed")
        return _Judging(self, evidence, story, window.start_s).finding()

    def _fault(self, evidence: Evidence) -> str:
        releases = {id_: fault for id_, fault in evidence.faults.items() if fault.outlasts}
        mine = [id_ for id_, fault in releases.items() if self.service in ("", *fault.targets)]
        return mine[0] if mine else ""


class _Judging:
    """One story held against one claim."""

    def __init__(self, claim: RolledBack, evidence: Evidence, story: ReleaseStory, start_s: float) -> None:
        self.claim, self.evidence, self.story, self.start_s = claim, evidence, story, start_s
        self.limit_s = start_s + claim.within_s
        self.overdue = story.bad.sent_after(self.limit_s)
        self.name = f"version {story.version}" if story.version else f"the bad release of {', '.join(story.services)}"

    def finding(self) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        story, journal = self.story, self.evidence.journal
        if not story.closed:
            if len(self.overdue):
                return self._still_there()
            return self._unsaid("its window was not over", reason="window_open", decide="the end of the phase's `then`")
        if not story.told:
            return self._unsaid(
                "no answer named a version, and no container's image was read, so nobody knows what served",
                reason="no_version",
                decide="load.version_header (X-Version when left out): the header in which each answer names its version",
            )
        if not load_was_watched(journal, self.start_s, story.end_s) or not self._looked():
            if len(self.overdue):
                return self._still_there()
            return self._unsaid(
                "nobody looked all the time", reason="not_watched", decide="load and containers seen all the time"
            )
        if story.open and not journal.last(LoadEnded) and not len(self.overdue):
            return self._unsaid(f"{story.open} answers were still awaited", reason="window_open", decide="their end")
        if self.claim.by != "runbook" and journal.end_s < story.end_s + SIGNAL_LAG_S:
            return self._unsaid(
                "a page may still be on its way", reason="window_open", decide=f"{SIGNAL_LAG_S:g} s more"
            )
        if self._serves_at_the_end():
            return self._still_there()
        gone = story.gone
        if gone is None or (not self._containers_told() and len(story.others) < LEAST):
            few = f"only {len(story.others)} answers came after the last that it gave"
            return self._unsaid(few, reason="too_few", decide=f"at least {LEAST} answers that name a version")
        return self._gone(gone.low_s, gone.high_s)

    # --- the two ends of the story ---------------------------------------------------------------------------------------

    def _still_there(self) -> Finding:  # noqa: PLR0911
        """The bad release still serves: why, as far as is known."""
        claim, story = self.claim, self.story
        still = self._still()
        if claim.by == "human" and story.asked is not None and not story.asked.there:
            return self._unsaid(
                f"nobody could be asked, for there was no terminal; {still}", reason="not_asked", decide="a terminal"
            )
        ended = story.ended
        if ended is not None and ended.exit_code == 0:
            after = story.bad.sent_after(ended.seen_s)
            said = f"{_shown(claim)} ended with 0 at {self._at(ended.seen_s)}, but {still}"
            count = f"; it answered {len(after)} requests sent after that" if len(after) else ""
            last = [after.cite(len(after) - 1)] if len(after) else []
            return self._failed(reason="said_done_but_still_serving", said=said + count, more=last)
        if ended is not None:
            how = ended.detail or f"ended with {ended.exit_code}"
            tail = f" ({ended.output.strip().splitlines()[-1]})" if ended.output.strip() else ""
            return self._failed(reason="rollback_failed", said=f"{_shown(claim)} {how}{tail}; {still}")
        if story.closed and restored_while_bad(self.evidence, story):
            said = f"the steady state came back though nobody took the release back: {still}"
            return self._failed(reason="restored_without_rollback", said=said)
        if story.pulled is not None:
            return self._failed(
                reason="late", said=f"the lever was pulled at {self._at(story.pulled.seen_s)}, but {still}"
            )
        if story.partly and "decided" in story.at:
            return self._failed(reason="late", said=f"it was taken back in part alone: {still}")
        return self._failed(reason="never_decided", said=f"{self._undecided()}; {still}")

    def _gone(self, low_s: float, high_s: float) -> Finding:  # noqa: PLR0911
        """The bad release has left: in time, for the right reason, and with the service well?"""
        claim, story = self.claim, self.story
        decided, signal = story.at.get("decided"), story.at.get("trigger")
        measure = Measure(
            round(low_s - self.start_s, 3), round(high_s - self.start_s, 3), "s", "census" if story.version else "grid"
        )
        left = f"{self.name} left at {self._at(high_s)}"
        if claim.by == "runbook" and story.pulled is None:
            waited = "" if signal else f": {self._undecided()}"
            return self._failed(
                reason="wrong_trigger", said=f"{left}, but not by the runbook's command{waited}", measure=measure
            )
        unprompted = decided is not None and (signal is None or signal.low_s > decided.high_s)
        if unprompted and claim.trigger.is_fact and claim.by != "runbook":
            came = f"came only at {self._at(signal.low_s)}" if signal else "never came"
            said = f"{left}, but before {claim.trigger.said()}, which {came}"
            return self._failed(reason="wrong_trigger", said=said, measure=measure)
        if story.healthy and claim.trigger.is_fact and not claim.silent:
            said = f"{left}, but no steady condition was broken before: a healthy version was rolled back"
            return self._failed(reason="false_rollback", said=said, measure=measure)
        late = len(self.overdue) > 0 if story.version else low_s > self.limit_s
        if late:
            if decided is not None and decided.low_s > self.limit_s:
                said = f"{left}, decided only at {self._at(decided.high_s)}"
                return self._failed(reason="decided_late", said=said, measure=measure)
            count = f"; it answered {len(self.overdue)} requests sent after the limit" if story.version else ""
            return self._failed(reason="late", said=f"{left}{count}", measure=measure)
        if not story.version and high_s > self.limit_s:
            return self._unsaid(
                f"{left}, too near the limit to tell",
                reason="too_near",
                decide="a version in every answer",
                measure=measure,
            )
        if "recovered" not in story.at:
            said = f"{left}, but the steady state was not back, and held, by {self._at(story.end_s)}"
            return self._failed(reason="rolled_back_and_still_broken", said=said, measure=measure)
        others = len(story.others)
        census = f"; {others} requests after it were answered by another" if story.version else ""
        return passed(
            f"{left} (limit {spell(claim.within_s)}) and the steady state was back {self._since('recovered')}{census}"
            f"{self._durations()}",
            measure=measure,
            cites=self._cites(),
        )

    # --- what is known ---------------------------------------------------------------------------------------------------

    def _containers_told(self) -> bool:
        return bool(self.story.still_bad) or "taken_back" in self.story.at

    def _looked(self) -> bool:
        """Without a version in the answers everything rests on looks at the containers."""
        story = self.story
        if story.version:
            return True
        out = story.at.get("deployed")
        since_s = out.high_s if out else story.begun_s
        watched = self.evidence.journal.watched
        return all(watched(PROBE, service, since_s, story.end_s, GAP_S, LAG_S) for service in story.services)

    def _serves_at_the_end(self) -> bool:
        story = self.story
        if story.still_bad:
            return True
        last = story.at.get("last_bad")
        return last is not None and last.high_s > story.end_s - min(self.evidence.steady.for_s, LOAD_GAP_S)

    def _still(self) -> str:
        """Who still serves the bad release, and how much."""
        story = self.story
        parts = []
        if story.still_bad:
            names = ", ".join(f"{seen.container} ({seen.image})" for seen in story.still_bad)
            parts.append(f"{names} still {'runs' if len(story.still_bad) == 1 else 'run'} the bad release")
        if len(self.overdue):
            parts.append(
                f"{self.name} answered {len(self.overdue)} requests sent after the limit of {spell(self.claim.within_s)}"
            )
        elif len(story.bad) and not story.still_bad:
            parts.append(f"{self.name} answered until {self._at(float(story.bad.done_s[-1]))}")
        return ", and ".join(parts) or f"{self.name} still served"

    def _undecided(self) -> str:
        claim, story = self.claim, self.story
        if claim.by == "human" and story.answered is not None:
            return f"the person at the terminal said {story.answered.text!r}"
        if claim.by == "human" and story.asked is not None:
            return f"nobody answered when asked at {self._at(story.asked.seen_s)}"
        if claim.by == "system" and "trigger" in story.at:
            return (
                f"nothing rolled it back, though {claim.trigger.said()} came at {self._at(story.at['trigger'].low_s)}"
            )
        if claim.by == "system":
            return "nothing rolled it back"
        return f"{claim.trigger.said()} never came, so that nobody pulled the lever"

    def _durations(self) -> str:
        spans = [f"{name.replace('_', ' ')} {_span(low, high)}" for name, low, high in self.story.spans()]
        return f" ({', '.join(spans)})" if spans else ""

    def _at(self, at_s: float) -> str:
        return f"{at_s - self.start_s:.1f} s"

    def _since(self, name: str) -> str:
        found = self.story.at[name]
        return f"from {_span(found.low_s - self.start_s, found.high_s - self.start_s)} on"

    def _cites(self, *more: str) -> tuple[str, ...]:
        story = self.story
        named = [fact.cite for fact in story.facts]
        named += [story.at[name].cite for name in ("exposed", "trigger", "last_bad", "taken_back") if name in story.at]
        named += [seen.cite for seen in story.still_bad]
        return tuple(dict.fromkeys(cite for cite in (*named, *more) if cite))

    def _failed(self, *, reason: str, said: str, measure: Measure | None = None, more: Sequence[str] = ()) -> Finding:
        census = reason not in ("wrong_trigger", "false_rollback")
        text = f"{said}{self._durations()}"
        return failed(text, reason=reason, measure=measure, cites=self._cites(*more), census=census)

    def _unsaid(self, said: str, *, reason: str, decide: str, measure: Measure | None = None) -> Finding:
        until = f"of {self.name}, by {self.evidence.journal.end_s:.1f} s: {said}"
        return inconclusive(until, reason=reason, decide=decide, measure=measure, cites=self._cites())


def _shown(claim: RolledBack) -> str:
    """The command in a sentence."""
    text = claim.command if isinstance(claim.command, str) else " ".join(claim.command)
    return text or "the rollback"


def _span(low_s: float, high_s: float) -> str:
    return f"{low_s:.1f} s" if high_s - low_s < 0.05 else f"{low_s:.1f}–{high_s:.1f} s"
