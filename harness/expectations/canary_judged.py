"""What the stack's own automation decided on a canary is what the answers of the canary and of the others call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.canary_course import Course, course
from harness.expectations.canary_sides import (
    LEAST_FOR_P95,
    TOGETHER,
    Compared,
    errors,
    needed,
    p95,
    sides,
    worse,
    worst,
)
from harness.expectations.requests import cites, load_was_watched, not_begun, now_s, still_open
from harness.expectations.sampled import unanswered
from harness.facts import Injected, Injecting, LoadEnded
from harness.quantities import More, Points, Seconds, numbered, spell
from harness.stats.batches import NEEDED_S
from harness.verdict import Finding, Measure, failed, inconclusive, passed
from harness.versions import answers, awaited, new_version

RIGHT = {True: "withdrawn", False: "promoted"}


class CanaryJudged(Expectation):
    """A release that is tried on some of the traffic is withdrawn if it is worse, and promoted if it is not, in time.

        expect:
          - canary_judged: {errors: +1pp, p95: +20%, within: 2m}
          - canary_judged: {errors: +20pp, requests: [POST /checkout*], within: 65s, expect: withdrawn}

    Units:   errors in percentage points more than the others', p95 in percent more; `within` from the deployment to the last
             request that the loser answered.
    Counts:  answers by the version that they name (`load.version_header`), from the release's first to the decision, against
             those that all other versions gave in the same time. Each request is judged apart (segments that the locustfile names
             apart, too), by its errors; p95 for all together, and for each request that has 59 answers on both sides. Errors that
             name no version may be either's.
    Decides: what the stack decided is told by the answers alone: the release got no more requests (withdrawn), or the others got no
             more (promoted), for longer than chance at the share that it had last; not known where so many errors without a version follow that it may only have died. Worse is where a whole interval lies beyond its margin, no worse where all lie within. Passed when
             worse was withdrawn or no worse promoted. Failed: bad_promoted, good_withdrawn, undecided (both still answer after the
             limit) or late; not_met where it was right and not what `expect` says.
    Source:  Newcombe's interval on effective totals of six batches, and for p95 the ratio by resampled batches, as for
             `no_regression`: non-inferiority to concurrent controls. One-sided 95 % bounds.
    """

    word: ClassVar[str] = "canary_judged"
    sampling: ClassVar[bool] = True
    timed: ClassVar[tuple[str, ...]] = ("late", "undecided")

    errors: Points = Field(gt=0, description="so many percentage points more errors are no harm, +1pp")
    p95: More | None = Field(default=None, description="so much slower is no harm, +20%; not asked when left out")
    requests: tuple[str, ...] = Field(
        default=(), description="names or patterns of the requests that count; all when left out"
    )
    within_s: Seconds = Field(alias="within", gt=0, description="from the deployment to the decision")
    expect: Literal["withdrawn", "promoted", "right"] = Field(default="right", description="what must be decided")
    service: str = Field(default="", description="which, where the phase has several bad releases")

    @model_validator(mode="after")
    def _nonempty(self) -> CanaryJudged:
        if any(not name for name in self.requests):
            raise ValueError("a request's name is empty")
        return self

    def about(self) -> str:
        return self.service or "release"

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:  # noqa: PLR0911 (one return for each thing there is to say)
        if reach.then:
            return "canary_judged is about the phase with the release: write it under `expect`"
        if not reach.releases:
            return "there is no bad_release in this phase"
        if self.service and self.service not in reach.releases:
            return f"no bad_release in this phase is of {self.service}; there is one of {', '.join(reach.releases)}"
        if self.within_s >= reach.window_s:
            return f"`within` is {spell(self.within_s)}, but the phase is over after {spell(reach.window_s)}: who decided is seen after it"
        if self.p95 is not None and self.within_s < NEEDED_S:
            return f"`within` is {spell(self.within_s)}, and p95 of six batches of five seconds needs {NEEDED_S:g}s"
        due = reach.arrivals * self.within_s / reach.window_s
        if due / 2 < self._least():
            return (
                f"about {due:.0f} requests are due in {spell(self.within_s)}; {self._least()} are needed on each side"
            )
        return ""

    def needs(self, reach: Reach) -> str:
        return f"{numbered(self._least(), 'answer')} of each name, on each side"

    def _least(self) -> int:
        return max(needed(self.errors), LEAST_FOR_P95 if self.p95 is not None else 1)

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911
        window, journal = evidence.window, evidence.journal
        if window is None:
            return not_begun(evidence)
        if not window.ended:
            return still_open(evidence, window)
        fault = self._fault(evidence)
        begun, out = journal.first(Injecting, fault=fault), journal.first(Injected, fault=fault)
        if begun is None or out is None:
            return inconclusive(
                "the release was not deployed", reason="not_deployed", decide="a release that is deployed"
            )
        if not load_was_watched(journal, window.start_s, window.end_s):
            return inconclusive(
                "the load was not seen at work all the time of the phase",
                reason="not_watched",
                decide="a sample of the load process every second until after the phase",
                cites=cites(evidence),
            )
        known_s = now_s(journal)
        waiting = awaited(evidence.rows, begun.seen_s, window.end_s, known_s)
        if waiting and not journal.last(LoadEnded):
            return unanswered(evidence, waiting)
        version = new_version(evidence.rows, begun.seen_s, window.end_s, known_s)
        every = answers(evidence.rows, begun.seen_s, window.end_s, known_s)
        canary, others = every.by(version), every.by(*(set(every.names()) - {version}))
        trial = course(canary, others, every.unnamed_errors()) if version else None
        if trial is None:
            return inconclusive(
                f"of {numbered(len(every), 'answer')} none named a version that had not answered before, or no other did: nothing was tried",
                reason="no_version",
                decide="load.version_header, a release that names its version, and requests for it and for the others",
                cites=cites(evidence, out),
            )
        return _Judging(self, evidence, trial, version, out, window.end_s).finding()

    def _fault(self, evidence: Evidence) -> str:
        releases = {id_: fault for id_, fault in evidence.faults.items() if fault.outlasts}
        return next((id_ for id_, fault in releases.items() if self.service in ("", *fault.targets)), "")


@dataclass(frozen=True)
class _Judging:
    """One canary held against one claim."""

    claim: CanaryJudged
    evidence: Evidence
    trial: Course
    version: str
    out: Injected
    end_s: float

    @property
    def limit_s(self) -> float:
        return self.out.seen_s + self.claim.within_s

    def finding(self) -> Finding:
        trial = self.trial
        if not trial.sure:
            return self._not_sure()
        compared, left_out = self._compared()
        known = worse(compared)
        if known is False and self.claim.p95 is not None and not any(one.bound.unit == "%" for one in compared):
            known = None  # nobody knows whether it is slower
        details = (
            ("tried", f"version {self.version} from {trial.begun_s:.1f} s to {trial.at_s:.1f} s"),
            *(("compared", one.bound.said) for one in compared),
            *((("p95 not told of", ", ".join(left_out)),) if left_out else ()),
        )
        return replace(self._told(known, compared), details=details)

    def _told(self, known: bool | None, compared: Sequence[Compared]) -> Finding:
        claim, trial = self.claim, self.trial
        shown, when = worst(compared) if compared else None, trial.at_s - self.out.seen_s
        in_time = trial.at_s <= self.limit_s
        did = f"version {self.version} was {trial.decision} {when:.1f} s after its deployment (limit {spell(claim.within_s)})"
        measure = Measure(round(when, 3), round(when, 3), "s")
        if known is True and trial.decision == "promoted" and shown is not None:
            p = min(1.0, shown.bound.p * len(compared))
            return self._failed(
                reason="bad_promoted", said=f"{did}, and it is worse: {shown.bound.said}", measure=measure, p=p
            )
        if known is False and trial.decision == "withdrawn":
            p = max(one.p_within for one in compared)
            said = "; ".join(one.bound.said for one in compared)
            return self._failed(
                reason="good_withdrawn", said=f"{did}, and it is no worse: {said}", measure=measure, p=p
            )
        if not in_time:
            return self._failed(reason="late", said=did, measure=measure)
        if known is None:
            return inconclusive(
                f"{did}; whether it is worse is not known: {self._unknown(compared)}",
                reason="too_few",
                decide="; ".join(self._lacking(compared)) or f"{NEEDED_S:g} s or more of both sides' answers",
                measure=measure,
                cites=self._cites(),
            )
        why = shown.bound.said if known and shown else "; ".join(one.bound.said for one in compared)
        said = f"{did}, as it is {'worse' if known else 'no worse'}: {why}"
        if claim.expect not in ("right", RIGHT[known]):
            return self._failed(
                reason="not_met", said=f"{said}; the drill expects it to be {claim.expect}", measure=measure
            )
        return passed(said, measure=measure, cites=self._cites())

    def _not_sure(self) -> Finding:
        trial, claim = self.trial, self.claim
        both = f"version {self.version} and the others"
        if trial.at_s > self.limit_s:
            said = f"{both} still answered {trial.at_s - self.out.seen_s:.1f} s after the deployment (limit {spell(claim.within_s)})"
            return self._failed(reason="undecided", said=f"nothing was decided: {said}")
        if self.end_s <= self.limit_s:
            return inconclusive(
                f"{both} answered, and the phase was over before the limit ({spell(claim.within_s)} after the deployment)",
                reason="window_open",
                decide="a phase that lasts longer than deployment and limit",
                cites=self._cites(),
            )
        gone = f"version {self.version}" if trial.decision == "withdrawn" else "the others"
        if trial.dead:
            return inconclusive(
                f"{trial.unnamed} of the {trial.looked} requests after the last answer of {gone} ended in errors that name no version: "
                "whether it got no more requests, or answers none, is not known",
                reason="too_few",
                decide="a version in every answer, errors too",
                cites=self._cites(),
            )
        return inconclusive(
            f"after the last answer of {gone} only {numbered(trial.after, 'request')} went to the other side",
            reason="too_few",
            decide=f"{trial.needed} requests after it",
            cites=self._cites(),
        )

    def _compared(self) -> tuple[list[Compared], list[str]]:
        """Every figure, and the names whose p95 could not be told."""
        trial, claim, rows = self.trial, self.claim, self.evidence.rows
        names = [name for name in rows.endpoints if name and self._counts(name)]
        both = sides(rows, self.version, trial.begun_s, trial.at_s, [*names, TOGETHER])
        asked = {name: side for name, side in both.items() if side[0].n or side[1].n or side[2]}
        found = [errors(name, *side, claim.errors) for name, side in asked.items() if name != TOGETHER]
        left_out: list[str] = []
        for name, (canary, others, _) in asked.items():
            if claim.p95 is None or (name == TOGETHER and len(asked) == 2):
                continue
            ratio = p95(name, canary, others, claim.p95, trial.at_s - trial.begun_s)
            found += [ratio] if ratio else []
            left_out += [] if ratio else [f"{name} ({canary.n} and {others.n} answers)"]
        return found, left_out

    def _counts(self, name: str) -> bool:
        return not self.claim.requests or any(fnmatchcase(name, pattern) for pattern in self.claim.requests)

    def _unknown(self, compared: Sequence[Compared]) -> str:
        open_ = [one.bound.said for one in compared if one.bound.high > one.bound.limit]
        return "; ".join(open_) or f"p95 of {self.trial.at_s - self.trial.begun_s:.1f} s cannot be told"

    def _lacking(self, compared: Sequence[Compared]) -> list[str]:
        return [one.bound.needs for one in compared if one.bound.high > one.bound.limit]

    def _cites(self) -> tuple[str, ...]:
        return (*cites(self.evidence, self.out), self.trial.cite)

    def _failed(self, *, reason: str, said: str, measure: Measure | None = None, p: float | None = None) -> Finding:
        finding = failed(said, reason=reason, measure=measure, cites=self._cites())
        return finding if p is None else replace(finding, p_value=round(p, 9))
