"""`load: {processes, workers}`: what a drill may say, what becomes of it, and what `drill plan` tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.cli.inputs import Looked
from harness.cli.plan_lines import lines
from harness.drill.load import Load
from harness.drill.parse import parse_text
from harness.plan import Plan, make_plan

OPEN: dict[str, Any] = {"locustfile": "a.py", "against": "api:80", "arrivals": [{"for": "1s", "rate": "40/s"}]}
JOINING = {"expect": 3, "listen": "10.0.0.5:5557", "token_file": "token"}


@pytest.mark.parametrize(
    ("said", "workers"),
    [({}, 1), ({"processes": 4}, 4), ({"workers": JOINING}, 3), ({"processes": 2, "workers": JOINING}, 5)],
)
def test_how_many_share_the_load(said: dict[str, Any], workers: int) -> None:
    assert Load.model_validate(OPEN | said).all_workers == workers


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"processes": 8, "max_in_flight": 7}, "8 processes share `max_in_flight` (7): each needs one at least"),
        ({"processes": 0}, "greater than or equal to 1"),
        ({"workers": JOINING | {"listen": "5557"}}, "'5557' is no host:port"),
        ({"workers": JOINING | {"listen": "here:99999"}}, "is no host:port"),
        ({"workers": {"expect": 2, "listen": "a:1"}}, "token_file"),
    ],
)
def test_what_cannot_be(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("(", r"\(").replace(")", r"\)")):
        Load.model_validate(OPEN | said)


DRILL = """
drill: heavy
stack: {{compose: [compose.yaml]}}
load: {{locustfile: shop.py, against: "api:80", {load}}}
steady: {{for: 5s, within: 20s, all: [errors < 1%]}}
phases:
  - {{name: calm, for: 20s, expect: [{{errors_below: {{ratio: 1%}}}}]}}
abort: {{any: [errors > 90% for 40s]}}
"""


def planned(tmp_path: Path, load: str, client: str) -> Plan:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "shop.py").write_text(f"import locust\n\nclass Shopper(locust.{client}):\n    pass\n")
    return make_plan(parse_text(DRILL.format(load=load), file=tmp_path / "heavy.yaml"))


@pytest.mark.parametrize(
    ("client", "rate", "more", "says"),
    [
        ("FastHttpUser", 2000, "", ""),
        ("FastHttpUser", 2001, "", "2001 arrivals per second are more than one process of the load"),
        ("FastHttpUser", 4000, ", processes: 2", ""),
        (
            "HttpUser",
            4000,
            ", processes: 2",
            "more than 2 processes of the load can be relied on to send on time (800/s each",
        ),
        ("HttpUser", 4000, "", "share them: load: {processes: 5}, or workers of other machines (drill worker)"),
    ],
)
def test_more_than_the_processes_carry_is_a_warning(
    tmp_path: Path, client: str, rate: int, more: str, says: str
) -> None:
    plan = planned(tmp_path, f"arrivals: [{{for: 10s, from: 1/s, to: {rate}/s}}]{more}", client)
    found = [problem for problem in plan.problems if "on time" in problem.what]
    assert bool(found) is bool(says)
    assert all(problem.severity == "warning" and says in problem.what for problem in found)


def test_the_plan_tells_who_shares_the_load(tmp_path: Path) -> None:
    one = "arrivals: [{for: 10s, rate: 5/s}]"
    workers = 'workers: {expect: 1, listen: "10.0.0.5:5557", token_file: token}'

    def told(load: str) -> str:
        return next(line for line in lines(planned(tmp_path, load, "HttpUser"), Looked()) if line.startswith("  load "))

    assert "shared" not in told(one)
    assert told(f"{one}, processes: 3").endswith("; shared by 3 processes here")
    assert "shared by 2 processes here and 1 worker that joins at 10.0.0.5:5557 (drill worker --join" in told(
        f"{one}, processes: 2, {workers}"
    )
    assert "shared by 1 worker that joins" in told(f"{one}, {workers}")
