"""Under a fault a service answers as it usually does, or says that it cannot: no error behind a 200 page."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from harness.expectations.answered import LEAST, Answered
from harness.expectations.base import Evidence, Expectation
from harness.expectations.counted_success import counted_as_success
from harness.expectations.failed_requests import near
from harness.expectations.requests import cites, folded, load_was_watched, not_begun, nothing_sent, still_open
from harness.expectations.sampled import unanswered
from harness.expectations.usual_answers import Answers, Kind, Novelty, novelties
from harness.expectations.usual_variety import ALPHA
from harness.facts import GateHeld, LoadBegan, LoadEnded, PhaseSettled
from harness.journal import Window
from harness.landings import hurts
from harness.ledger import request_id
from harness.quantities import Ratio
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.ledger import Rows

AFTERMATH_S = 30.0  # after a mend nothing is calm for so long, where nobody saw the stack settle
MOST_UNSHAPED = 0.01
_ALLOWED = re.compile(r"(\dxx|\d{3})( \S.*)?")


class AnswersAsUsual(Expectation):
    """Answers are of kinds that calm times showed before: the status, the content type, where a redirect leads, what it is made of.

        expect:
          - answers_as_usual: {allow: [503, 202 application/json*]}
          - answers_as_usual: {request: GET /wiki/page, ratio: 0.5%, metric: http_requests_total}

    Units:   ratio: the greatest share of answers that are of a new kind; 0% allows none. `allow`: statuses (503, 5xx), with
             a pattern of the shape behind them (* is anything), that are expected under this fault.
    Counts:  answers to the requests due in the phase; of the whole run, to those due from the first fault on. The kind is the
             request's name, the status, and the shape that the load takes of each answer: content type, where a redirect
             ended, of JSON the keys, of HTML title and tags. What is usual is taught by answers from before the phase, but
             those due while a fault was on or its trouble settled; errors teach only once the steady state held.
             A kind is new when calm times would have shown it with 95 % certainty, were it as frequent there; errors of a
             status, or of 5xx, that calm times never showed are tested together, too, whatever was asked. Titles and ends
             of a redirect's path that calm times see once and no more (product names, slugs) may go on to vary as much.
    Decides: once the phase is over. Failed: new_success, moved_elsewhere, new_error. Inconclusive: taught_too_little, where
             calm times were too short to know a kind so rare, no_shapes, and too_few, where most requests were not answered
             and fewer than 59 were. How many were not is told.
    Source:  the ledger; samples of each kind, masked, in the run folder's answers/. metric: the service's own counter of
             answers by status, of which is said how many of the new ones it counted as successes.
    """

    word: ClassVar[str] = "answers_as_usual"

    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    ratio: Ratio = Field(default=0.0, description="the greatest share of answers of a new kind")
    allow: tuple[str, ...] = Field(
        default=(),
        description="kinds that are expected: 503, 5xx, '200 text/html*'",
        json_schema_extra={"items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
    )
    metric: str = Field(default="", description="the service's own counter of answers, with a label for the status")
    only: str = Field(default="", description='label matchers that leave this service\'s series: job="api"')

    @field_validator("allow", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else value

    @field_validator("allow")
    @classmethod
    def _kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _ALLOWED.fullmatch(one):
                raise ValueError(f"{one!r} is no kind of answer; write 503, 5xx or '200 text/html*'")
        return value

    def about(self) -> str:
        return self.request or "all"

    def series(self) -> tuple[str, ...]:
        return (f"{self.metric}{{{self.only}}}" if self.only else self.metric,) if self.metric else ()

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if not window.ended:
            return still_open(evidence, window)
        if not load_was_watched(evidence.journal, window.start_s, window.end_s):
            return inconclusive(
                "which answers were given is not known: the load was not seen at work all the time",
                reason="not_watched",
                decide="a sample of the load process every second until after the window",
                cites=cites(evidence),
            )
        waiting = folded(evidence, window.start_s, window.end_s, self.request).waiting
        if waiting and evidence.journal.last(LoadEnded) is None:
            return unanswered(evidence, waiting)
        window = self._judged_stretch(evidence, window)
        rows = near(evidence, window)
        mask = self._mine(rows, window)
        seen = Answers.of(rows, mask)
        answered = Answered.of(rows, mask)
        if not seen.kinds:
            return self._none_to_judge(evidence, answered)
        calm = self._calm(evidence, window)
        return self._judged(evidence, window, rows.select(mask), calm, seen, answered)

    def _none_to_judge(self, evidence: Evidence, answered: Answered) -> Finding:
        if answered.statusless:
            return inconclusive(
                f"none of {answered.statusless} answers has a status: this claim is about HTTP answers",
                decide="requests over HTTP, such as those of a Locust HttpUser",
                cites=cites(evidence),
            )
        return self._too_few(evidence, answered) if answered.due else nothing_sent(evidence, self.request)

    def _too_few(self, evidence: Evidence, answered: Answered, details: Details = ()) -> Finding:
        return inconclusive(
            f"{answered.told}: of what kind they would have been is not known",
            reason="too_few",
            decide=f"{LEAST} answers or more, or answers to most requests",
            cites=cites(evidence),
            details=details,
        )

    def _judged_stretch(self, evidence: Evidence, window: Window) -> Window:
        """Of the whole run only what came from the first fault on: what was before teaches."""
        on_s = min((hurt.on_s for hurt in hurts(evidence.journal)), default=window.start_s)
        return window if evidence.phase else Window(max(window.start_s, min(on_s, window.end_s)), window.end_s)

    def _mine(self, rows: Rows, window: Window) -> NDArray[np.bool_]:
        return rows.between(window.start_s, window.end_s) & rows.counted(self.request)

    def _calm(self, evidence: Evidence, window: Window) -> Answers:
        """Answers due before the window, while nothing was hurt; of failures only those since the steady state held."""
        journal = evidence.journal
        began, held = journal.first(LoadBegan), journal.first(GateHeld)
        start_s = began.begins_s if began else 0.0
        before = Window(start_s, window.start_s)
        rows = near(evidence, before)
        mask = self._mine(rows, before)
        steady_s = held.at_s - evidence.steady.for_s if held else start_s
        mask &= rows.outcome("ok") | rows.between(steady_s, window.start_s)
        for hurt in hurts(journal):
            settled = journal.first(PhaseSettled, since_s=hurt.off_s) if math.isfinite(hurt.off_s) else None
            mask &= ~rows.between(hurt.on_s, min(settled.at_s if settled else hurt.off_s + AFTERMATH_S, window.start_s))
        return Answers.of(rows, mask)

    # --- what it comes to -------------------------------------------------------------------------------------------------

    def _judged(
        self, evidence: Evidence, window: Window, rows: Rows, calm: Answers, seen: Answers, answered: Answered
    ) -> Finding:
        found = novelties(calm, seen, self._allowed)
        new = [one for one in found if one.new]
        unsure = [one for one in found if not one.new and not one.usual]
        n, many = seen.n(), sum(one.count for one in new)
        may = many + sum(one.count for one in unsure)
        measure = Measure(100 * many / n, 100 * may / n, "% of answers", "census" if may == many else "sampling")
        limit = f"(limit {100 * self.ratio:g}%)"
        first = [place for one in (*new, *unsure)[:3] for place in _first(rows, one.kinds, 3)]
        cited = (*cites(evidence), *(rows.cite(place) for place in first[:6]))
        details = self._details(evidence, window, rows, calm, seen, found, first)
        details += (("not judged", answered.told),) if answered.told else ()
        if many > self.ratio * n:
            finding = failed(
                f"{many} of {n} answers were of a kind that calm times never showed {limit}: {_spoken(new)}",
                reason="moved_elsewhere"
                if self._led_elsewhere(new[0])
                else "new_success"
                if new[0].status < 300
                else "new_error",
                measure=measure,
                cites=cited,
                details=details,
            )
            return replace(finding, p_value=round(min(1.0, len(found) * min(one.chance for one in new)), 9))
        if may > self.ratio * n:
            cheap = _cheapest(unsure, self.ratio * n - many)
            return inconclusive(
                f"{may} of {n} answers were of a kind that was not seen before {limit}, but calm times may have been too short "
                f"to show it: {_spoken(unsure)}",
                reason="taught_too_little",
                decide=f"{cheap.needed} answers to {cheap.endpoint} in calm times (there were {cheap.taught})",
                measure=measure,
                cites=cited,
                details=details,
            )
        if seen.unshaped > MOST_UNSHAPED * n:
            return inconclusive(
                f"of {n} answers {seen.unshaped} have no fingerprint: the load had no time to take it",
                reason="no_shapes",
                decide="less load, or smaller answers",
                measure=measure,
                cites=cites(evidence),
                details=details,
            )
        if answered.few:
            return self._too_few(evidence, answered, details)
        odd = f"; {may} of a new kind" if may else ""
        varied = sum(one.count for one in found if one.usual and one.level == "rough")
        odd += f"; {varied} of pages that vary as much in calm times" if varied else ""
        odd += f"; {answered.told}" if answered.told else ""
        return passed(
            f"{n} answers were of kinds that {calm.n()} calm ones had shown{odd} {limit}",
            measure=measure,
            cites=cites(evidence),
            details=details,
        )

    def _allowed(self, kind: Kind) -> bool:
        return any(_matches(pattern, kind) for pattern in self.allow)

    @staticmethod
    def _led_elsewhere(one: Novelty) -> bool:
        return 300 <= one.status < 400 or any(" -> " in shape for _, _, shape in one.kinds)

    def _details(
        self,
        evidence: Evidence,
        window: Window,
        rows: Rows,
        calm: Answers,
        seen: Answers,
        found: Sequence[Novelty],
        first: Sequence[int],
    ) -> Details:
        run = evidence.journal.opened.run if evidence.journal.opened else ""
        told = [
            ("window", f"{window.start_s:.3f} s to {window.end_s:.3f} s: {seen.n()} answers; taught by {calm.n()}"),
            *(("not seen before", _line(one)) for one in found[:8]),
            *(
                ("usual", f"{n}× {_kind(kind)}")
                for kind, n in sorted(calm.kinds.items(), key=lambda one: (-one[1], one[0]))[:6]
            ),
        ]
        if first:
            ids = [request_id(run, int(rows.worker[place]), int(rows.number[place])) for place in first[:3]]
            told += [("requests", ", ".join(ids)), ("samples", f"grep -hE '{'|'.join(ids)}' answers/*.jsonl")]
        if self.metric:
            strange = frozenset(kind for one in found if one.new for kind in one.kinds)
            told.append(("counted as success", counted_as_success(evidence, self.series()[0], window, strange)))
        return tuple(told)


def _first(rows: Rows, kinds: frozenset[Kind], most: int) -> list[int]:
    """The first answers of these kinds, by when they came: those that samples were kept of."""
    import numpy as np

    array = rows.array
    mask = np.zeros(len(rows), bool)
    for endpoint, status, shape in kinds:
        number = rows.shapes.index(shape)
        mask |= rows.at_endpoint(endpoint) & (array["status"] == status) & (array["shape"] == number)
    places = np.flatnonzero(mask)
    return [int(place) for place in places[np.argsort(rows.done_s[places], kind="stable")][:most]]


def _cheapest(unsure: Sequence[Novelty], beyond: float) -> Novelty:
    """The one that the least lengthening of calm times takes to tell, so that with those that it tells before more than so many answers
    are known to be new or not."""
    counted = 0
    by_cost = sorted(unsure, key=lambda one: one.needed / max(1, one.taught))
    for one in by_cost:
        counted += one.count
        if counted > beyond:
            return one
    return by_cost[-1]


def _matches(pattern: str, kind: Kind) -> bool:
    status, _, shape = pattern.partition(" ")
    same = str(kind[1]) == status or (status.endswith("xx") and str(kind[1])[0] == status[0])
    return same and fnmatchcase(kind[2], shape or "*")


def _kind(kind: Kind) -> str:
    return f"{kind[0]}: {kind[1]} {kind[2]}".rstrip()


def _spoken(found: Sequence[Novelty]) -> str:
    rest = f" and {len(found) - 3} kinds more" if len(found) > 3 else ""
    return "; ".join(f"{one.count}× {_kind(sorted(one.kinds)[0])}" for one in found[:3]) + rest


def _line(one: Novelty) -> str:
    how = "new" if one.new else "as calm times vary" if one.usual else f"not sure: {one.needed} calm answers would tell"
    what = {"status": "the status", "rough": "the page", "shape": "what it is made of"}[one.level]
    kinds = f" ({len(one.kinds)} shapes)" if len(one.kinds) > 1 else ""
    return (
        f"{one.count} of {one.of} {_kind(sorted(one.kinds)[0])}{kinds}: {what}; none of {one.taught} calm ones, "
        f"by chance {one.chance:.2g} (limit {ALPHA:g} shared): {how}"
    )
