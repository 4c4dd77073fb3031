"""A small Compose project that runs, as Docker tells of it, for tests of what is done on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.attach.found import Running, told_by_containers
from harness.edges import Edge
from harness.stack.project import Project

RUN = "0a0b0c0d"
EDGE = Edge("web", "store", names=("store",), ports=(6379,))
DRILL = """\
drill: shop
stack: {compose: [compose.yaml]}
load: {locustfile: load.py, against: web:8080, arrivals: [{for: 1m, rate: 5/s}], max_in_flight: 5, timeout: 2s}
steady: {for: 3s, within: 20s, all: [errors < 5%]}
phases:
  - name: hurt
    for: 10s
    faults:
      - stop: {service: store}
      - latency: {edge: web->store, delay: 300ms}
      - latency: {edge: web->nowhere, delay: 300ms}
      - bad_release: {service: web, image: "shop:bad"}
    expect:
      - page_sent: {receiver: oncall, alert: Gone, within: 5s}
      - alert_fires: {alert: Gone, within: 5s}
      - stays_up: {service: web}
"""
NOW = "2026-12-03T10:00:00Z"


def container(service: str = "web", number: int = 1, **changes: Any) -> dict[str, Any]:
    """A container as `docker inspect` tells it, as far as anybody here reads it."""
    id_ = f"{service}{number}".encode().hex().ljust(64, "0")
    one: dict[str, Any] = {
        "Id": id_,
        "Name": f"/shop-{service}-{number}",
        "Image": "sha256:aaa",
        "State": {"Status": "running", "Running": True},
        "Config": {
            "Hostname": id_[:12],
            "Image": f"shop-{service}",
            "Env": ["B=2", "PASSWORD=hunter2", "A=1"],
            "Cmd": [service],
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": service,
                "com.docker.compose.config-hash": "cafe",
            },
        },
        "HostConfig": {"NetworkMode": "shop_default", "ExtraHosts": None, "Binds": None, "Mounts": None},
        "Mounts": [],
        "NetworkSettings": {
            "Ports": {},
            "Networks": {
                "shop_default": {
                    "Aliases": [f"shop-{service}-{number}", service, id_[:12]],
                    "IPAMConfig": None,
                    "IPAddress": f"172.18.0.{number + 1}",
                    "MacAddress": "02:42:ac:12:00:02",
                }
            },
        },
    }
    return {**one, **changes}


def running(*those: dict[str, Any]) -> Running:
    seen = those or (container("store"), container("web", 2))
    return Running("shop", seen, Project("shop", (), Path("/nowhere"), told_by_containers("shop", seen)), "not here")


def plain(text: str) -> str:
    return text
