"""What a locustfile tells without being run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.locustfile import problems


def said(tmp_path: Path, text: str) -> str:
    (tmp_path / "users.py").write_text(text)
    return "\n".join(str(problem) for problem in problems(tmp_path / "users.py"))


@pytest.mark.parametrize(
    "text",
    [
        "from locust import HttpUser\nclass A(HttpUser): pass",
        "import locust\nclass A(locust.FastHttpUser): pass",
        "from locust import User\nclass Base(User):\n    abstract = True\nclass A(Base): pass",
        "from locust.contrib.fasthttp import FastHttpUser\nclass A(FastHttpUser): pass",
        "from shop import Base\nclass A(Base): pass",
        "import shop\nclass A(shop.Shopper): pass",
        "import shop.users as s\nclass A(s.Shopper): pass",
        "from shop.users import *",
        "from shop.users import ShopUser",
        "def make():\n    from locust import HttpUser\n    class A(HttpUser): pass\n    return A\nA = make()",
        "import locust\nclass A(mixin(), object): pass",
        "from scenarios import Shopper, Admin",
        "import scenarios\nShopper = scenarios.Shopper",
        "from .scenarios import Shopper",
        "import importlib\nShopper = importlib.import_module('scenarios').Shopper",
        "import os\nfrom locust import FastHttpUser, HttpUser\nBase = FastHttpUser if os.getenv('FAST') else HttpUser\n"
        "class Shopper(Base): pass",
        "from locust import HttpUser as Locust\nclass Shopper(Locust): pass",
        "from locust import HttpUser\nfor n in ('A', 'B'):\n    globals()[n] = type(n, (HttpUser,), {'tasks': []})",
        "from locust import HttpUser, LoadTestShape\nclass A(HttpUser): pass\nclass S(LoadTestShape): pass",
    ],
)
def test_a_file_with_a_user_is_good(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = (1,\n", "users.py:1:5: not Python"),
        ("", "no User class"),
        ("from locust import HttpUser\nprint(HttpUser)", "no User class"),
        ("from locust import TaskSet\nclass A(TaskSet): pass", "no User class"),
        ("from locust import HttpUser\nclass A(HttpUser):\n    abstract = True", "no User class"),
        ("class A(A): pass", "no User class"),
        ("from locust import TaskSet as Set\nclass A(Set): pass", "no User class"),
        ("import threading\nclass A(threading.Thread): pass\nprint(type(A))", "no User class"),
        ("class A(Exception): pass", "no User class"),
        ("import locust\nclass A(locust.TaskSet): pass", "no User class"),
        ("from locust import PytestUser\nclass U(PytestUser): pass", "U: a PytestUser runs its own test functions"),
        ("x = '\0'", "not Python"),
    ],
)
def test_a_file_that_cannot_be_driven_says_why(tmp_path: Path, text: str, says: str) -> None:
    assert says in said(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "none.py")
    assert "cannot be read" in str(problem)


def test_a_file_in_another_encoding_is_not_python(tmp_path: Path) -> None:
    (tmp_path / "users.py").write_bytes(b"x = '\xff'\n")
    (problem,) = problems(tmp_path / "users.py")
    assert "not Python" in str(problem)
