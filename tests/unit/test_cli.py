"""The entry point of `drill`: how a command ends."""

from __future__ import annotations

import pytest

from harness import cli
from harness.errors import CannotRun


def ends_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.group, "main", fail)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_an_error_that_nobody_expected_is_the_harness_own_and_no_failed_expectation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(KeyError("nothere"), monkeypatch) == 6
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("Traceback")
    assert said[-1] == "an error of drill itself, not of your files: KeyError: 'nothere'"


def test_an_expected_error_says_its_text_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(CannotRun("no Docker"), monkeypatch) == 4
    assert capsys.readouterr().err == "no Docker\n"
