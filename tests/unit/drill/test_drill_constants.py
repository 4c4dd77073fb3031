"""A request that is named by a constant of the locustfile's own files is told; one whose name may hold anything else is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.endpoints import endpoints, requests

USERS = """\
from locust import HttpUser, task
{above}
class Shopper(HttpUser):
    {within}
    @task
    def buy(self):
        self.client.get("/a")
        self.client.post({called})
        {also}
"""


def told(folder: Path, called: str, above: str = "", within: str = "", also: str = "", **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    path = folder / "users.py"
    path.write_text(USERS.format(called=called, above=above, within=within, also=also))
    return path


@pytest.mark.parametrize(
    "given",
    [
        {"called": "PATH", "above": "PATH = '/b'"},
        {"called": "'/x', name=self.checkout", "within": "checkout = '/b'"},
        {"called": "self.path", "within": "path: ClassVar[str] = '/b'"},
        {"called": "Shopper.path", "within": "path = '/b'"},
        {"called": "PATH", "above": "from paths import PATH", "paths": "PATH = '/b'"},
        {"called": "paths.PATH", "above": "import paths", "paths": "PATH = '/b'"},
        {"called": "url=PATH", "above": "PATH: Final = '/b'"},
    ],
)
def test_a_name_that_holds_one_text_is_that_text(tmp_path: Path, given: dict[str, str]) -> None:
    assert endpoints(told(tmp_path, **given)) == ("GET /a", "POST /b")


def test_a_name_that_holds_several_texts_may_be_each_of_them(tmp_path: Path) -> None:
    above = "class Base:\n    checkout = '/b'\nclass Gold(Base):\n    checkout = '/b (gold)'\n"
    assert endpoints(told(tmp_path, "'/x', name=self.checkout", above)) == ("GET /a", "POST /b", "POST /b (gold)")


@pytest.mark.parametrize(
    "given",
    [
        {"called": "PATH"},
        {"called": "PATH", "above": "import os\nPATH = '/b'\nPATH = os.environ['PATH']"},
        {"called": "PATH", "above": "PATH = '/b'\nPATH += '/c'"},
        {"called": "PATH", "above": "PATH = '/b'\nfor PATH in ('/c', '/d'):\n    pass"},
        {"called": "PATH", "above": "PATH = '/b'\ndef other(PATH):\n    return PATH"},
        {"called": "self.path", "within": "path = '/b'", "also": "self.path = self.next()"},
        {"called": "self.path", "within": "path = '/b'", "also": "setattr(self, 'path', '/c')"},
        {"called": "self.path", "within": "path: str = '/b'"},
        {"called": "self.path", "within": "path = '/b'", "above": "Made = type('Made', (), {'path': '/c'})"},
        {"called": "answer.path", "within": "path = '/b'"},
        {"called": "Paths.B", "above": "from enum import StrEnum\nclass Paths(StrEnum):\n    B = '/b'"},
        {"called": "f'/b/{1}'"},
        {"called": "PATH", "above": "PATH = '/b c'"},
        {"called": "PATH", "above": "PATH = 3"},
        {"called": "PATH", "above": "from other import NAME as PATH", "other": "NAME = '/c'\nPATH = '/b'"},
    ],
)
def test_a_name_that_may_hold_anything_else_is_told_by_its_method_alone(tmp_path: Path, given: dict[str, str]) -> None:
    assert requests(told(tmp_path, **given)) == (("GET /a",), ("POST",))
