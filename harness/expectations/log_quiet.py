"""A service never logs a line that matches."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field, field_validator

from harness.expectations import logs
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.requests import cites, not_begun, still_open
from harness.journal import Window
from harness.verdict import Finding, Measure, failed, inconclusive, passed

MOST_CITED = 3


class LogQuiet(Expectation):
    """No line of a service's log matches a pattern.

        expect:
          - log_quiet: {service: "*", matches: "Traceback|panic:"}

    Units:   `matches` is a regular expression (Python's), looked for anywhere in a line, with the escape sequences that colour
             it and without. "*" is every service.
    Counts:  lines that Docker stamped within the window.
    Decides: failed at the first such line, whatever the gates say; passed when the window is over and every log of the
             service was followed all the time. Inconclusive where a line was too long to be kept whole (cut), and where the
             service wrote no line in the whole run, also before the window (never_logged): it may log to a file.
    Source:  `docker logs --timestamps`, kept in the run's folder.
    """

    word: ClassVar[str] = "log_quiet"
    whenever_sent: ClassVar[bool] = True

    service: str = Field(default="*", description="a service of the stack; all when left out")
    matches: str = Field(min_length=1, description="a regular expression")

    @field_validator("matches")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return pattern(value)

    def about(self) -> str:
        return "all" if self.service == "*" else self.service

    def undecidable(self, reach: Reach) -> str:
        return reach.no_service(self.service)

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        if unknown := logs.stepped(evidence):
            return unknown
        wanted = re.compile(self.matches)
        found = [
            line for line in logs.lines(evidence, self.service, window.start_s, window.end_s) if logs.says(line, wanted)
        ]
        of = "any service" if self.service == "*" else self.service
        if found:
            found.sort(key=lambda line: (line.at_s, line.container, line.text))
            first = found[0]
            return failed(
                f"{first.service} logged at {first.at_s:.1f} s: {logs.quote(first.text, wanted)} ({len(found)} such lines)",
                reason="logged",
                measure=Measure(len(found), len(found), "lines"),
                cites=(*cites(evidence), *(line.cite for line in found[:MOST_CITED])),
                census=True,
            )
        if not window.ended:
            return still_open(evidence, window)
        return self._unseen(evidence, window, of)

    def _unseen(self, evidence: Evidence, window: Window, of: str) -> Finding:
        """No such line was seen. It was not logged, if all that was logged was seen."""
        none = f"no line of {of} matched {self.matches!r}"
        blind = logs.not_followed(evidence.journal, self.service, window.start_s, window.end_s)
        if blind:
            return inconclusive(
                f"{none}, but {blind}",
                reason="not_watched",
                decide="every log followed until after the window",
                cites=cites(evidence),
            )
        if unknown := logs.cut(evidence, self.service, window.start_s, window.end_s, none):
            return unknown
        if unknown := logs.never_logged(evidence, self.service, none):
            return unknown
        silent, _ = logs.silent(evidence, self.service)
        but = f"; {', '.join(silent)} wrote no line at all in the whole run" if silent else ""
        return passed(f"{none}{but}", measure=Measure(0, 0, "lines"), cites=cites(evidence))


def pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value
