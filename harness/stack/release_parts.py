"""What a release gives a container beside its image, part by part: its variables, its command and its entrypoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.stack.release_images import Change

Described = Mapping[str, Any]
Value = str | tuple[str, ...] | None
WORDS = {"command": "Cmd", "entrypoint": "Entrypoint"}


def given_by(change: Change) -> dict[str, Value]:
    """What the release gives, by the part's name."""
    given: dict[str, Value] = {_variable(name): value for name, value in change.environment.items()}
    return given | {word: tuple(change.settings[word]) for word in WORDS if change.settings.get(word)}


def parts_of(container: Described, change: Change) -> dict[str, Value]:
    """What a container has of all that the release changes; None is a variable that it has not."""
    config = container["Config"]
    lines = dict(str(line).partition("=")[::2] for line in config.get("Env") or ())
    found: dict[str, Value] = {_variable(name): lines.get(name) for name in change.environment}
    return found | {word: tuple(config.get(WORDS[word]) or ()) for word in WORDS if word in change.settings}


def has(container: Described, change: Change) -> bool:
    """Whether it has the variables and the command that the release gives."""
    mine = parts_of(container, change)
    return all(mine[name] == value for name, value in given_by(change).items())


def known_before(
    running: Sequence[Described], change: Change, stated: Mapping[str, Any], image: Mapping[str, Any]
) -> Mapping[str, frozenset[Value]]:
    """What each part may be in a good container: as one of them had it, or as it is put back from the run's file: containers of a project
    that ran already may be older, and an earlier phase may have changed them.

    stated  the service's part of the run's file
    image   the configuration of the good image
    """
    found = [*(parts_of(one, change) for one in running), _put_back(change, stated, image)]
    return {name: frozenset(one[name] for one in found) for name in found[0]}


def _put_back(change: Change, stated: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Value]:
    """As a container is that is made from the file: what the file does not state, its image gives."""
    lines = stated.get("environment") or {}
    # Docker takes no command from an image whose entrypoint another takes the place of.
    own = {**image, "Cmd": None} if stated.get("entrypoint") else image
    made = parts_of({"Config": own}, change)
    made |= {_variable(name): str(lines[name]) for name in change.environment if lines.get(name) is not None}
    return made | {word: tuple(stated[word]) for word in WORDS if word in change.settings and stated.get(word)}


def _variable(name: str) -> str:
    return f"variable {name}"
