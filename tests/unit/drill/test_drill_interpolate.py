"""Variables, as Compose reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.interpolate import fill, read_env_file
from harness.drill.problem import Invalid

ENV = {"RATE": "40/s", "EMPTY": "", "USER": "ann"}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("${RATE}", "40/s"),
        ("a ${USER} b ${RATE}", "a ann b 40/s"),
        ("${NONE:-7}", "7"),
        ("${EMPTY:-7}", "7"),
        ("${EMPTY-7}", ""),
        ("${NONE-}", ""),
        ("${NONE:-${USER}}", "ann"),
        ("${NONE:-a}b}", "ab}"),
        ("${USER:?who}", "ann"),
        ("$$USER", "$USER"),
        ("$${USER}", "${USER}"),
        ("panic$", "panic$"),
        ("^a$|b", "^a$|b"),
        ("$USER", "$USER"),
    ],
)
def test_a_variable_is_put_in(text: str, becomes: str) -> None:
    filled = fill(text, ENV)
    assert filled.text == becomes
    assert filled.wrong == ()


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("x ${NONE}", 2, "the variable NONE is not set"),
        ("${RAT}", 0, "(did you mean 'RATE'?)"),
        ("${EMPTY:?give me one}", 0, "the variable EMPTY is not set; give me one"),
        ("${RATE", 0, "without its '}'"),
        ("${1X}", 0, "names no variable"),
        ("${RATE!x}", 0, "is not understood"),
    ],
)
def test_what_cannot_be_put_in_is_said_with_its_place(text: str, offset: int, says: str) -> None:
    ((at, why),) = fill(text, ENV).wrong
    assert at == offset
    assert says in why


def test_used_variables_are_told_so_that_secrets_can_be_masked() -> None:
    assert fill("${USER}:${RATE}", ENV).used == (("USER", "ann"), ("RATE", "40/s"))


def test_an_env_file_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# c\nA=1\nexport B = two words # not this\nC='${A} raw'\nD=\"${A} put in\"\n\nE=\nLONE\n")
    assert read_env_file(file) == {"A": "1", "B": "two words", "C": "${A} raw", "D": "1 put in", "E": ""}


def test_a_line_of_an_env_file_that_is_none_is_said_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "bad.env"
    file.write_text("A=1\nnot a line\n")
    with pytest.raises(Invalid, match=r"bad.env:2:1: not a KEY=VALUE line"):
        read_env_file(file)


def test_an_env_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the env file cannot be read"):
        read_env_file(tmp_path / "none.env")
