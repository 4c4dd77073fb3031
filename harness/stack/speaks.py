"""Which protocol a dependency speaks, guessed from its image, its ports or a URL; only the witness depends on it."""

from __future__ import annotations

from collections.abc import Sequence

PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "postgres": 5432,
    "mysql": 3306,
    "redis": 6379,
    "rediss": 6379,
    "memcached": 11211,
    "amqp": 5672,
    "amqps": 5671,
    "mongodb": 27017,
    "nats": 4222,
    "kafka": 9092,
    "smtp": 25,
    "ldap": 389,
    "clickhouse": 9000,
    "mqtt": 1883,
    "etcd": 2379,
    "stomp": 61613,
}
"""The port that a URL without one means."""

_SCHEMES = {
    "postgresql": "postgres",
    "postgis": "postgres",
    "psql": "postgres",
    "mariadb": "mysql",
    "memcache": "memcached",
    "valkey": "redis",
    "mongo": "mongodb",
}
_IMAGES = {
    "postgres": "postgres",
    "postgis": "postgres",
    "timescale": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "percona": "mysql",
    "redis": "redis",
    "valkey": "redis",
    "keydb": "redis",
    "memcached": "memcached",
    "rabbitmq": "amqp",
    "mongo": "mongodb",
    "nginx": "http",
    "httpd": "http",
    "caddy": "http",
    "elasticsearch": "http",
    "opensearch": "http",
}
_BY_PORT = {
    5432: "postgres",
    3306: "mysql",
    6379: "redis",
    11211: "memcached",
    5672: "amqp",
    27017: "mongodb",
    80: "http",
    8080: "http",
    15672: "http",
    15692: "http",
    61613: "stomp",
    61614: "stomp",
}


def scheme(text: str) -> str:
    """A URL's scheme as we name the protocol: 'postgresql+asyncpg' is 'postgres'."""
    base = text.lower().split("+")[0]
    return _SCHEMES.get(base, base)


def default_port(name: str) -> int | None:
    """The port that `name://host` means, or None."""
    return PORTS.get(scheme(name))


def guess(schemes: Sequence[str], image: str, ports: Sequence[int]) -> str:
    """The protocol, or '' when nothing tells: a URL's scheme first, then the image's name, unless each port is known for another,
    then a well-known port."""
    for name in schemes:
        if name in PORTS:
            return name

    def may_be(protocol: str) -> bool:
        return not ports or any(_BY_PORT.get(port) in (None, protocol) for port in ports)

    base = image.rsplit("/", 1)[-1].split("@", maxsplit=1)[0].split(":", maxsplit=1)[0].lower()
    for word, protocol in _IMAGES.items():
        if word in base and "exporter" not in base and may_be(protocol):
            return protocol
    return next((_BY_PORT[port] for port in ports if port in _BY_PORT), "")
