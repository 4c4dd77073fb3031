"""The rules that a stack's Prometheus will load, read from its files before anything starts."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.stack import configfile, rulefiles
from harness.stack.project import Project
from harness.stack.rulefiles import RuleFiles, rule_files, rules_in, unfound
from harness.stack.scrapes import scrapes

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
    found = rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus").rules
    assert found is not None
    assert [(rule.rule, rule.kind, rule.interval_s, rule.for_s) for rule in found] == [
        ("a:ratio", "recording", 5.0, 0.0),
        ("Burns", "alerting", 5.0, 90.0),
        ("Other", "alerting", 30.0, 0.0),
    ]
    assert (found[1].group, dict(found[1].labels)) == ("first.yml;one", {"severity": "page"})


def test_the_configuration_and_the_folder_of_rules_may_be_mounted_apart(files: Path) -> None:
    apart = [(files / "prometheus.yml", "/etc/prometheus/prometheus.yml"), (files / "rules", "/etc/prometheus/rules")]
    found = rule_files(project(files, apart), "prometheus").rules
    assert found is not None
    assert len(found) == 3


def test_where_no_file_can_be_read_nothing_is_known_and_it_is_said_why(files: Path) -> None:
    only = [(files / "prometheus.yml", "/etc/prometheus/prometheus.yml")]
    found = rule_files(project(files, only), "prometheus")
    assert found.rules is None
    assert found.unread == "/etc/prometheus/rules/*.yml may be in the image of prometheus too, which is not read"
    (files / "rules" / "first.yml").write_text("groups: [")
    found = rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus")
    assert (found.rules, found.unread) == (None, f"{files}/rules/first.yml cannot be read")
    (files / "prometheus.yml").write_text("rule_files: 3")
    found = rule_files(project(files, only), "prometheus")
    assert (found.rules, found.unread) == (None, "/etc/prometheus/prometheus.yml of prometheus cannot be understood")


def test_a_file_that_is_mounted_alone_is_known_beside_what_the_image_may_hold(files: Path) -> None:
    alone = [
        (files / "prometheus.yml", "/etc/prometheus/prometheus.yml"),
        (files / "rules" / "first.yml", "/etc/prometheus/rules/parcel.yml"),
    ]
    found = rule_files(project(files, alone), "prometheus")
    assert [rule.rule for rule in found.rules or ()] == ["a:ratio", "Burns", "Other"]
    assert "the image of prometheus" in found.unread
    (files / "prometheus.yml").write_text("rule_files: [rules/parcel.yml]\n")
    assert rule_files(project(files, alone), "prometheus").unread == ""


def test_a_file_that_cannot_be_read_leaves_the_others_known(files: Path) -> None:
    (files / "rules" / "second.yml").write_text("groups: [{name: a, rules: [{alert: Half, expr: up}]}, 3]")
    found = rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus")
    assert [rule.rule for rule in found.rules or ()] == ["a:ratio", "Burns", "Other"]
    assert found.unread == f"{files}/rules/second.yml cannot be read"


def test_labels_and_names_are_the_text_that_prometheus_reads_whatever_yaml_takes_it_for() -> None:
    """As promtool 2.53 shows them of the same file; a label without a value is none."""
    text = """
groups:
  - name: on
    rules:
      - alert: 010
        expr: 1
        for: 0
        labels: {page: yes, version: 1.10, zone: 010, hex: 0x1F, on: off, day: 2024-01-01, quoted: "no", none: null, tilde: ~, bare: }
"""
    (rule,) = rules_in("a.yml", text.encode(), 5.0)
    assert (rule.rule, rule.group, rule.expr, rule.for_s) == ("010", "a.yml;on", "1", 0.0)
    assert rule.labels == {
        "page": "yes", "version": "1.10", "zone": "010", "hex": "0x1F", "on": "off", "day": "2024-01-01", "quoted": "no"
    }  # fmt: skip


def test_what_is_merged_into_labels_is_theirs() -> None:
    text = """
groups:
  - name: a
    rules:
      - {alert: One, expr: up, labels: &shared {severity: page, team: on}}
      - {alert: Two, expr: up, labels: {<<: *shared, team: off}}
