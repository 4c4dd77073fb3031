"""What services are told of logins by files: by the readers of an order book and by the witness alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from order_reach import FakeReach, counted, printed, rabbitmq, rows

from harness.edges import Edge
from harness.orders.readers.logins import url_login
from harness.stack.project import Project
from harness.stack.told import as_told
from harness.world.credentials import credentials


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A broker with its password in a secret, and a worker whose settings are a mounted file."""
    (tmp_path / "broker.txt").write_text("hutch\n")
    (tmp_path / "settings.ini").write_text(
        "; url = amqp://old:old@mq/\n[broker]\nurl = amqp://shop:from-file@mq:5672/%2F\n"
    )
    services: dict[str, dict[str, Any]] = {
        "mq": {
            "environment": {"RABBITMQ_DEFAULT_USER": "shop", "RABBITMQ_DEFAULT_PASS_FILE": "/run/secrets/broker"},
            "secrets": [{"source": "broker", "target": "/run/secrets/broker"}],
        },
        "worker": {"volumes": [{"type": "bind", "source": f"{tmp_path}/settings.ini", "target": "/etc/settings.ini"}]},
    }
    config = {"services": services, "secrets": {"broker": {"file": f"{tmp_path}/broker.txt"}}}
    return Project("shop", (), tmp_path, config)


def logged_in(project: Project, **more: Any) -> tuple[str, str]:
    """As whom the queue is read."""
    reach = FakeReach(counted(1, 0), messages=[b"o-1"], services=as_told(project))
    rows(rabbitmq(**more), reach)
    return reach.asked[-1][:2]


def test_a_password_in_a_file_is_the_variables(project: Project) -> None:
    assert logged_in(project) == ("shop", "hutch")
    assert credentials(Edge("worker", "mq"), "amqp", as_told(project))["password"] == "hutch"


@pytest.mark.parametrize("use", ["broker", {"source": "broker"}, {"source": "broker", "target": "broker"}])
def test_a_secret_is_where_compose_puts_it(project: Project, use: Any) -> None:
    project.config["services"]["mq"]["secrets"] = [use]
    assert logged_in(project) == ("shop", "hutch")


def test_a_password_in_a_mounted_file_or_folder_or_config_is_read_too(project: Project, tmp_path: Path) -> None:
    broker = project.config["services"]["mq"]
    broker["volumes"] = [{"type": "bind", "source": str(tmp_path), "target": "/run/secrets"}]
    broker["environment"]["RABBITMQ_DEFAULT_PASS_FILE"] = "/run/secrets/broker.txt"
    assert logged_in(project) == ("shop", "hutch")
    broker["configs"] = [{"source": "pw", "target": "/pw"}]
    broker["environment"]["RABBITMQ_DEFAULT_PASS_FILE"] = "/pw"
    project.config["configs"] = {"pw": {"content": "inline\n"}}
    assert logged_in(project) == ("shop", "inline")


def test_where_the_broker_tells_none_the_url_in_a_file_does_and_none_that_is_commented_out(project: Project) -> None:
    project.config["services"]["mq"] = {}
    assert logged_in(project) == ("shop", "from-file")
    told = credentials(Edge("worker", "mq"), "amqp", as_told(project))
    assert (told["user"], told["password"], told["path"]) == ("shop", "from-file", "/")


def test_files_that_differ_tell_nothing_and_a_variable_goes_before_them(project: Project, tmp_path: Path) -> None:
    project.config["services"]["mq"] = {}
    (tmp_path / "example.ini").write_text("url = amqp://me:mine@mq/\ncache = redis://:${PASSWORD}@cache/\n")
    mount = {"type": "bind", "source": f"{tmp_path}/example.ini", "target": "/etc/example.ini"}
    project.config["services"]["worker"]["volumes"].append(mount)
    assert logged_in(project) == ("guest", "guest")
    assert not url_login(as_told(project), "cache", ("redis",)).password
    project.config["services"]["worker"]["environment"] = {"AMQP": "amqp://app:env@mq/"}
    assert logged_in(project) == ("app", "env")


def test_a_password_goes_with_its_own_user_alone(project: Project) -> None:
    assert logged_in(project, user="reader") == ("reader", "guest")
    assert logged_in(project, user="reader", password="r") == ("reader", "r")


def test_a_file_that_this_machine_cannot_read_is_read_where_it_lies() -> None:
    answer = counted(1, 0)
    reach = FakeReach(lambda command, env: printed("inside\n") if command[0] == "cat" else answer(command, env))
    reach.services = {"mq": {"environment": {"RABBITMQ_USERNAME": "u", "RABBITMQ_PASSWORD_FILE": "/run/secrets/x"}}}
    rows(rabbitmq(), reach)
    assert ("cat", "/run/secrets/x") in reach.asked
    assert reach.asked[-1][:2] == ("u", "inside")


def test_a_service_is_meant_by_each_of_its_names_and_a_url_without_a_login_tells_none() -> None:
    services = {
        "mq": {"container_name": "Shop-MQ", "networks": {"back": {"aliases": ["rabbit"]}, "front": None}},
        "api": {"environment": ["HEALTH=amqp://mq:5672", "URL=amqp://a:b@rabbit"]},
    }
    assert url_login(services, "mq", ("amqp",)).password == "b"
    services["api"] = {"environment": ["URL=amqp://c:d@shop-mq"]}
    assert url_login(services, "mq", ("amqp",)).password == "d"
