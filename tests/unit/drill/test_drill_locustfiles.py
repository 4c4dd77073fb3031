"""Several locustfiles of one drill: a list, a folder, and what their texts tell together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill import elsewhere, locustfile
from harness.drill.model import Drill
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved

Write = Callable[..., Path]

USER = """from locust import HttpUser, task
class {name}(HttpUser):
    @task
    def ask(self):
        self.client.get("{path}")
"""


@pytest.fixture
def scenarios(checkout: Write) -> Path:
    """A folder beside the drill with what people keep in one."""
    folder = checkout().parent / "scenarios"
    (folder / "search").mkdir(parents=True)
    (folder / "browse.py").write_text(USER.format(name="Browser", path="/browse"))
    (folder / "search" / "browse.py").write_text(USER.format(name="Searcher", path="/search"))
    for name in ("_base.py", "__init__.py", "search/_base.py", "words.csv"):
        (folder / name).write_text("no, python\n")
    return folder


def with_files(checkout: Write, value: str, old: str = "", new: str = "") -> Path:
    path = checkout("locustfile: users.py", f"locustfile: {value}")
    path.write_text(path.read_text().replace(old, new, 1))
    return path


def names(drill: Drill, base: Path) -> list[str]:
    return [str(path.relative_to(base)) for path in drill.locustfiles]


@pytest.mark.parametrize(
    ("value", "files"),
    [
        ("scenarios", ["scenarios/browse.py", "scenarios/search/browse.py"]),
        ("[users.py, scenarios/search]", ["users.py", "scenarios/search/browse.py"]),
        ("[scenarios/search/browse.py, scenarios]", ["scenarios/search/browse.py", "scenarios/browse.py"]),
        ("[users.py, ./users.py]", ["users.py"]),
    ],
)
def test_a_list_and_a_folder_name_files_as_they_do_for_locust(
    checkout: Write, scenarios: Path, tmp_path: Path, value: str, files: list[str]
) -> None:
    drill = parse(with_files(checkout, value))
    assert names(drill, scenarios.parent) == files
    (tmp_path / "drill.yaml").write_text(drill.masked())
    assert load_resolved(tmp_path).locustfiles == drill.locustfiles
    assert locustfile.problems(*drill.locustfiles) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[users.py, gone.py]", "checkout.yaml:10:26: gone.py is not there"),
        ("[]", "load.locustfile: must not be empty"),
        ('""', "load.locustfile: write a file, a folder, or a list of them"),
        ("7", "load.locustfile: write a file, a folder, or a list of them"),
        ("[users.py, 7]", "load.locustfile.1: must be text"),
        ("empty", "empty has no locustfile: no *.py that does not begin with _"),
        ("users.py, scenarios", "several locustfiles are a list: [users.py, scenarios]"),
    ],
)
def test_what_names_no_file_is_refused_at_its_place(checkout: Write, scenarios: Path, value: str, says: str) -> None:
    (scenarios.parent / "empty").mkdir()
    with pytest.raises(Invalid) as invalid:
        parse(with_files(checkout, value))
    assert says in str(invalid.value)


def test_requests_of_all_are_known_and_of_none_are_told(checkout: Write, scenarios: Path) -> None:
    gate = "p95 of GET {} < 300ms"
    drill = parse(with_files(checkout, "[users.py, scenarios]", "p95 < 300ms", gate.format("/search")))
    assert drill.origin.endpoints == ("GET /browse", "GET /search", "POST /checkout")
    assert drill.origin.requests_per_task == 1
    with pytest.raises(Invalid, match="the locustfile makes no request 'GET /gone'"):
        parse(with_files(checkout, "[users.py, scenarios]", "p95 < 300ms", gate.format("/gone")))
    (scenarios / "driver.py").write_text("from locust import User\nclass Other(User): pass\n")
    drill = parse(with_files(checkout, "[users.py, scenarios]"))
    assert drill.origin.endpoints is None, "of one file nobody knows"
    assert drill.origin.requests_per_task == float("inf")


def test_what_one_alone_prepares_and_another_asks_in_a_task_counts(checkout: Write, scenarios: Path) -> None:
    login = USER.format(name="Member", path="/browse").replace("@task\n    def ask", "def on_start")
    (scenarios / "search" / "browse.py").write_text(login)
    assert parse(with_files(checkout, "scenarios/search")).origin.prepared == ("GET /browse",)
    assert parse(with_files(checkout, "scenarios")).origin.prepared == ()


def test_problems_are_told_of_each_file(scenarios: Path) -> None:
    one, two = scenarios / "browse.py", scenarios / "search" / "browse.py"
    two.write_text("class A(Exception): pass\n")
    assert locustfile.problems(one, two) == [], "one of them has users, as Locust asks"
    one.write_text("x = (1,\n")
    two.write_text("from locust import PytestUser\nclass P(PytestUser): pass\n")
    assert [problem.line for problem in locustfile.problems(one, two)] == [1, 2]
    one.write_text("x = 1\n")
    two.write_text("x = 2\n")
    (none,) = locustfile.problems(one, two)
    assert none.what.startswith("no User class (nor in ")
    for file in (one, two):
        file.write_text(USER.format(name=f"{file.parent.name}User", path="http://idp/token"))
    assert [warning.line for warning in elsewhere.warnings(one, two)] == [5, 5]


def test_two_users_of_one_name_are_told_with_both_places(scenarios: Path) -> None:
    one, two = scenarios / "browse.py", scenarios / "search" / "browse.py"
    two.write_text("\n" + one.read_text())
    (problem,) = locustfile.problems(one, two)
    assert problem.file.endswith("search/browse.py")
    assert problem.line == 3
    assert "there is a User class Browser in " in problem.what
    assert "scenarios/browse.py:2 too; give one of them another name" in problem.what
    two.write_text(one.read_text() + "    abstract = True\nclass Other(Browser): pass\n")
    assert locustfile.problems(one, two) == [], "Locust starts no abstract one"
