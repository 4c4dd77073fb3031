"""How often a stack's Prometheus scrapes, read from its configuration before anything starts."""

from __future__ import annotations

from collections.abc import Mapping

from harness.foreign_yaml import load
from harness.quantities import go_duration_s
from harness.stack.configfile import PROMETHEUS, config_file
from harness.stack.project import Project

DEFAULT_S = 60.0
"""Prometheus' own scrape_interval."""


def scrapes(project: Project, service: str) -> Mapping[str, float] | None:
    """Seconds between two scrapes, by job; None where its configuration cannot be read here, or has jobs in other files."""
    try:
        data = load(config_file(project, service, PROMETHEUS).text) or {}
        if data.get("scrape_config_files"):
            return None
        usual_s = go_duration_s((data.get("global") or {}).get("scrape_interval")) or DEFAULT_S
        jobs = data.get("scrape_configs") or ()
        return {str(job["job_name"]): go_duration_s(job.get("scrape_interval")) or usual_s for job in jobs} or None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
