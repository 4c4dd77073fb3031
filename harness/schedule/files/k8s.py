"""A CronJob, and the volume that its runs are kept on. Source: Kubernetes' API, batch/v1 CronJob."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from harness.schedule.files.job import END_S, File, Job, cron_expressions

RUNS = "/var/lib/drill"
NAME = 52 - len("drill-") - len("-10")
"""A CronJob's name has at most 52 characters: its jobs' names are longer."""


def cronjobs(job: Job) -> tuple[File, ...]:
    """One CronJob for each cron expression that the times need. Raises ValueError without an image."""
    if not job.image:
        raise ValueError(
            "k8s needs --image: an image with drill, your project as its working directory, and a way to Docker (DOCKER_HOST)"
        )
    name = re.sub(r"[^a-z0-9]+", "-", job.drill.lower())[:NAME].strip("-")
    expressions = cron_expressions(job.almanac.when)
    made: list[dict[str, Any]] = [_claim(name)]
    for number, expression in enumerate(expressions, start=1):
        suffix = f"-{number}" if len(expressions) > 1 else ""
        made.append(_cronjob(job, f"drill-{name}{suffix}", name, expression))
    text = yaml.safe_dump_all(made, sort_keys=False, allow_unicode=True, width=1000)
    file = f"drill-{name}.yaml"
    return (File(file, f"# {job.about}\n{text}", (f"kubectl apply -f {file}",)),)


def _claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"drill-{name}-runs"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
    }


def _cronjob(job: Job, name: str, drill: str, expression: str) -> dict[str, Any]:
    container = {
        "name": "drill",
        "image": job.image,
        "command": ["drill", *job.arguments],
        "env": [{"name": "DRILL_HOME", "value": RUNS}],
        "volumeMounts": [{"name": "runs", "mountPath": RUNS}],
    }
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": END_S,
        "containers": [container],
        "volumes": [{"name": "runs", "persistentVolumeClaim": {"claimName": f"drill-{drill}-runs"}}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "drill"}},
        "spec": {
            "schedule": expression,
            "timeZone": job.almanac.zone.key,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": math.ceil(job.window_s),
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 0,  # a rehearsal that failed is a result, and is not tried again
                    "activeDeadlineSeconds": math.ceil(job.longest_s),
                    "template": {"metadata": {"labels": {"app.kubernetes.io/name": "drill"}}, "spec": pod},
                }
            },
        },
    }
