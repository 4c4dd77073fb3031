"""The rules that a stack's Prometheus will load, read from its files before anything starts: its configuration, and what is mounted."""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.facts import RuleSeen
from harness.foreign_yaml import load
from harness.quantities import go_duration_s
from harness.stack import names as topology
from harness.stack.configfile import PROMETHEUS, bare_in_image, below, config_file, config_text, configs_of
from harness.stack.project import Project

DEFAULT_S = 60.0
"""Prometheus' own evaluation_interval."""


@dataclass(frozen=True)
class RuleFiles:
    """The rules of the files that can be read here; None where none can, or none are known. `unread`: why there may be others, or ''."""

    rules: tuple[RuleSeen, ...] | None = None
    unread: str = ""


def rule_files(project: Project, service: str) -> RuleFiles:
    """Raises CannotRun as `config_file` does."""
    config = config_file(project, service, PROMETHEUS)
    if not config.text:
        return RuleFiles(unread=f"the configuration of {service} was found neither in its mounts nor in its image")
    try:
        data = load(config.text) or {}
        every_s = go_duration_s((data.get("global") or {}).get("evaluation_interval")) or DEFAULT_S
        places = list(_places(data, config.path))
    except (AttributeError, TypeError, ValueError):
        return RuleFiles(unread=f"{config.path} of {service} cannot be understood")
    rules: list[RuleSeen] = []
    unread: list[str] = []
    for place in places:
        unread += _elsewhere(project, service, place)
        for name, read in _files(project, service, place):
            try:
                rules += list(rules_in(PurePosixPath(name).name, read(), every_s))
            except (AttributeError, TypeError, OSError, ValueError):
                unread.append(f"{name} cannot be read")
    known = tuple(rules) if rules or not unread else None
    return RuleFiles(known, "; ".join(dict.fromkeys(unread)))


def unfound(project: Project, service: str) -> tuple[str, ...]:
    """What its configuration has among its rule_files and is not there, in words."""
    config = config_file(project, service, PROMETHEUS)
    try:
        places = list(_places(load(config.text) or {}, config.path))
    except (AttributeError, TypeError, ValueError):
        return ()
    said = []
    for place in places:
        mounts = [one for one in _mounts(project, service) if _matches(one.get("target"), place)]
        around = [*mounts, *([one] if (one := _around(_mounts(project, service), place)) else ())]
        gone = [one for one in around if one.get("type") == "bind" and not os.path.lexists(str(one.get("source")))]
        if gone:
            what = (
                f"{gone[0]['source']} is not there, so that Docker makes an empty folder of it at {gone[0]['target']}"
            )
            said.append(f"{service} has no rules of {place}: {what}")
        elif not [*_elsewhere(project, service, place), *_files(project, service, place)]:
            said.append(f"{service} has no rules of {place}: no file is there")
    return tuple(said)


def _places(data: Mapping[str, Any], config: str) -> Iterator[str]:
    """Its rule_files, as paths in the service."""
    for pattern in data.get("rule_files") or ():
        yield posixpath.normpath(PurePosixPath(config).parent / str(pattern))


def _files(project: Project, service: str, pattern: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Files and configs of this machine that stand in the service under a pattern; none may, which Prometheus allows."""
    binds = [one for one in _mounts(project, service) if one.get("type") == "bind"]
    found = [Path(str(one["source"])) for one in binds if _matches(one.get("target"), pattern)]
    folder = _around(binds, pattern)
    inner = below(pattern, str(folder["target"])) if folder else None
    found += sorted(Path(str(folder["source"])).glob(inner)) if folder and inner else ()
    yield from ((str(path), path.read_bytes) for path in found)
    for target, given in configs_of(project, topology.services(project.config)[service]):
        if _matches(target, pattern):
            yield from ((target, text.encode) for text in config_text(given))


def _elsewhere(project: Project, service: str, pattern: str) -> Iterator[str]:
    """Why a pattern may match something in the service that is not on this machine: in its image, a volume, a config or a secret."""
    body, mounts = topology.services(project.config)[service], _mounts(project, service)
    for target, given in configs_of(project, body):
        if _matches(target, pattern) and not any(config_text(given)):
            yield f"the config {target} cannot be read here"
    for use in body.get("secrets") or ():
        if _matches(PurePosixPath("/run/secrets") / str(use.get("target") or use.get("source")), pattern):
            yield f"the secret {use.get('source')} is not read"
    if any(str(one.get("target")) == pattern and one.get("type") == "bind" for one in mounts):
        return
    around = _around(mounts, pattern)
    if around is None:
        alone = any(target == pattern for target, _ in configs_of(project, body))
        files = any(_matches(one.get("target"), pattern) for one in mounts)
        if not alone and not (files and bare_in_image(project, service, _fixed(pattern))):
            yield f"{pattern} may be in the image of {service} too, which is not read"
        return
    if around.get("type") != "bind":
        yield f"{pattern} is in the {around.get('type')} {around.get('source') or around.get('target')}, which is not read"
        return
    inner = Path(str(around.get("source"))) / (below(_fixed(pattern), str(around.get("target"))) or "")
    if inner.is_dir() and not os.access(inner, os.R_OK | os.X_OK):
        yield f"{inner} cannot be read"


def _matches(target: object, pattern: str) -> bool:
    return PurePosixPath(str(target)).match(pattern)


def _around(mounts: Sequence[Mapping[str, Any]], pattern: str) -> Mapping[str, Any] | None:
    """The mount in which a pattern is looked for: the innermost around its part without wildcards."""
    fixed = _fixed(pattern)
    around = [one for one in mounts if below(fixed, str(one.get("target"))) is not None]
    return max(around, key=lambda one: len(PurePosixPath(str(one.get("target"))).parts), default=None)


def _fixed(pattern: str) -> str:
    """The folder of a pattern, as far as it has no wildcard."""
    parts = PurePosixPath(pattern).parent.parts
    return str(PurePosixPath(*itertools.takewhile(lambda part: not set("*?[") & set(part), parts)))


def _mounts(project: Project, service: str) -> Sequence[Mapping[str, Any]]:
    return topology.services(project.config)[service].get("volumes") or ()


def rules_in(file: str, raw: bytes, every_s: float) -> Iterator[RuleSeen]:
    """The rules of one file. Raises ValueError for what is none."""
    data: Mapping[str, Any] = load(raw.decode("utf-8"), as_text=True) or {}
    for group in data.get("groups") or ():
        for rule in group.get("rules") or ():
            labels = {**(group.get("labels") or {}), **(rule.get("labels") or {})}  # the group's since Prometheus 3
            yield RuleSeen(
                rule=str(rule.get("alert") or rule.get("record") or ""),
                group=f"{file};{group.get('name') or ''}",
                kind="alerting" if rule.get("alert") else "recording",
                expr=str(rule.get("expr") or ""),
                labels={str(name): str(value) for name, value in labels.items() if value},
                for_s=go_duration_s(rule.get("for")),
                keep_firing_s=go_duration_s(rule.get("keep_firing_for")),
                interval_s=go_duration_s(group.get("interval")) or every_s,
            )
