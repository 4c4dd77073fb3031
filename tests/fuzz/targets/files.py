"""What people write: drills, settings, locustfiles, Compose files as Compose tells them, rules, pages' receivers, dashboards."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.target import Target
from harness.dashboards import panel_queries
from harness.drill.endpoints import endpoints
from harness.drill.parse import parse
from harness.drill.project import find_project
from harness.drill.requests import at_most
from harness.drill.resolved import load_resolved
from harness.plan import make_plan
from harness.promql import readings
from harness.runbooks import headings
from harness.stack.data import read_data
from harness.stack.exporters import exporting
from harness.stack.find import found
from harness.stack.leaves import leaves
from harness.stack.observed import find_monitoring
from harness.stack.project import Project, decoded
from harness.stack.refusals import reaching_outside
from harness.stack.resolve import Chosen, resolve
from harness.stack.rulefiles import rules_in
from harness.world.receivers import paging

ROOT = Path(__file__).parents[3]


@cache
def folder() -> Path:
    """A project's folder as the seeds name it; what is tried is written into it."""
    place = Path(_kept().name)
    for name in ("drills", "compose", "dashboards"):
        (place / name).symlink_to(ROOT / name)
    (place / "try").symlink_to(ROOT / "drills")
    return place


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="drill-fuzz-")


def drills() -> Sequence[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "drills").glob("*.yaml"))]


@cache
def _place() -> Path:
    """A folder beside which everything stands that the drills of this repository name."""
    place = folder() / "own"
    place.mkdir()
    for path in (ROOT / "drills").iterdir():
        if path.suffix == ".py":
            (place / path.name).symlink_to(path)
    return place


def drill(data: bytes) -> None:
    path = _place() / "friday-traffic.yaml"
    path.write_bytes(data)
    made = parse(path, env={})
    plan = make_plan(made)
    plan.check(None, ("api", "postgres"))
    made.masked()


@cache
def resolved_seeds() -> Sequence[bytes]:
    return [parse(path, env={}).masked().encode() for path in sorted((ROOT / "drills").glob("*.yaml"))]


def resolved(data: bytes) -> None:
    path = folder() / "drill.yaml"
    path.write_bytes(data)
    make_plan(load_resolved(path))


def settings(data: bytes) -> None:
    place = folder() / "settings"
    place.mkdir(exist_ok=True)
    (place / "pyproject.toml").write_bytes(data)
    find_project(place, {}).drill_files()


def locustfile(data: bytes) -> None:
    path = folder() / "users.py"
    path.write_bytes(data)
    at_most(path)
    endpoints(path)


COMPOSE: dict[str, Any] = {
    "name": "shop",
    "services": {
        "api": {
            "image": "shop/api:1",
            "build": {"context": ".", "target": "api"},
            "command": ["serve", "--port", "8080"],
            "entrypoint": None,
            "environment": {"DATABASE_URL": "postgres://u:hunter22@db:5432/shop", "EMPTY": None, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"},
            "depends_on": {"db": {"condition": "service_healthy", "required": True}},
            "ports": [{"mode": "ingress", "target": 8080, "published": "8080", "protocol": "tcp"}],
            "networks": {"default": None, "back": {"aliases": ["web"], "ipv4_address": "172.31.0.5"}},
            "volumes": [{"type": "volume", "source": "data", "target": "/data"}, {"type": "tmpfs", "target": "/run"}],
            "extra_hosts": ["pay.example.test=192.0.2.1"],
            "links": ["db:database"],
            "labels": {"a": "b"},
            "healthcheck": {"test": ["CMD", "true"], "interval": "1s"},
            "configs": [{"source": "conf", "target": "/etc/conf"}],
            "secrets": [{"source": "key", "target": "/run/secrets/key"}],
            "deploy": {"replicas": 2, "resources": {"limits": {"cpus": 0.5, "memory": "1024"}}},
        },
        "db": {"image": "postgres:16", "expose": ["5432"], "container_name": "shop-db", "networks": {"back": None}, "hostname": "db1"},
        "otel": {"image": "otel/collector", "network_mode": "service:db", "profiles": ["x"], "scale": 1},
        "prometheus": {"image": "prom/prometheus", "command": ["--config.file=/etc/prometheus/prometheus.yml", "--web.listen-address=:9091"]},
        "alertmanager": {"image": "prom/alertmanager", "entrypoint": "alertmanager"},
    },
    "networks": {"default": {"name": "shop_default", "ipam": {}}, "back": {"name": "shop_back", "internal": True, "ipam": {"config": [{"subnet": "172.31.0.0/24", "gateway": "172.31.0.1"}]}}},
    "volumes": {"data": {"name": "shop_data"}},
    "configs": {"conf": {"name": "shop_conf", "content": "a: http://db:5432"}},
    "secrets": {"key": {"name": "shop_key", "environment": "KEY"}},
}  # fmt: skip


def compose(data: bytes) -> None:
    """Everything that is read of a Compose project before Docker is asked for anything."""
    config = decoded(data.decode("utf-8", "replace"), "compose.yaml")
    project = Project("shop", (Path("compose.yaml"),), folder(), config)
    edges = found(project).edges
    find_monitoring(config)
    exporting(config, edges)
    reaching_outside(config)
    leaves(config, edges, ())
    read_data(project, {"data": "copy"})
    resolve(config, Chosen("0badcafe", edges))


def rules(data: bytes) -> None:
    for rule in rules_in("rules.yml", data, 60.0):
        list(readings(rule.expr))


def receivers(data: bytes) -> None:
    paging(data.decode("utf-8", "replace"), ("alertmanager",), ("pinned",))


def dashboard(data: bytes) -> None:
    panel_queries(data.decode("utf-8", "replace"), 5.0)


def runbook(data: bytes) -> None:
    headings(data.decode("utf-8", "replace"))


def _files(pattern: str) -> Sequence[bytes]:
    return [path.read_bytes() for path in sorted(ROOT.glob(pattern)) if path.stat().st_size < 200_000]


TARGETS = (
    Target("drill", "a drill file", drills, drill, located=True),
    Target("resolved-drill", "drill.yaml of a run's folder", resolved_seeds, resolved, located=True),
    Target("settings", "[tool.drill] in pyproject.toml", lambda: _files("pyproject.toml"), settings, located=True),
    Target(
        "locustfile", "a locustfile, as far as it is read without being run", lambda: _files("drills/*.py"), locustfile
    ),
    Target("compose", "what `docker compose config` answers", lambda: [json.dumps(COMPOSE).encode()], compose),
    Target(
        "rules",
        "a rule file of Prometheus",
        lambda: _files("dashboards/rules/*.yml") or _files("compose/**/*rules*.yml"),
        rules,
        (ValueError, AttributeError, TypeError),
    ),
    Target(
        "receivers",
        "a configuration of Alertmanager",
        lambda: _files("compose/**/alertmanager*.yml"),
        receivers,
        (ValueError,),
    ),
    Target("dashboard", "a dashboard of Grafana", lambda: _files("dashboards/*.json"), dashboard, (ValueError,)),
    Target("runbook", "a runbook", lambda: _files("dashboards/runbooks/*.md"), runbook),
)
