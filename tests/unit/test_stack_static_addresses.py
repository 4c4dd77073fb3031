"""Static addresses in a project's texts: who calls by one, and who only writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.stack.find import find_edges
from harness.stack.mentions import addresses
from harness.stack.project import Project
from harness.stack.texts import texts


def project(directory: Path, files: tuple[Path, ...] = (), **environment: str) -> Project:
    """An api with its folder mounted, beside a database and a proxy, all at static addresses."""
    mount = {"type": "bind", "source": str(directory), "target": "/app"}

    def at(last: int) -> dict[str, Any]:
        return {"networks": {"net": {"ipv4_address": f"172.20.0.{last}"}}}

    services = {
        "api": {"environment": {"DB_HOST": "db", **environment}, "volumes": [mount], **at(4)},
        "db": {"image": "postgres:16", **at(3)},
        "proxy": {"environment": {"UPSTREAM": "http://api:8000"}, **at(2)},
    }
    config = {"name": "shop", "services": services, "networks": {"net": {}}}
    return Project("shop", files, directory, config)


def refused(found: Project, *declared: Any) -> dict[str, str]:
    return {edge.id: edge.refused for edge in find_edges(found, declared) if edge.refused}


@pytest.mark.parametrize("name", ["compose.yaml", "docker-compose.prod.yml", "stack.yml"])
def test_a_projects_own_compose_file_is_no_text_of_the_service_that_mounts_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        "services: {db: {networks: {net: {ipv4_address: 172.20.0.3}}}, x: {a: 'http://proxy:1'}}"
    )
    one = project(tmp_path, (tmp_path / name,))
    assert [edge.id for edge in find_edges(one)] == ["api->db", "proxy->api"]
    assert refused(one) == {}
    read = texts(one.config, "api", tmp_path, compose=one.files)
    assert [text for text in read if addresses(text)] == [], "nor does it keep the range from being moved"


def test_an_address_that_is_only_written_down_is_not_called(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("The database is at 172.20.0.3.\n")
    (tmp_path / "nginx.conf").write_text("set_real_ip_from 172.20.0.2;\nallow 172.20.0.3;\n")
    one = project(tmp_path, TRUSTED_PROXIES="172.20.0.2")
    assert refused(one) == {}
    read = texts(one.config, "api", tmp_path, compose=one.files)
    assert {one for text in read for one in addresses(text)} == {"172.20.0.2", "172.20.0.3"}, "but it stays where it is"


@pytest.mark.parametrize("body", ["host: 172.20.0.3\n", "see 172.20.0.3:5432\n", "postgres://u:p@172.20.0.3/x\n"])
def test_an_address_that_is_called_is_refused_unless_it_is_declared_with_ports(tmp_path: Path, body: str) -> None:
    (tmp_path / "settings.yml").write_text(body)
    one = project(tmp_path)
    assert refused(one) == {"api->db": "api addresses db by its IP 172.20.0.3 (file settings.yml)"}
    assert refused(one, "api->db") == refused(one)
    assert refused(one, {"edge": "api->db", "ports": [5432]}) == {}, "that it goes around it the survey sees"


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("worker 172.20.0.3", True),
        ("worker --once 172.20.0.3 fast", False),  # whose argument it is nobody can tell
        ("gunicorn --forwarded-allow-ips 172.20.0.3 shop", False),
        ("gunicorn --forwarded-allow-ips=172.20.0.3", False),
        ("psql -h 172.20.0.3", True),
        ("allow 172.20.0.3/32", False),
    ],
)
def test_an_address_in_a_command_is_called_when_it_is_an_argument_of_its_own(
    tmp_path: Path, command: str, called: bool
) -> None:
    one = project(tmp_path)
    one.config["services"]["api"]["command"] = command.split()
    assert bool(refused(one)) is called
