"""A load of several locustfiles, as Locust's `-f one.py,two.py` and `-f folder` bring them together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.load.generator import Generator

Loaded = Callable[..., Any]
USER = """
from {folder}_words import PREFIX
from locust import FastHttpUser, task

class {name}(FastHttpUser):
    @task
    def ask(self):
        self.client.get(PREFIX)
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """Two of the same name in two folders, each with a module beside it, and one that has no users."""
    made = []
    for folder, name in (("browse", "Browser"), ("search", "Searcher")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}_words.py").write_text(f"PREFIX = '/{folder}'\n")
        made.append(tmp_path / folder / "users.py")
        made[-1].write_text(USER.format(name=name, folder=folder))
    return made[0], tmp_path / "browse" / "browse_words.py", made[1]


def refused(load: Callable[..., Generator], files: tuple[Path, ...]) -> str:
    generator = load(files, "http://127.0.0.1:1")
    generator.start()
    with pytest.raises(UsageError) as error:
        generator.ready(30.0)
    return str(error.value)


def test_users_of_all_files_share_the_arrivals(server: Any, loaded: Loaded, files: tuple[Path, ...]) -> None:
    run = loaded(files, server.url)
    assert set(run.by_endpoint()) - {""} == {"GET /browse", "GET /search"}
    kept = json.loads((run.folder / "load.json").read_text())
    assert kept["locustfiles"] == [str(path) for path in files]


def test_a_user_class_that_another_file_has_too_is_refused_with_both_places(
    load: Callable[..., Generator], files: tuple[Path, ...]
) -> None:
    files[2].write_text("\n\n" + USER.format(name="Browser", folder="search"))
    said = refused(load, files)
    assert said == f"{files[2]}:7: there is a User class Browser in {files[0]}:5 too; give one of them another name"


def test_a_class_that_one_file_imports_from_another_is_one(
    server: Any, loaded: Loaded, files: tuple[Path, ...]
) -> None:
    (files[0].parent / "more.py").write_text("from users import Browser\n")
    run = loaded((files[0].parent / "more.py", *files[:2]), server.url)
    assert set(run.by_endpoint()) - {""} == {"GET /browse"}


def test_what_is_wrong_is_told_at_its_file(load: Callable[..., Generator], files: tuple[Path, ...]) -> None:
    assert refused(load, (files[1],)).startswith(f"{files[1]}: it defines no User class")
    assert refused(load, (files[1], files[1])).startswith(f"{files[1]} and 1 more: it defines no User class")
    files[2].write_text("\nraise RuntimeError('no data')\n")
    assert refused(load, files).startswith(f"{files[2]}:2: it cannot be imported: RuntimeError: no data")
