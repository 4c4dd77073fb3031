"""The rules that a stack's Prometheus will load, read from its files before anything starts: its configuration, and what is mounted."""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.facts import RuleSeen
from harness.foreign_yaml import load
from harness.quantities import go_duration_s
from harness.stack import names as topology
from harness.stack.configfile import PROMETHEUS, below, config_file
from harness.stack.project import Project

DEFAULT_S = 60.0
"""Prometheus' own evaluation_interval."""


def rule_files(project: Project, service: str) -> tuple[RuleSeen, ...] | None:
    """None where its configuration or any of its rule files cannot be read here: then nothing is known of its rules. Raises CannotRun
    as `config_file` does."""
    config = config_file(project, service, PROMETHEUS)
    try:
        data = load(config.text) or {}
        shared = data.get("global") or {}
        every_s = go_duration_s(shared.get("evaluation_interval")) or DEFAULT_S
        rules: list[RuleSeen] = []
        for pattern in data.get("rule_files") or ():
            place = posixpath.normpath(PurePosixPath(config.path).parent / str(pattern))
            if not _seen_whole(project, service, place):
                return None
            for file in _mounted(project, service, place):
                rules += rules_in(file.name, file.read_bytes(), every_s)
    except (AttributeError, TypeError, OSError, ValueError):
        return None
    return tuple(rules) if config.text else None


def _mounted(project: Project, service: str, pattern: str) -> list[Path]:
    """Files on this machine that stand in the service under a pattern; none may, which Prometheus allows."""
    binds = [one for one in _mounts(project, service) if one.get("type") == "bind"]
    found = [Path(str(one["source"])) for one in binds if PurePosixPath(str(one["target"])).match(pattern)]
    folder = _around(binds, pattern)
    inner = below(pattern, str(folder["target"])) if folder else None
    return [*found, *(sorted(Path(str(folder["source"])).glob(inner)) if folder and inner else ())]


def _seen_whole(project: Project, service: str, pattern: str) -> bool:
    """Whether whatever a pattern could match in the service is on this machine: not in its image, a volume or a config."""
    body, mounts = topology.services(project.config)[service], _mounts(project, service)
    for use in (*(body.get("configs") or ()), *(body.get("secrets") or ())):
        if PurePosixPath(str(use.get("target") or f"/{use.get('source')}")).match(pattern):
            return False
    if any(str(one.get("target")) == pattern for one in mounts):
        return True
    around = _around(mounts, pattern)
    if around is None or around.get("type") != "bind":
        return False
    inner = Path(str(around.get("source"))) / (below(_fixed(pattern), str(around.get("target"))) or "")
    return not inner.is_dir() or os.access(inner, os.R_OK | os.X_OK)


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
            yield RuleSeen(
                rule=str(rule.get("alert") or rule.get("record") or ""),
                group=f"{file};{group.get('name') or ''}",
                kind="alerting" if rule.get("alert") else "recording",
                expr=str(rule.get("expr") or ""),
                labels={str(name): str(value) for name, value in (rule.get("labels") or {}).items() if value},
                for_s=go_duration_s(rule.get("for")),
                keep_firing_s=go_duration_s(rule.get("keep_firing_for")),
                interval_s=go_duration_s(group.get("interval")) or every_s,
            )
