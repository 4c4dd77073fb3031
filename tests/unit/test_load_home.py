"""A ledger that is brought home while it is written is, at the end, the one that was written, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.ledger import read
from harness.ledger.layout import OK
from harness.ledger.writing import Writer
from harness.load.home import Incoming, Outgoing

STEPS = st.lists(st.sampled_from(("due", "sent", "done", "bring", "again")), max_size=60)


def bring(outgoing: Outgoing, incoming: Incoming) -> int:
    """Returns how many bytes of data it took."""
    size = 0
    for change in outgoing.changes():
        size += len(change["data"])
        incoming.take(change)
    return size


def writer_at(folder: Path) -> Writer:
    return Writer(folder / "ledger", "ab12cd34", 1, 0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_happens_when_it_is_sent_the_end_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    there, here = tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("here")
    writer, outgoing, incoming = writer_at(there), Outgoing(there, 1), Incoming(here, 1)
    waiting: list[int] = []
    sent: list[int] = []
    for number, step in enumerate(steps):
        if step == "due":
            waiting.append(writer.due(number * 1000, 1))
        elif step == "sent" and waiting:
            sent.append(waiting.pop())
            writer.sent(sent[-1], 7, writer.number("endpoint", f"GET /{number}"))
        elif step == "done" and sent:
            row = sent.pop(0)
            writer.done(row, row, 10, 1, 200, 0, OK, 3, 0)
        elif step == "bring":
            bring(outgoing, incoming)
            assert (read(here / "ledger").array == read(there / "ledger").array).all(), "as it stood when it was sent"
        elif step == "again":
            outgoing.again()
    writer.close()
    bring(outgoing, incoming)
    assert incoming.missing(outgoing.whole()) == ""


def test_a_row_travels_when_it_begins_and_when_it_is_done_and_no_more(tmp_path: Path) -> None:
    writer, outgoing, incoming = (
        writer_at(tmp_path / "there"),
        Outgoing(tmp_path / "there", 1),
        Incoming(tmp_path / "here", 1),
    )
    rows = [writer.due(n, 1) for n in range(10_000)]
    assert bring(outgoing, incoming) > 400_000
    assert bring(outgoing, incoming) == 0
    writer.sent(rows[5], 3, 0)
    writer.done(rows[9000], 9000, 10, 0, 200, 0, OK, 3, 0)
    assert bring(outgoing, incoming) == 80
    assert bring(outgoing, incoming) == 0


def test_a_file_that_differs_is_named_and_no_other_file_is_touched(tmp_path: Path) -> None:
    writer, outgoing, incoming = (
        writer_at(tmp_path / "there"),
        Outgoing(tmp_path / "there", 1),
        Incoming(tmp_path / "here", 1),
    )
    writer.due(0, 1)
    writer.close()
    bring(outgoing, incoming)
    (tmp_path / "here/ledger/1.rows").write_bytes(b"x" * 40)
    assert incoming.missing(outgoing.whole()) == "ledger/1.rows"
    assert incoming.missing({}) == "ledger/1.json", "what is here, and nobody wrote"
    for name in ("../../etc/passwd", "ledger/2.rows", "facts/engine.jsonl"):
        with pytest.raises(ValueError, match="none of this worker's files"):
            incoming.take({"file": name, "at": 0, "data": b"x"})
