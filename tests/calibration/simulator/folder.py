"""A simulated run written down as a run's folder, through the public writers of the journal, ledger, series and spans."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from calibration.simulator.looks import containers
from calibration.simulator.raw import chosen
from calibration.simulator.recording import Recording
from calibration.simulator.scenario import MONOTONIC_NS, RUN, WALL_UNIX_S
from calibration.simulator.service import History
from calibration.simulator.spans import write_spans
from harness.journal_writer import Writer as JournalWriter
from harness.ledger import NEVER, OUTCOMES
from harness.ledger.writing import Writer as LedgerWriter
from harness.series import SeriesWriter


def write(recording: Recording, folder: Path, selectors: Sequence[str]) -> None:
    """The run folder, without its drill.yaml: facts/, ledger/, logs/, spans/, and series/ of these selectors."""
    writer = JournalWriter(folder / "facts", "harness", lambda: 0.0)
    for fact in recording.facts:
        writer.write(fact)
    writer.close()
    write_ledger(recording.history, folder / "ledger")
    _logs(recording, folder / "logs")
    write_spans(recording.spans, folder / "spans")
    series = SeriesWriter(folder / "series", selectors)
    for selector in selectors:
        found = [
            (
                labels,
                [(round(1000 * (WALL_UNIX_S + at_s)), value) for at_s, value in zip(one.at_s, one.values, strict=True)],
            )
            for labels, one in chosen(recording.exposed, selector)
        ]
        series.add(selector, found)


def write_ledger(history: History, folder: Path) -> None:
    """The ledger of one worker, by its own writer."""
    writer = LedgerWriter(folder, RUN, 0, MONOTONIC_NS)
    for request in history.requests:
        intended_us = round(request.due_s * 1e6)
        if request.sent_s is None or request.took_s is None:
            writer.drop(intended_us)
            continue
        row = writer.due(intended_us, request.user)
        endpoint = writer.number("endpoint", request.route)
        writer.sent(row, round((request.sent_s - request.due_s) * 1e6), endpoint)
        answered = request.status > 0 and request.served is not None
        version = writer.number("version", request.served.version) if answered and request.served else 0
        shape = writer.number("shape", request.served.shape) if answered and request.served else 0
        took_us = min(round(request.took_s * 1e6), NEVER - 1)
        outcome = OUTCOMES.index(request.outcome)
        writer.done(row, row, took_us, endpoint, request.status, version, outcome, 180 if answered else 0, shape)
    writer.close()


def _logs(recording: Recording, folder: Path) -> None:
    """As `docker logs --timestamps` gives them; lines are nearly in the order of their stamps."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, list[str]] = {name: [] for name in containers(recording.replicas)}
    swap = random.Random(len(recording.lines))
    for line in recording.lines:
        stamp = datetime.fromtimestamp(WALL_UNIX_S + line.written_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
        mine = texts[line.container]
        mine.insert(len(mine) - (swap.random() < 0.02 and len(mine) > 0), f"{stamp} {line.text}")
    with (folder / "index.jsonl").open("w") as index:
        for name, service in containers(recording.replicas).items():
            index.write(json.dumps({"container": name, "service": service, "file": f"{name}.log"}) + "\n")
            (folder / f"{name}.log").write_text("".join(f"{text}\n" for text in texts[name]))
