"""What the witness speaks, with which login, and at which port, from the Compose file and from what it has seen."""

from __future__ import annotations

from typing import Any

import pytest

from harness.edges import Edge
from harness.inside.speaks import SPEAKS
from harness.stack import speaks as stated
from harness.world import speaks
from harness.world.credentials import credentials
from harness.world.ports import AGAIN, UNHEARD, Ports


def edge(*ports: int, said: str = "") -> Edge:
    return Edge("api", "db", names=("db", "database"), ports=ports, speaks=said)


def test_every_protocol_that_is_guessed_can_be_spoken() -> None:
    assert set(speaks.SPOKEN) == set(SPEAKS) - {""}
    assert set(speaks.PORTS.values()) | set(speaks._OWN.values()) | set(speaks.ALIASES.values()) <= set(SPEAKS)


@pytest.mark.parametrize(
    ("port", "said", "service", "spoken"),
    [
        (5432, "", {}, "postgres"),
        (3306, "", {"image": "whatever"}, "mysql"),
        (3306, "mariadb", {}, "mysql"),
        (6000, "redis", {}, "redis"),
        (15672, "amqp", {"image": "rabbitmq:3-management"}, "http"),
        (5672, "amqp", {"image": "rabbitmq:3-management"}, "amqp"),
        (9000, "", {"image": "php:8-fpm", "command": ["php-fpm"]}, "fastcgi"),
        (9000, "", {"image": "minio/minio"}, "http"),
        (7777, "", {"image": "registry.example:5000/team/postgres-ha:15@sha256:00"}, "postgres"),
        (7777, "", {"image": "shop", "command": "mariadbd --port 7777"}, "mysql"),
        (7777, "", {"image": "shop", "environment": ["MYSQL_DATABASE=x"]}, "mysql"),
        (7777, "", {"image": "shop", "environment": {"MYSQL_HOST": "db", "MYSQL_USER": "x"}}, ""),
        (9104, "", {"image": "prom/mysqld-exporter"}, "http"),
        (7777, "", {"image": "shop", "command": ["gunicorn", "app"]}, "http"),
        (7777, "", {"image": "shop"}, ""),
        (7777, "", {"image": "shop", "healthcheck": {"test": ["CMD", "curl", "-f", "http://localhost:7777/up"]}}, "http"),
        (8443, "rediss", {}, "https"),
        (6379, "rediss", {}, "tls"),
        (389, "ldap", {"image": "openldap"}, ""),
        (61613, "", {"image": "rabbitmq:4"}, ""),
        (61613, "stomp", {"image": "rabbitmq:4"}, ""),
        (15692, "", {"image": "shop", "command": ["rabbitmq-server"]}, "http"),
        (33060, "", {"image": "mysql:8"}, ""),
        (7777, "stomp", {"image": "rabbitmq:4"}, ""),
    ],
)  # fmt: skip
def test_the_protocol_of_a_port_is_guessed(port: int, said: str, service: dict[str, Any], spoken: str) -> None:
    first = port if said not in ("amqp",) else 5672
    ports = () if said == "rediss" and port == 8443 else (first,)
    got = speaks.guess(edge(*ports, said=said if port != 8443 else ""), service, port)
    assert got == spoken


@pytest.mark.parametrize(
    ("schemes", "ports", "speaks"),
    [
        ((), (61613,), "stomp"),
        ((), (4369, 5672, 61613), "amqp"),
        ((), (5673,), "amqp"),
        (("stomp",), (61613,), "stomp"),
        ((), (), "amqp"),
    ],
)
def test_a_port_that_is_known_for_another_protocol_has_not_its_images(
    schemes: tuple[str, ...], ports: tuple[int, ...], speaks: str
) -> None:
    assert stated.guess(schemes, "rabbitmq:4-management", ports) == speaks


def test_the_port_of_an_edge_beside_its_first_is_not_spoken_to_in_the_firsts_protocol() -> None:
    assert speaks.guess(edge(5672, 61613, said="amqp"), {"image": "rabbitmq:4"}, 61613) == ""
    assert speaks.guess(edge(5672, 5673, said="amqp"), {}, 5673) == "amqp"
    ports = Ports()
    ports.listening([4369, 5672])
    assert ports.best() == 5672, "where something can be said"


def test_the_path_is_the_health_checks_own() -> None:
    service = {"healthcheck": {"test": "wget -q http://127.0.0.1:8080/health?deep=0 || exit 1"}}
    assert speaks.path(service, 8080) == "/health?deep=0"
    assert speaks.path(service, 9090) == "/"
    assert speaks.path({"healthcheck": {"test": ["CMD", "curl", "http://localhost/"]}}, 80) == "/"
    assert speaks.path({"healthcheck": {"test": ["CMD-SHELL", "curl http://localhost:$PORT/x"]}}, 8080) == "/"
    assert speaks.path({}, 80) == "/"


