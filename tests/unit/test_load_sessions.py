"""Users with a session of their own take turns; of others, few are used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ASKED = """
import json
import sys

sys.path.insert(0, sys.argv[1])
import somebody
from harness.load.sessions import own_session

users = {name: cls for name, cls in vars(somebody).items() if getattr(cls, "tasks", None)}
print(json.dumps({name: own_session(cls) for name, cls in users.items()}))
"""
"""In a process of its own: Locust patches the one that imports it."""


def test_a_user_that_begins_with_something_or_keeps_something_is_somebody_and_one_that_only_asks_is_not() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ASKED, str(Path(__file__).with_name("locustfiles"))],
        capture_output=True,
        text=True,
        check=True,
    )
    somebody = json.loads(told.stdout)
    assert [name for name, is_somebody in somebody.items() if not is_somebody] == [
        "Plain",
        "Reading",
        "Counting",
        "Steady",
    ]
    assert len(somebody) == 17


def test_users_that_log_in_all_take_turns(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("http_user", server.url, rate=30.0, max_in_flight=10)

    users = run.rows.array["user"][run.rows.counted()]
    assert len(set(users)) == 10
    assert np.bincount(users)[1:].max() <= 0.3 * len(users), "none of them has most of the load"


def test_what_is_stated_of_their_turns_is_kept(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("http_user", server.url, rate=20.0, max_in_flight=10, users_at_least=1)

    users = run.rows.array["user"][run.rows.counted()]
    assert len(set(users[2:])) <= 3
