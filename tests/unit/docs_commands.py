"""Every `drill …` of the documentation, as it stands there, with what the page shows that it prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PLACEHOLDERS = {"RUN": "latest", "DRILL": "shop", "WORD": "latency", "…": "shop"}
"""What a reader writes in their place."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_COMMAND = re.compile(rf"(?:^|(?<=[\s/'(]))drill (?=(?:{'|'.join(COMMANDS)})\b)")
_SHELL = ("sh", "console", "yaml", "groovy", "")
_INLINE = re.compile(r"`drill ([a-z][^`]*)`")
_VARIABLE = re.compile(r"\$\{\{[^}]*\}\}|\$(?!DRILL_)\w+")


@dataclass(frozen=True)
class Command:
    """`drill` with these words, on that page or on several.

    shows   by place, the lines that stand beneath it in a console's block; `…` for what is left out
    """

    page: str
    words: tuple[str, ...]
    shows: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.page}: drill {shlex.join(self.words)}"

    @property
    def name(self) -> str:
        return self.words[0]

    @property
    def options(self) -> tuple[str, ...]:
        own = self.words[: self.words.index("--")] if "--" in self.words else self.words
        return tuple(word.partition("=")[0] for word in own if word.startswith("-") and len(word) > 1)


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[Command]:
    """Each once, by its first page, with what all pages show of it."""
    found: dict[tuple[str, ...], Command] = {}
    for page in pages():
        for command in _of(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")):
            known = found.setdefault(command.words, command)
            if command.shows and known is not command:
                found[command.words] = replace(known, shows=(*known.shows, *command.shows))
    return list(found.values())


def _of(page: str, text: str) -> Iterator[Command]:
    prose = _FENCE.sub("", text)
    for language, block in _FENCE.findall(text):
        if language == "console":
            yield from _console(page, block)
        elif language in _SHELL:
            yield from _typed(page, block.replace("\\\n", " "))
    for line in re.findall(
        r"^ {4}(?! )(.*)$", prose, re.M
    ):  # a block that is indented: a command, and in a column beside it what it does
        yield from _typed(page, re.split(r" {2,}", line)[0])
    for inline in _INLINE.findall(prose):
        yield _command(page, inline)


def _typed(page: str, block: str) -> Iterator[Command]:
    for line in block.splitlines():
        if not re.match(r"\s*(#|- name:|name:|echo\b|\d+\))", line):
            for found in _COMMAND.finditer(line):
                yield _command(page, _until_its_end(line, found.end()))


def _until_its_end(line: str, start: int) -> str:
    """What is typed from there: to the end of the command, or of the quotation that it stands in."""
    quoted = line[:start].count("'") % 2 == 1
    inside = ""
    for at, letter in enumerate(line[start:], start):
        if inside:
            inside = "" if letter == inside else inside
        elif letter == "'" and quoted:
            return line[start:at]
        elif letter in "\"'":
            inside = letter
        elif letter in ";|&>" or line[at - 1 : at + 1] == " #":
            return line[start:at].removesuffix(" 2")
    return line[start:]


def _console(page: str, block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        typed, _, shown = part.partition("\n")
        for one in _typed(page, typed):
            lines = tuple(line for line in shown.splitlines() if line.strip())
            yield Command(page, one.words, (lines,) if lines else ())


def _command(page: str, text: str) -> Command:
    words = shlex.split(_VARIABLE.sub("abc123", text))
    return Command(page, tuple(PLACEHOLDERS.get(word, word) for word in words))
