"""What a report is told from: the verdict's document, and the evidence behind it. Reports add nothing to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.expectations.base import Logs
from harness.journal import Journal
from harness.ledger import Rows
from harness.plan import Plan
from harness.series import Book
from harness.wall import Wall


@dataclass(frozen=True)
class Story:
    """
    document    harness.document.verdict_doc: every count, percentile and outcome of a report comes from here, or from
                the same fold
    plan        the drill's, for what was meant to happen
    drill_text  drill.yaml of the run folder: the drill as resolved, secrets masked
    images      by service, the image that its container was made from
    answers     by request id, the text of those answers that samples were kept of (see load/samples.py)
    series      the service's own metrics, sample by sample; {} where none were kept
    """

    document: Mapping[str, Any]
    journal: Journal
    rows: Rows
    logs: Logs
    plan: Plan
    drill_text: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    series: Book = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def run(self) -> str:
        return str(self.document["run"])

    @property
    def timeout_s(self) -> float:
        return self.plan.drill.load.timeout_s

    @cached_property
    def wall(self) -> Wall:
        return Wall.of(self.journal)
