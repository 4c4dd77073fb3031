"""What kind of service one is: a store, one that looks at others, one for the project's own people. Told by whole words. Pure."""

from __future__ import annotations

import re

from harness.stack import names as topology

STORES = ("postgres", "mysql", "mongodb", "redis", "memcached", "amqp", "kafka", "nats")
"""What a service mostly cannot do without, the hardest first."""
_WATCHERS = {"prometheus", "alertmanager", "grafana", "jaeger", "loki", "cadvisor", "mailhog", "mailpit", "adminer", "pgadmin", "phpmyadmin", "portainer", "otel", "otelcol", "opentelemetry", "tempo", "zipkin", "kibana", "akhq", "kafdrop", "cmak", "dozzle", "redisinsight", "phpredisadmin", "pgweb", "cloudbeaver", "dbgate", "cerebro", "elasticvue", "maildev", "mailcatcher"}  # fmt: skip
_FACES = {"ui", "gui", "console", "commander", "express", "insight", "manager", "dashboard", "admin", "board", "browser"}  # fmt: skip
_FACED = {"mongo", "rabbitmq", "minio", "elasticsearch", "opensearch", "zookeeper", "redpanda", "clickhouse", "etcd", "temporal", "bull", "swagger", "mariadb", *STORES}  # fmt: skip
"""mongo-express, kafka-ui, redis-commander: nothing but a technology and a way to look at it. With other words it may be a project's own."""
_ALONE = {"flower"}
"""What others' names may hold too: a shop for flowers."""
_GATHERERS = {"exporter", "collector"}
_GATHERED = {"node", "process", "host", "cloudwatch", "blackbox", "statsd", "snmp", "nginx", "apache", "haproxy", "mysqld", "mongo", "rabbitmq", "elasticsearch", "celery", "pgbouncer", "metrics", "metric", "telemetry", "trace", "traces", "tracing", "span", "log", "logs", *STORES}  # fmt: skip
"""Of what: without one of these words, and beside others, an exporter or a collector may be the project's own (of reports, of debts)."""


def watcher(config: topology.Config, service: str) -> bool:
    """Whether neither load nor a fault belongs to a service, since it looks at others."""
    return any(_watches(words) for words in _words(config, service))


def admin(config: topology.Config, service: str) -> bool:
    """Whether it is there for the project's own people: load belongs to it least, but a fault may."""
    return any(re.match(r"admin|.*admin$", word) for words in _words(config, service) for word in words)


def _words(config: topology.Config, service: str) -> tuple[set[str], set[str]]:
    """Those of its name and those of its image."""
    body = topology.services(config).get(service, {})
    image = str(body.get("image") or "").rpartition("/")[2].partition(":")[0].lower()
    return set(re.findall(r"[a-z]+", service.lower())), set(re.findall(r"[a-z]+", image))


def _watches(words: set[str]) -> bool:
    gathers = words & _GATHERERS
    face = bool(words & _FACES) and bool(words & _FACED) and words <= _FACES | _FACED
    return (
        face or bool(words & _WATCHERS) or words == _ALONE or bool(gathers and (words & _GATHERED or words == gathers))
    )
