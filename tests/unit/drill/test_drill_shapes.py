"""A LoadTestShape in a locustfile that people use with plain Locust too: left unused, and said before the run, with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.validate import check
from harness.drill.parse import parse
from harness.plan import make_plan

Write = Callable[..., Path]

USERS = "from locust import HttpUser, LoadTestShape\nclass A(HttpUser): pass\n"
SHAPES = """import locust
from shapes import *
class Base(locust.LoadTestShape):
    abstract = True
class Waves(Base):
    pass
class Ramp(Waves):
    pass
"""


def said(checkout: Write, text: str, shapes: str = SHAPES) -> list[str]:
    """line:column and name of each."""
    path = checkout()
    (path.parent / "users.py").write_text(text)
    (path.parent / "shapes.py").write_text(shapes)
    found = parse(path).warnings
    assert all(problem.file.endswith("users.py") and problem.severity == "warning" for problem in found)
    return [f"{problem.line}:{problem.column} {problem.what.split()[0]}" for problem in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class S(LoadTestShape): pass", ["3:1 S"]),
        ("class S(LoadTestShape): pass\nclass T(S): pass", ["3:1 S", "4:1 T"]),
        ("class S(LoadTestShape):\n    abstract = True", []),
        ("class S(LoadTestShape):\n    abstract = True\nclass T(S): pass", ["5:1 T"]),
        ("import os\nif os.getenv('SHAPED'):\n    class S(LoadTestShape): pass", ["5:5 S"]),
        ("from locust import LoadTestShape as Shape\nclass S(Shape): pass", ["4:1 S"]),
        ("from shapes import Ramp, Base", ["3:1 Ramp"]),
        ("from .shapes import Waves as Mine", ["3:1 Mine"]),
        ("from shapes import *", ["3:1 Waves", "3:1 Ramp"]),
        ("from shapes import Base\nclass S(Base): pass", ["4:1 S"]),
        ("import shapes", []),
        ("from shop.shapes import Waves", []),
    ],
)
def test_each_that_locust_would_find_is_told_where_the_file_has_it(
    checkout: Write, text: str, found: list[str]
) -> None:
    assert said(checkout, USERS + text) == found


def test_a_module_that_is_no_python_is_told_by_the_run(checkout: Write) -> None:
    assert said(checkout, USERS + "from shapes import Waves", shapes="x = (1,\n") == []


def test_it_is_said_by_validate_and_by_plan(checkout: Write) -> None:
    path = checkout()
    (path.parent / "users.py").write_text(USERS + "class S(LoadTestShape): pass")
    what = "S is a LoadTestShape and is left unused: the drill's own arrivals are the load"
    assert what in [problem.what for problem in make_plan(parse(path)).problems]
    problems, _ = check(path, (), {})
    assert [(problem.line, problem.severity) for problem in problems if problem.what == what] == [(3, "warning")]


def test_the_closed_model_says_users(checkout: Write) -> None:
    path = checkout("  arrivals:\n    - {for: 45s, rate: 40/s}\n    - {for: 3m, rate: 80/s}\n", "  users: 5\n")
    (path.parent / "users.py").write_text(USERS + "class S(LoadTestShape): pass")
    assert [problem.what for problem in parse(path).warnings] == [
        "S is a LoadTestShape and is left unused: the drill's own users are the load"
    ]
