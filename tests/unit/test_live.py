"""What a run tells while it goes: in the run's own seconds, on any terminal, and never in the way of the run."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import pty
import re
import time

import pytest

from harness import facts as f
from harness.ledger import Rows
from harness.report.last_seconds import state
from harness.report.live import JsonDisplay, LiveDisplay, PlainDisplay, display
from harness.report.sentences import sentence
from harness.testing import rows_of


def rows() -> Rows:
    return rows_of([{"at_s": 10 + i / 10, "took_ms": 20.0, "outcome": "5xx" if i < 5 else "ok"} for i in range(50)])


def opened(seconds_ago: float) -> f.Opened:
    began_ns = time.monotonic_ns() - int(seconds_ago * 1e9)
    return f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=began_ns, seen_s=0.001)


def test_lines_have_the_seconds_of_the_journal_once_the_run_is_opened() -> None:
    out = io.StringIO()
    shown = PlainDisplay(out)
    shown.say("looking at Docker")
    shown.fact(opened(seconds_ago=42))
    shown.say("starting the stack")
    shown.fact(f.PhaseBegan(phase="slow", seen_s=43.21))
    shown.second("slow", ("slow/late",), rows(), 15.0)
    lines = out.getvalue().splitlines()
    assert "drill halt 0badcafe" in lines[1]
    assert re.match(r"  42\.\d s  starting the stack", lines[2])
    assert lines[3] == "  43.2 s  phase slow"
    assert lines[4] == "  15.0 s  slow  errors 10.0%  p95 20 ms  10.0/s  on: slow/late"


def test_requests_that_have_not_ended_make_no_disaster_small() -> None:
    """Three of four fail, each after 4.5 s: of those due in the last five seconds hardly any has ended."""
    stampede = [
        {"at_s": i / 10, "took_ms": 4500.0 if i % 4 else 20.0, "outcome": "5xx" if i % 4 else "ok"} for i in range(400)
    ]
    seen = state("gone", (), rows_of(stampede), 30.0)
    assert seen.line().startswith("gone  errors 76.5%  p95 4500 ms  33 waiting  10.0/s")
    hung = [{"at_s": 20 + i / 10, "took_ms": None} for i in range(100)]
    assert state("gone", (), rows_of(hung), 30.0).line().startswith("gone  errors -  p95 -  100 waiting  10.0/s")
    given_up = [{"at_s": 20 + i / 10, "took_ms": 6000.0, "outcome": "timeout"} for i in range(100)]
    assert "errors 100.0%  p95 no answer  59 waiting" in state("gone", (), rows_of(given_up), 30.0).line()


def test_few_that_wait_are_not_told() -> None:
    one = [{"at_s": 29 + i / 10, "took_ms": 20.0 if i < 9 else None} for i in range(10)]
    assert "waiting" not in state("calm", (), rows_of(one), 30.0).line()


def test_several_lines_stand_under_the_first_and_none_moves_the_cursor() -> None:
    out = io.StringIO()
    PlainDisplay(out).fact(f.Refused(reason="web ended:\n\tboom\x1b[2J", seen_s=1.0))
    assert out.getvalue() == "   1.0 s  REFUSED: web ended:\n              boom�[2J\n"


def test_a_gate_that_waited_for_the_load_says_so() -> None:
    waited = "requests were sent 57 ms late (p99; limit 50 ms) until 23.0 s: the generator was starved"
    assert sentence(f.GateHeld(waited=waited)) == f"steady: the gate is open ({waited})"
    assert sentence(f.GateHeld()) == "steady: the gate is open"


def test_a_helper_that_goes_and_comes_is_told_of_and_looks_are_not() -> None:
    out = io.StringIO()
    shown = PlainDisplay(out)
    shown.fact(f.Blinded(probe="toxiproxy", target="x", error="no answer", seen_s=1.0))
    shown.fact(f.Looked(probe="toxiproxy", target="x", seen_s=2.0))
    shown.fact(f.Looked(probe="containers", seen_s=3.0))
    assert out.getvalue().splitlines() == [
        "   1.0 s  LOST SIGHT of the toxiproxy: no answer",
        "   2.0 s  the toxiproxy is back",
    ]


def test_a_release_that_was_rolled_back_is_not_told_as_if_it_served() -> None:
    out = io.StringIO()
    shown = PlainDisplay(out, every_s=0)
    on = ("release/bad", "release/kill", "release/both")

    def tell(now_s: float) -> str:
        shown.second("release", on, rows(), now_s)
        return out.getvalue().splitlines()[-1].partition("on: ")[2]

    shown.fact(f.Injecting(fault="release/bad", kind="bad_release", target="api", planned_s=1.0))
    shown.fact(f.Injecting(fault="release/kill", kind="kill", target="api", planned_s=1.0))
    shown.fact(f.Injecting(fault="release/both", kind="bad_release", target="api+web", planned_s=1.0))
    shown.fact(f.Deployed(service="api", image="i:bad", by="harness"))
    assert tell(15.0) == "release/bad, release/kill, release/both"
    shown.fact(f.Deployed(service="api", image="i", by="rollback", replicas=2))
    assert tell(16.0) == "release/bad (rolled back), release/kill, release/both"
    shown.fact(f.Deployed(service="web", image="w", by="rollback"))
    assert tell(17.0) == "release/bad (rolled back), release/kill, release/both (rolled back)"
    shown.fact(f.Deployed(service="api", image="i:bad", by="harness"))
    assert tell(18.0) == "release/bad, release/kill, release/both", "it went out again"


def test_an_alert_is_told_to_be_inactive_only_when_it_had_fired() -> None:
    out = io.StringIO()
    shown = PlainDisplay(out)
    for state_, team in (
        ("pending", "a"),
        ("inactive", "a"),
        ("firing", "b"),
        ("inactive", "c"),
        ("inactive", "b"),
        ("inactive", "b"),
    ):
        shown.fact(f.AlertChanged(alert="Slow", state=state_, labels={"team": team}, seen_s=1.0))
    assert out.getvalue().splitlines() == ["   1.0 s  alert fires: Slow", "   1.0 s  alert inactive: Slow"]


def test_a_terminal_that_is_gone_ends_the_telling_and_nothing_else() -> None:
    ends = os.pipe()
    os.close(ends[0])
    shown = PlainDisplay(os.fdopen(ends[1], "w", buffering=1))
    for _ in range(3):
        shown.say("nobody reads this")
        shown.fact(f.Interrupted(signal="SIGHUP", seen_s=1.0))
    shown.close()


def test_what_the_load_says_every_second_is_told_once_a_minute() -> None:
    out = io.StringIO()
    shown = PlainDisplay(out)
    for second in range(130):
        shown.fact(f.LoadSaid(kind="warning", text="load.py:7: KeyError", count=20, seen_s=float(second)))
    assert out.getvalue().count("load: load.py:7: KeyError (20 times)") == 3


def test_each_line_of_ndjson_is_json_as_the_standard_has_it() -> None:
    out = io.StringIO()
    shown = JsonDisplay(out)
    shown.say("café\ud800")
    shown.fact(f.Injecting(fault="x", kind="k", target="t", planned_s=math.inf, stated={"share": math.nan}, seen_s=1.0))
    shown.second("slow", (), rows(), 15.0)
    lines = out.getvalue().splitlines()
    assert out.getvalue().isascii()

    def never(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert [json.loads(line, parse_constant=never)["type"] for line in lines] == ["said", "fact", "state"]


def whole(terminal: int) -> str:
    """What was written to a terminal whose writer is gone. The kernel hands it over in parts, and in its own time."""
    parts = []
    with contextlib.suppress(OSError):  # how a terminal without a writer says that this was all
        while part := os.read(terminal, 1 << 16):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def test_a_narrow_terminal_shows_what_matters_and_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        shown = LiveDisplay(terminal)
        shown.fact(opened(seconds_ago=0))
        shown.second("database-slow", ("database-slow/latency-web->database",), rows(), 15.0)
        shown.close()
    seen = whole(ours)
    bottom = [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)) if "errors" in line]
    assert bottom
    assert "errors 10.0%" in bottom[0]
    assert max(len(line) for line in bottom) <= 40
    assert seen.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in seen, "the cursor is shown again"


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_in_ci_and_on_a_dumb_terminal_there_are_plain_lines(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv(name, value)
    assert type(display("auto", as_json=False)) is PlainDisplay
