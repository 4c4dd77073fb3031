"""For tests, yours too: journals and ledgers written by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from harness.expectations.base import Line, serves
from harness.facts import Fact
from harness.journal import Journal, merged
from harness.ledger import rows_of

__all__ = ["WrittenLogs", "journal_of", "rows_of"]


def journal_of(*facts: Fact, writer: str = "harness") -> Journal:
    """A journal of these facts, in the order in which they were seen; those without a number get one."""
    ordered = merged(facts).facts
    return Journal(
        tuple(
            dataclasses.replace(fact, writer=fact.writer or writer, number=fact.number or number)
            for number, fact in enumerate(ordered, start=1)
        )
    )


class WrittenLogs:
    """Logs written by hand, for expectations."""

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        self._lines = tuple(lines)

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        return (line for line in self._lines if serves(line.service, service) and start_s <= line.at_s < end_s)
