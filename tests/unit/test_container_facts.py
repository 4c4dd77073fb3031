"""What Docker tells of a container, as a fact."""

from __future__ import annotations

from harness.facts import MemorySeen
from harness.world.container_facts import container_seen, memory_seen


def test_a_container_is_seen_with_its_image_by_name_and_by_digest() -> None:
    seen = container_seen(
        {
            "Name": "/drill-0badcafe-web-1",
            "Image": "sha256:0123",
            "Config": {"Image": "wiki:1", "Labels": {"com.docker.compose.service": "web"}},
            "State": {"Status": "running", "Health": {"Status": "healthy"}, "StartedAt": "2026-11-24T21:29:33Z"},
        }
    )
    assert (seen.service, seen.container, seen.status, seen.health) == (
        "web",
        "drill-0badcafe-web-1",
        "running",
        "healthy",
    )
    assert (seen.image, seen.image_id) == ("wiki:1", "sha256:0123")


def test_a_container_is_seen_with_its_addresses_and_names_and_one_in_its_network_with_the_same() -> None:
    use = {"IPAddress": "172.18.0.4", "GlobalIPv6Address": "fd00::4", "Aliases": ["db", "postgres"]}
    owner = {
        "Id": "abc",
        "Name": "/x-postgres-1",
        "Config": {"Hostname": "0a1b2c3d4e5f", "Labels": {"com.docker.compose.service": "postgres"}},
        "State": {"Status": "running"},
        "NetworkSettings": {"Networks": {"x_default": {**use, "DNSNames": ["x-postgres-1", "db"]}}},
    }
    sharer = {
        **owner,
        "Id": "def",
        "Name": "/x-exporter-1",
        "HostConfig": {"NetworkMode": "container:abc"},
        "NetworkSettings": {"Networks": {}},
    }
    seen, beside = (container_seen(data, {"abc": owner, "def": sharer}) for data in (owner, sharer))
    assert seen.addresses == beside.addresses == {"x_default": "172.18.0.4 fd00::4"}
    assert seen.names == ("0a1b2c3d4e5f", "db", "postgres", "x-postgres-1")
    ended = {**owner, "NetworkSettings": {"Networks": {"x_default": {"IPAddress": "", "Aliases": None}}}}
    assert container_seen(ended).addresses == {}


def test_memory_is_counted_without_file_pages_and_a_limit_of_the_whole_machine_is_none() -> None:
    """What was read twice is active, and is dropped as what was read once: before anything is killed."""
    files = {"inactive_file": 2_000_000, "active_file": 3_000_000}
    stats = {"memory_stats": {"usage": 35_000_000, "limit": 400_000_000, "stats": files}}
    seen = memory_seen("api", "api-1", stats, 24_000_000_000)
    assert seen == MemorySeen(service="api", container="api-1", used_bytes=30_000_000, limit_bytes=400_000_000)
    machine = {"memory_stats": {**stats["memory_stats"], "limit": 24_000_000_000}}
    shared = memory_seen("api", "api-1", machine, 24_000_000_000)
    assert shared is not None
    assert shared.limit_bytes is None
    older = {
        "memory_stats": {
            "usage": 10,
            "limit": 20,
            "stats": {"total_inactive_file": 3, "inactive_file": 1, "total_active_file": 1},
        }
    }
    v1 = memory_seen("api", "api-1", older, 24_000_000_000)
    assert v1 is not None
    assert v1.used_bytes == 6
    assert memory_seen("api", "api-1", {"memory_stats": {}}, 1) is None, "it has just ended"
