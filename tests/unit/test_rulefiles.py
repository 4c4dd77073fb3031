"""The rules that a stack's Prometheus will load, read from its files before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.stack.project import Project
from harness.stack.rulefiles import rule_files

CONFIG = """
global: {evaluation_interval: 5s}
rule_files: [rules/*.yml]
"""
RULES = """
groups:
  - name: one
    rules:
      - record: a:ratio
        expr: a / b
      - alert: Burns
        expr: a:ratio > 0.1
        for: 1m30s
        labels: {severity: page}
  - name: two
    interval: 30s
    rules: [{alert: Other, expr: up == 0}]
"""


def project(folder: Path, mounts: list[tuple[Path, str]]) -> Project:
    body: dict[str, Any] = {
        "image": "prom/prometheus",
        "command": ["--config.file=/etc/prometheus/prometheus.yml"],
        "volumes": [{"type": "bind", "source": str(source), "target": target} for source, target in mounts],
    }
    config = {"name": "x", "services": {"prometheus": body}}
    return Project("x", config=config, files=(folder / "compose.yaml",), directory=folder)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "prometheus.yml").write_text(CONFIG)
    (tmp_path / "rules" / "first.yml").write_text(RULES)
    return tmp_path


def test_every_rule_of_every_file_is_read_with_its_groups_interval(files: Path) -> None:
    found = rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus")
    assert found is not None
    assert [(rule.rule, rule.kind, rule.interval_s, rule.for_s) for rule in found] == [
        ("a:ratio", "recording", 5.0, 0.0),
        ("Burns", "alerting", 5.0, 90.0),
        ("Other", "alerting", 30.0, 0.0),
    ]
    assert (found[1].group, dict(found[1].labels)) == ("first.yml;one", {"severity": "page"})


def test_the_configuration_and_the_folder_of_rules_may_be_mounted_apart(files: Path) -> None:
    apart = [(files / "prometheus.yml", "/etc/prometheus/prometheus.yml"), (files / "rules", "/etc/prometheus/rules")]
    found = rule_files(project(files, apart), "prometheus")
    assert found is not None
    assert len(found) == 3


def test_where_a_file_cannot_be_read_nothing_is_known(files: Path) -> None:
    only = [(files / "prometheus.yml", "/etc/prometheus/prometheus.yml")]
    assert rule_files(project(files, only), "prometheus") is None
    (files / "rules" / "first.yml").write_text("groups: [")
    assert rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus") is None
