"""Every failed request can be found in the logs by its id, with the cause and the name of what was hurt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.blaming import Parts
from harness.expectations import logs
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.errors_below import Allowed
from harness.expectations.failed_requests import FailedRequests, failed_requests
from harness.expectations.log_limits import (
    ALIASES_DECIDE,
    LEVELS_DECIDE,
    Doubt,
    Limit,
    State,
    noise,
    order,
    recovery,
    secrets,
    share,
    storm,
)
from harness.expectations.log_search import (
    AFTER_S,
    BEFORE_S,
    CAUSE,
    FALSE,
    FOUND,
    NAMED,
    ONE_LINE,
    SEVERE,
    Accusing,
    Ids,
    Tally,
    found_in,
    names_of,
    other_ids,
    search,
    unread_of,
)
from harness.expectations.requests import cites, load_was_watched, not_begun, still_open
from harness.journal import Window
from harness.ledger import request_id, traceparent
from harness.quantities import Ratio, spell
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

EXAMPLES = 3


@dataclass(frozen=True)
class Looked:
    """The failed requests, what the logs say of each, and which of them may still get lines; lines are known until known_s."""

    failed: FailedRequests
    tally: Tally
    judged: Mask
    open: Mask
    blind: str
    known_s: float

    @property
    def more(self) -> int:
        """How many requests may yet be judged: those that have not ended, and broken connections that may get a line."""
        return self.failed.waiting + int((self.failed.maybe & ~self.judged & self.open).sum())


class LogCoverage(Expectation):
    """Every failed request is found in the logs by its id, with its cause and the dependency that was hurt.

        expect:
          - log_coverage: {services: [api, worker], found: 100%, cause: 99%, dependency: 95%, false_blame: 1%}
          - log_coverage: {request: POST /checkout, allow: [4xx], blames: [backend], aliases: {postgres: [orders-db]}}

    Units:   shares in percent: the least of `found`, `cause`, `dependency`, the greatest of `false_blame`. storm: how many
             times as many lines a request as before the first phase. secrets: how many are allowed.
    Counts:  requests due in the phase that failed (but `allow`) and reached the service; one refused, or sent while the
             service was down, is exempt, and said. Its lines bear the X-Request-ID or the trace id that the load sent, from
             1 s before it was sent to 30 s after its end. cause: one of them, at WARNING or above, has an error's kind or text,
             or says more than that something failed. dependency (while a fault is on): one of them names who is hurt, in
             a field (dependency, peer.service, server.address, or yours: `blames`) or in words. false_blame: one
             accuses somebody who was neither hurt nor on the way to it.
    Decides: once the phase is over and lines cannot come any more. Failed: no_id, lost_log, only_access_log, generic,
             no_dependency, wrong_dependency, log_storm, secret_logged, noisy_success, no_recovery_line. Inconclusive: none_failed.
    Source:  `docker logs --timestamps`, kept in the run's folder: JSON, logfmt or plain text.
    """

    word: ClassVar[str] = "log_coverage"

    services: tuple[str, ...] = Field(
        default=("*",), min_length=1, description='services whose logs count; "*" is every one'
    )
    request: str = Field(default="", description="a request's name, such as POST /checkout; all when left out")
    allow: tuple[Allowed, ...] = Field(default=(), description="outcomes that are no failures here")
    found: Ratio = Field(default=1.0, description="the least share that is found by its id")
    cause: Ratio = Field(default=0.99, description="the least share whose cause is told, at WARNING or above")
    dependency: Ratio = Field(default=0.95, description="the least share that names who was hurt")
    false_blame: Ratio = Field(default=0.01, description="the greatest share that accuses somebody else")
    blames: tuple[str, ...] = Field(
        default=(), description="fields of a line that accuse somebody, besides the usual ones"
    )
    aliases: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="by service, other names of it in the logs"
    )
    storm: float = Field(default=20.0, gt=1, description="the most lines a request, in multiples of the usual")
    secrets: int = Field(default=0, ge=0, description="how many secrets may be in the logs")
    quiet_success: bool = Field(default=False, description="whether a request that succeeds must log nothing at ERROR")
    recovery_line: bool = Field(default=False, description="whether a line must say that who was hurt is back")

    def about(self) -> str:
        return self.request or ("all" if self.services == ("*",) else "+".join(self.services))

    def undecidable(self, reach: Reach) -> str:
        return next((said for service in self.services if (said := reach.no_service(service))), "")

    def needs(self, reach: Reach) -> str:
        return f"requests that fail, and logs until {spell(AFTER_S)} after the last of them"

    def doubtful(self, reach: Reach) -> str:
        if reach.after_s >= AFTER_S:
            return ""
        late = (
            "it is inconclusive"
            if self.quiet_success or self.recovery_line
            else "what is not found by then is inconclusive"
        )
        return (
            f"lines of a request are waited for {spell(AFTER_S)} after its end, and the run may end {spell(round(reach.after_s, 1))} "
            f"after the window: {late}; a phase after it, or a longer `steady.for`, gives more"
        )

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if unknown := logs.stepped(evidence):
            return unknown
        leaked = secrets(evidence, self.services, window, self.secrets)
        if leaked.state is State.BROKEN:
            return self._failed(evidence, leaked, ())
        if not window.ended:
            return still_open(evidence, window)
        if not load_was_watched(evidence.journal, window.start_s, window.end_s):
            return inconclusive(
                "which requests failed is not known: the load was not seen at work all the time",
                reason="not_watched",
                decide="a sample of the load process every second until after the window",
                cites=cites(evidence),
            )
        looked = self._look(evidence, window)
        return self._judged(evidence, window, looked, leaked)

    def _look(self, evidence: Evidence, window: Window) -> Looked:
        journal = evidence.journal
        parts = Parts.of(journal, self.aliases)
        found = failed_requests(evidence, window, self.request, self.allow, parts)
        accusing = Accusing(parts, found.truths, self.blames)
        run = journal.opened.run if journal.opened else ""
        tally = search(evidence.logs, self.services, found.rows, run, found.truth, accusing, found.done_s)
        judged = ~found.maybe | tally.has(FOUND)
        last_s = float(found.done_s.max()) + AFTER_S if len(found.rows) else window.end_s
        start_s = float(found.rows.sent_s.min()) - BEFORE_S if len(found.rows) else window.start_s
        known_s = logs.followed_until_s(journal, self.services)
        blind = next(
            (why for s in self.services if (why := logs.not_followed(journal, s, start_s, min(last_s, known_s)))), ""
        )
        return Looked(found, tally, judged, found.done_s + AFTER_S > known_s, blind, known_s)

    def _judged(self, evidence: Evidence, window: Window, looked: Looked, leaked: Limit) -> Finding:
        found = looked.failed
        if not looked.judged.any():
            return self._none_failed(evidence, looked)
        asked = "storm" in self.model_fields_set
        limits = [*self._shares(evidence, looked), storm(evidence, self.services, window, self.storm, asked), leaked]
        if self.quiet_success:
            limits.append(noise(evidence, self.services, window, self.request))
        if self.recovery_line:
            limits += recovery(evidence, self.services, self.aliases)
        if silent := int((found.maybe & ~looked.judged).sum()):
            said = f"{silent} broken connections left no line: nobody knows whether their requests reached the service"
            limits.append(Limit("broken", said, State.OPEN, reason="unknown_reach", decide="a log of every connection"))
        if found.waiting:
            said = f"{found.waiting} requests had not ended"
            limits.insert(0, Limit("waiting", said, State.OPEN, reason="unanswered", decide="the answers to them"))
        if looked.known_s < window.end_s:
            said = f"lines are known until {looked.known_s:.1f} s"
            limits.append(Limit("lines", said, State.OPEN, reason="window_open"))
        details = self._details(evidence, window, looked, limits)
        wrong = next((limit for limit in limits if limit.state is State.BROKEN), None)
        if wrong is not None:
            return self._failed(evidence, wrong, details, looked)
        said, measure = self._said(looked, limits), self._measure(looked)
        if looked.blind:
            return inconclusive(
                f"{said}; but {looked.blind}",
                reason="not_watched",
                decide="every log followed until 30 s after the last failed request",
                measure=measure,
                cites=cites(evidence),
                details=details,
            )
        unsure = next((limit for limit in limits if limit.state is State.OPEN), None)
        if unsure is not None:
            return inconclusive(
                f"{said}: {unsure.why or unsure.said}",
                reason=unsure.reason,
                decide=unsure.decide or "logs until 30 s after the last failed request, while the stack still runs",
                measure=measure,
                cites=cites(evidence),
                details=details,
            )
        return passed(said, measure=measure, cites=cites(evidence), details=details)

    # --- the shares -----------------------------------------------------------------------------------------------------

    def _doubts(self, evidence: Evidence, looked: Looked, mark: int) -> tuple[Doubt, ...]:
        """Requests that may have this mark, if only something could be read that cannot."""
        import numpy as np

        tally = looked.tally
        named = tally.has(NAMED)
        doubts = [
            Doubt(
                (tally.unlevelled & mark) != 0,
                reason="no_levels",
                said=unread_of(tally.levels),
                decide=LEVELS_DECIDE,
            ),
            Doubt(
                ((tally.unknown & mark) != 0) & ~(named if mark == FALSE else np.zeros_like(named)),
                reason="unknown_names",
                said=f"lines accuse {names_of(tally.strangers)}, which no part of the stack is called",
                decide=ALIASES_DECIDE,
            ),
        ]
        if other := other_ids(evidence.journal):
            decide = "a load and a service that pass the load's X-Request-ID or traceparent on, and log one of them"
            doubts.insert(0, Doubt(~tally.has(FOUND), reason="other_ids", said=other, decide=decide))
        return tuple(doubts)

    def _shares(self, evidence: Evidence, looked: Looked) -> Iterator[Limit]:
        found, tally, judged, unknown = looked.failed, looked.tally, looked.judged, looked.open
        hurt = judged & found.sure & self._has_root(looked)
        has, named, false = tally.has(FOUND), tally.has(NAMED), tally.has(FALSE)
        lost = judged & ~has & found.cut
        yield share(
            "are found by their ids",
            has,
            judged,
            unknown,
            least=self.found,
            more=looked.more,
            reason="lost_log" if _mostly(lost, judged & ~has) else "no_id",
            doubts=self._doubts(evidence, looked, FOUND),
        )
        dull, severe = judged & ~tally.has(CAUSE), tally.has(SEVERE) | ((tally.unlevelled & SEVERE) != 0)
        yield share(
            "tell their cause",
            tally.has(CAUSE),
            judged,
            unknown,
            least=self.cause,
            more=looked.more,
            reason="only_access_log" if _mostly(dull & ~severe, dull) else "generic",
            doubts=self._doubts(evidence, looked, CAUSE),
        )
        if hurt.any():
            yield share(
                "name who was hurt",
                named,
                hurt,
                unknown,
                least=self.dependency,
                more=looked.more,
                reason="wrong_dependency" if _mostly(hurt & ~named & false, hurt & ~named) else "no_dependency",
                doubts=self._doubts(evidence, looked, NAMED),
            )
        yield share(
            "accuse somebody else",
            false,
            judged,
            unknown,
            most=self.false_blame,
            more=looked.more,
            reason="wrong_dependency",
            doubts=self._doubts(evidence, looked, FALSE),
        )

    @staticmethod
    def _has_root(looked: Looked) -> Mask:
        import numpy as np

        return np.array([bool(truth.roots) for truth in looked.failed.truths])[looked.failed.truth]

    @staticmethod
    def _measure(looked: Looked) -> Measure:
        judged, has = looked.judged, looked.tally.has(FOUND)
        n, lacking = int(judged.sum()), judged & ~has
        low = 100 * (n - int(lacking.sum())) / n
        high = 100 * (n - int((lacking & ~looked.open).sum())) / n
        return Measure(low, high, "% found", "census" if low == high else "censored")

    # --- what is said -----------------------------------------------------------------------------------------------------

    def _said(self, looked: Looked, limits: list[Limit]) -> str:
        import numpy as np

        tally, found = looked.tally, looked.failed
        read = np.sort(tally.read[looked.judged & tally.has(FOUND)])
        least = (
            f"; one reads {_lines(int(read[len(read) // 2]))} in the median, at most {int(read[-1])}"
            if len(read)
            else ""
        )
        exempt = f"; {found.exempt} more never reached the service" if found.exempt else ""
        shares = ", ".join(limit.said for limit in limits if limit.what == "share")
        return f"of {int(looked.judged.sum())} failed requests {shares}{least}{exempt}"

    def _details(self, evidence: Evidence, window: Window, looked: Looked, limits: list[Limit]) -> Details:
        """What somebody checks it by: each number with its limit, three requests, and how to look for them by hand."""
        tally, judged, run = looked.tally, looked.judged, self._run(evidence)
        n = int(judged.sum())
        once = int((judged & (tally.errors == 1)).sum())
        twice = int((judged & (tally.errors > 1)).sum())
        told = [(limit.what, limit.said) for limit in limits]
        told += [
            ("window", f"{window.start_s:.3f} s to {window.end_s:.3f} s"),
            ("error lines a request", f"{once} of {n} have exactly one, {twice} more than one (no limit)"),
            (
                "one line tells it all",
                f"{int((judged & tally.has(ONE_LINE)).sum())} of {n}: cause and name in the same line",
            ),
        ]
        if unread := unread_of(tally.levels):
            told.append(("levels", unread))
        if tally.strangers:
            told.append(("unknown names", f"{names_of(tally.strangers)}: aliases?"))
        if tally.accused:
            told.append(("accused", ", ".join(f"{name} in {n} lines" for name, n in sorted(tally.accused.items()))))
        shown = self._examples(looked)
        if shown:
            ids = [self._id(looked, place, run) for place in shown]
            trace = [self._trace(looked, place, run) for place in shown]
            told += [
                ("requests", ", ".join(ids)),
                ("query", f"grep -hE '{ids[0]}|{trace[0]}' logs/*.log"),
            ]
        return tuple(told)

    def _examples(self, looked: Looked) -> list[int]:
        """Three requests that show it: first those that lack most."""
        import numpy as np

        tally = looked.tally
        wrong = [tally.has(FOUND), tally.has(CAUSE), tally.has(NAMED) | ~looked.failed.sure, ~tally.has(FALSE)]
        score = np.sum([np.where(good, 0, 4 - i) for i, good in enumerate(wrong)], axis=0)
        places = np.flatnonzero(looked.judged)
        return [int(place) for place in places[np.argsort(-score[places], kind="stable")][:EXAMPLES]]

    def _failed(self, evidence: Evidence, wrong: Limit, details: Details, looked: Looked | None = None) -> Finding:
        where: tuple[str, ...] = wrong.cites
        if looked is not None and not where:
            where = self._cited(evidence, looked)
        said = wrong.said if looked is None else f"of {int(looked.judged.sum())} failed requests {wrong.said}"
        return failed(
            said if wrong.what == "share" else wrong.said,
            reason=wrong.reason,
            measure=self._measure(looked) if looked is not None else wrong.measure,
            cites=(*cites(evidence), *where),
            census=wrong.census,
            details=details,
        )

    def _cited(self, evidence: Evidence, looked: Looked) -> tuple[str, ...]:
        """Rows of three requests that lack something, and the lines that they do have (none that holds a secret)."""
        from harness.masking import find

        shown, rows = self._examples(looked), looked.failed.rows
        ids = Ids.of(self._run(evidence), rows.select(shown))
        sent_s, done_s = rows.sent_s[shown], looked.failed.done_s[shown]
        between = (float(sent_s.min()) - BEFORE_S, float(done_s.max()) + AFTER_S)
        seen = [line for line in found_in(evidence.logs, self.services, ids, *between) if not find(line.text)]
        seen.sort(key=order)
        return (*(rows.cite(place) for place in shown), *dict.fromkeys(line.cite for line in seen[:EXAMPLES]))

    def _none_failed(self, evidence: Evidence, looked: Looked) -> Finding:
        out = looked.failed.exempt + len(looked.failed.rows)
        never = f" ({out} that failed did not reach the service, as far as anybody knows)" if out else ""
        return inconclusive(
            f"no failed request to look for{never}",
            reason="none_failed",
            decide="a fault that makes requests fail, a longer phase, or more load",
            cites=cites(evidence),
        )

    @staticmethod
    def _run(evidence: Evidence) -> str:
        return evidence.journal.opened.run if evidence.journal.opened else ""

    @staticmethod
    def _id(looked: Looked, place: int, run: str) -> str:
        rows = looked.failed.rows
        return request_id(run, int(rows.worker[place]), int(rows.number[place]))

    @staticmethod
    def _trace(looked: Looked, place: int, run: str) -> str:
        rows = looked.failed.rows
        return traceparent(run, int(rows.worker[place]), int(rows.number[place]))[3:35]


def _lines(n: int) -> str:
    return f"{n} line{'' if n == 1 else 's'}"


def _mostly(some: Mask, of: Mask) -> bool:
    return 2 * int(some.sum()) > int(of.sum())
