"""A hostile log line, answer or error can write nothing into a terminal but text."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import cli
from harness.errors import CannotRun
from harness.harmless import lines, one_line

HOSTILE = "\x1b]0;owned\x07\x1b[2J\rPASSED\x9b1A\u202ecod.exe"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_nothing_that_moves_the_cursor_or_turns_the_writing_is_left(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F or "\u2028" <= char <= "\u202e" for char in shown)
    assert all(one_line(line) == line for line in lines(text))


def test_what_is_harmless_stays_as_it_is() -> None:
    assert one_line("p95 was 482 ms – naïve ✓ 数") == "p95 was 482 ms – naïve ✓ 数"
    assert lines("a\r\n\tb") == ["a", "    b"]


def test_an_error_that_quotes_a_log_writes_only_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: object) -> None:
        raise CannotRun(f"web ended; its last lines:\n    {HOSTILE}")

    monkeypatch.setattr(cli.group, "main", refused)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 4
    said = capsys.readouterr().err
    assert "PASSED" in said
    assert [char for char in HOSTILE if char in said and not char.isprintable()] == []