"""
    assert [rule.labels for rule in rules_in("a.yml", text.encode(), 5.0)] == [
        {"severity": "page", "team": "on"},
        {"severity": "page", "team": "off"},
    ]


def test_a_pattern_that_nothing_matches_in_a_folder_that_is_here_adds_no_rule(files: Path) -> None:
    """Prometheus starts with it."""
    (files / "prometheus.yml").write_text("rule_files: [rules/*.yml, more/*.yml, none.yml, rules/*/x.yml]\n")
    (files / "more").mkdir()
    found = rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus").rules
    assert found is not None
    assert [rule.rule for rule in found] == ["a:ratio", "Burns", "Other"]
    (files / "rules" / "first.yml").unlink()
    assert rule_files(project(files, [(files, "/etc/prometheus")]), "prometheus") == RuleFiles(())


def test_a_pattern_may_have_wildcards_in_its_folders_and_match_files_mounted_alone(files: Path) -> None:
    (files / "prometheus.yml").write_text("rule_files: ['*/first.yml', rules/*.yml]\n")
    (files / "prom").mkdir()
    (files / "prometheus.yml").rename(files / "prom" / "prometheus.yml")
    alone = [(files / "prom", "/etc/prometheus"), (files / "rules" / "first.yml", "/etc/prometheus/rules/first.yml")]
    found = rule_files(project(files, alone), "prometheus").rules
    assert found is not None
    assert len(found) == 6


def test_where_a_volume_a_config_or_a_secret_may_hold_a_match_that_is_said(files: Path) -> None:
    here = project(files, [(files, "/etc/prometheus")])
    body = here.config["services"]["prometheus"]
    body["volumes"].append({"type": "volume", "source": "shared", "target": "/etc/prometheus/rules"})
    assert (
        rule_files(here, "prometheus").unread
        == "/etc/prometheus/rules/*.yml is in the volume shared, which is not read"
    )
    body["volumes"].pop()
    body["configs"] = [{"source": "extra", "target": "/etc/prometheus/rules/extra.yml"}]
    assert rule_files(here, "prometheus").unread == "the config /etc/prometheus/rules/extra.yml cannot be read here"
    body["configs"] = []
    body["secrets"] = [{"source": "hidden", "target": "/etc/prometheus/rules/hidden.yml"}]
    assert rule_files(here, "prometheus").unread == "the secret hidden is not read"


@pytest.mark.parametrize("given", ["content", "file"])
def test_a_config_of_the_compose_file_is_read(files: Path, given: str) -> None:
    (files / "prometheus.yml").write_text("rule_files: [rules/extra.yml]\n")
    here = project(files, [(files / "prometheus.yml", "/etc/prometheus/prometheus.yml")])
    here.config["services"]["prometheus"]["configs"] = [
        {"source": "extra", "target": "/etc/prometheus/rules/extra.yml"}
    ]
    here.config["configs"] = {"extra": {given: RULES if given == "content" else str(files / "rules" / "first.yml")}}
    found = rule_files(here, "prometheus")
    assert [rule.rule for rule in found.rules or ()] == ["a:ratio", "Burns", "Other"]
    assert found.unread == ""


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        (["rules"], []),
        ([], []),  # they may be in its image
        (["gone"], ["prometheus has no rules of /etc/prometheus/rules/*.yml: ", "/gone is not there", "empty folder"]),
        (["empty"], ["prometheus has no rules of /etc/prometheus/rules/*.yml: no file is there"]),
        (["gone.yml"], ["/gone.yml is not there", "at /etc/prometheus/rules/one.yml"]),
    ],
)
def test_rule_files_that_are_not_there_are_told(files: Path, mounts: list[str], said: list[str]) -> None:
    (files / "empty").mkdir()
    config = (files / "prometheus.yml", "/etc/prometheus/prometheus.yml")
    place = "/etc/prometheus/rules"
    also = [(files / name, f"{place}/one.yml" if name.endswith(".yml") else place) for name in mounts]
    told = unfound(project(files, [config, *also]), "prometheus")
    assert len(told) == bool(said)
    assert all(part in told[0] for part in said)


@pytest.mark.parametrize(
    ("config", "every_s"),
    [
        ("scrape_configs: [{job_name: a}, {job_name: b, scrape_interval: 2s}]", {"a": 60.0, "b": 2.0}),
        ("global: {scrape_interval: 15s}\nscrape_configs: [{job_name: a}]", {"a": 15.0}),
        ("scrape_config_files: [jobs/*.yml]\nscrape_configs: [{job_name: a}]", None),
        ("scrape_configs: [{scrape_interval: 2s}]", None),
        ("scrape_configs: {", None),
        ("global: {}", None),
    ],
)
def test_how_often_it_scrapes_is_read_by_job(files: Path, config: str, every_s: dict[str, float] | None) -> None:
    (files / "prometheus.yml").write_text(config)
    assert scrapes(project(files, [(files, "/etc/prometheus")]), "prometheus") == every_s


@pytest.mark.parametrize("bare", [True, False])
def test_a_file_mounted_into_a_folder_of_the_image_is_all_where_the_image_has_none_there(
    files: Path, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulefiles, "bare_in_image", lambda project, service, folder: bare and folder.endswith("/rules"))
    alone = [
        (files / "prometheus.yml", "/etc/prometheus/prometheus.yml"),
        (files / "rules" / "first.yml", "/etc/prometheus/rules/mine.yml"),
    ]
    found = rule_files(project(files, alone), "prometheus")
    assert len(found.rules or ()) == 3
    assert (found.unread == "") == bare


def test_an_image_is_bare_of_a_folder_that_it_does_not_have_or_that_has_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def archive(*names: str) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as opened:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                opened.addfile(entry)
        return packed.getvalue()

    copied = {
        "gone": subprocess.CompletedProcess([], 1, b"", b"Could not find the file /rules in container x"),
        "empty": subprocess.CompletedProcess([], 0, archive("rules/", "rules/more/"), b""),
        "baked": subprocess.CompletedProcess([], 0, archive("rules/", "rules/a.yml"), b""),
        "broken": subprocess.CompletedProcess([], 1, b"", b"Docker is gone"),
        "unmade": None,
    }
    monkeypatch.setattr(configfile, "_copied", lambda image, folder: copied[image])
    bare = [image for image in copied if configfile._bare.__wrapped__(image, "/rules")]
    assert bare == ["gone", "empty"]


def test_the_labels_of_a_group_are_those_of_its_rules_unless_a_rule_says_otherwise() -> None:
    text = b"""
groups:
  - name: shop
    labels: {severity: page, team: shop, region: eu}
    rules: [{alert: Slow, expr: up == 0}, {alert: Other, expr: up == 0, labels: {severity: ticket, region: ""}}]
"""
    slow, other = rules_in("a.yml", text, 5.0)
    assert slow.labels == {"severity": "page", "team": "shop", "region": "eu"}
    assert other.labels == {"severity": "ticket", "team": "shop"}
