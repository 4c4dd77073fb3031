"""Shared by the unit tests of drills: a folder with a valid drill, its Compose file and its locustfile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = """\
# yaml-language-server: $schema=../harness/schema/drill.v1.json
drill: checkout
title: The orders database is slow
owner: team-checkout
tags: [gameday]
hypothesis: Checkout stays up while the database is slow.
stack:
  compose: [compose.yaml]
load:
  locustfile: users.py
  against: api:8080
  arrivals:
    - {for: 45s, rate: 40/s}
    - {for: 3m, rate: 80/s}
steady:
  for: 20s
  within: 2m
  all: [errors < 0.5%, p95 < 300ms]
phases:
  - name: orders-slow
    for: 40s
    faults:
      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}
      - stop: {service: worker, after: 5s, for: 10s}
    expect:
      - responds_within: {request: POST /checkout, p95: 1500ms}
    then:
      - recovers: {within: 20s}
  - name: calm
    for: 30s
    expect:
      - errors_below: {ratio: 2%}
expect:
  - log_quiet: {service: "*", matches: "Traceback|panic:"}
abort:
  any: [errors > 50% for 15s]
  max_duration: 10m
"""
USERS = """\
from locust import HttpUser, task

class Shopper(HttpUser):
    @task
    def buy(self):
        self.client.post("/checkout")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[..., Path]:
    """Writes drills/checkout.yaml, whole or with one text replaced by another, and says where it is."""

    def write(old: str = "", new: str = "", *, text: str = CHECKOUT, name: str = "checkout") -> Path:
        folder = tmp_path / "drills"
        folder.mkdir(exist_ok=True)
        (folder / "compose.yaml").write_text("services: {api: {image: a}, postgres: {image: p}, worker: {image: w}}\n")
        (folder / "users.py").write_text(USERS)
        for script in ("rollback.sh", "replay.sh"):
            (folder / script).write_text("#!/bin/sh\n")
            (folder / script).chmod(0o755)
        assert old in text
        path = folder / f"{name}.yaml"
        path.write_text(text.replace(old, new, 1) if old else text)
        return path

    return write
