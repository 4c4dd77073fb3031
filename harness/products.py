"""By what else a service is called: the product that it runs, where no other part may run it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from harness.edges import edge_id
from harness.facts import ContainerSeen, EdgeFound
from harness.journal import Journal

NAMES: Mapping[str, tuple[str, ...]] = {
    "amqp": ("rabbitmq",),
    "kafka": ("kafka",),
    "memcached": ("memcached",),
    "mongodb": ("mongodb", "mongo"),
    "mysql": ("mysql", "mariadb"),
    "nats": ("nats",),
    "postgres": ("postgres", "postgresql"),
    "redis": ("redis", "valkey"),
}
"""By protocol, what logs call a server of it."""
RUN = {
    "rabbitmq": "amqp", "rabbitmq-server": "amqp", "kafka": "kafka", "cp-kafka": "kafka", "memcached": "memcached",
    "mongo": "mongodb", "mongod": "mongodb", "mongodb": "mongodb", "mysql": "mysql", "mysqld": "mysql", "mysqld_safe": "mysql",
    "mariadb": "mysql", "mariadbd": "mysql", "mariadbd-safe": "mysql", "percona": "mysql", "nats": "nats",
    "nats-server": "nats", "postgres": "postgres", "postgis": "postgres", "timescaledb": "postgres", "pgvector": "postgres",
    "redis": "redis", "redis-server": "redis", "valkey": "redis", "valkey-server": "redis",
}  # fmt: skip
"""By a program, or an image without its registry and tag, whole: an exporter's or a client's is another."""


def product_names(journal: Journal) -> dict[str, str]:
    """Each name with the one service that it means. An edge to another part in that protocol, or to a host outside that has the name
    in its own, makes it nobody's: a pooler, or a second server behind a script, may be meant."""
    runs: dict[str, set[str]] = defaultdict(set)
    for seen in journal.of(ContainerSeen):
        image = seen.image.rpartition("/")[2].partition("@")[0].partition(":")[0]
        kind = RUN.get(seen.program.lower()) or RUN.get(image.lower())
        if kind and seen.service:
            runs[kind].add(seen.service)
    services = {seen.service for seen in journal.of(ContainerSeen)}
    found: dict[str, str] = {}
    for kind, those in runs.items():
        others = {
            dependency
            for edge in journal.of(EdgeFound)
            if (dependency := edge_id(edge.edge)[1]) not in those
            and (
                edge.speaks in (kind, *NAMES[kind])
                or (dependency not in services and any(name in dependency.lower() for name in NAMES[kind]))
            )
        }
        if len(those) == 1 and not others:
            found |= dict.fromkeys(NAMES[kind], *those)
    return found
