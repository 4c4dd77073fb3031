"""Edges out of Compose files alone: what is one, under which names, and what cannot be one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.edges import Edge
from harness.errors import UsageError
from harness.stack.find import find_edges, found
from harness.stack.project import Project
from harness.stack.texts import ImageInfo


def project(services: dict[str, Any], directory: Path = Path("/shop"), **rest: Any) -> Project:
    config = {"name": "shop", "services": services, "networks": {"default": {"name": "shop_default"}}, **rest}
    return Project("shop", (directory / "compose.yaml",), directory, config)


def edges(services: dict[str, Any], declared: tuple[Any, ...] = (), **rest: Any) -> dict[str, Edge]:
    return {edge.id: edge for edge in find_edges(project(services, **rest), declared)}


def api(**environment: str) -> dict[str, Any]:
    return {"environment": environment}


@pytest.mark.parametrize(
    ("environment", "port", "speaks"),
    [
        ({"DATABASE_URL": "postgresql+asyncpg://u:p@db:6000/x"}, 6000, "postgres"),
        ({"DATABASE_URL": "postgres://db/x"}, 5432, "postgres"),
        ({"JDBC": "jdbc:mysql://db/x"}, 3306, "mysql"),
        ({"DSN": "user:pass@tcp(db:3307)/x"}, 3307, ""),
        ({"DSN": "user:pass@tcp(db)/x"}, None, ""),
        ({"BROKERS": "other:1,db:9092"}, 9092, ""),
        ({"BROKERS": "other,db"}, None, ""),
        ({"MONGO": "mongodb://a:1,db:27018/x"}, 27018, "mongodb"),
        ({"DB_HOST": "db", "DB_PORT": "5433"}, 5433, ""),
        ({"db.hostname": "db", "db.port": "5434"}, 5434, ""),
        ({"REDIS_SERVICE": "db"}, None, ""),
        ({"UPSTREAM": "http://db/health"}, 80, "http"),
        ({"DSN": "host=db user=gorm dbname=gorm port=5433 sslmode=disable"}, 5433, ""),
        ({"DSN": "host=other,db port=5433"}, 5433, ""),
        ({"ConnectionStrings__Shop": "Server=db;Database=shop;User Id=sa"}, None, ""),
        ({"ConnectionStrings__Shop": "Server=tcp:db,1433;Database=shop"}, 1433, ""),
        ({"SQL": "Initial Catalog=shop;Data Source=db,1434"}, 1434, ""),
        ({"ConnectionStrings__Shop": "Host=db;Port=5433;Database=shop"}, 5433, ""),
        ({"CONN": '{"conn_type": "postgres", "host": "db", "port": 5433}'}, 5433, ""),
        ({"SEARCH": '{"nodes": ["other", "db"]}'}, None, ""),
        ({"REMOTE": '["db"]'}, None, ""),
        ({"REDIS_SENTINELS": "other,db"}, None, ""),
        ({"DB_HOST": "DB"}, None, ""),
        ({"NODES": "rabbit@other,rabbit@db"}, None, ""),
        ({"DB": "db"}, None, ""),
        ({"KAFKA_CFG_ZK": "db"}, None, ""),
        ({"QUORUM": "1@db:9093,2@other:9093"}, 9093, ""),
        ({"DSN": "root:db@tcp(db)/db"}, None, ""),
        ({"URL": "amqp://db:db@db:5673/db"}, 5673, "amqp"),
        ({"JDBC": "jdbc:sqlserver://db;user=sa@shop;password=x"}, None, ""),
        ({"CLUSTER": "db:6379@16379"}, 6379, ""),
        ({"HOSTS": "http://db,http://a@b"}, 80, "http"),
        ({"HOSTS": "redis://db?name=a@b"}, 6379, "redis"),
    ],
)
def test_an_environment_that_names_a_service_as_an_address_makes_an_edge(
    environment: dict[str, str], port: int | None, speaks: str
) -> None:
    edge = edges({"api": api(**environment), "db": {}})["api->db"]
    assert edge.refused == ""
    assert edge.ports == ((port,) if port else ())
    assert (edge.speaks == speaks) if speaks else True


@pytest.mark.parametrize(
    "environment",
    [
        {"POSTGRES_DB": "db"},
        {"MYSQL_DATABASE": "db", "MYSQL_USER": "db"},
        {"GREETING": "the db is fine"},
        {"HOST": "mydb"},
        {"HOST": "db-old"},
        {"HOST": "db.example.com"},
        {"PATH_TO": "/var/lib/db"},
        {"DATABASE_URL": "postgres://db:pw@pooler:6432/x"},
        {"DATABASE_URL": "postgres://app:db@pooler:6432/db"},
        {"DATABASE_URL": "db:pw@tcp(pooler:3306)/db"},
        {"DATABASE_URL": "postgres://${USER:-db}:1@pooler/x"},
        {"CACHE_URL": "db://cache:6379"},
        {"CACHE_URL": "db+sentinel://cache:6379"},
        {"CLUSTER_NODES": "db@other"},
        {"DSN": "host=pooler user=db dbname=db"},
        {"DATABASE_URL": "postgres://db:1234@10.0.0.5/x"},
        {"KC_DB": "postgres", "KC_DB_USERNAME": "db"},
        {"OTEL_SERVICE_NAME": "db worker"},
        {"OTEL_SERVICE_NAME": "db", "DD_SERVICE": "db", "NODE_ENV": "db", "CLUSTER_NAME": "db"},
        {"MONGO": "mongodb://other/x?replicaSet=db"},
        {"DJANGO_ALLOWED_HOSTS": "db,localhost", "TRUSTED_HOSTS": "db", "VIRTUAL_HOST": "db"},
        {"RUNNER_IMAGE": "db:7"},
        {"RUNNER": "registry/db:7-alpine"},
        {"RUNNER": "db:16@sha256:0123"},
    ],
)
def test_a_word_that_only_looks_like_a_service_makes_none(environment: dict[str, str]) -> None:
    assert edges({"api": api(**environment), "db": {}}) == {}
    assert edges({"api": api(**environment), "db": {"image": "postgres:16"}}) == {}, "a known port makes it no address"


@pytest.mark.parametrize(
    "command",
    ["celery -A db worker", "npm run db", "npx @db/client", "db --config /etc/x", "app --user db", "docker pull db:7"],
)
def test_a_word_of_a_command_makes_none(command: str) -> None:
    assert edges({"api": {"command": command.split()}, "db": {"image": "postgres:16"}}) == {}


def test_a_word_that_may_be_an_address_is_one_of_what_is_depended_upon() -> None:
    depends = {"depends_on": {"db": {"condition": "service_started"}}}
    assert list(edges({"api": {**api(NAME="db"), **depends}, "db": {}})) == ["api->db"]
    assert edges({"api": {**api(POSTGRES_DB="db"), **depends}, "db": {}}) == {}
    assert edges({"api": {"command": ["start", "db"], **depends}, "db": {}}) == {}


@pytest.mark.parametrize(
    "command",
    [
        ["app", "--db-host", "db"],
        ["app", "--db-host=db"],
        ["wait-for-it", "db:5432", "--", "app"],
        ["sh", "-c", "nc -z db 5432 && app"],
        ["psql", "-h", "db"],
        ["serve", "--db", "db"],
        ["sh", "-c", "DB=db serve"],
        ["bash", "-c", "until (echo > /dev/tcp/db/5432); do sleep 1; done"],
        ["rabbitmqctl", "join_cluster", "rabbit@db"],
    ],
)
def test_a_command_that_names_a_service_makes_an_edge(command: list[str]) -> None:
    assert edges({"api": {"command": command}, "db": {}})["api->db"].known[0].where == "command"


@pytest.mark.parametrize(
    "text",
    [
        "upstream backend { server db; }",
        "proxy_pass http://db;",
        "server one db:8080 check",
        '{"host": "db", "port": 5432}',
        "database:\n  host: db\n  port: 5432\n",
        '$wgDBserver = "db";',
        "replicaof db 6379",
        "targets: ['db:9187']",
        "define('DB_HOST', 'db');",
        'config.set("server", "db")',
        "$memcached->addServer('db', 11211);",
        '$link = mysqli_connect("db", $user);',
        "$pdo = new mysqli('db');",
        'servers = ["other", "db"]',
        "*.* user:pw@db",
        "master:\n  bootstrap [db]\n",
    ],
)
def test_a_mounted_file_or_config_that_names_a_service_makes_an_edge(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.conf").write_text(text)
    mount = {"type": "bind", "source": str(tmp_path / "app.conf"), "target": "/etc/app.conf"}
    by_mount = find_edges(project({"api": {"volumes": [mount]}, "db": {}}, tmp_path))
    by_config = edges({"api": {"configs": [{"source": "c"}]}, "db": {}}, configs={"c": {"content": text}})
    assert [edge.id for edge in by_mount] == ["api->db"]
    assert by_mount[0].known[0].where == "file app.conf"
    assert by_config["api->db"].known[0].where == "config c"


@pytest.mark.parametrize(
    "text",
    [
        "define('DB_NAME', 'db');",
        "greet('Hello', 'db')",
        "print('db')",
        "// register the server db",
        " * the host: db",
        "server db\n",
        "import { client } from '@db/client';",
        "@db.route('/')\n@db\n",
        '<a href="mailto:info@db">',
    ],
)
def test_another_word_of_a_mounted_program_makes_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.php").write_text(text)
    mount = {"type": "bind", "source": str(tmp_path / "app.php"), "target": "/etc/app.php"}
    assert find_edges(project({"api": {"volumes": [mount]}, "db": {}}, tmp_path)) == ()


def test_big_and_binary_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "big").write_text("x" * 300_000 + " http://db ")
    (tmp_path / "binary").write_bytes(b"\0\1 http://db ")
    mount = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    assert find_edges(project({"api": {"volumes": [mount]}, "db": {}}, tmp_path)) == ()


def test_a_tag_of_an_image_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  db:\n    image: db:16\n")
    mount = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    assert find_edges(project({"api": {"volumes": [mount]}, "db": {}}, tmp_path)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "test:\n  services:\n    - other:1\n    # the base\n    - db:16\n",
        "services:\n- name: registry/db:16\n  alias: base\n",
        "services: [other:1, 'db:16']\n",
        "RUNNER_IMAGE=db:16\n",
        "FROM --platform=linux/amd64 db:16 AS base\n",
        "COPY --from=db:16 / /\n",
        "docker run db:16-alpine\n",
        'CMD ["node", "db"]\n',
        "backend db\nupstream db {\n",
    ],
)
def test_nor_is_a_word_of_a_pipeline_or_a_label_one(tmp_path: Path, text: str) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(text)
    mount = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    assert find_edges(project({"api": {"volumes": [mount]}, "db": {"expose": ["5432"]}}, tmp_path)) == ()


def test_a_list_in_a_service_is_no_list_of_services(tmp_path: Path) -> None:
    (tmp_path / "stack.conf").write_text("services:\n  api:\n    command:\n      - --hosts\n      - db:5433\n")
    mount = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    assert find_edges(project({"api": {"volumes": [mount]}, "db": {}}, tmp_path))[0].ports == (5433,)


def test_a_low_port_counts_only_where_no_other_is_known() -> None:
    caller = {"command": ["docker", "pull", "db:9"]}
    assert edges({"api": caller, "db": {}})["api->db"].ports == (9,)
    assert edges({"api": caller, "db": {"expose": ["9"]}})["api->db"].ports == (9,)
    assert edges({"api": caller, "db": {"expose": ["5432"]}}) == {}
    named = {"command": "docker pull db:9", "environment": {"DB_HOST": "db"}}
    edge = edges({"api": named, "db": {"expose": ["5432"]}})["api->db"]
    assert (edge.ports, [known.where for known in edge.known]) == ((5432,), ["environment DB_HOST"])


def test_depends_on_alone_is_an_edge_only_where_a_port_is_known() -> None:
    depends = {"depends_on": {"db": {"condition": "service_started"}}}
    assert edges({"api": depends, "db": {}}) == {}
    assert "no edge" in found(project({"api": depends, "db": {}})).notes[0]
    assert edges({"api": depends, "db": {"expose": ["5432"]}})["api->db"].ports == (5432,)
    assert edges({"api": depends, "db": {"image": "postgres:16"}})["api->db"].ports == (5432,)
    healthcheck = {"test": ["CMD-SHELL", "curl -f http://localhost:9000/"]}
    assert edges({"api": depends, "db": {"healthcheck": healthcheck}})["api->db"].ports == (9000,)
    exposed = {"db": ImageInfo(exposed=("7000/tcp",))}
    assert find_edges(project({"api": depends, "db": {}}), (), exposed)[0].ports == (7000,)


def test_only_what_depends_on_another_is_said_to() -> None:
    """A word in a path is no dependency, and no sentence about one."""
    assert found(project({"db": {"command": ["sh", "/srv/app/start.sh"]}, "app": {}})).notes == ()


def test_a_dependency_that_is_optional_and_not_started_is_nothing() -> None:
    optional = {"tracer": {"condition": "service_started", "required": False}}
    seen = found(project({"api": {**api(DB_HOST="db"), "depends_on": optional}, "db": {}}))
    assert [edge.id for edge in seen.edges] == ["api->db"]
    assert seen.notes == ()


def test_a_one_shot_that_must_end_first_is_no_edge() -> None:
    depends = {"depends_on": {"seed": {"condition": "service_completed_successfully"}}}
    assert edges({"api": depends, "seed": {"image": "postgres:16"}}) == {}


def test_an_images_own_environment_counts_where_the_file_does_not_say_otherwise() -> None:
    images = {"api": ImageInfo(environment={"DB_URL": "http://db:1"})}
    assert [e.id for e in find_edges(project({"api": {}, "db": {}}), (), images)] == ["api->db"]
    assert find_edges(project({"api": api(DB_URL="none"), "db": {}}), (), images) == ()


def test_an_edge_carries_every_name_under_which_the_caller_knows_its_dependency() -> None:
    services = {
        "api": {**api(A="box:1"), "links": ["db:store"]},
        "db": {"container_name": "box", "hostname": "dbhost", "networks": {"default": {"aliases": ["data"]}, "x": {"aliases": ["y"]}}},
    }  # fmt: skip
    edge = edges(services)["api->db"]
    assert set(edge.names) == {"db", "box", "dbhost", "data", "store"}


def test_an_alias_that_several_services_share_stays_as_it_was() -> None:
    many = {"networks": {"default": {"aliases": ["web"]}}}
    seen = found(project({"api": api(WEB_HOST="web:80"), "one": many, "two": many}))
    assert seen.edges == ()
    assert "one and two" in seen.notes[0]


def test_a_service_in_anothers_network_speaks_for_it_and_a_sidecar_follows() -> None:
    services = {"api": {}, "side": {**api(DB_HOST="db"), "network_mode": "service:api"}, "db": {}}
    edge = edges(services)["api->db"]
    assert edge.also == ("side",)
    assert edge.known[0].where == "environment DB_HOST of side"


def test_services_on_one_loopback_cannot_be_an_edge_and_it_is_said() -> None:
    services = {
        "api": {"expose": ["8080"]},
        "side": {**api(API="http://localhost:8080"), "network_mode": "service:api"},
    }
    assert "loopback" in edges(services)["side->api"].refused


@pytest.mark.parametrize(
    ("caller", "dependency", "word"),
    [
        ({"network_mode": "host"}, {}, "network_mode: host"),
        ({"network_mode": "none"}, {}, "network_mode: none"),
        ({"network_mode": "container:abc"}, {}, "outside of the project"),
        ({}, {"network_mode": "host"}, "network_mode: host"),
        ({"networks": {"a": None}}, {"networks": {"b": None}}, "share no network"),
        ({"networks": {"mac": None}}, {"networks": {"mac": None}}, "not a bridge network"),
        ({}, {"expose": ["53/udp"]}, "UDP on 53"),
        ({}, {"command": ["redis-server", "--cluster-enabled yes"]}, "addresses of its peers"),
    ],
)
def test_what_cannot_be_mediated_is_refused_with_the_reason(
    caller: dict[str, Any], dependency: dict[str, Any], word: str
) -> None:
    services = {"api": {**api(DB="http://db"), **caller}, "db": dependency}
    networks = {"default": {}, "a": {}, "b": {}, "mac": {"driver": "macvlan"}}
    assert word in edges(services, networks=networks)["api->db"].refused


def test_a_dependency_addressed_by_its_ip_is_refused_and_said() -> None:
    services = {"api": api(DB="10.9.8.7:5432"), "db": {"networks": {"default": {"ipv4_address": "10.9.8.7"}}}}
    assert "10.9.8.7" in edges(services)["api->db"].refused


def test_a_url_to_itself_is_traffic_between_replicas_when_there_are_some() -> None:
    body = api(PEERS="http://api:80")
    assert edges({"api": body}) == {}
    assert "replicas" in edges({"api": {**body, "scale": 2}})["api->api"].refused


def test_a_declared_edge_adds_to_what_was_found_and_can_be_switched_off() -> None:
    services = {"api": api(DB_HOST="db"), "db": {}, "other": {}}
    seen = edges(services, ({"edge": "api -> db", "ports": [5432], "speaks": "postgres"}, "api->other"))
    assert (seen["api->db"].ports, seen["api->db"].speaks) == ((5432,), "postgres")
    assert [known.how for known in seen["api->db"].known] == ["declared", "inferred"]
    assert seen["api->other"].refused == ""
    off = edges(services, ({"edge": "api->db", "off": True},))["api->db"]
    assert off.refused == "switched off by the drill"


def test_an_external_host_is_an_edge_with_its_own_name_and_known_ports() -> None:
    edge = edges({"api": {}}, ({"edge": "api->api.stripe.com", "ports": [443]}, {"edge": "api->b.example"}))
    stripe = edge["api->api.stripe.com"]
    assert (stripe.external, stripe.names, stripe.ports) == (True, ("api.stripe.com",), (443,))
    assert edge["api->b.example"].ports == (80, 443)


def test_an_external_host_behind_internal_networks_alone_is_refused() -> None:
    seen = edges({"api": {}}, ("api->b.example",), networks={"default": {"internal": True}})
    assert "no way out" in seen["api->b.example"].refused


def test_a_declared_edge_with_udp_is_placed_only_with_the_ports_that_the_drill_names() -> None:
    services = {"api": {}, "dns": {"expose": ["53/udp"]}}
    assert edges(services, ({"edge": "api->dns", "ports": [53]},))["api->dns"].refused == ""
    assert "UDP" in edges(services, ("api->dns",))["api->dns"].refused


def test_a_declared_edge_of_a_sidecar_names_the_edge_that_it_is() -> None:
    services = {"api": {}, "side": {"network_mode": "service:api"}, "db": {}}
    assert edges(services, ("side->db",))["side->db"].refused.endswith("the edge is api->db")


@pytest.mark.parametrize(
    ("declared", "meant"),
    [("apii->db", "'api'"), ("api->dbb", "'db'"), ("api-db", "caller->dependency")],
)
def test_a_declared_edge_that_is_not_there_asks_what_was_meant(declared: str, meant: str) -> None:
    with pytest.raises(UsageError, match=meant):
        edges({"api": {}, "db": {}}, (declared,))


def test_an_edge_on_the_users_side_can_be_declared() -> None:
    assert edges({"api": {}}, ("client->api",))["client->api"].refused == ""


def test_a_name_that_the_caller_pins_elsewhere_is_not_the_service() -> None:
    caller = {"environment": {"DB": "postgres://db/x"}, "extra_hosts": ["db=10.1.2.3"]}
    edge = edges({"api": caller, "db": {}})["api->db"]
    assert edge.refused == "api pins db to 10.1.2.3 (extra_hosts): it calls that, not the service db"
    static = {"networks": {"default": {"ipv4_address": "10.1.2.3"}}}
    assert edges({"api": caller, "db": static})["api->db"].refused == "", "that is where the service lives"


def test_a_name_that_compose_makes_is_one_of_the_edges_names() -> None:
    lb = {"command": ["server", "shop-api-1:80"]}
    assert edges({"lb": lb, "api": {}})["lb->api"].names == ("api", "shop-api-1")
    assert edges({"lb": lb, "api": {}}, ("lb->api",))["lb->api"].names == ("api", "shop-api-1")
    old = {"environment": {"API": "http://shop_api_1"}}
    assert edges({"lb": old, "api": {}})["lb->api"].names == ("api", "shop_api_1")
    assert edges({"lb": {"command": ["server", "api:80"]}, "api": {}})["lb->api"].names == ("api",)


def test_a_single_one_of_several_containers_stands_for_all_and_it_is_said() -> None:
    lb = {"command": ["server", "shop-api-1:80", "server", "shop-api-2:80"]}
    seen = found(project({"lb": lb, "api": {"scale": 2}}))
    assert seen.edges[0].names == ("api", "shop-api-1", "shop-api-2")
    assert seen.notes == (
        "lb names a single container of api, shop-api-1 (command): in a run that name stands for all of them; write api instead",
    )


@pytest.mark.parametrize("network", ["shop_default", "backend"])
def test_a_name_that_docker_makes_on_a_network_is_one_of_the_edges_names(network: str) -> None:
    networks = {"default": {"name": network}, "apart": {"name": "shop_apart"}}
    body = {"image": "postgres", "networks": {"default": {"aliases": ["store"]}}}
    for name in (f"db.{network}", f"store.{network}", f"shop-db-1.{network}"):
        services = {"api": api(DB_HOST=name), "db": body}
        assert edges(services, networks=networks)["api->db"].names == ("db", "store", name)
        assert name in edges(services, ("api->db",), networks=networks)["api->db"].names
    assert edges({"api": api(DB_HOST="db.shop_apart"), "db": body}, networks=networks) == {}, "db is not on it"


def test_a_name_on_a_network_that_two_bear_is_neithers() -> None:
    both = {"networks": {"default": {"aliases": ["web"]}}}
    assert edges({"proxy": api(UPSTREAM="http://web.shop_default"), "one": both, "two": both}) == {}


def test_a_name_is_the_same_in_any_case_and_kept_as_it_is_written() -> None:
    """Docker's resolver ignores case; musl's reader of the hosts file does not."""
    services = {"api": api(CACHE_HOST="Redis", PEER="SHOP-redis-1"), "redis": {}}
    assert edges(services)["api->redis"].names == ("redis", "Redis", "shop-redis-1", "SHOP-redis-1")
    assert "Redis" in edges(services, ("api->redis",))["api->redis"].names
    assert edges({"api": api(A_HOST="Redis"), "redis": {}, "Redis": {}})["api->Redis"].names == ("Redis",)


DNS_SD = """
scrape_configs:
  - job_name: api
    dns_sd_configs: [{names: ["api", "worker."], type: A, port: 8080, refresh_interval: 5s}]
  - job_name: db
    static_configs: [{targets: ["db:9187"]}]
  - job_name: other
    dns_sd_configs:
      - names: [_metrics._tcp.cache]
      - cache
"""


@pytest.mark.parametrize("broken", ["", "\n: [", "\n- a"])
def test_a_target_that_prometheus_asks_the_dns_for_is_an_edge_that_goes_past_the_hosts_file(
    tmp_path: Path, broken: str
) -> None:
    (tmp_path / "prometheus.yml").write_text(DNS_SD + broken)
    mount = {"type": "bind", "source": str(tmp_path / "prometheus.yml"), "target": "/etc/prometheus/prometheus.yml"}
    services = {"prometheus": {"image": "p", "volumes": [mount]}, "api": {}, "worker": {}, "db": {}, "cache": {}}
    seen = {edge.id: edge for edge in find_edges(project(services, tmp_path))}
    if broken:
        assert set(seen) == {"prometheus->db"}, "a file that is none tells as much as before"
        return
    assert set(seen) == {"prometheus->api", "prometheus->worker", "prometheus->db"}
    assert seen["prometheus->db"].refused == ""
    assert (
        "asks the DNS for api and goes by the answer, past its hosts file (dns_sd_configs, file"
        in seen["prometheus->api"].refused
    )
    assert seen["prometheus->worker"].ports == (8080,)
