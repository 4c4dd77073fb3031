"""Programs of which it is known that nothing collects their garbage: by what a container runs, else by its official image."""

from __future__ import annotations

from harness.facts import ContainerSeen
from harness.journal import Journal

PROXIES = frozenset(("nginx", "haproxy", "envoy"))
"""They hold what requests under way need: what grows on and on is not given back."""
STORES = frozenset(("postgres", "mysqld", "mariadbd", "redis-server", "valkey-server", "memcached"))
"""They fill buffers (shared_buffers, innodb_buffer_pool_size, maxmemory) before they are at rest, which may look like a leak."""
IMAGES = {
    **{name: name for name in (*PROXIES, "postgres", "memcached")},
    "mysql": "mysqld",
    "mariadb": "mariadbd",
    "redis": "redis-server",
    "valkey/valkey": "valkey-server",
    "envoyproxy/envoy": "envoy",
}


def program_of(journal: Journal, container: str) -> str:
    """What it runs, where that is known."""
    seen = journal.last(ContainerSeen, container=container)
    if seen is None:
        return ""
    repository = seen.image.partition("@")[0].partition(":")[0].removeprefix("docker.io/").removeprefix("library/")
    return seen.program or IMAGES.get(repository, "")
