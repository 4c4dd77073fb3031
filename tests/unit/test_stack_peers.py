"""Redis Cluster and Sentinel, told from a Redis whose files only speak of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.stack.find import find_edges
from harness.stack.project import Project

STOCK = """bind 0.0.0.0
# In order to start a Redis instance as a cluster node enable the cluster support uncommenting the following:
#
# cluster-enabled yes
# See also: redis-sentinel, sentinel monitor
appendonly yes
"""


def refused(tmp_path: Path, redis: dict[str, Any], mounted: str = "", *declared: Any) -> str:
    """Why api's edge to its `store` is refused, or nothing."""
    (tmp_path / "mounted").write_text(mounted)
    bind = {"type": "bind", "source": str(tmp_path / "mounted"), "target": "/etc/mounted"}
    services = {
        "api": {"environment": {"STORE_HOST": "store", "STORE_PORT": "7000"}},
        "store": {**redis, "volumes": [bind]},
    }
    config = {"name": "shop", "services": services, "networks": {"default": {}}}
    return find_edges(Project("shop", (), tmp_path, config), declared)[0].refused


@pytest.mark.parametrize(
    ("store", "mounted"),
    [
        ({"image": "redis:7", "command": ["redis-server", "/etc/mounted"]}, STOCK),
        ({"image": "redis:7"}, "cluster-enabled no\nsentinel-note monitor\n"),
        ({"image": "shop-api"}, "In production we run redis-sentinel; see ops/.\nsentinel monitor main redis 6379 2\n"),
        ({"image": "shop-api", "command": ["serve", "--redis", "redis-sentinel:26379"]}, ""),
        ({"image": "redis:7"}, "#!/bin/sh\n# exec redis-server --sentinel\nexec redis-server /etc/redis.conf\n"),
    ],
)
def test_a_text_that_only_speaks_of_a_cluster_refuses_nothing(
    tmp_path: Path, store: dict[str, Any], mounted: str
) -> None:
    assert refused(tmp_path, store, mounted) == ""


@pytest.mark.parametrize(
    ("store", "mounted", "where"),
    [
        ({"image": "redis:7"}, STOCK + "  cluster-enabled   yes\n", "file mounted"),
        ({"image": "valkey/valkey:8"}, "sentinel monitor main redis 6379 2\n", "file mounted"),
        ({"image": "redis:7"}, "#!/bin/sh\nexec redis-server /x.conf --sentinel\n", "file mounted"),
        ({"image": "redis:7", "command": ["--cluster-enabled", "yes"]}, "", "command"),
        ({"image": "redis:7", "environment": {"REDIS_ARGS": "--cluster-enabled yes"}}, "", "environment REDIS_ARGS"),
        ({"build": {}, "command": ["redis-sentinel", "/etc/sentinel.conf"]}, "", "command"),
        ({"build": {}, "command": ["sh", "-c", "sleep 1; exec /usr/bin/redis-server /x --sentinel"]}, "", "command"),
        ({"build": {}, "expose": ["26379"]}, "sentinel monitor main redis 6379 2\n", "file mounted"),
    ],
)
def test_a_redis_that_runs_as_one_is_refused_with_the_place(
    tmp_path: Path, store: dict[str, Any], mounted: str, where: str
) -> None:
    assert refused(tmp_path, store, mounted).endswith(f"peers (Redis Cluster or Sentinel, {where})")


def test_an_edge_that_is_declared_with_its_ports_is_one(tmp_path: Path) -> None:
    """The survey of the running stack tells whether its caller goes around it."""
    store = {"image": "redis:7", "command": ["redis-server", "--cluster-enabled", "yes"]}
    assert refused(tmp_path, store, "", {"edge": "api->store", "ports": [6379]}) == ""
    assert refused(tmp_path, store, "", "api->store") != ""
