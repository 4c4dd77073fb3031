"""Log lines that findings cite, a row for each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.html.lanes.base import Bands, Mark, Tone
from harness.report.proof import prove

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

TONES: dict[str, Tone] = {"failed": "bad", "passed": "good", "inconclusive": "warn"}


def lane(story: Story, _seconds: Seconds | None) -> Bands | None:
    rows: dict[str, list[Mark]] = {}
    for finding in story.document["findings"]:
        lines = [cite for cite in finding["cites"] if cite.startswith("log ")]
        for proof in prove(story, lines).values():
            if proof.kind == "line" and proof.at_s is not None:
                detail = {"line": proof.data["line"], "container": proof.data["container"], "cited by": finding["id"]}
                mark = Mark(proof.at_s, None, str(proof.data["line"]), TONES[finding["outcome"]], detail, (proof.cite,))
                rows.setdefault(str(proof.data["service"]), []).append(mark)
    found = tuple((service, tuple(marks)) for service, marks in sorted(rows.items()))
    return Bands("logs", "Log lines cited", found) if found else None
