"""The witness speaks to real servers of every kind that Debian packages, and they do not complain about it."""

from __future__ import annotations

import json
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.edges import Edge
from harness.world.lookout import Lookout

pytestmark = pytest.mark.e2e

ZOO = Path(__file__).parent / "projects" / "zoo" / "compose.yaml"
PORTS = {
    "valkey": 6379,
    "locked-valkey": 6379,
    "memcached": 11211,
    "mariadb": 3306,
    "postgres": 5432,
    "postgres-tls": 5432,
    "nginx": 80,
    "rabbitmq": 5672,
    "nats": 4222,
    "postfix": 25,
    "php-fpm": 9000,
    "mosquitto": 1883,
}
SPEAKS = {
    "valkey": "redis",
    "locked-valkey": "redis",
    "memcached": "memcached",
    "mariadb": "mysql",
    "postgres": "postgres",
    "postgres-tls": "postgres",
    "nginx": "http",
    "rabbitmq": "amqp",
    "nats": "nats",
    "postfix": "smtp",
    "php-fpm": "fastcgi",
    "mosquitto": "mqtt",
}
COMPLAINTS = re.compile(
    r"\berror\b|\[err|warn|fatal|denied|aborted|unexpected|refused|reset|lost connection|\b1129\b", re.I
)


@dataclass(frozen=True)
class Zoo:
    project: str
    services: dict[str, Any]
    lookout: Lookout

    def compose(self, *args: str) -> str:
        return compose(self.project, *args)

    def log(self, service: str) -> list[str]:
        return self.compose("logs", "--no-color", "--no-log-prefix", service).splitlines()


def compose(project: str, *args: str) -> str:
    done = subprocess.run(
        ["docker", "compose", "-p", project, "-f", str(ZOO), *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def edge(caller: str, dependency: str, *ports: int) -> Edge:
    return Edge(caller, dependency, names=(dependency,), ports=ports)


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    run_id = uuid.uuid4().hex[:8]
    project = f"drill-{run_id}"
    services = json.loads(compose(project, "config", "--format", "json"))["services"]
    edges = [edge("caller", name, port) for name, port in PORTS.items()]
    edges += [edge("sidecar", "nginx", 443), edge("caller", "caller", 1)]
    lookout = Lookout(run_id, project, edges, services)
    try:
        compose(project, "build", "--quiet", "caller")
        compose(project, "up", "--detach", "--no-build")
        lookout.start()
        waiting = {f"caller->{name}" for name in PORTS}
        while waiting:  # the runner's own limit is the limit here: a slow machine is no failure
            waiting = {name for name in waiting if lookout.look(name).outcome != "answered"}
            time.sleep(0.2)
        yield Zoo(project, services, lookout)
    finally:
        lookout.close()
        compose(project, "down", "--volumes", "--timeout", "0")


@pytest.mark.parametrize("service", sorted(PORTS))
def test_a_look_is_one_whole_exchange_of_the_servers_own_protocol(zoo: Zoo, service: str) -> None:
    seen = zoo.lookout.look(f"caller->{service}")
    assert (seen.outcome, seen.speaks, seen.port) == ("answered", SPEAKS[service], PORTS[service])
    assert seen.connect_ms is not None
    assert seen.answer_ms is not None
    assert seen.close_ms is not None
    assert seen.size > 0
    assert seen.turns > 0


def test_each_wait_of_postgres_tls_is_a_turn(zoo: Zoo) -> None:
    plain, secured = zoo.lookout.look("caller->postgres"), zoo.lookout.look("caller->postgres-tls")
    assert plain.turns == 1
    assert secured.turns == 3, "whether it speaks TLS, another group of keys, and its side of the handshake"


@pytest.mark.parametrize("service", sorted(set(PORTS) - {"locked-valkey"}))
def test_no_server_complains_about_twenty_looks(zoo: Zoo, service: str) -> None:
    before = len(zoo.log(service))
    for _ in range(20):
        assert zoo.lookout.look(f"caller->{service}").outcome == "answered"
    time.sleep(0.5)
    complaints = [line for line in zoo.log(service)[before:] if COMPLAINTS.search(line)]
    assert complaints == []


def test_three_hundred_looks_at_mariadb_do_not_get_its_callers_blocked(zoo: Zoo) -> None:
    for _ in range(300):
        seen = zoo.lookout.look("caller->mariadb")
        assert (seen.outcome, seen.error) == ("answered", "")


def test_a_denied_login_at_mariadb_is_an_answer_and_blocks_nobody_either(zoo: Zoo) -> None:
    services = {**zoo.services, "mariadb": {**zoo.services["mariadb"], "environment": {}}}
    stranger = Lookout(zoo.project.removeprefix("drill-"), zoo.project, [edge("caller", "mariadb", 3306)], services)
    stranger.start()
    try:
        for _ in range(60):  # the server's limit is 20 connect errors
            seen = stranger.look("caller->mariadb")
            assert seen.outcome == "answered"
            assert "Access denied" in seen.error
    finally:
        stranger.close()
    assert zoo.lookout.look("caller->mariadb").error == ""


def test_a_caller_in_another_services_network_looks_from_there(zoo: Zoo) -> None:
    seen = zoo.lookout.look("sidecar->nginx")
    assert (seen.outcome, seen.speaks) == ("answered", "https")


def test_a_port_where_nobody_listens_is_refused(zoo: Zoo) -> None:
    assert zoo.lookout.look("caller->caller").outcome == "refused"


def test_who_serves_what_and_whose_network_is_shared_is_seen_in_the_running_stack(zoo: Zoo) -> None:
    peers = zoo.lookout.peers()
    assert peers["sidecar"].shares == "caller"
    assert PORTS["rabbitmq"] in peers["rabbitmq"].ports
    assert {80, 443} <= set(peers["nginx"].ports)
