"""Text from outside (logs, answers, other programs' errors) as a terminal may show it: nothing in it moves the cursor. Pure."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)  # also what turns the writing's direction, and halves of characters, which nothing can encode


def harmless(text: str) -> str:
    """All of it, its lines and tabs as they are."""
    return _CONTROL.sub("�", text)


def one_line(text: str) -> str:
    """All of it in one line."""
    return harmless(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def lines(text: str) -> list[str]:
    """Its lines, tabs as four spaces."""
    return [harmless(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n")]


def comment(text: str) -> str:
    """All of it on one line, as it may stand in a comment of a file of Python or YAML: what follows a line's end would be code."""
    return " ".join("".join(char if char.isprintable() or char.isspace() else "�" for char in text).split())
