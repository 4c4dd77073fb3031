"""The rules that a stack's Prometheus will load, read from its files before anything starts: its configuration, and what is mounted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """None where its configuration or any of its rule files cannot be read here: then nothing is known of its rules."""
    config = config_file(project, service, PROMETHEUS)
    try:
        data = load(config.text) or {}
        shared = data.get("global") or {}
        every_s = go_duration_s(shared.get("evaluation_interval")) or DEFAULT_S
        rules: list[RuleSeen] = []
        for pattern in data.get("rule_files") or ():
            files = list(_mounted(project, service, str(PurePosixPath(config.path).parent / str(pattern))))
            if not files:
                return None
            for file in files:
                rules += rules_in(file.name, file.read_bytes(), every_s)
    except (AttributeError, TypeError, OSError, ValueError):
        return None
    return tuple(rules) if config.text else None


def _mounted(project: Project, service: str, pattern: str) -> Iterator[Path]:
    """Files on this machine that stand in the service under a path whose last part may be a pattern."""
    place = PurePosixPath(pattern)
    for mount in topology.services(project.config)[service].get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        whole, folder = below(pattern, str(mount.get("target"))), below(str(place.parent), str(mount.get("target")))
        if whole == "":
            yield Path(str(mount["source"]))
        elif folder is not None:
            yield from sorted((Path(str(mount["source"])) / folder).glob(place.name))


def rules_in(file: str, raw: bytes, every_s: float) -> Iterator[RuleSeen]:
    """The rules of one file. Raises ValueError for what is none."""
    data: Mapping[str, Any] = load(raw.decode("utf-8")) or {}
    for group in data.get("groups") or ():
        for rule in group.get("rules") or ():
            yield RuleSeen(
                rule=str(rule.get("alert") or rule.get("record") or ""),
                group=f"{file};{group.get('name') or ''}",
                kind="alerting" if rule.get("alert") else "recording",
                expr=str(rule.get("expr") or ""),
                labels={str(name): str(value) for name, value in (rule.get("labels") or {}).items()},
                for_s=go_duration_s(rule.get("for")),
                keep_firing_s=go_duration_s(rule.get("keep_firing_for")),
                interval_s=go_duration_s(group.get("interval")) or every_s,
            )
