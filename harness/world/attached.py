"""A helper container on networks of the stack, under names of its own there, that says JSON lines: the pager, the run's metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import CannotRun, NotApplied
from harness.world.docker_cli import docker
from harness.world.helper import Helper

CALL_S = 30.0


@dataclass(frozen=True)
class Place:
    """Where it runs.

    name      of the container; `labels` are its labels
    networks  (Docker network, the address that it takes there or '' for any)
    aliases   the host names that it bears on each of them
    mounts    (path on the host, path in it), read-only
    """

    name: str
    labels: Mapping[str, str]
    networks: Sequence[tuple[str, str]]
    aliases: Sequence[str]
    mounts: Sequence[tuple[str, str]] = ()
    image: str = ""


def attach(
    place: Place, command: Sequence[str], heard: Callable[[dict[str, Any]], None], ended: Callable[[str], None]
) -> Helper:
    """Make it on all of its networks, then start it. Raises NotApplied with Docker's own words; it is gone again then."""
    from harness.doctor.images import harness_tag

    first, *others = place.networks
    labels = [word for key, value in place.labels.items() for word in ("--label", f"{key}={value}")]
    mounts = [word for source, target in place.mounts for word in ("--volume", f"{source}:{target}:ro")]
    _docker(
        "create", "--interactive", "--rm", "--name", place.name, *labels, *mounts, "--cap-drop", "ALL", "--read-only",
        "--network", first[0], *_aliases("--network-alias", place), *_address(first[1]),
        place.image or harness_tag(), "python3", "-m", "harness.inside", *command,
    )  # fmt: skip
    try:
        for network, address in others:
            _docker("network", "connect", *_aliases("--alias", place), *_address(address), network, place.name)
    except BaseException:
        remove(place.name)
        raise
    return Helper(("docker", "start", "--attach", "--interactive", place.name), heard, ended)


def remove(name: str) -> None:
    """Take the container away, whatever it does; one that is gone is fine."""
    with contextlib.suppress(NotApplied):
        _docker("rm", "--force", name)


def _aliases(option: str, place: Place) -> list[str]:
    return [word for name in place.aliases for word in (option, name)]


def _address(address: str) -> tuple[str, ...]:
    return ("--ip", address) if address else ()


def _docker(*words: str) -> None:
    try:
        answer = docker(*words, within_s=CALL_S)
    except (OSError, CannotRun) as error:
        raise NotApplied(f"docker {words[0]}: {error}") from error
    if not answer.ok:
        raise NotApplied(f"docker {words[0]}: {answer.last}")
