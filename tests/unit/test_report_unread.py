"""What cannot be read is told once while a run goes, and again only when it has been read in between."""

from __future__ import annotations

from harness.facts import SourceRead, StateRead
from harness.report.unread import UnreadTold

DOWN = "the broker is down"


def read(source: str, error: str = "", counted: int | None = None) -> SourceRead:
    return SourceRead(op="ship", source=source, role="queue", reading="start", error=error, counted=counted)


def test_a_reason_is_told_once_and_each_source_once() -> None:
    told = UnreadTold()
    assert told.line(read("waiting", DOWN)) == "orders ship: waiting CANNOT BE READ: the broker is down"
    assert told.line(read("notify", DOWN)) == "orders ship: notify CANNOT BE READ: the same"
    state = StateRead(part="queue", reading="before", compare="same", error=DOWN)
    assert told.line(state) == "state: queue CANNOT BE READ: the same"
    assert told.line(read("waiting", DOWN)) == told.line(read("notify", DOWN)) == told.line(state) == ""
    assert told.line(read("waiting", "gone")) == "orders ship: waiting CANNOT BE READ: gone"


def test_what_was_read_and_fails_again_is_told_again() -> None:
    told = UnreadTold()
    told.line(read("waiting", DOWN))
    assert told.line(read("waiting")) == ""
    assert (
        told.line(read("waiting", DOWN, 3))
        == "orders ship: waiting CANNOT BE READ, only counted (3 rows): the broker is down"
    )
