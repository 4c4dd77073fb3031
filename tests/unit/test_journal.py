"""The journal: written as it happens, read after a kill, asked about windows and looks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import factlines, journal_writer
from harness import facts as f
from harness.journal import Journal, Window, read
from harness.journal_writer import Writer
from harness.run.recorder import Recorder
from harness.testing import journal_of


def looks(*at: float, target: str = "") -> list[f.Fact]:
    return [f.Looked(probe="alerts", target=target, seen_s=at_s) for at_s in at]


def test_a_fact_is_stamped_with_its_writer_number_and_time(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 12.5)
    assert writer.write(f.PhaseBegan(phase="slow")) == f.PhaseBegan(
        phase="slow", writer="harness", number=1, seen_s=12.5
    )
    assert writer.write(f.PhaseEnded(phase="slow", seen_s=3.0)).seen_s == 3.0
    assert [fact.cite for fact in read(tmp_path).facts] == ["harness:2", "harness:1"]


def test_every_kind_of_fact_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "harness", lambda: 1.0)
    facts = [
        f.Injecting(fault="x", kind="latency", target="a->b", planned_s=1.0, stated={"delay_ms": 400.0}),
        f.Witnessed(edge="a->b", port=1, outcome="answered", connect_ms=0.3),
        f.Surveyed(edge="a->b", mediated=3, direct=0, examples=("1", "2")),
        f.ContainerChanged(service="a", container="a-1", event="die", exit_code=137, happened_s=0.5),
    ]
    written = [writer.write(fact) for fact in facts]
    assert list(read(tmp_path).facts) == written
    assert list(writer.journal().facts) == written


def test_a_line_torn_by_a_kill_is_left_out_and_a_new_writer_goes_on_counting(tmp_path: Path) -> None:
    Writer(tmp_path, "harness", lambda: 1.0).write(f.PhaseBegan(phase="slow"))
    with (tmp_path / "harness.jsonl").open("ab") as file:
        file.write(b'{"fact":"phase_ended","pha')
    assert len(read(tmp_path).facts) == 1
    again = Writer(tmp_path, "harness", lambda: 2.0).write(f.PhaseEnded(phase="slow"))
    assert again.number == 2
    assert [fact.number for fact in read(tmp_path).facts] == [1, 2]


def test_a_kind_that_this_version_does_not_know_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "later.jsonl").write_text('{"fact":"teleported","where":"x","number":1}\n[]\n{"fact":"phase_began"}\n')
    assert read(tmp_path) == Journal()


def test_the_facts_of_several_writers_stand_in_the_order_in_which_they_were_seen(tmp_path: Path) -> None:
    Writer(tmp_path / "facts", "harness", lambda: 5.0).write(f.PhaseBegan(phase="slow"))
    Writer(tmp_path / "facts", "halt", lambda: 4.0).write(f.HaltAsked(by="anna"))
    assert [fact.writer for fact in read(tmp_path).facts] == ["halt", "harness"]


def test_threads_share_a_writer_without_losing_or_mixing_lines(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "harness", lambda: 1.0)
    threads = [
        threading.Thread(target=lambda: [writer.write(f.ClockRead(wall_unix_s=1.0), durable=True) for _ in range(25)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [fact.number for fact in read(tmp_path).facts] == list(range(1, 201))


def test_a_phase_has_a_window_and_what_comes_after_it_another() -> None:
    journal = journal_of(
        f.PhaseBegan(phase="slow", seen_s=10.0),
        f.PhaseEnded(phase="slow", seen_s=20.0),
        f.PhaseSettled(phase="slow", steady=True, seen_s=31.0),
    )
    assert journal.window("slow") == Window(10.0, 20.0)
    assert journal.window("slow", then=True) == Window(20.0, 31.0)
    assert journal.window("other") is None
    assert not journal.cut(19.0).window("slow").ended  # type: ignore[union-attr]
    assert journal.cut(19.0).window("slow", then=True) is None


def test_the_runs_window_goes_from_the_gate_to_the_end_of_the_load() -> None:
    journal = journal_of(
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(seen_s=8.0),
        f.LoadEnded(clean=True, ended_s=60.0, seen_s=62.0),
    )
    assert journal.window("") == Window(8.0, 62.0)
    assert journal.cut(7.0).window("") is None, "before the gate has held there is no run to speak of"
    assert not journal.cut(61.0).window("").ended  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("facts", "watched"),
    [
        (looks(9, 11, 13, 15, 17, 19, 21, 23), True),
        (looks(), False),
        (looks(9, 11, 13, 17.5, 19, 21, 23), False),  # a gap of 4.5 s
        (looks(11, 13, 15, 17, 19), False),  # nobody looked after the end
        (looks(11, 13, 15, 17, 19, 20.5), False),  # nor so late that late facts had arrived
        (looks(14, 16, 18, 20, 22), False),  # nor at the beginning
        ([*looks(9, 11, 13, 15, 17, 19, 21, 23), f.Blinded(probe="alerts", target="", error="x", seen_s=14)], False),
        ([*looks(9, 11, 13, 15, 17, 19, 21, 23), f.Blinded(probe="alerts", target="db", error="x", seen_s=14)], True),
        ([*looks(9, 11, 13, 15, 17, 19, 21, 23), f.Blinded(probe="logs", target="", error="x", seen_s=14)], True),
        (looks(9, 11, 13, 15, 17, 19, 21, 23, target="db"), False),  # somebody looked elsewhere
        (looks(9, 11, 13, 15, 17, 19, 21, 23, target="api"), True),
    ],
)
def test_a_stretch_was_watched_only_without_gaps_and_until_after_its_end(facts: list[f.Fact], watched: bool) -> None:
    assert journal_of(*facts).watched("alerts", "api", 10.0, 20.0, gap_s=3.0, lag_s=2.0) is watched


def test_a_cut_tape_knows_only_what_had_been_seen() -> None:
    journal = journal_of(
        f.ContainerChanged(service="a", container="a-1", event="die", happened_s=1.0, seen_s=5.0),
        f.PhaseBegan(phase="slow", seen_s=4.0),
    )
    assert journal.cut(4.5).of(f.ContainerChanged) == ()
    assert journal.of(f.ContainerChanged, until_s=1.0, event="die") == journal.facts[1:]
    assert journal.first(f.ContainerChanged, since_s=2.0) is None
    assert journal.end_s == 5.0


def test_a_full_disk_keeps_nobody_from_going_on_and_what_it_refused_is_written_when_there_is_room(
    tmp_path: Path, full_disk: Callable[[Path], Callable[[], None]]
) -> None:
    writer = Writer(tmp_path, "harness", lambda: 1.0)
    writer.write(f.PhaseBegan(phase="slow"))
    make_room = full_disk(writer.path)
    assert writer.write(f.Mended(fault="x", begun_s=1.0), durable=True).number == 2
    assert "No space left" in writer.broken
    assert not writer.whole
    assert [type(fact) for fact in writer.journal().facts] == [f.PhaseBegan, f.Mended]
    assert len(read(tmp_path).facts) == 1
    make_room()
    writer.write(f.Closed())
    assert writer.whole
    assert [fact.number for fact in read(tmp_path).facts] == [1, 2, 3]
    assert "No space left" in writer.broken, "that it was so once is not forgotten"
    writer.close()


def test_a_folder_that_cannot_be_written_is_said_and_facts_are_still_taken(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("a file where the folder should be")
    writer = Writer(tmp_path / "facts", "halt", lambda: 1.0)
    assert "cannot be written" in writer.broken
    assert writer.write(f.HaltAsked(by="anna")).number == 1
    assert len(writer.journal().facts) == 1


def test_text_that_is_no_unicode_is_a_fact_like_any_other(tmp_path: Path) -> None:
    fact = Writer(tmp_path, "harness", lambda: 1.0).write(f.Broke(error="caf\udce9"))
    assert read(tmp_path).facts == (fact,)


def test_a_listener_that_fails_hides_no_fact_from_the_others(tmp_path: Path) -> None:
    def gone(fact: f.Fact) -> None:
        raise BrokenPipeError

    record = Recorder(tmp_path, lambda: 1.0)
    heard: list[f.Fact] = []
    record.listeners += [gone, heard.append]
    record(f.PhaseBegan(phase="slow"))
    assert len(heard) == len(read(tmp_path).facts) == 1


def test_looks_that_nobody_asks_for_any_more_are_left_out_of_the_live_view_and_stay_on_disk(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 0.0)
    for at_s in range(1, 11):
        writer.write(f.Looked(probe="alerts", seen_s=float(at_s)))
    writer.write(f.PhaseBegan(phase="slow", seen_s=3.5))
    writer.forget((f.Looked,), 6.0)
    assert [look.seen_s for look in writer.journal().of(f.Looked)] == [6.0, 7.0, 8.0, 9.0, 10.0]
    assert writer.journal().phase_began("slow") is not None, "only what was asked for goes"
    assert len(read(tmp_path).of(f.Looked)) == 10


def test_nothing_is_forgotten_that_the_disk_has_refused(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("a file where a folder should be")
    writer = Writer(tmp_path / "facts", "harness", lambda: 0.0)
    writer.write(f.Looked(probe="alerts", seen_s=1.0))
    writer.forget((f.Looked,), 6.0)
    assert len(writer.journal().of(f.Looked)) == 1


def test_a_fact_is_found_by_its_citation() -> None:
    journal = journal_of(f.PhaseBegan(phase="slow", seen_s=1.0), f.PhaseEnded(phase="slow", seen_s=2.0))
    assert journal.by_cite["harness:2"] == journal.phase_ended("slow")
    assert "harness:3" not in journal.by_cite


def test_what_was_forgotten_is_recalled_from_the_file_as_it_was_written(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 0.0)
    for at_s in range(1, 11):
        writer.write(f.Looked(probe="alerts", seen_s=float(at_s)))
        writer.write(f.Sampled(query="up", value=1.0, count=1, seen_s=float(at_s)))
    whole = writer.journal()
    writer.forget((f.Looked, f.Sampled), 9.0, since_s=3.0)
    assert [look.seen_s for look in writer.journal().of(f.Looked)] == [1.0, 2.0, 9.0, 10.0]
    deque(writer.recall((f.Looked,), 5.0), maxlen=0)
    assert [look.seen_s for look in writer.journal().of(f.Looked)] == [1.0, 2.0, *(float(n) for n in range(5, 11))]
    assert len(writer.journal().of(f.Sampled)) == 4, "only the kinds that were asked for"
    deque(writer.recall((f.Looked, f.Sampled), 0.0), maxlen=0)
    assert writer.journal() == whole, "each once, and in the order in which they were written"


def test_a_recall_begins_to_read_where_the_time_asked_for_can_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "PLACE_EVERY", 10)
    clock = [0.0]
    writer = Writer(tmp_path / "facts", "harness", lambda: clock[0])
    for at_s in range(1, 101):
        clock[0] = float(at_s)
        writer.write(f.Looked(probe="alerts"))
    whole, lines = writer.journal(), (tmp_path / "facts" / "harness.jsonl").read_bytes().splitlines(keepends=True)
    writer.forget((f.Looked,), 101.0, since_s=55.0)
    (tmp_path / "facts" / "harness.jsonl").write_bytes(
        b"".join(b" " * (len(one) - 1) + b"\n" for one in lines[:50]) + b"".join(lines[50:])
    )
    deque(writer.recall((f.Looked,), 55.0), maxlen=0)
    assert writer.journal() == whole


def test_a_file_that_cannot_be_read_again_gives_nothing_and_ends_nothing(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 0.0)
    writer.write(f.Looked(probe="alerts", seen_s=1.0))
    writer.forget((f.Looked,), 6.0)
    (tmp_path / "facts" / "harness.jsonl").unlink()
    deque(writer.recall((f.Looked,), 0.0), maxlen=0)
    assert writer.journal() == Journal()


def test_of_what_holds_until_the_next_the_last_of_each_stays(tmp_path: Path) -> None:
    record = Recorder(tmp_path, lambda: 0.0)
    for at_s, counter in ((1.0, "sent"), (2.0, "sent"), (3.0, "failed"), (8.0, "sent")):
        record(f.DeliveryCounted(server="prometheus", counter=counter, value=at_s, seen_s=at_s))
    record.forget_looks(6.0)
    assert [one.value for one in record.journal().of(f.DeliveryCounted)] == [2.0, 3.0, 8.0]


def test_of_a_long_phase_the_middle_is_forgotten_while_it_goes_and_there_when_it_is_decided(tmp_path: Path) -> None:
    record = Recorder(tmp_path, lambda: 0.0)
    held = []
    for at_s in range(1, 101):
        record(f.Looked(probe="alerts", seen_s=float(at_s)))
        if at_s == 40:
            record.forget_looks(30.0)
        if at_s > 40:
            record.forget_middle(at_s - 20.0)
            held.append(len(record.journal().facts))
    assert max(held) <= 40, "what a guard may ask for, and what came since the last time something was forgotten"
    assert len(record.journal().facts) < 40
    record.recall_looks()
    assert record.recalling
    while record.recall_more():
        pass
    assert [look.seen_s for look in record.journal().of(f.Looked)] == [float(at_s) for at_s in range(30, 101)]


def test_a_recall_goes_step_by_step_and_loses_nothing_that_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factlines, "STEP", 7)
    writer = Writer(tmp_path / "facts", "harness", lambda: 0.0)
    for at_s in range(1, 51):
        writer.write(f.Looked(probe="alerts", seen_s=float(at_s)))
    writer.forget((f.Looked,), 40.0)
    for step, _ in enumerate(writer.recall((f.Looked,), 0.0)):
        writer.write(f.Looked(probe="alerts", seen_s=51.0 + step))
    assert writer.journal() == read(tmp_path)
    assert len(writer.journal().facts) > 55
