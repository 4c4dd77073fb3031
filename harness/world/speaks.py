"""Which protocol the witness speaks to a port of a dependency. Pure: an edge and the dependency's part of the Compose
file in.

What is declared goes first, then a port that is the usual one of a protocol, then the image, the command and the
environment. A wrong guess is found out by the looks themselves (world.lookout); no guess means bare looks, which only
connect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.edges import Edge

ALIASES = {
    "amqps": "tls",
    "cassandra": "",
    "clickhouse": "",
    "elasticsearch": "http",
    "etcd": "http",
    "fcgi": "fastcgi",
    "h2c": "grpc",
    "http2": "grpc",
    "ldap": "",
    "ldaps": "tls",
    "mariadb": "mysql",
    "memcache": "memcached",
    "mongo": "mongodb",
    "mqtts": "tls",
    "opensearch": "http",
    "php-fpm": "fastcgi",
    "postgresql": "postgres",
    "rabbitmq": "amqp",
    "rediss": "tls",
    "smtps": "tls",
    "ssl": "tls",
    "stomp": "",
    "tcp": "",
    "valkey": "redis",
    "ws": "http",
    "wss": "https",
}
"""Other words for a protocol of harness.inside.speaks, or for one that has only its TLS or nothing that we can
speak."""

SPOKEN = (
    "amqp", "fastcgi", "grpc", "http", "https", "kafka", "memcached", "mongodb", "mqtt", "mysql", "nats",
    "postgres", "redis", "smtp", "tls",
)  # fmt: skip

PORTS = {
    25: "smtp", 80: "http", 443: "https", 465: "tls", 587: "smtp", 636: "tls", 993: "tls", 1025: "smtp",
    1883: "mqtt", 2379: "http", 2525: "smtp", 3000: "http", 3306: "mysql", 3307: "mysql", 4222: "nats",
    4318: "http", 5000: "http", 5432: "postgres", 5433: "postgres", 5671: "tls", 5672: "amqp", 5984: "http",
    6333: "http", 6379: "redis", 6432: "postgres", 7700: "http", 8000: "http", 8001: "http", 8008: "http",
    8025: "http", 8080: "http", 8081: "http", 8086: "http", 8088: "http", 8090: "http", 8123: "http", 8200: "http",
    8222: "http", 8443: "https", 8500: "http", 8529: "http", 8888: "http", 8883: "tls", 8983: "http", 9090: "http",
    9092: "kafka", 9200: "http", 9411: "http", 11211: "memcached", 15671: "https", 15672: "http", 15674: "http",
    15675: "http", 15692: "http", 16686: "http", 27017: "mongodb", 50051: "grpc",
    4369: "", 5552: "", 25672: "", 33060: "", 61613: "", 61614: "",
}  # fmt: skip
"""The usual protocol of a port; '' of one that is not its service's other protocol, and none that we can speak: of RabbitMQ
epmd, streams, Erlang's own and STOMP, of MySQL its X protocol."""

# of words in an image's name, a command or a variable's name: the protocol, and the ports that are this kind's others
_OWN = {
    "postgres": "postgres", "postgis": "postgres", "timescale": "postgres", "pgbouncer": "postgres",
    "pgvector": "postgres", "mysql": "mysql", "mariadb": "mysql", "percona": "mysql", "redis": "redis",
    "valkey": "redis", "keydb": "redis", "dragonfly": "redis", "memcached": "memcached", "rabbitmq": "amqp",
    "mongo": "mongodb", "nats": "nats", "kafka": "kafka", "redpanda": "kafka", "mosquitto": "mqtt", "emqx": "mqtt",
    "postfix": "smtp", "exim": "smtp", "mailhog": "smtp", "mailpit": "smtp", "php-fpm": "fastcgi",
}  # fmt: skip
_WEB = (
    "nginx", "httpd", "apache", "caddy", "traefik", "haproxy", "envoy", "gunicorn", "uvicorn", "hypercorn",
    "http.server", "flask", "puma", "rails", "elasticsearch", "opensearch", "minio", "wiremock", "mockserver",
    "mountebank", "httpbin", "whoami", "echo-server", "localstack", "meilisearch", "influxdb", "vault", "consul",
    "couchdb", "keycloak", "solr", "jaeger", "grafana", "prometheus", "npm", "yarn", "node", "tomcat", "jetty",
    "spring", "php -s",
)  # fmt: skip
_URL = re.compile(r"https?://[^\s\"'<>|;&)]+")


def guess(edge: Edge, service: Mapping[str, Any], port: int = 0) -> str:
    """A name of SPOKEN, or '' when nothing tells (only connects are measured then).

    `port` is the one to be looked at, 0 for the edge's first. `service` is the dependency's resolved Compose
    configuration."""
    port = port or (edge.ports[0] if edge.ports else 0)
    said = known(edge.speaks)
    usual = PORTS.get(port)
    checked = _checked_url(service, port)
    if checked:
        return urlsplit(checked).scheme
    if said and (not edge.ports or port == edge.ports[0] or usual in (None, said)):
        return said
    if edge.speaks.lower() in ALIASES and not said and edge.ports and port == edge.ports[0]:
        return ""  # declared as something that we cannot speak
    return _by_words(service) if usual is None else usual


def known(word: str) -> str:
    """A protocol as the lookout names it; '' for a word that it does not know."""
    word = word.strip().lower()
    word = ALIASES.get(word, word)
    return word if word in SPOKEN else ""


def path(service: Mapping[str, Any], port: int) -> str:
    """The path that an HTTP look asks for: the one of the dependency's own health check, else '/'."""
    url = _checked_url(service, port)
    if not url:
        return "/"
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _checked_url(service: Mapping[str, Any], port: int) -> str:
    """The URL in the health check of the Compose file, when it is about this port."""
    test = (service.get("healthcheck") or {}).get("test") or ""
    text = test if isinstance(test, str) else " ".join(str(part) for part in test)
    for url in _URL.findall(text):
        try:
            parts = urlsplit(url)
            if (parts.port or {"http": 80, "https": 443}[parts.scheme]) == port and "$" not in url:
                return str(url)
        except ValueError:
            continue
    return ""


def _by_words(service: Mapping[str, Any]) -> str:
    """By the image's name, then the command, then the names of the variables."""
    image = str(service.get("image") or "").rpartition("/")[2].partition("@")[0].partition(":")[0].lower()
    command = " ".join(_words(service.get("entrypoint")) + _words(service.get("command"))).lower()
    for text in (image, command):
        if "exporter" in text:
            return "http"
        for word, protocol in _OWN.items():
            if word in text:
                return protocol
        if any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) for word in _WEB):
            return "http"
    variables = environment(service)
    for prefix, protocol in (
        ("POSTGRES_", "postgres"),
        ("MYSQL_", "mysql"),
        ("MARIADB_", "mysql"),
        ("RABBITMQ_", "amqp"),
    ):
        # its own settings, not those of somebody it calls: PASSWORD or DATABASE without a HOST beside them
        if any(name.startswith(prefix) for name in variables) and not any(
            name.startswith(prefix) and "HOST" in name for name in variables
        ):
            return protocol
    return ""


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """A service's environment, in either of Compose's two notations."""
    raw = service.get("environment") or {}
    if isinstance(raw, Mapping):
        return {str(k): "" if v is None else str(v) for k, v in raw.items()}
    return dict(str(item).partition("=")[::2] for item in raw)


def _words(command: Any) -> list[str]:
    return command.split() if isinstance(command, str) else [str(part) for part in command or ()]
