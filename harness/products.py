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
    "mongo": "mongodb", "mongod": "mongodb", "mongodb": "mongodb", "mongodb-community-server": "mongodb",
    "percona-server-mongodb": "mongodb", "mysql": "mysql", "mysql-server": "mysql", "mysqld": "mysql", "mysqld_safe": "mysql",
    "mariadb": "mysql", "mariadb-galera": "mysql", "mariadbd": "mysql", "mariadbd-safe": "mysql", "percona": "mysql",
    "percona-server": "mysql", "nats": "nats", "nats-server": "nats", "postgres": "postgres", "postgresql": "postgres",
    "postgis": "postgres", "timescaledb": "postgres", "timescaledb-ha": "postgres", "pgvector": "postgres",
    "keydb": "redis", "keydb-server": "redis", "redis": "redis", "redis-server": "redis", "redis-stack": "redis",
    "redis-stack-server": "redis", "valkey": "redis", "valkey-server": "redis",
}  # fmt: skip
"""By a program, or an image without its registry and tag, whole: an exporter's or a client's is another."""
_UNTOLD = ("", "tcp")  # of an edge on which no protocol is known


def product_names(journal: Journal) -> dict[str, str]:
    """Each name with the one service that it means. An edge to another part in that protocol, to a host outside that has the name
    in its own, or in an unknown protocol to a hidden program whose image has it, makes it nobody's: a pooler, or a second server
    behind a script, may be meant."""
    runs: dict[str, set[str]] = defaultdict(set)
    images: dict[str, str] = {}
    for seen in journal.of(ContainerSeen):
        image = _image(seen)
        kind = RUN.get(seen.program.lower()) or RUN.get(image)
        if kind and seen.service:
            runs[kind].add(seen.service)
        images[seen.service] = "" if seen.program else images.get(seen.service, image)
    found: dict[str, str] = {}
    for kind, those in runs.items():
        others = {
            dependency
            for edge in journal.of(EdgeFound)
            if (dependency := edge_id(edge.edge)[1]) not in those
            and (edge.speaks in (kind, *NAMES[kind]) or _may_run(kind, edge, images))
        }
        if len(those) == 1 and not others:
            found |= dict.fromkeys(NAMES[kind], *those)
    return found


def _may_run(kind: str, edge: EdgeFound, images: Mapping[str, str]) -> bool:
    """`images`: by service; '' where its program is known."""
    dependency = edge_id(edge.edge)[1]
    if dependency in images and edge.speaks not in _UNTOLD:
        return False
    return any(name in images.get(dependency, dependency.lower()) for name in NAMES[kind])


def _image(seen: ContainerSeen) -> str:
    return seen.image.rpartition("/")[2].partition("@")[0].partition(":")[0].lower()
