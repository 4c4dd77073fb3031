"""For tests, yours too: journals and ledgers written by hand."""

from __future__ import annotations

import dataclasses

from harness.facts import Fact
from harness.journal import Journal, merged


def journal_of(*facts: Fact, writer: str = "harness") -> Journal:
    """A journal of these facts, in the order in which they were seen; those without a number get one."""
    ordered = merged(facts).facts
    return Journal(
        tuple(
            dataclasses.replace(fact, writer=fact.writer or writer, number=fact.number or number)
            for number, fact in enumerate(ordered, start=1)
        )
    )
