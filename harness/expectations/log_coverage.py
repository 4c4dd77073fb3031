"""Every failed request can be found in the logs by its id, with the cause and the name of what was hurt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from harness.blaming import Parts
from harness.expectations import logs
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.errors_below import Allowed
from harness.expectations.failed_requests import failed_requests
from harness.expectations.log_clocks import Times
from harness.expectations.log_limits import Limit, State, noise, recovery, storm
from harness.expectations.log_looked import Looked
from harness.expectations.log_named import Accusing
from harness.expectations.log_search import AFTER_S, BEFORE_S, FOUND, search
from harness.expectations.log_secrets import secrets
from harness.expectations.log_shares import shares
from harness.expectations.log_silent import in_front_hint, silent, silent_in_front
from harness.expectations.log_times import times
from harness.expectations.requests import cites, load_was_watched, not_begun, still_open
from harness.journal import Window
from harness.quantities import Ratio, Seconds, spell
from harness.verdict import Details, Finding, failed, inconclusive, passed
from harness.wall import Wall


class LogCoverage(Expectation):
    """Every failed request is found in the logs by its id, with its cause and the dependency that was hurt.

        expect:
          - log_coverage: {services: [api, worker], found: 100%, cause: 99%, dependency: 95%, false_blame: 1%}
          - log_coverage: {request: POST /checkout, allow: [4xx], blames: [backend], aliases: {postgres: [orders-db]}}

    Units:   shares in percent: the least of `found`, `cause`, `dependency`, the greatest of `false_blame`. storm: how many
             times as many lines a request as before the first phase. secrets: how many are allowed; left out, numbers that no
             word beside them calls a card's, known test numbers and a broker's default password are told and do not fail.
             skew: how far a line's own time may be off (5s); left out, local time that states no zone is told and does not fail.
    Counts:  requests due in the phase that failed (but `allow`) and reached the service; one refused, or sent while the
             service was down, is exempt, and said, and so is what a proxy in front answered by itself (in_front: its statuses, []
             for none; an answer that names its version, where others of its status do not, is the service's own, and where all
             do it may be either's). Its lines bear the X-Request-ID or the trace id that the load sent, from 1 s before it was
             sent to 30 s after its end. cause: one of them, at WARNING or above, has an error's kind or text,
             or says more than that something failed. dependency (while a fault is on): one of them names who is hurt, in
             a field (dependency, peer.service, server.address, or yours: `blames`) or in words. false_blame: one
             accuses somebody who was neither hurt nor on the way to it. A line's own time is right anywhere between its request's
             sending and Docker's stamp: it may have been taken early, or the line buffered. Of the times in several fields
             of a line the one that is right is its own; another is told that is off by one offset, and wrong in `@timestamp`
             where you state skew, and so are lines of one of several loggers. What may be the business's own is open then.
    Decides: once the phase is over and lines cannot come any more. Failed: no_id, lost_log, only_access_log, generic,
             no_dependency, wrong_dependency, log_storm, secret_logged, noisy_success, no_recovery_line,
             wrong_time (in the zone that it states, or in none), no_zone. Inconclusive: none_failed;
             answered_in_front (no line of `services` of what the proxy that the load goes to may have answered itself; only told
             where the shares hold with all of these counted as not found);
             vague (only what failed is told), in_passing (a name that may be a thing of the business), never_logged, plain_word
             (a password that is a plain word, where no secret stands; a word with a number behind `password=`; a word that the stack,
             the drill or any log says is none there).
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
    skew_s: Seconds = Field(
        default=5.0,
        gt=0,
        alias="skew",
        description="how far a line's own time may lie outside of its request's sending and its stamp",
    )
    quiet_success: bool = Field(default=False, description="whether a request that succeeds must log nothing at ERROR")
    recovery_line: bool = Field(default=False, description="whether a line must say that who was hurt is back")

    in_front: tuple[int, ...] | None = Field(
        default=None,
        description="statuses that a proxy in front of the services answers by itself: [502, 503]; []: none; left out: not known",
    )

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
        leaked = secrets(evidence, self.services, window, self.secrets, "secrets" in self.model_fields_set)
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
        found = failed_requests(evidence, window, self.request, self.allow, parts, self.services, self.in_front)
        accusing = Accusing(parts, found.truths, self.blames)
        run = journal.opened.run if journal.opened else ""
        said = Times(Wall.of(journal))
        tally = search(evidence.logs, self.services, found.rows, run, found.truth, accusing, found.done_s, said.add)
        judged = ~found.maybe | tally.has(FOUND)
        last_s = float(found.done_s.max()) + AFTER_S if len(found.rows) else window.end_s
        start_s = float(found.rows.sent_s.min()) - BEFORE_S if len(found.rows) else window.start_s
        known_s = logs.followed_until_s(journal, self.services)
        blind = next(
            (why for s in self.services if (why := logs.not_followed(journal, s, start_s, min(last_s, known_s)))), ""
        )
        return Looked(run, found, tally, judged, found.done_s + AFTER_S > known_s, blind, known_s, said)

    def _judged(self, evidence: Evidence, window: Window, looked: Looked, leaked: Limit) -> Finding:
        found = looked.failed
        if not looked.judged.any():
            return self._none_failed(evidence, looked)
        asked = "storm" in self.model_fields_set
        limits = [
            *self._shares(evidence, looked),
            storm(evidence, self.services, window, self.storm, asked),
            leaked,
            times(looked.times, self.skew_s, "skew_s" in self.model_fields_set),
        ]
        if self.quiet_success:
            limits.append(noise(evidence, self.services, window, self.request))
        if self.recovery_line:
            limits += recovery(evidence, self.services, self.aliases)
        if not looked.judged.all():
            held = all(limit.state is State.KEPT for limit in self._shares(evidence, looked.at_worst))
            limits += silent(looked, evidence.against, stated=self.in_front is not None, held=held)
        if found.waiting:
            said = f"{found.waiting} requests had not ended"
            limits.insert(0, Limit("waiting", said, State.OPEN, reason="unanswered", decide="the answers to them"))
        if looked.known_s < window.end_s:
            said = f"lines are known until {looked.known_s:.1f} s"
            limits.append(Limit("lines", said, State.OPEN, reason="window_open"))
        details = looked.details(window, limits)
        wrong = next((limit for limit in limits if limit.state is State.BROKEN), None)
        if wrong is not None:
            return self._failed(evidence, wrong, details, looked)
        said, measure = looked.said(limits), looked.measure
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

    def _shares(self, evidence: Evidence, looked: Looked) -> Iterator[Limit]:
        return shares(
            evidence,
            looked,
            self.services,
            found=self.found,
            cause=self.cause,
            dependency=self.dependency,
            false_blame=self.false_blame,
        )

    def _failed(self, evidence: Evidence, wrong: Limit, details: Details, looked: Looked | None = None) -> Finding:
        where: tuple[str, ...] = wrong.cites
        if looked is not None and not where:
            where = looked.cited(evidence.logs, self.services)
        said = wrong.said if looked is None else f"of {int(looked.judged.sum())} failed requests {wrong.said}"
        if looked is not None and self.in_front is None:
            said += in_front_hint(looked, evidence.against)
        return failed(
            said if wrong.what == "share" else wrong.said,
            reason=wrong.reason,
            measure=looked.measure if looked is not None else wrong.measure,
            cites=(*cites(evidence), *where),
            census=wrong.census,
            details=details,
        )

    def _none_failed(self, evidence: Evidence, looked: Looked) -> Finding:
        fronted = silent_in_front(looked, evidence.against, stated=self.in_front is not None)
        if fronted is not None:
            return inconclusive(fronted.said, reason=fronted.reason, decide=fronted.decide, cites=cites(evidence))
        out = looked.failed.exempt + looked.failed.stated + len(looked.failed.rows)
        never = f" ({out} that failed did not reach the service, as far as anybody knows)" if out else ""
        return inconclusive(
            f"no failed request to look for{never}",
            reason="none_failed",
            decide="a fault that makes requests fail, a longer phase, or more load",
            cites=cites(evidence),
        )
