"""`--env-file`: what each line sets is what Compose makes of it; what cannot be told is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.inputs import environment
from harness.drill.env_file import read_env_file
from harness.drill.problem import Invalid

COMPOSE_SAYS = (
    ("A=1", "1"),
    ("export A = two words # not this", "two words"),
    ("A=a#b", "a#b"),
    ("A=a\t# b", "a\t# b"),
    ("A= # b", "# b"),
    ("A=", ""),
    ("A: value", "value"),
    ("A:value", "value"),
    (r'A="a\"b"', 'a"b'),
    (r'A="a\"b$$c" # not this', 'a"b$c'),
    (r'A="x\$y"', "x$y"),
    (r'A="C:\\dir\\"', "C:\\dir\\"),
    (r'A="one\ttwo\nthree\q"', "one\ttwo\nthree\\q"),
    (r"A='it\'s ${HOME} $$ \n'", "it's ${HOME} $$ \\n"),
    ('A="one\n# two\nthree"', "one\n# two\nthree"),
    ("A='one\ntwo'", "one\ntwo"),
    ("A=${HOME}/x", "/home/ann/x"),
    ('A="$HOME/x"', "/home/ann/x"),
    ("B=1\nA=$B-$HOME", "1-/home/ann"),
    ("HOME=/mine\nA=${HOME}", "/home/ann"),
    ("A=${NONE:-7}", "7"),
    ("A=${NONE:-$HOME}", "/home/ann"),
)
"""Each was given to `docker compose config` (v2.26)."""


@pytest.mark.parametrize(("text", "value"), COMPOSE_SAYS)
def test_a_value_is_read_as_compose_reads_it(tmp_path: Path, text: str, value: str) -> None:
    file = tmp_path / "x.env"
    file.write_text(f"# c\n\n{text}\nLONE\nLAST=9\n")
    found = read_env_file(file, {"HOME": "/home/ann"})
    assert (found["A"], found["LAST"], "LONE" in found) == (value, "9", False)
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_env_file(file, {"HOME": "/home/ann"})["A"] == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A=1\nnot a line\nB 2\n", ["2:1: not a KEY=VALUE line", "3:1: not a KEY=VALUE line"]),
        ('A="one\ntwo\n', ['1:1: A: no " ends the value']),
        (r"A='C:\dir\'", ["1:1: A: no ' ends the value"]),
        ('X=1\nA="one"two # three', ["2:1: A: 'two # three' stands behind the value's closing \""]),
        ("A=${HOMEE}/x", ["1:1: A: the variable HOMEE is not set; set it, or write ${HOMEE:-default} (did you mean"]),
        ("A=pa$word", ["1:1: A: the variable word is not set", "a dollar sign as such is written $$, or the value in"]),
    ],
)
def test_what_cannot_be_told_is_said_with_its_line(tmp_path: Path, text: str, says: list[str]) -> None:
    file = tmp_path / "x.env"
    file.write_text(text)
    with pytest.raises(Invalid) as wrong:
        read_env_file(file, {"HOME": "/home/ann"})
    told = str(wrong.value)
    assert [one for one in says if one not in told] == []
    assert len(wrong.value.found) == (2 if "not a line" in text else 1)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the env file cannot be read"):
        read_env_file(tmp_path / "none.env", {})


def test_a_later_file_sees_an_earlier_one_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER_NAME", "ann")
    (tmp_path / "a.env").write_text("HOST=db\nUSER_NAME=bob\n")
    (tmp_path / "b.env").write_text("URL=${USER_NAME}@${HOST}\n")
    found = environment([tmp_path / "a.env", tmp_path / "b.env"])
    assert (found["URL"], found["USER_NAME"]) == ("ann@db", "ann")
