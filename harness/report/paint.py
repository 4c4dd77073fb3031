"""Colours of a terminal, where they are wanted."""

from __future__ import annotations

COLOURS = {"failed": "\x1b[31m", "inconclusive": "\x1b[33m", "passed": "\x1b[32m", "bold": "\x1b[1m", "dim": "\x1b[2m"}


class Paint:
    """Text in styles, or as it is."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, *styles: str) -> str:
        if not self._colour or not styles:
            return text
        return "".join(COLOURS[style] for style in styles) + text + "\x1b[0m"
