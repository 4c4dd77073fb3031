"""People's records: chained line by line, read while the run goes, and found out when somebody changes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import chain
from harness import facts as f
from harness.errors import CannotRun, UsageError
from harness.journal import read
from harness.journal_writer import Writer
from harness.run import folder as folders
from harness.run.people import TERMINAL, People, living, own_record, put
from harness.run.recorder import Recorder

RUN = "0badcafe"


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A run's facts: opened, and a record of three lines that the run has read."""
    now = iter(float(second) for second in range(1, 100))
    record = Recorder(tmp_path / "facts", lambda: next(now))
    record(f.Opened(drill="tale", run=RUN, wall_unix_s=1.7e9, monotonic_ns=1, version="0"))
    people = People(tmp_path / "facts", RUN, lambda: next(now), record, record.tell)
    for text in ("it is the api", "café, or not", "roll back"):
        people.write(f.Noted(by="ada", kind="hypothesis", text=text))
        people.look()
    people.close()
    record.close()
    return tmp_path / "facts"


def lines(facts: Path) -> list[str]:
    return (facts / f"{TERMINAL}.jsonl").read_text().splitlines()


def rewritten(facts: Path, changed: list[str]) -> str:
    """Why the record is broken then, '' when it is not."""
    (facts / f"{TERMINAL}.jsonl").write_text("".join(f"{line}\n" for line in changed))
    journal = read(facts)
    found = journal.of(f.RecordBroken)
    assert bool(found) != bool(journal.of(f.Noted)), "of a broken record nothing is taken"
    return found[0].why if found else ""


def rechained(changed: list[str]) -> list[str]:
    """As somebody would who knows how it is made."""
    before, out = chain.root(RUN, TERMINAL), []
    for line in changed:
        data = json.loads(line) | {chain.KEY: before}
        out.append(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
        before = chain.digest(out[-1].encode())
    return out


def test_a_record_is_read_as_it_was_written(facts: Path) -> None:
    journal = read(facts)
    assert [note.text for note in journal.of(f.Noted)] == ["it is the api", "café, or not", "roll back"]
    assert not journal.of(f.RecordBroken)
    assert [seal.lines for seal in journal.of(f.Sealed, record=TERMINAL)] == [1, 2, 3]
    assert rewritten(facts, lines(facts)) == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda now: [now[0].replace("api", "database"), *now[1:]], "line 1 is not the one"),
        (lambda now: [now[0], now[1].replace("not", "so"), now[2]], "line 2 is not the one"),
        (lambda now: [now[0], now[2]], "line 2 does not follow"),
        (lambda now: [now[1], now[0], now[2]], "line 1 is not the beginning"),
        (lambda now: [now[0], now[1]], "1 of the 3 lines that were there while the run went on is gone"),
        (lambda now: [now[0]], "2 of the 3 lines that were there while the run went on are gone"),
        (lambda now: [*now[:2], "{", now[2]], "line 3"),
        (lambda now: rechained([now[0].replace("api", "database"), *now[1:]]), "line 1 is not the one"),
        (lambda now: rechained([*now[:2], now[2].replace("roll back", "wait")]), "line 3 is not the one"),
    ],
)
def test_a_line_that_was_changed_is_found_out(facts: Path, change: object, why: str) -> None:
    assert callable(change)
    assert why in rewritten(facts, change(lines(facts)))


def test_a_record_that_is_gone_is_found_out(facts: Path) -> None:
    (facts / f"{TERMINAL}.jsonl").unlink()
    (found,) = read(facts).of(f.RecordBroken)
    assert found.cite == f"{TERMINAL}:0"
    assert "3 of the 3 lines" in found.why


def test_a_record_of_another_run_is_not_taken_for_this_ones(facts: Path, tmp_path: Path) -> None:
    writer = Writer(facts, "people-9", lambda: 50.0, chained=chain.root("deadbeef", "people-9"))
    writer.write(f.Acknowledged(by="eve"))
    assert [broken.writer for broken in read(facts).of(f.RecordBroken)] == ["people-9"]


def test_a_line_torn_by_a_kill_was_never_written(facts: Path) -> None:
    with (facts / f"{TERMINAL}.jsonl").open("a") as file:
        file.write('{"fact":"noted","by')
    assert not read(facts).of(f.RecordBroken)
    assert len(read(facts).of(f.Noted)) == 3


def test_what_others_write_is_told_once_and_whole_lines_alone(tmp_path: Path) -> None:
    record, heard = Recorder(tmp_path, lambda: 1.0), list[f.Fact]()
    people = People(tmp_path, RUN, lambda: 1.0, record, heard.append)
    theirs = Writer(tmp_path, "people-3", lambda: 2.0, chained=chain.root(RUN, "people-3"))
    theirs.write(f.Acknowledged(by="ada"))
    with (tmp_path / "people-3.jsonl").open("a") as file:
        file.write("{")
    people.look()
    people.look()
    assert [type(fact) for fact in heard] == [f.Acknowledged]
    assert len(record.journal().of(f.Sealed)) == 1


# --- finding the run ----------------------------------------------------------------------------------------------------------


def begun(runs: Path) -> folders.RunFolder:
    folder = folders.create(runs, "tale")
    Recorder(folder.facts, lambda: 0.001)(
        f.Opened(drill="tale", run=folder.run, wall_unix_s=1.7e9, monotonic_ns=1, version="0")
    )
    return folder


def test_the_one_run_that_goes_on_is_found_and_written_to_on_its_own_clock(tmp_path: Path) -> None:
    begun(tmp_path)
    folder = begun(tmp_path)
    with folder.alive():
        assert living(tmp_path).path == folder.path
        assert living(tmp_path, folder.run).path == folder.path
        at_s = put(folder, f.Acknowledged(by="ada"))
        own_record(folder).write(f.Noted(by="ada", kind="act", text="so"))
    journal = read(folder.path)
    assert not journal.of(f.RecordBroken), "a record that is opened again goes on where it ended"
    assert journal.of(f.Acknowledged)[0].seen_s == at_s
    assert [fact.number for fact in (*journal.of(f.Acknowledged), *journal.of(f.Noted))] == [1, 2]


def test_where_none_goes_on_or_several_do_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="no drill is running here"):
        living(tmp_path)
    one, two = begun(tmp_path), begun(tmp_path)
    with pytest.raises(CannotRun, match="is over"):
        living(tmp_path, one.run)
    with one.alive(), two.alive(), pytest.raises(UsageError, match="2 drills are running"):
        living(tmp_path)
