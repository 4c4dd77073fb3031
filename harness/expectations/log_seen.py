"""A service logs a line that says what it should say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from harness.expectations import logs
from harness.expectations.base import Evidence, Expectation, Line, Reach
from harness.expectations.log_quiet import pattern
from harness.expectations.requests import cites, not_begun
from harness.journal import Window
from harness.loglevels import LEVELS, UNREAD, level_number
from harness.logrecords import LONGEST_S
from harness.quantities import Seconds, spell
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class LogSeen(Expectation):
    """A line of a service's log contains a text, or matches a pattern, in time.

        expect:
          - log_seen: {service: api, contains: payments, level: WARNING, within: 10s}

    Units:   within: a duration from the phase's beginning (in `then` from its end); the whole phase when left out.
             `contains` is plain text, `matches` a regular expression (Python's); case counts in both. Escape sequences that
             colour a line are no part of it.
             level: lines at least that severe, by their field `level`, or the level that they state in upper case, in brackets
             or at their beginning (FATAL and PANIC are CRITICAL). A line that goes on with the one before it (a stack trace) has
             that one's level. Lines that state none decide nothing: no_levels; a stack trace at the margin after a line below
             WARNING is such a one.
    Counts:  lines that Docker stamped within the time.
    Decides: when the time is over: passed with such a line, failed without one if the log was followed all the time, and
             every line kept whole (else cut) and the service wrote any in the run (else never_logged: it may log to a file).
    Source:  `docker logs --timestamps`, kept in the run's folder.
    """

    word: ClassVar[str] = "log_seen"
    whenever_sent: ClassVar[bool] = True

    service: str = Field(description='a service of the stack; "*" is any')
    contains: str = Field(default="", description="plain text")
    matches: str = Field(default="", description="a regular expression")
    level: str = Field(default="", description="at least so severe: DEBUG, INFO, WARNING, ERROR, CRITICAL")
    within_s: Seconds | None = Field(default=None, alias="within", description="from the phase's beginning, or its end")

    @field_validator("matches")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return pattern(value)

    @field_validator("level")
    @classmethod
    def _is_level(cls, value: str) -> str:
        return LEVELS[level_number(value)] if value else ""

    @model_validator(mode="after")
    def _one_text(self) -> LogSeen:
        if bool(self.contains) == bool(self.matches):
            raise ValueError("log_seen has exactly one of `contains` and `matches`")
        return self

    def about(self) -> str:
        return "all" if self.service == "*" else self.service

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        if not reach.then and self.within_s is not None and self.within_s > reach.window_s:
            return f"`within` is {spell(self.within_s)}, but the window is over after {spell(reach.window_s)}"
        return reach.no_service(self.service)

    def check(self, evidence: Evidence) -> Finding:
        whole = evidence.window
        if whole is None:
            return not_begun(evidence)
        if unknown := logs.stepped(evidence):
            return unknown
        journal = evidence.journal
        end_s = (
            whole.end_s if self.within_s is None else min(whole.start_s + self.within_s, self._last_s(evidence, whole))
        )
        what = f"{self.contains or self.matches!r}{f' at {self.level} or above' if self.level else ''}"
        told = self._told(evidence, Window(whole.start_s, end_s))
        least = level_number(self.level) if self.level else UNREAD
        found = min(
            (line for line, level in told if level >= least),
            key=lambda line: (line.at_s, line.container, line.text),
            default=None,
        )
        if journal.end_s < end_s:
            return inconclusive(
                f"{self.service} had {'' if found else 'not '}logged {what} by {journal.end_s:.1f} s, its time not up",
                reason="window_open",
                decide="the end of the time that it has",
                cites=cites(evidence),
            )
        limit = f" (limit {spell(self.within_s)} from {whole.start_s:.1f} s)" if self.within_s is not None else ""
        if found:
            after_s = found.at_s - whole.start_s
            return passed(
                f"{found.service} logged after {after_s:.1f} s{limit}: {logs.quote(found.text, self._wanted)}",
                measure=Measure(round(after_s, 6), round(after_s, 6), "s"),
                cites=(*cites(evidence), found.cite),
            )
        return self._absent(evidence, told, Window(whole.start_s, end_s), what, limit)

    @property
    def _wanted(self) -> re.Pattern[str]:
        return re.compile(self.matches or re.escape(self.contains))

    def _told(self, evidence: Evidence, window: Window) -> list[tuple[Line, int]]:
        """Lines of the window that say so, with their levels where those are asked for."""
        wanted = self._wanted
        if not self.level:
            lines = logs.lines(evidence, self.service, window.start_s, window.end_s)
            return [(line, UNREAD) for line in lines if logs.says(line, wanted)]
        lines = logs.lines(evidence, self.service, window.start_s - LONGEST_S, window.end_s)
        return list(logs.with_levels(lines, lambda line: line.at_s >= window.start_s and logs.says(line, wanted)))

    def _absent(
        self, evidence: Evidence, told: Sequence[tuple[Line, int]], window: Window, what: str, limit: str
    ) -> Finding:
        """No line said so, as far as levels could be read; `told` are those that said so, but for their level."""
        none = f"{self.service} was not seen to log {what}"
        blind = logs.not_followed(evidence.journal, self.service, window.start_s, window.end_s)
        if blind:
            return inconclusive(
                f"{none}, but {blind}",
                reason="not_watched",
                decide="its logs followed until after the window",
                cites=cites(evidence),
            )
        unread = [line for line, level in told if self.level and level == UNREAD]
        if unread:
            one = len(unread) == 1
            return inconclusive(
                f"{len(unread)} line{'' if one else 's'} of {self.service} said so, but no level could be read in "
                f"{'it' if one else 'them'}: {logs.quote(unread[0].text, self._wanted)}",
                reason="no_levels",
                decide="lines that state their level, or a claim without `level`",
                cites=(*cites(evidence), unread[0].cite),
            )
        if unknown := logs.cut(evidence, self.service, window.start_s, window.end_s, none):
            return unknown
        if unknown := logs.never_logged(evidence, self.service, none):
            return unknown
        silent, _ = logs.silent(evidence, self.service)
        but = f"; {', '.join(silent)} wrote no line at all in the whole run" if silent else ""
        said = f"{self.service} did not log {what} from {window.start_s:.1f} s to {window.end_s:.1f} s{limit}"
        return failed(f"{said}{but}", cites=cites(evidence))

    @staticmethod
    def _last_s(evidence: Evidence, whole: Window) -> float:
        """A claim in a phase ends with it; one in `then` has all of its time, whenever the stack is steady again."""
        return float("inf") if evidence.then else whole.end_s
