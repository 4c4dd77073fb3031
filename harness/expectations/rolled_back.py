"""A bad release is rolled back: noticed, decided on, taken out everywhere, and the service is well again."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from harness.expectations.as_before import AsBefore
from harness.expectations.band import Band
from harness.expectations.base import Evidence, Reach
from harness.expectations.called_before import unless_called_before
from harness.expectations.held_back import unless_held_back
from harness.expectations.release_story import release_story
from harness.expectations.requests import not_begun
from harness.expectations.return_judged import return_judged
from harness.expectations.return_known import ReturnKnown
from harness.expectations.steps import Step
from harness.facts import NotInjected
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Outcome, inconclusive


class RolledBack(Step):
    """A bad release is taken back in time, on every replica, for the right reason, and the service is well again.

        expect:
          - rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 45s}
          - rolled_back: {by: system, trigger: alert CheckoutErrorsHigh, within: 45s}
          - rolled_back: {by: human, trigger: page, within: 2m}
          - rolled_back: {by: runbook, command: [./rollback.sh], within: 45s, as_before: {errors: +0.5pp, p95: +20%}}

    Units:   `within` from the phase's beginning to the last request that the bad version answered: the deployment is in it. `trigger: after 20s`
             counts from the deployment's end.
    Counts:  every answer that names a version (`load.version_header`), what the release's own `version` tells, and what Docker
             says that each container runs, until the phase's `then` is over: the good release has its image again, and each variable
             and command that the bad one changed is as before (taken_back_in_part where one of the bad one's stayed). With `as_before` also all requests from the
             return on, against those before the first fault. `by: system` is only watched. `by: runbook`: the command is started when
             the trigger arrives, in the drill file's folder, without a shell (a text with `shell: true` gets one), and is
             killed after `timeout`; one that ends with an error fails the claim though the release has left.
             It finds COMPOSE_PROJECT_NAME and COMPOSE_FILE (which states the good release, the project's ${VARIABLES} filled
             in: `TAG=… docker compose up` changes nothing, a file after it does: COMPOSE_FILE=$COMPOSE_FILE:release.yaml), COMPOSE_ENV_FILES where
             the project has such files, DRILL_RUN, DRILL_SERVICE, DRILL_GOOD_IMAGE and DRILL_BAD_IMAGE. `by: human` asks on the terminal: a yes there, or
             what is done beside it with `drill exec -- COMMAND`; silence is silence. A release is healthy whose steady state was
             not broken from its first answer to the decision, neither in all that time nor in any stretch as long as the hold (where others
             filled the machine meanwhile and answers were late alone, nobody knows), and whose own answers were no more often errors
             than those of the version that served after it (Fisher's exact test; a few too many leave it open); one whose harm no user feels yet (messages that nobody can handle) is known by
             `harm: {query: "sum(orders_parked)", below: 1}`: a number beyond it.
             A lever that is pulled while the release still goes out makes it leave off after the step that is under way (one replica, or
             one `docker compose up`), and the command is started then; a deployment by `commands` of yours goes on to its end first.
             Putting the good release back at the end is ours, and never counts.
    Decides: once the window has closed; failed before that as soon as the bad version answers a request sent after the
             limit, which stands whatever the gates say. Inconclusive (held_back) where drill itself could begin the rollback only
             after the limit, or not at all, for the deployment could not leave off; and (not_observable) where an alert that it may
             have waited for was due at a receiver that cannot be seen, before any page was seen: that may have been the call.
    Source:  the ledger's versions, Docker's images, the lever's own facts; the steady state as for `recovers`, and margins as
             for `no_regression`.
    """

    word: ClassVar[str] = "rolled_back"
    timed: ClassVar[tuple[str, ...]] = ("worse_than_before",)
    by_errors: ClassVar[bool] = True
    does: ClassVar[str] = "rolls back"
    rolls_back: ClassVar[bool] = True

    within_s: Seconds = Field(alias="within", gt=0, description="from the phase's beginning to the last bad answer")
    as_before: AsBefore | None = Field(default=None, description="once back, no worse than before, but for a margin")
    harm: Band | None = Field(default=None, description="a number that tells its harm, where the steady state does not")

    def about(self) -> str:
        return self.service or self.by

    def asks(self) -> str:
        return f"Roll back {self.service or 'the release'}?"

    def queries(self) -> tuple[str, ...]:
        return (self.harm.query,) if self.harm else ()

    def late_s(self) -> float | None:
        return self.within_s

    def asked_in(self, evidence: Evidence) -> Window | None:
        """What came before the return tells of the release."""
        story = release_story(evidence, self._fault(evidence), self.trigger, self.id)
        back = story.at.get("recovered") if story is not None else None
        return None if story is None or back is None else Window(back.high_s, story.end_s)

    def decided_in(self, evidence: Evidence) -> Window | None:
        """It is by what comes after the return alone that a full machine excuses it."""
        return self.asked_in(evidence)

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
        return self.as_before.undecidable(reach) if self.as_before else ""

    def doubtful(self, reach: Reach) -> str:
        compared = self.as_before.doubtful(reach, self.within_s) if self.as_before else ""
        return "; ".join(filter(None, (super().doubtful(reach), compared)))

    def needs(self, reach: Reach) -> str:
        return self.as_before.needs() if self.as_before else ""

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
        known = ReturnKnown(self, evidence, story, window.start_s)
        finding = unless_held_back(self, story, window.start_s, return_judged(known))
        finding = unless_called_before(known, finding)
        blind = self.unheard(evidence, Window(story.begun_s, window.start_s + self.within_s))
        pulled = self.by == "system" or story.pulled is not None or story.asked is not None
        if blind is None or pulled or finding.outcome is not Outcome.FAILED:
            return finding  # what a system's hand came upon is judged with the rest (prompted.py)
        said = f"{self.trigger.said()} could not be seen, for {blind.because}; {finding.because}"
        return replace(blind, because=said, cites=tuple(dict.fromkeys((*blind.cites, *finding.cites))))

    def _fault(self, evidence: Evidence) -> str:
        releases = {id_: fault for id_, fault in evidence.faults.items() if fault.outlasts}
        mine = [id_ for id_, fault in releases.items() if self.service in ("", *fault.targets)]
        return mine[0] if mine else ""
