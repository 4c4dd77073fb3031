"""`drill edges --observe`: the connections of a project that runs, read from outside, and nothing of it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from shop_runs import SHOP, docker

pytestmark = pytest.mark.e2e


def test_the_edges_of_a_project_are_seen_while_it_runs(docker_engine: None) -> None:
    before = docker("ps", "--all", "--quiet", "--filter", "label=io.drill.run")
    words = ["edges", str(SHOP / "compose.yaml"), "--observe", "--for", "5s", "--json"]
    asks = {**os.environ, "SHOP_HEALTH": "/item"}  # what the health check asks for, web asks its store for
    command = [sys.executable, "-m", "harness", *words]
    done = subprocess.run(command, env=asks, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (edge,) = [one for one in json.loads(done.stdout)["edges"] if one["id"] == "web->store"]
    assert "seen" in json.dumps(edge), edge
    assert docker("ps", "--all", "--quiet", "--filter", "label=io.drill.run").split() == before.split()