def test_a_login_is_the_dependencys_own_or_the_one_its_caller_uses() -> None:
    theirs = {"db": {"environment": {"MYSQL_USER": "shop", "MYSQL_PASSWORD": "pw"}}}
    assert credentials(edge(), "mysql", theirs) == {"user": "shop", "password": "pw"}
    url = {"api": {"environment": ["DATABASE_URL=mysql+pymysql://me:p%40ss@database:3306/x"]}}
    assert credentials(edge(), "mysql", url) == {"user": "me", "password": "p@ss"}
    beside = {"api": {"environment": {"WIKI_DB_HOST": "db:3306", "WIKI_DB_USER": "wiki", "WIKI_DB_PASSWORD": "w"}}}
    assert credentials(edge(), "mysql", beside) == {"user": "wiki", "password": "w"}


def test_a_login_is_only_asked_for_where_it_is_needed_and_never_anothers() -> None:
    beside = {"api": {"environment": {"DB_HOST": "elsewhere", "DB_USER": "x", "DB_PASSWORD": "y"}}}
    assert credentials(edge(), "mysql", beside) == {}
    assert credentials(edge(), "redis", {"db": {"environment": {"MYSQL_USER": "a", "MYSQL_PASSWORD": "b"}}}) == {}


def test_rabbitmq_is_logged_into_on_its_own_virtual_host() -> None:
    url = {"api": {"environment": {"BROKER": "amqp://u:p@db/orders"}}}
    assert credentials(edge(), "amqp", url) == {"user": "u", "password": "p", "path": "orders"}
    theirs = {"db": {"environment": {"RABBITMQ_DEFAULT_USER": "u", "RABBITMQ_DEFAULT_PASS": "p"}}}
    assert credentials(edge(), "amqp", theirs)["path"] == "/"


def test_the_port_that_the_caller_uses_goes_before_those_from_the_files_and_those_listened_on() -> None:
    ports = Ports((8080, 9090))
    assert ports.best() == 8080
    ports.listening([5432, 9090])
    assert ports.best() == 9090
    ports.used({5432: 3})
    assert ports.best() == 5432


def test_the_port_stays_the_same_while_nothing_listens_so_that_a_refusal_is_seen() -> None:
    ports = Ports()
    assert ports.best() == 0
    ports.listening([25672, 5672])
    assert ports.best() == 5672
    ports.listening([])
    assert ports.best() == 5672


def test_a_guess_that_was_never_understood_gives_way_to_bare_looks_and_is_tried_again_now_and_then() -> None:
    ports = Ports()
    spoken = []
    for _ in range(UNHEARD + 2 * AGAIN):
        spoken.append(ports.spoken(80, "http"))
        if spoken[-1]:
            ports.heard(80, answered=False, connected=True)
    assert spoken[:UNHEARD] == ["http"] * UNHEARD
    assert 1 <= spoken[UNHEARD:].count("http") <= 3
    ports.heard(80, answered=True, connected=True)
    assert [ports.spoken(80, "http") for _ in range(20)] == ["http"] * 20


def test_a_fault_that_silences_a_port_which_answered_before_never_makes_looks_bare() -> None:
    ports = Ports()
    ports.heard(80, answered=True, connected=True)
    for _ in range(50):
        ports.heard(80, answered=False, connected=True)
    assert ports.spoken(80, "http") == "http"


def test_refused_looks_say_nothing_about_the_guess() -> None:
    ports = Ports()
    for _ in range(50):
        ports.heard(80, answered=False, connected=False)
    assert ports.spoken(80, "http") == "http"


def test_looks_stay_at_a_port_that_answered_whatever_is_used_more_later() -> None:
    """Looks are compared with looks at the same port: one that changed in a fault would leave nothing to compare."""
    ports = Ports((5432, 8008))
    ports.listening((5432, 8008))
    ports.used({5432: 5})
    ports.heard(ports.best(), answered=True, connected=True)
    ports.used({5432: 5, 8008: 9})
    assert ports.best() == 5432
    ports.heard(5432, answered=False, connected=False)
    assert ports.best() == 5432, "that it fails now is what they are for"


def test_looks_come_back_to_the_port_that_answered_when_its_service_stops_and_starts_again() -> None:
    ports = Ports((5432, 8008))
    ports.listening((5432, 8008))
    ports.used({5432: 5, 8008: 3})
    ports.heard(ports.best(), answered=True, connected=True)
    ports.listening((8008,))
    assert ports.best() == 8008, "it is the only one that is listened on"
    ports.heard(8008, answered=True, connected=True)
    ports.listening(())
    assert ports.best() == 5432, "where its refusal can be compared"
    ports.listening((8008, 5432))
    assert ports.best() == 5432


def test_a_port_that_answered_gives_way_to_one_that_the_caller_uses() -> None:
    ports = Ports((80, 5432))
    ports.listening((80, 5432))
    ports.heard(ports.best(), answered=True, connected=True)
    assert ports.best() == 80, "no use of it is known yet"
    ports.used({5432: 1})
    ports.heard(ports.best(), answered=True, connected=True)
    ports.used({80: 7})
    assert ports.best() == 5432


def test_a_bare_look_that_connects_settles_the_port_too_and_says_nothing_of_the_guess() -> None:
    ports = Ports((7000, 7001))
    ports.listening((7000, 7001))
    ports.used({7000: 2})
    ports.heard(ports.best(), answered=True, connected=True, spoke=False)
    ports.used({7001: 9})
    assert ports.best() == 7000
    for _ in range(UNHEARD):
        ports.heard(7000, answered=False, connected=True)
    assert ports.spoken(7000, "http") == ""
