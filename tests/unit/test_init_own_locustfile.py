"""`drill init` in a project with a locustfile of its own: it is the load, unchanged, or it is said why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.cli.init import command
from harness.cli.validate import check
from harness.errors import CannotRun, Missing, UsageError
from harness.init.making import Made, make
from harness.init.own_locustfile import Own
from harness.init.wishes import Wishes

COMPOSE = """
services:
  web: {image: nginx, ports: ['80'], environment: {DB: 'postgres://db/x', CACHE: 'redis://bookings'}}
  db: {image: postgres}
  bookings: {image: redis}
"""
USERS = """
from locust import HttpUser, task

class Guest(HttpUser):
    @task
    def book(self):
        self.client.get("/rooms")
        self.client.post("/bookings", json={})
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def nobody(project: object) -> object:
        raise CannotRun(Missing("no Docker here"))

    (tmp_path / "compose.yaml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.stack.images.image_info", nobody)
    return tmp_path


def made(project: Path, **wishes: object) -> tuple[Made, dict[str, object]]:
    told = make(Wishes(name="first", **wishes), project, lambda line: None)  # type: ignore[arg-type]
    load = yaml.safe_load((project / "drills" / "first.yaml").read_text())["load"]
    problems, unchecked = check(project / "drills" / "first.yaml", (), {})
    assert [str(one) for one in problems if one.severity == "error"] == []
    assert not unchecked
    return told, load


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "place", ["locustfile.py", "users.py", "load/users.py", "loadtest/locustfile.py", "tests/load/shop.py"]
)
def test_a_locustfile_of_the_project_is_the_load_as_it_is(project: Path, place: str) -> None:
    put(project / place, USERS)
    put(project / "load" / "conftest.py", "import os\n")
    told, load = made(project)
    assert load["locustfile"] == f"../{place}"
    assert told.written == ("drills/first.yaml",)
    assert (project / place).read_text() == USERS
    assert not (project / "drills" / "first.py").exists()
    assert any(f"the load is {place} as it is: it asks for GET /rooms, POST /bookings" in note for note in told.notes)
    text = (project / "drills" / "first.yaml").read_text()
    assert "# Its requests, as claims name them: GET /rooms, POST /bookings" in text
    assert "what your users really do" not in text


def test_what_it_asks_for_tells_which_dependency_is_hurt(project: Path) -> None:
    put(project / "locustfile.py", USERS)
    told, _ = made(project)
    assert any("web->bookings" in note and "POST /bookings is named like it" in note for note in told.notes)


def test_one_beside_a_compose_file_elsewhere_is_found_and_named_from_the_drill(project: Path) -> None:
    put(project / "deploy" / "compose.yaml", COMPOSE)
    put(project / "deploy" / "locustfile.py", USERS)
    _, load = made(project, files=(Path("deploy/compose.yaml"),))
    assert load["locustfile"] == "../deploy/locustfile.py"


def test_one_that_is_named_is_used_before_one_that_lies_there(project: Path) -> None:
    put(project / "locustfile.py", USERS)
    put(project / "perf" / "guests.py", USERS)
    _, load = made(project, locustfile=Path("perf/guests.py"))
    assert load["locustfile"] == "../perf/guests.py"


def test_a_new_one_is_written_where_that_is_asked_for(project: Path) -> None:
    put(project / "locustfile.py", USERS)
    told, load = made(project, new_locustfile=True)
    assert load["locustfile"] == "first.py"
    assert told.written == ("drills/first.yaml", "drills/first.py")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("from locust import task\n\ndef book(): ...\n", "locustfile.py:1:1: no User class"),
        ("from locust import HttpUser\nclass", "locustfile.py:2:6: not Python"),
        (USERS.replace('"/rooms"', '"https://shop.example/rooms"'), "locustfile.py:7:25: a request goes to https"),
        ("import nowhere_to_be_found\n" + USERS, "locustfile.py:1: it imports nowhere_to_be_found, which is not installed"),
    ],
)  # fmt: skip
def test_one_that_cannot_be_used_is_said_with_its_place_and_a_new_one_is_written(
    project: Path, text: str, why: str
) -> None:
    put(project / "locustfile.py", text)
    told, load = made(project)
    assert load["locustfile"] == "first.py"
    assert any(note.startswith(why) and note.endswith("; so a new locustfile was written") for note in told.notes)
    with pytest.raises(UsageError, match=why.replace("https", "https:")):
        make(Wishes(name="second", locustfile=Path("locustfile.py")), project, lambda line: None)
    assert not os.path.lexists(project / "drills" / "second.yaml")


def test_what_it_imports_only_where_it_is_there_and_from_beside_it_is_no_hindrance(project: Path) -> None:
    put(project / "helpers.py", "ROOM = 1\n")
    imports = "import __main__\nimport helpers\ntry:\n    import nowhere_to_be_found\nexcept ImportError:\n    pass\n"
    put(project / "locustfile.py", imports + USERS)
    _, load = made(project)
    assert load["locustfile"] == "../locustfile.py"


def test_only_what_is_a_path_as_it_stands_is_asked_for_while_the_project_is_looked_at() -> None:
    asks = ("GET /rooms", "GET /rooms/{id}", "GET /users/:id", "GET rooms", "POST /bookings")
    assert Own(asks=asks).pages == ("/rooms",)


def test_it_is_used_as_it_is_or_another_is_written_never_both() -> None:
    for other in (["--new-locustfile"], ["--from-openapi", "api.json"], ["--from-access-log", "access.log"]):
        told = CliRunner().invoke(command, ["--locustfile", "users.py", *other])
        assert isinstance(told.exception, UsageError)
        assert "--locustfile uses one as it is" in str(told.exception)


def test_a_host_of_the_class_is_replaced_and_said(project: Path) -> None:
    put(project / "locustfile.py", USERS.replace("    @task", '    host = "https://shop.example"\n\n    @task'))
    told, load = made(project)
    assert load["locustfile"] == "../locustfile.py"
    assert any("Guest's own host https://shop.example is replaced by load.against" in note for note in told.notes)


def test_of_several_none_is_used_and_one_is_to_be_named(project: Path) -> None:
    put(project / "load" / "guests.py", USERS)
    put(project / "load" / "clerks.py", USERS)
    told, load = made(project)
    assert load["locustfile"] == "first.py"
    assert any("drill init --locustfile load/clerks.py --force" in note for note in told.notes)


def test_what_only_a_run_knows_is_no_reason_to_take_an_alert_for_blind(project: Path) -> None:
    put(project / "locustfile.py", USERS.replace('"/rooms"', "self.where"))
    told, _ = made(project)
    assert any("POST /bookings, and more that only a run knows" in note for note in told.notes)


def test_routes_that_are_given_and_what_was_written_before_are_not_in_its_way(project: Path) -> None:
    put(project / "locustfile.py", USERS)
    put(project / "api.json", '{"openapi": "3.0.0", "paths": {"/rooms": {"get": {}}}}')
    _, load = made(project, openapi="api.json")
    assert load["locustfile"] == "first.py"
    made(project, new_locustfile=True, force=True, drills=None)
    (project / "locustfile.py").unlink()
    _, load = made(project, force=True)
    assert load["locustfile"] == "first.py"


def test_one_is_not_looked_for_in_a_module_of_helpers(project: Path) -> None:
    put(project / "load" / "base.py", USERS.replace("    @task", "    abstract = True\n\n    @task", 1))
    put(project / "load" / "models.py", "class AdminUser(User): ...\n")
    _, load = made(project)
    assert load["locustfile"] == "first.py"
