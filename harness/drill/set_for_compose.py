"""Variables that a drill's own commands set for `docker compose`, as their texts and scripts tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.drill.model import Drill
from harness.drill.shell_text import names_set
from harness.expectations.steps import Step
from harness.faults.bad_release import BadRelease
from harness.faults.command import Command

_MOST_BYTES = 256 * 1024  # of a script; what is larger is a program


@dataclass(frozen=True)
class SetForCompose:
    """Which fault or claim (`id`, and the word in it) has the command, what sets them, and the variables."""

    id: str
    word: str
    script: str
    names: tuple[str, ...]


def set_for_compose(drill: Drill) -> Iterator[SetForCompose]:
    """Of each lever, deployment and command fault, and of the scripts that they name."""
    for id_, word, command in _commands(drill):
        line = command if isinstance(command, str) else " ".join(command)
        # A command's own text may hold a secret, so it is not shown.
        for script, text in (("the command", line), *_scripts(drill, line.split())):
            if names := names_set(text):
                yield SetForCompose(id_, word, script, names)


def _commands(drill: Drill) -> Iterator[tuple[str, str, str | Sequence[str]]]:
    for _, fault in drill.faults():
        if isinstance(fault, BadRelease) and fault.commands:
            yield fault.id, "commands", fault.commands.deploy
            yield fault.id, "commands", fault.commands.restore
        if isinstance(fault, Command):
            yield from ((fault.id, word, getattr(fault, word)) for word in ("run", "undo", "check"))
    for _, _, claim in drill.claims():
        if isinstance(claim, Step):
            yield claim.id, "command", claim.command


def _scripts(drill: Drill, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files among a command's words, with their texts."""
    for word in words:
        try:
            file = drill.path(word)
            if file.is_file() and file.stat().st_size <= _MOST_BYTES:
                yield word, file.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
