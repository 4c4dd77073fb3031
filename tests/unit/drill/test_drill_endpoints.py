"""The names of a locustfile's requests are told where its own files tell them all; else why they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.endpoints import endpoints, prepared, untold

USER = """\
from locust import HttpUser, task
{imports}
class Shopper(HttpUser):
    @task
    def buy(self):
        self.client.get("/a")
        {also}
"""
ASKS = "def ask(user):\n    user.client.get('/b')\n"
HANDED = "def ask(client):\n    client.get('/b')\n"
KEPT = (
    "class Shop:\n    def __init__(self, client):\n        self.client = client\n"
    "    def ask(self):\n        self.client.get('/b')\n"
)
OTHERWISE = "def ask(**given):\n    given['client'].get('/b')\n"
KEPT_OTHERWISE = "class Shop:\n    def __init__(self, **given):\n        self.http = given['client']\n"


def written(folder: Path, imports: str, also: str, **files: str) -> Path:
    """A locustfile with files beside it; `shop__cart` is shop/cart.py."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/', 1)}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    path = folder / "users.py"
    path.write_text(USER.format(imports=imports, also=also))
    return path


@pytest.mark.parametrize(
    ("imports", "also", "files"),
    [
        ("import steps", "steps.ask(self)", {"steps": ASKS}),
        ("from shop.cart import ask", "ask(self)", {"shop__cart": ASKS}),
        ("from shop.cart import ask", "ask(self)", {"shop____init__": "", "shop__cart": ASKS}),
        ("from shop import ask", "ask(self)", {"shop____init__": "from .cart import ask\n", "shop__cart": ASKS}),
        ("from shop import ask", "ask(self)", {"shop____init__": "from . import cart\n", "shop__cart": ASKS}),
        ("from shop import cart", "cart.ask(self)", {"shop__cart": ASKS}),
        ("from shop import *", "cart.ask(self)", {"shop____init__": "__all__ = ['cart']\n", "shop__cart": ASKS}),
        ("import shop.tea", "", {"shop__tea": "from steps import ask\n", "steps": ASKS}),
        ("import profile", "profile.ask(self)", {"profile": ASKS}),
        ("from steps import ask", "ask(self.client)", {"steps": HANDED}),
        ("import steps", "steps.ask(client=self.client)", {"steps": HANDED}),
        ("from steps import Shop", "Shop(self.client).ask()", {"steps": KEPT}),
        ("import steps", "steps.ask(client=self.client)", {"steps": "def ask(*, client):\n    client.get('/b')\n"}),
    ],
)
def test_what_it_imports_from_its_own_folder_is_read_too(
    tmp_path: Path, imports: str, also: str, files: dict[str, str]
) -> None:
    path = written(tmp_path, imports, also, **files)
    assert endpoints(path) == ("GET /a", "GET /b")
    assert untold(path) == ""


@pytest.mark.parametrize(
    ("imports", "also", "files", "why"),
    [
        ("from faker import Faker", "", {}, "users.py:2 imports faker, which is not beside the locustfile"),
        ("import shop", "", {"shop__cart": ASKS}, "users.py:2 imports shop, which"),  # an installed one goes before it
        ("from ..shop import ask", "", {"shop": ASKS}, "users.py:2 imports ..shop, which"),
        ("import steps", "", {"steps": "import faker\n"}, "steps.py:1 imports faker, which"),
        ("import importlib", "importlib.import_module('x').ask(self)", {}, "users.py:7 may make requests that no call"),
        ("", "self.client.get(PATH)", {}, "users.py:7 makes a request whose name only a run knows"),
        ("import steps", "steps.ask(self.client)", {"steps": "def ask(http):\n    http.get('/b')\n"}, "users.py:7 may"),
        ("import steps", "steps.ask(self.client)", {"steps": f"@wrapped\n{HANDED}"}, "users.py:7 may make"),
        ("import steps", "kept.ask(self.client)", {"steps": HANDED}, "users.py:7 may make requests"),
        ("import steps", "steps.ask(*[self.client])", {"steps": HANDED}, "users.py:7 may make requests"),
        ("import steps", "steps.ask(client=self.client)", {"steps": OTHERWISE}, "users.py:7 may make requests"),
        ("import steps", "steps.Shop(client=self.client)", {"steps": KEPT_OTHERWISE}, "users.py:7 may make requests"),
        ("from steps import Shop", "Shop(self.client)", {"steps": "class Shop(Base):\n    pass\n"}, "users.py:7 may"),
    ],
)
def test_what_nobody_can_tell_is_said_with_its_place(
    tmp_path: Path, imports: str, also: str, files: dict[str, str], why: str
) -> None:
    path = written(tmp_path, imports, also, **files)
    assert endpoints(path) is None
    assert why in untold(path)


def test_a_locustfile_that_shows_no_request_tells_none(tmp_path: Path) -> None:
    path = tmp_path / "users.py"
    path.write_text("from locust import User\nclass Shopper(User):\n    pass\n")
    assert (endpoints(path), untold(path).partition(":")[2]) == (None, "1 has users, and shows no request of theirs")
    path.write_text("PRICE = 1\n")
    assert (endpoints(path), untold(path).partition(":")[2]) == (None, "1 shows no request")
    path.write_text("def broken(:\n")
    assert endpoints(path) is None
    assert "cannot be read" in untold(path)


def test_a_client_that_on_start_hands_on_may_be_handed_on_by_tasks_too(tmp_path: Path) -> None:
    path = written(tmp_path, "from steps import ask", "", steps=HANDED)
    path.write_text(
        f"{path.read_text()}\n    def on_start(self):\n        ask(self.client)\n        self.client.get('/in')\n"
    )
    assert endpoints(path) == ("GET /a", "GET /b", "GET /in")
    assert prepared(path) == ("GET /in",)
