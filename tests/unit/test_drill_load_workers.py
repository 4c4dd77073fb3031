"""`load: {processes, workers}`: what a drill may say, what becomes of it, and what `drill plan` tells."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.drill.load import Load

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
