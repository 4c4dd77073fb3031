"""Which jobs the series of a stack's Prometheus can be of, read from its configuration before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import PROMETHEUS, config_file
from harness.stack.observed import command_of
from harness.stack.project import Project

_BROUGHT = ("scrape_config_files", "remote_read", "otlp")
"""Settings by which others bring series than the jobs that are written here."""
_RECEIVES = "-receiver"
"""In each flag and feature by which it takes what is pushed (remote write, OTLP)."""


def jobs(project: Project, service: str) -> tuple[str, ...] | None:
    """The values that `job` has of what is scraped; None where they cannot all be told: targets that are found as it runs, labels that
    a target brings itself (a Pushgateway, a federation), a relabelling onto `job`, series that are pushed."""
    try:
        file = config_file(project, service, PROMETHEUS)
        data = load(file.text) or {}
        written = data.get("scrape_configs") or ()
        pushed = _RECEIVES in " ".join(command_of(topology.services(project.config)[service]))
        if file.doubt or pushed or any(data.get(word) for word in _BROUGHT) or any(map(_open, written)):
            return None
        return tuple(dict.fromkeys(name for job in written for name in _names(job))) or None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _open(job: Mapping[str, Any]) -> bool:
    """Whether its series may be of any job."""
    rules = (*(job.get("relabel_configs") or ()), *(job.get("metric_relabel_configs") or ()))
    found = any(word.endswith("_sd_configs") and job[word] for word in job)
    return bool(job.get("honor_labels")) or found or any(map(_onto_job, rules))


def _onto_job(rule: Mapping[str, Any]) -> bool:
    target = str(rule.get("target_label") or "")
    return target == "job" or "$" in target or str(rule.get("action") or "").lower() == "labelmap"


def _names(job: Mapping[str, Any]) -> Iterator[str]:
    """A target's own label goes before its job's name."""
    static: Sequence[Mapping[str, Any]] = job.get("static_configs") or ({},)
    for targets in static:
        yield str((targets.get("labels") or {}).get("job") or job["job_name"])
