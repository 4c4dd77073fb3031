"""The names of requests, by their numbers in the ledger: those under which requests are reported come before all others.

A locustfile may ask thousands of URLs and give each its group's name only afterwards (request_meta["name"]): what it sent them as
must not take the place of what they are called.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.ledger.writing import Writer

MOST = 5000  # beyond it, names that differ with every request would eat memory without end
MOST_SENT = 1000  # so many may be numbered before a request was reported under them


class Names:
    """
    known   the number of each name
    labels  the name of each number
    """

    def __init__(self, writer: Writer, say: Callable[[str, str], None]) -> None:
        self._writer = writer
        self._say = say
        self.known: dict[str, int] = {}
        self.labels: dict[int, str] = {}

    def sent(self, label: str) -> int:
        """A request is sent under this name; 0 where it is one too many to be numbered before its report. Raises LedgerBroken."""
        number = self.known.get(label)
        if number is not None:
            return number
        return self._add(label) if len(self.known) < MOST_SENT else 0

    def reported(self, label: str) -> int:
        """A request is reported under this name. Raises LedgerBroken."""
        number = self.known.get(label)
        if number is not None:
            return number
        if len(self.known) < MOST:
            return self._add(label)
        self._say("warning", f"more than {MOST} names of requests; group them with name= in the locustfile")
        return self._writer.number("endpoint", f"{label.partition(' ')[0]} (other)")

    def _add(self, label: str) -> int:
        number = self.known[label] = self._writer.number("endpoint", label)
        self.labels[number] = label
        return number
