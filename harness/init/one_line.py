"""Text of others that is put into a comment: on one line, or what follows a line's end would be code."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Without ends of lines, and without what may stand in no file of Python or YAML."""
    return " ".join("".join(char if char.isprintable() or char.isspace() else "�" for char in text).split())
