"""What a run leaves behind, read again: facts, ledger, order book, series, traces, logs, people's records."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz.target import Target
from fuzz.targets.world import TRACE
from harness import facts as f
from harness import journal, ledger, series
from harness.chain import PEOPLE, digest, root
from harness.errors import DrillError
from harness.journal_writer import Writer
from harness.ledger.writing import Writer as LedgerWriter
from harness.logfiles import LogFolder
from harness.logtext import Said, level_of
from harness.masking import Secret, masked
from harness.orders.book import Unreadable
from harness.orders.declared import Declared
from harness.orders.disk import FolderBook
from harness.run.folder import RunFolder
from harness.safety.openfaults import open_faults
from harness.series.disk import SeriesWriter
from harness.spans import SpanFolder
from harness.wall import Wall

WALL = Wall(((1.7e9, 0.0),))
RUN = "0badcafe"
STARTED = b"2026-01-02T03:04:05.123456789Z "
LINES = (
    b'{"level":"error","msg":"checkout failed: db:5432 refused","err":{"type":"Timeout"}}', b"ts=1 level=warn msg=\"slow query\" took=5ms",
    b"ERROR api.handler Traceback (most recent call last):", b"  File \"x.py\", line 1", b"ValueError: hunter22 postgres://u:hunter22@db/x",
    b"I0102 03:04:05.000000 1 main.go:1] up", b"1:M 02 Jan 2026 03:04:05.000 * Ready",
)  # fmt: skip


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="drill-fuzz-")


def _folder(name: str) -> Path:
    place = Path(_kept().name) / name
    place.mkdir(exist_ok=True)
    return place


def _facts() -> Sequence[f.Fact]:
    return (
        f.Opened(drill="shop", run=RUN, wall_unix_s=1.7e9, monotonic_ns=1, seen_s=0.001),
        f.ClockRead(wall_unix_s=1.7e9 + 1, seen_s=1.0),
        f.LoadBegan(begins_s=2.0, seen_s=2.0),
        f.GateHeld(seen_s=4.0),
        f.PhaseBegan(phase="slow", seen_s=5.0),
        f.Injecting(fault="slow/latency", kind="latency", target="api->db", planned_s=5.0, seen_s=5.1),
        f.Injected(fault="slow/latency", begun_s=5.1, seen_s=5.2),
        f.AlertChanged(alert="X", state="firing", labels={"severity": "page"}, happened_s=6.0, seen_s=6.1),
        f.Paged(receiver="r", alert="X", status="firing", labels={"a": "b"}, seen_s=6.5),
        f.Looked(probe="alerts", seen_s=7.0),
        f.Mended(fault="slow/latency", begun_s=8.0, seen_s=8.1),
        f.PhaseEnded(phase="slow", seen_s=9.0),
        f.LoadEnded(clean=True, ended_s=9.5, seen_s=9.5),
        f.Closed(seen_s=10.0),
    )


@cache
def journal_seed() -> Sequence[bytes]:
    folder = _folder("made")
    writer = Writer(folder / "facts", "harness", lambda: 1.0)
    for fact in _facts():
        writer.write(fact)
    writer.close()
    return [writer.path.read_bytes()]


def facts(data: bytes) -> None:
    place = _folder("journal")
    (place / "facts").mkdir(exist_ok=True)
    (place / "facts" / "harness.jsonl").write_bytes(data)
    read = journal.read(place)
    open_faults(read)
    read.watched("alerts", "", 5.0, 7.0, 3.0, 0.0)
    assert read.end_s >= 0
    Writer(place / "facts", "harness", lambda: 1.0).close()


@cache
def people_seed() -> Sequence[bytes]:
    name = f"{PEOPLE}7"
    writer = Writer(_folder("people-made"), name, lambda: 1.0, chained=root(RUN, name))
    writer.write(f.Noted(by="ann", kind="note", text="looked at the database"))
    writer.write(f.Noted(by="ann", kind="note", text="it is slow"))
    writer.close()
    return [writer.path.read_bytes()]


def people(data: bytes) -> None:
    """Nothing of a record that is not as it was written is believed."""
    place = _folder("people")
    (place / "facts").mkdir(exist_ok=True)
    whole = people_seed()[0].splitlines()
    sealed = f.to_dict(f.Sealed(record=f"{PEOPLE}7", lines=len(whole), sha256=digest(whole[-1])))
    (place / "facts" / "harness.jsonl").write_bytes(journal_seed()[0] + json.dumps(sealed).encode() + b"\n")
    (place / "facts" / f"{PEOPLE}7.jsonl").write_bytes(data)
    read = journal.read(place)
    told = {fact.text for fact in read.of(f.Noted)}
    assert told <= {"looked at the database", "it is slow"}, told


@cache
def ledger_seed() -> Sequence[bytes]:
    folder = _folder("ledger-made")
    writer = LedgerWriter(folder, RUN, 0, 1)
    endpoint, version = writer.number("endpoint", "POST /orders"), writer.number("version", "v1")
    for at in range(5):
        row = writer.due(at * 1_000_000, 1)
        writer.sent(row, 100, endpoint)
        writer.done(row, row, 40_000, endpoint, 200, version, 1, 0, 0)
    writer.close()
    return [(folder / f"0{end}").read_bytes() for end in (".json", ".names.jsonl", ".rows")]


def _ledger(which: int, data: bytes) -> None:
    place = _folder("ledger")
    for number, end in enumerate((".json", ".names.jsonl", ".rows")):
        (place / f"0{end}").write_bytes(data if number == which else ledger_seed()[number])
    rows = ledger.read(place)
    [
        rows.endpoints[number] + rows.versions[v] + rows.shapes[s]
        for number, v, s in rows.array[["endpoint", "version", "shape"]].tolist()
    ]
    [ledger.OUTCOMES[number] for number in rows.array["outcome"].tolist()]
    [rows.cite(place) for place in range(len(rows))]


def asked(data: bytes) -> None:
    place = _folder("orders")
    (place / "orders").mkdir(exist_ok=True)
    (place / "orders" / "asked-0.jsonl").write_bytes(data)
    book = FolderBook(place, "order", Declared("POST /orders", {"orders": "store"}))
    book.asked.texts(range(len(book.asked.key)))


def table(data: bytes) -> None:
    place = _folder("tables")
    (place / "orders").mkdir(exist_ok=True)
    (place / "orders" / "t.jsonl").write_bytes(data)
    book = FolderBook(place, "order", Declared("POST /orders", {"orders": "store"}, in_order={"orders": "id"}))
    for count in {data.count(b"\n"), len(data.splitlines())}:
        with contextlib.suppress(Unreadable):
            book.table(
                f.SourceRead(
                    op="order", source="orders", role="store", reading="first", rows=count, file="orders/t.jsonl"
                )
            )


@cache
def series_seed() -> Sequence[bytes]:
    folder = _folder("series-made")
    writer = SeriesWriter(folder, ["up", "down"])
    writer.add("up", [({"job": "api"}, [(1_700_000_000_000, 1.0), (1_700_000_001_000, 2.0)])])
    return [(folder / "names.jsonl").read_bytes(), (folder / "samples.rows").read_bytes()]


def _series(which: int, data: bytes) -> None:
    place = _folder("series")
    for number, name in enumerate(("names.jsonl", "samples.rows")):
        (place / name).write_bytes(data if number == which else series_seed()[number])
    for found in series.read(place, WALL).values():
        for one in found:
            dict(one.labels)


def spans(data: bytes) -> None:
    place = _folder("spans")
    (place / "otlp.jsonl").write_bytes(data)
    dict(SpanFolder(place, WALL, 100.0).by_trace)


def _log(data: bytes) -> LogFolder:
    place = _folder("logs")
    (place / "a.log").write_bytes(data)
    (place / "index.jsonl").write_text('{"container": "a", "service": "api", "file": "a.log"}\n')
    return LogFolder(place, WALL, (Secret("DB_PASSWORD", "hunter22"),))


def logs(data: bytes) -> None:
    import re

    folder = _log(data)
    for line in folder.lines("*", 0.0, 1e9):
        said = Said(line.text)
        assert isinstance(said.message, str)
        level_of(line.text)
        masked(line.text, folder.secrets or ())
    list(folder.matching(re.compile(b"(?i)error|Traceback"), "*", 0.0, 1e9))
    folder.count("*", 0.0, 1e9)


def log_index(data: bytes) -> None:
    _log(STARTED + b"hi\n")
    (_folder("logs") / "index.jsonl").write_bytes(data)
    found = list(LogFolder(_folder("logs"), WALL).lines("*", -1e12, 1e12))
    assert all("root:" not in line.text for line in found), "a file outside of the run's folder was read"


def notes(data: bytes) -> None:
    """stack.json and the lock."""
    place = _folder("notes")
    (place / "stack.json").write_bytes(data)
    (place / "alive").write_bytes(data)
    folder = RunFolder(place)
    folder.stack_notes()
    folder.lives()


ORDERS = b'{"row": 0, "op": "order", "key": "k1"}\n{"row": 1, "op": "other", "key": "k2"}\n{"row": 2, "op": "order", "key": 7}\n'
ROWS = b'{"key": "k1", "id": "7", "amount": 1250}\n{"key": "k2", "id": 8, "amount": 12.5}\n'
BODY = base64.b64encode(json.dumps(TRACE).encode()).decode()
SENT = json.dumps({"at_s": 1.5, "type": "application/json", "encoding": "", "body": BODY}).encode() + b"\n"
INDEX = b'{"container": "a", "service": "api", "file": "a.log"}\n'
TARGETS = (
    Target("journal", "facts of a journal", journal_seed, facts),
    Target("people", "records of people", people_seed, people),
    Target("ledger-header", "a ledger's header", lambda: ledger_seed()[:1], lambda data: _ledger(0, data), (DrillError,)),
    Target("ledger-names", "a ledger's names", lambda: ledger_seed()[1:2], lambda data: _ledger(1, data), (DrillError,)),
    Target("ledger-rows", "a ledger's rows", lambda: ledger_seed()[2:], lambda data: _ledger(2, data), (DrillError,)),
    Target("orders-asked", "keys that the load asked for", lambda: [ORDERS], asked),
    Target("orders-table", "rows of a reading", lambda: [ROWS], table),
    Target("series-names", "names of raw series", lambda: series_seed()[:1], lambda data: _series(0, data)),
    Target("series-samples", "samples of raw series", lambda: series_seed()[1:], lambda data: _series(1, data)),
    Target("spans", "bodies of traces", lambda: [SENT], spans),
    Target("logs", "lines of logs", lambda: [b"".join(STARTED + line + b"\n" for line in LINES)], logs),
    Target("log-index", "whose log each file is", lambda: [INDEX], log_index),
    Target("notes", "what a run notes of its stack", lambda: [b'{"project": "drill-0badcafe", "api": ["127.0.0.1", 8474]}'], notes),
)  # fmt: skip
