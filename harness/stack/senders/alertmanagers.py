"""An Alertmanager of a project: whom its configuration pages, and what of that a mailbox could not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from harness.foreign_yaml import LARGEST
from harness.stack import names as topology
from harness.stack.configfile import ALERTMANAGER, ConfigFile, config_file, mounted
from harness.stack.project import Project
from harness.stack.senders.sender import BEHIND, Sender, lone, names_of, through
from harness.urls import fixed, place
from harness.world.outlets import usual
from harness.world.receivers import Paging, paging

MOST_FILES = 50


def alertmanager(project: Project, service: str, *, alone: bool = False) -> Sender:
    """`alone`: the drill switches it off, so that no mailbox stands before it. Raises CannotRun as `config_file` does."""
    config = config_file(project, service, ALERTMANAGER)
    own, pinned = names_of(project, service)
    by_itself, why = lone(project, service), config.why

    def read(path: str) -> str:
        there = str(PurePosixPath(config.path).parent / path)
        return next(mounted(project, project.services[service], there), "")

    try:
        known = paging(config.text, own, pinned, lone=by_itself, read=read) if config.text else None
    except ValueError as error:
        known, why = None, f"its configuration cannot be read: {error}"
    if alone:
        left = () if known and not (known.hosts or known.leaking) else (_left_alone(service),)
        return Sender(service, {}, left, known, why, by_itself)
    unkept = tuple(_unkept(project, service, config, known, why))
    if known is None or config.doubt:
        hosts = dict.fromkeys(_guessed(project, service, own, pinned), tuple[int, ...]())
        return Sender(service, hosts | dict((known and known.hosts) or {}), unkept, known, why, by_itself)
    return Sender(service, known.hosts or {}, unkept, known, lone=by_itself)


def _left_alone(service: str) -> str:
    return (
        f"{service} is left alone (stack.observe.alertmanager: off), and its pages may reach real people: "
        "without that a mailbox stands before it"
    )


def _unkept(project: Project, service: str, config: ConfigFile, known: Paging | None, why: str) -> Iterator[str]:
    if away := nowhere(project, service, known):
        yield away
        return
    if known is None or config.doubt:
        yield (
            f"whom {service} pages is not known, and pages may reach real people: {why or config.doubt}; a mailbox stands before "
            f"the usual providers and hosts that its files name, no others, so mount the configuration as it is to be read, {BEHIND}"
        )
    if known is not None:
        yield from leaks(project, service, known)


def nowhere(project: Project, service: str, known: Paging | None) -> str:
    """That no mailbox can stand before one that pages somebody, or ''."""
    away = topology.outside(project.config, service)
    if away and (known is None or known.hosts or known.leaking):
        return f"pages of {service} may reach real people, for no mailbox can stand before it: {away}; on a network of the project one would"
    return ""


def leaks(project: Project, service: str, known: Paging) -> Iterator[str]:
    """What of a configuration a mailbox does not keep from people."""
    for leak in known.leaking:
        yield f"pages of {service} to this receiver are not caught, and may reach real people: {leak}"
    for seen in known.receivers:
        bridge = through(project, service, place(seen.url)[0])
        if bridge:
            yield (
                f"pages of {service} to {seen.receiver} go to {bridge}, a service of the stack that may pass them on to real people: "
                f"give {bridge} networks with `internal: true` alone, or the receiver an http:// host outside, {BEHIND}"
            )


def _guessed(project: Project, service: str, own: tuple[str, ...], pinned: tuple[str, ...]) -> Iterator[str]:
    """Hosts that pages may go to though its configuration is not known: those of the usual providers, of URLs in its variables, and
    of what is mounted in it and reads as such a configuration."""
    body = project.services[service]
    found = [*usual(), *(place(url)[0] for url in _values(body))]
    for text in _texts(body):
        try:
            found += paging(text, own, pinned).hosts or ()
        except ValueError:
            continue
    yield from (host for host in dict.fromkeys(found) if host and not fixed(host) and host not in (*own, *pinned))


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    given = body.get("environment") or {}
    lines = given.values() if isinstance(given, Mapping) else (str(one).partition("=")[2] for one in given)
    yield from (str(value) for value in lines if value)


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """The files that are mounted in it, as far as they are few and small."""
    sources = [Path(str(one.get("source"))) for one in body.get("volumes") or () if one.get("type") == "bind"]
    for source in sources:
        try:
            files = sorted(source.iterdir())[:MOST_FILES] if source.is_dir() else [source]
            for file in files:
                if file.is_file() and file.stat().st_size <= LARGEST:
                    yield file.read_text(errors="replace")
        except OSError:
            continue
