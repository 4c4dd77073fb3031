"""A Prometheus, an Alertmanager and first alert rules beside a project that has none, as a second Compose file. Pure.

The rules stand on the metrics that the project's services were seen to serve; where none serves any, only that the scrape works
could be watched, and nothing is invented.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.facts import RuleSeen
from harness.init.files import File
from harness.init.seen import Looked, Spoken
from harness.stack import names as topology
from harness.stack.observed import Monitoring
from harness.stack.project import Project

FOLDER = "monitoring"
EVERY_S = 5
WINDOW = "30s"
_STATUS = (
    "status",
    "code",
    "status_code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "status_class",
)

_DOCKERFILE = """\
# Prometheus and Alertmanager from Debian's packages: no registry but the base image's is needed.
FROM debian:trixie-slim
RUN apt-get update -qq \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager \\
 && rm -rf /var/lib/apt/lists/* \\
 && install -d -o prometheus -g prometheus /var/lib/prometheus /var/lib/alertmanager
USER prometheus
"""

_ALERTMANAGER = """\
# Who is told. In a rehearsal the run supplies a host of this name inside the stack and keeps what is delivered, so nobody is paged.
# Put your provider's webhook here. Waiting times are a rehearsal's: production has group_wait 30s and group_interval 5m.
route:
  receiver: oncall
  group_by: [alertname]
  group_wait: 1s
  group_interval: 5s
  repeat_interval: 4h
receivers:
  - name: oncall
    webhook_configs: [{url: "http://pager.example.test/v1/pages", send_resolved: true}]
"""


@dataclass(frozen=True)
class Beside:
    """The files to be written, the Compose file among them, and what is worth saying; `rules` are those of the rule file."""

    files: tuple[File, ...]
    compose: Path
    rules: tuple[RuleSeen, ...]
    notes: tuple[str, ...]


def beside(project: Project, monitoring: Monitoring, looked: Looked, folder: Path) -> Beside:
    """What `--with-monitoring` writes. Raises UsageError where the project has its own, or no second file can be added to it."""
    if monitoring.prometheus or monitoring.alertmanager:
        there = monitoring.prometheus or monitoring.alertmanager
        raise UsageError(f"--with-monitoring: the project has its own, {there}; leave the option out")
    if any(path.is_dir() for path in project.files):
        raise UsageError(
            "--with-monitoring: COMPOSE_FILE names the project's files; name them with -f, so that one can be added"
        )
    taken = {"prometheus", "alertmanager"} & set(project.services)
    if taken:
        raise UsageError(
            f"--with-monitoring: the project has a service {sorted(taken)[0]} that is none; rename it first"
        )
    place = folder / FOLDER
    measured = [one for one in looked.http if one.metrics]
    rules = tuple(_rules(measured))
    files = (
        File(place / "compose.monitoring.yaml", _compose(project, measured, place)),
        File(place / "Dockerfile", _DOCKERFILE),
        File(place / "prometheus.yml", _prometheus(measured)),
        File(place / "alertmanager.yml", _ALERTMANAGER),
        File(place / "rules" / "first.yml", _rule_file(rules)),
        File(place / "file_sd" / ".gitkeep", ""),
    )
    notes = []
    if not looked.ran:
        notes.append(
            "the project was not started, so it is not known which of its services serve metrics: fill in monitoring/prometheus.yml"
        )
    elif not measured:
        notes.append(
            "no service answered /metrics in Prometheus' format, so no rule on errors or latencies could be written"
        )
    return Beside(files, files[0].path, rules, tuple(notes))


def _compose(project: Project, measured: Sequence[Spoken], place: Path) -> str:
    at = os.path.relpath(place.resolve(), project.directory)
    at = at if at.startswith(".") else f"./{at}"
    keys = dict.fromkeys(key for one in measured for key in topology.networks(project.config, one.service))
    networks = list(keys) if keys else ["default"]
    mount = {"prometheus.yml": "/etc/prometheus/prometheus.yml", "rules": "/etc/prometheus/rules"}
    prometheus = {
        "image": f"drill/{re.sub(r'[^a-z0-9-]+', '-', project.name.lower()).strip('-') or 'first'}-monitoring:1",
        "build": at,
        "command": [
            "prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/var/lib/prometheus",
            "--storage.tsdb.retention.time=2d",
        ],
        "volumes": [f"{at}/{file}:{target}:ro" for file, target in mount.items()] + [f"{at}/file_sd:/etc/prometheus/file_sd"],
        "networks": networks,
        "ports": ["127.0.0.1::9090"],
    }  # fmt: skip
    alertmanager = {
        "image": prometheus["image"],
        "build": at,
        "command": [
            "prometheus-alertmanager", "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/var/lib/alertmanager", "--cluster.listen-address=",
        ],
        "volumes": [f"{at}/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro"],
        "networks": networks,
        "ports": ["127.0.0.1::9093"],
    }  # fmt: skip
    import yaml

    body = yaml.safe_dump(
        {"services": {"prometheus": prometheus, "alertmanager": alertmanager}}, sort_keys=False, width=120
    )
    return (
        "# A Prometheus and an Alertmanager beside the project, which stays as it is. Paths count from the project's own folder.\n"
        f"# By hand: docker compose -f <your file> -f {place.name}/compose.monitoring.yaml up --build\n{body}"
    )


def _prometheus(measured: Sequence[Spoken]) -> str:
    jobs = "".join(
        f"  - job_name: {json.dumps(one.service)}\n"
        f"    # Asked of the DNS, so that every replica is a target of its own.\n"
        f"    dns_sd_configs: [{{names: [{json.dumps(one.service)}], type: A, port: {one.port}, refresh_interval: 5s}}]\n"
        for one in measured
    )
    if not measured:
        jobs = "  # - job_name: api\n  #   dns_sd_configs: [{names: [api], type: A, port: 8080}]\n"
    return f"""\
# Looks every {EVERY_S} s and judges every {EVERY_S} s, so that a rehearsal of minutes sees its alerts. Production looks every 15 s or 30 s.
global:
  scrape_interval: {EVERY_S}s
  evaluation_interval: {EVERY_S}s
rule_files: [/etc/prometheus/rules/*.yml]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["alertmanager:9093"]}}]
scrape_configs:
{jobs}  # Whatever comes and goes, such as a rehearsal's own metrics (phase, faults, requests): a JSON file in the folder is read.
  - job_name: visitors
    file_sd_configs: [{{files: [/etc/prometheus/file_sd/*.json], refresh_interval: 5s}}]
"""


def _rules(measured: Sequence[Spoken]) -> Iterator[RuleSeen]:
    for one in measured:
        job = f'job="{one.service}"'
        title = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", one.service) if word)
        yield _rule(f"{title}Down", f"up{{{job}}} == 0", one.service, 15)
        counted = next(
            (
                (name, label)
                for name, labels in one.metrics
                for label in _STATUS
                if label in labels and name.endswith("_total")
            ),
            None,
        )
        if counted:
            name, label = counted
            bad = f'sum(rate({name}{{{job}, {label}=~"5.*"}}[{WINDOW}]))'
            yield _rule(f"{title}ErrorsHigh", f"{bad} / sum(rate({name}{{{job}}}[{WINDOW}])) > 0.05", one.service, 5)
        timed = next(
            (name for name, _ in one.metrics if re.search(r"(duration|latency|request).*_seconds_bucket$", name)), None
        )
        if timed:
            share = f"histogram_quantile(0.95, sum by (le) (rate({timed}{{{job}}}[{WINDOW}])))"
            yield _rule(f"{title}LatencyHigh", f"{share} > 0.5", one.service, 5)


def _rule(alert: str, expr: str, service: str, for_s: int) -> RuleSeen:
    labels = {"severity": "page", "service": service}
    return RuleSeen(
        rule=alert, group="first.yml;first", kind="alerting", expr=expr, labels=labels, for_s=for_s, interval_s=EVERY_S
    )


def _rule_file(rules: Sequence[RuleSeen]) -> str:
    head = (
        "# First alert rules, on what the services were seen to serve. The windows are a rehearsal's (production: 5m and more).\n"
        "# Check them: promtool check rules first.yml. Whether they fire in time is what the drill is for.\n"
    )
    if not rules:
        return head + "groups: []\n"
    import yaml

    listed = [
        {"alert": one.rule, "expr": one.expr, "for": f"{one.for_s:g}s", "labels": dict(one.labels)} for one in rules
    ]
    return head + yaml.safe_dump({"groups": [{"name": "first", "rules": listed}]}, sort_keys=False, width=200)
