"""Variables, as Compose reads them."""

from __future__ import annotations

import pytest

from harness.drill.interpolate import fill

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
