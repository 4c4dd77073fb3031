"""What a finding cites, looked up: the fact in the journal, the row in the ledger, the line in the log. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.expectations.base import Logs
from harness.facts import Fact, kind_of, to_dict
from harness.journal import Journal
from harness.ledger import OUTCOMES, request_id, traceparent
from harness.masking import masked

if TYPE_CHECKING:
    from harness.ledger import Rows
    from harness.report.story import Story

_ROW = re.compile(r"row (\d+):(\d+)")
_LINE = re.compile(r"log (.+)@(-?\d+\.\d+)")
LONGEST_TEXT = 600  # characters of a text, and
MOST_ITEMS = 12  # items of a list, that are shown; how many more there are is said


@dataclass(frozen=True)
class Proof:
    """One citation, found or not.

    kind    fact, request, line, or missing: the evidence does not hold what is cited
    place   the file in the run folder where it stands
    data    what it holds, long texts and lists cut short
    """

    cite: str
    kind: str
    title: str
    at_s: float | None
    place: str
    data: Mapping[str, Any]
    request: str = ""

    @property
    def raw(self) -> str:
        """As one JSON line, or the log's line itself."""
        return str(self.data["line"]) if self.kind == "line" else json.dumps(self.data, ensure_ascii=False)


def prove(story: Story, cites: Iterable[str]) -> dict[str, Proof]:
    """Each citation with what it leads to, in the order given."""
    wanted = dict.fromkeys(cites)
    facts = facts_by_cite(story.journal, wanted)
    return {cite: _one(story, cite, facts) for cite in wanted}


def facts_by_cite(journal: Journal, wanted: Iterable[str]) -> dict[str, Fact]:
    """The facts of these citations, those that are there."""
    return {cite: journal.by_cite[cite] for cite in wanted if cite in journal.by_cite}


def _one(story: Story, cite: str, facts: Mapping[str, Fact]) -> Proof:
    if fact := facts.get(cite):
        return fact_proof(fact)
    if match := _ROW.fullmatch(cite):
        index = place_of(story.rows, int(match[1]), int(match[2]))
        if index is not None:
            found_row = row_proof(story.rows, index, story.run)
            answer = story.answers.get(found_row.request)
            return replace(found_row, data={**found_row.data, "answer": short(answer)}) if answer else found_row
    if match := _LINE.fullmatch(cite):
        found = _line(story.logs, match[1], float(match[2]))
        if found is not None:
            return found
    return Proof(cite, "missing", "the evidence kept does not hold it", None, "", {})


def fact_proof(fact: Fact) -> Proof:
    return Proof(fact.cite, "fact", kind_of(fact), fact.at_s, f"facts/{fact.writer}.jsonl", short(to_dict(fact)))


def row_proof(rows: Rows, index: int, run: str) -> Proof:
    """A row as a person reads it; times in seconds of the run, lengths in ms."""
    part = rows.select(slice(index, index + 1))
    row, worker, number = part.array[0], int(part.worker[0]), int(part.number[0])
    outcome = OUTCOMES[int(row["outcome"])] or "not ended"
    data = {
        "request_id": request_id(run, worker, number),
        "endpoint": rows.endpoints[int(row["endpoint"])],
        "outcome": outcome,
        "status": int(row["status"]) or None,
        "intended_s": round(float(part.intended_s[0]), 6),
        "sent_s": _finite(part.sent_s[0], 6),
        "done_s": _finite(part.done_s[0], 6),
        "latency_ms": _finite(part.latency_ms[0], 3),
        "service_ms": _finite(part.service_ms[0], 3),
        "size": int(row["size"]),
        "version": rows.versions[int(row["version"])],
        "shape": rows.shapes[int(row["shape"])],
        "traceparent": traceparent(run, worker, number),
    }
    told = {name: value for name, value in data.items() if value not in (None, "")}
    status = f" {data['status']}" if data["status"] else ""
    title = f"{data['endpoint'] or 'an arrival'}: {outcome}{status}"
    at_s = float(part.intended_s[0])
    return Proof(part.cite(0), "request", title, at_s, f"ledger/{worker}.rows", short(told), str(data["request_id"]))


def place_of(rows: Rows, worker: int, number: int) -> int | None:
    """Where the row of a worker lies among all; None when it is not there."""
    import numpy as np

    if number < len(rows) and rows.worker[number] == worker and rows.number[number] == number:
        return number  # one worker: rows lie in the order of their numbers
    found = np.flatnonzero((rows.worker == worker) & (rows.number == number))
    return int(found[0]) if len(found) else None


def _line(logs: Logs, container: str, at_s: float) -> Proof | None:
    cite = f"log {container}@{at_s:.6f}"
    for line in logs.lines("*", at_s - 1e-3, at_s + 1e-3):
        if line.cite == cite:
            told = masked(line.text, logs.secrets or ())
            data = short({"service": line.service, "container": line.container, "line": told})
            return Proof(cite, "line", f"{line.service} logged", line.at_s, f"logs/{line.container}.log", data)
    return None


def short(value: Any) -> Any:
    """Data with long texts and lists cut, and said to be."""
    if isinstance(value, Mapping):
        return {str(key): short(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        kept = [short(inner) for inner in value[:MOST_ITEMS]]
        return [*kept, f"… and {len(value) - MOST_ITEMS} more"] if len(value) > MOST_ITEMS else kept
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value) - LONGEST_TEXT} more characters)"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _finite(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
