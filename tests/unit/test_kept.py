"""A power cut may keep the journal and take the end of the files beside it: then nothing passes on half of the requests, and nothing
fails for a line that is gone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness import facts as f
from harness import ledger
from harness.drill.parse import parse
from harness.journal import read
from harness.journal_writer import Writer
from harness.judging import judge_folder
from harness.kept import Known, known
from harness.ledger.layout import C5XX, OK, ROW
from harness.ledger.writing import Writer as Ledger
from harness.run.keeping import Keeping
from harness.run.recorder import Recorder
from harness.verdict import Outcome, Verdict

DRILL = """
drill: tale
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 10/s}]}
steady: {for: 5s, within: 30s, all: [errors < 1%]}
phases:
  - name: calm
    for: 10s
    expect:
      - errors_below: {ratio: 30%}
      - log_seen: {service: api, contains: late news}
abort: {max_duration: 5m}
"""
INDEX = json.dumps({"container": "api-1", "service": "api", "file": "api-1.log"}) + "\n"
SAID = (
    b"2023-11-14T22:13:32.000000000Z early news\n",  # at 12 s
    b"2023-11-14T22:13:38.000000000Z late news\n",  # at 18 s
)


def played(tmp_path: Path, *, noted: bool = True) -> Path:
    """A run killed at 25 s; its phase lasted from 10 to 20 s, and all requests of its second half failed. Noted each second."""
    (tmp_path / "compose.yaml").write_text("services: {api: {image: x}}\n")
    (tmp_path / "load.py").write_text(
        "from locust import HttpUser, task\n\n\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n"
    )
    (tmp_path / "tale.yaml").write_text(DRILL)
    folder = tmp_path / "run"
    (folder / "logs").mkdir(parents=True)
    (folder / "drill.yaml").write_text(parse(tmp_path / "tale.yaml").masked())
    (folder / "logs" / "index.jsonl").write_text(INDEX)
    (folder / "logs" / "api-1.log").write_bytes(b"".join(SAID))
    rows = Ledger(folder / "ledger", "0badcafe", 0, 5)
    endpoint = rows.number("endpoint", "GET /")
    for i in range(240):
        row = rows.due(1_000_000 + i * 100_000, 1)
        rows.sent(row, 100, endpoint)
        rows.done(row, row, 20_000, endpoint, 200, 0, C5XX if 140 <= i < 190 else OK, 0, 0)
    facts: list[f.Fact] = [
        f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5, seen_s=0.001),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(seen_s=8.0),
        f.PhaseBegan(phase="calm", seen_s=10.0),
        f.PhaseEnded(phase="calm", seen_s=20.0),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=10, dropped=0, seen_s=s + 0.5) for s in range(1, 25)),
        *(f.Looked(probe="logs", target="api-1", seen_s=s + 0.1) for s in range(1, 25)),
    ]
    for s in range(2, 25) if noted else ():
        log = sum(map(len, SAID[: (s > 12) + (s > 18)]))
        files = {"ledger/0.rows": (s - 1) * 10, "logs/api-1.log": log, "logs/index.jsonl": len(INDEX)}
        facts.append(f.OnDisk(files=files, happened_s=s - 0.5, seen_s=s + 0.2))
    writer = Writer(folder / "facts", "harness", lambda: 0.0)
    for fact in sorted(facts, key=lambda fact: fact.seen_s):
        writer.write(fact)
    writer.close()
    return folder


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {one.id.rpartition("/")[2]: one.finding.outcome for one in verdict.findings}


def without_rows(folder: Path, kept: int) -> None:
    """What a page that was never written back reads as: nothing but zeros."""
    path = folder / "ledger" / "0.rows"
    size = path.stat().st_size
    os.truncate(path, kept * ROW.size)
    os.truncate(path, size)


def test_a_run_that_was_killed_is_judged_until_its_last_note(tmp_path: Path) -> None:
    verdict = judge_folder(played(tmp_path)).verdict
    assert set(outcomes(verdict).values()) == {Outcome.FAILED, Outcome.PASSED}, verdict.findings
    assert verdict.invalid[0].startswith("the run did not come to its end: what is known of it ends at 23.5 s")


@pytest.mark.parametrize("noted", [True, False])
def test_rows_that_a_power_cut_took_let_no_share_pass(tmp_path: Path, noted: bool) -> None:
    folder = played(tmp_path, noted=noted)
    without_rows(folder, 140)
    verdict = judge_folder(folder).verdict
    passed = [one.id for one in verdict.findings if one.finding.outcome is Outcome.PASSED and "errors" in one.id]
    assert bool(passed) == (not noted), "what a run without notes cannot tell"
    if noted:
        assert "ledger/0.rows holds 140 rows, and had 230 on the disk: its end was lost" in verdict.invalid[0]


def test_a_line_that_a_power_cut_took_fails_no_claim(tmp_path: Path) -> None:
    folder = played(tmp_path)
    (folder / "logs" / "api-1.log").write_bytes(SAID[0])
    verdict = judge_folder(folder).verdict
    assert set(outcomes(verdict).values()) == {Outcome.INCONCLUSIVE}
    assert verdict.ending.broken == ""


def test_a_run_that_was_closed_is_held_against_its_seal_and_not_against_notes(tmp_path: Path) -> None:
    folder = played(tmp_path)
    journal, rows = read(folder), ledger.read(folder / "ledger")
    (folder / "logs" / "api-1.log").write_bytes(SAID[0])
    until_s = known(folder, journal, rows).until_s
    assert until_s < 20
    Writer(folder / "facts", "mend", lambda: 39.0).write(f.Closed())
    assert known(folder, read(folder), rows).until_s == until_s, (
        "what is mended after a power cut is no wholer for that"
    )
    writer = Writer(folder / "facts", "harness", lambda: 40.0)
    writer.write(f.Closed())
    assert known(folder, read(folder), rows) == Known()


def test_what_is_noted_is_what_the_reader_finds(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    now = [3.0]
    record = Recorder(folder / "facts", lambda: now[0])
    keeping = Keeping(folder, record, lambda: now[0])
    keeping.note()
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "api-1.log").write_bytes(SAID[0])
    (folder / "logs" / ".api-1.log.scrubbed").write_bytes(SAID[0])
    rows = Ledger(folder / "ledger", "r", 0, 5)
    rows.due(1_000_000, 1)
    now[0] = 4.0
    keeping.note()
    for i in range(5000):
        rows.due(1_000_000 + i, 1)
    now[0] = 5.0
    keeping.note()
    notes = read(folder).of(f.OnDisk)
    assert [note.at_s for note in notes] == [2.5, 3.5, 4.5]
    assert notes[0].files == {}
    assert notes[1].files["ledger/0.rows"] == 1
    assert "logs/.api-1.log.scrubbed" not in notes[1].files
    assert notes[2].files == {"ledger/0.rows": 5001}
    assert known(folder, read(folder), ledger.read(folder / "ledger")) == Known(4.5)
    (folder / "logs" / "api-1.log").unlink()
    assert known(folder, read(folder), ledger.read(folder / "ledger")).until_s == 2.5
    now[0] = 6.0
    keeping.note()
    assert known(folder, read(folder), ledger.read(folder / "ledger")) == Known(5.5), "gone while the run went on"


def test_what_cannot_be_synced_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    record = Recorder(tmp_path / "facts", lambda: 1.0)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api-1.log").write_bytes(SAID[0])
    monkeypatch.setattr(os, "fsync", refuse)
    Keeping(tmp_path, record, lambda: 1.0).note()
    assert not read(tmp_path).of(f.OnDisk)


def test_it_notes_while_it_is_held_and_once_more_at_the_end(tmp_path: Path) -> None:
    record = Recorder(tmp_path / "facts", lambda: 1.0)
    with Keeping(tmp_path, record, lambda: 1.0, every_s=60.0):
        pass
    assert len(read(tmp_path).of(f.OnDisk)) == 1


def test_a_note_that_is_none_is_borne_out_by_nothing(tmp_path: Path) -> None:
    folder = played(tmp_path)
    writer = Writer(folder / "facts", "harness", lambda: 25.0)
    writer.write(f.OnDisk(files={"../../etc/passwd": 1, "ledger/x.rows": 1}))
    found = known(folder, read(folder), ledger.read(folder / "ledger"))
    assert found.until_s == 23.5
    assert found.short
