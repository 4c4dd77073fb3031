"""A job is taken to be unknown only where Prometheus' configuration tells all that there can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stack.jobs import jobs
from harness.stack.project import Project

API = "{job_name: services, static_configs: [{targets: ['api:80'], labels: {job: api}}, {targets: ['db:80']}]}"
COMMAND = "--config.file=/etc/prometheus/prometheus.yml"


def told(folder: Path, config: str, *flags: str) -> tuple[str, ...] | None:
    (folder / "prometheus.yml").write_text(config)
    volume = {"type": "bind", "source": str(folder), "target": "/etc/prometheus"}
    body = {"image": "prom/prometheus", "command": [COMMAND, *flags], "volumes": [volume]}
    config_of = {"name": "x", "services": {"prometheus": body}}
    return jobs(Project("x", config=config_of, files=(folder / "compose.yaml",), directory=folder), "prometheus")


def test_a_label_of_the_targets_goes_before_the_name_of_their_job(tmp_path: Path) -> None:
    assert told(tmp_path, f"scrape_configs: [{API}]") == ("api", "services")
    assert told(tmp_path, "scrape_configs: [{job_name: a}, {job_name: b}, {job_name: a}]") == ("a", "b")
    labelled = "{job_name: services, static_configs: [{targets: ['api:80'], labels: {job: api}}]}"
    assert told(tmp_path, f"scrape_configs: [{labelled}]") == ("api",), "nothing is of the job services"


@pytest.mark.parametrize(
    "job",
    [
        "{job_name: push, honor_labels: true, static_configs: [{targets: ['pushgateway:9091']}]}",
        "{job_name: files, file_sd_configs: [{files: [targets.yml]}]}",
        "{job_name: found, http_sd_configs: [{url: 'http://a'}]}",
        "{job_name: a, relabel_configs: [{source_labels: [__address__], target_label: job}]}",
        "{job_name: a, metric_relabel_configs: [{source_labels: [service], target_label: job}]}",
        "{job_name: a, relabel_configs: [{action: labelmap, regex: '__meta_(.+)'}]}",
        "{job_name: a, relabel_configs: [{regex: '(.+)', target_label: '${1}'}]}",
    ],
)
def test_where_a_job_may_have_any_name_none_is_unknown(tmp_path: Path, job: str) -> None:
    assert told(tmp_path, f"scrape_configs: [{API}, {job}]") is None


@pytest.mark.parametrize(
    ("also", "flag"),
    [
        ("scrape_config_files: [jobs/*.yml]", ""),
        ("remote_read: [{url: 'http://a'}]", ""),
        ("otlp: {promote_resource_attributes: [service.name]}", ""),
        ("", "--web.enable-remote-write-receiver"),
        ("", "--web.enable-otlp-receiver"),
        ("", "--enable-feature=otlp-write-receiver"),
    ],
)
def test_where_others_bring_series_none_is_unknown(tmp_path: Path, also: str, flag: str) -> None:
    assert told(tmp_path, f"{also}\nscrape_configs: [{API}]", flag) is None


@pytest.mark.parametrize("config", ["", "scrape_configs: {", "scrape_configs: [{scrape_interval: 2s}]"])
def test_what_cannot_be_read_tells_none(tmp_path: Path, config: str) -> None:
    assert told(tmp_path, config) is None


def test_a_relabelling_onto_another_label_leaves_the_jobs_known(tmp_path: Path) -> None:
    rule = "{source_labels: [__address__], target_label: instance}"
    assert told(tmp_path, f"scrape_configs: [{{job_name: a, relabel_configs: [{rule}]}}]") == ("a",)
