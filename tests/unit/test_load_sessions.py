"""Users with a session of their own take turns; of others, few are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from locust import HttpUser, SequentialTaskSet, TaskSet, task

from harness.load.sessions import own_session


class Plain(HttpUser):
    @task
    def ask(self) -> None:
        with self.client.get("/plain", catch_response=True) as response:
            response.request_meta["name"] = "/renamed"  # of the answer, not of the user


class LogsIn(HttpUser):
    abstract = True

    def on_start(self) -> None:
        self.client.post("/login")


class Shopper(LogsIn):
    @task
    def ask(self) -> None:
        self.client.get("/plain")


class Keeping(HttpUser):
    @task
    def ask(self) -> None:
        self.client.headers["Authorization"] = self.client.get("/plain").text


def buy(user: Any) -> None:
    user.bought = user.client.get("/plain").text


class ByFunction(HttpUser):
    tasks = [buy]  # noqa: RUF012  (as people write it)


class Visit(HttpUser):
    @task
    class Steps(SequentialTaskSet):
        @task
        class Pay(TaskSet):
            def on_start(self) -> None:
                self.client.get("/plain")

            @task
            def pay(self) -> None:
                self.client.get("/paid")


@pytest.mark.parametrize("cls", [Shopper, Keeping, ByFunction, Visit])
def test_a_user_that_begins_with_something_or_keeps_something_is_somebody(cls: Any) -> None:
    assert own_session(cls)


def test_a_user_that_only_asks_is_as_good_as_any_other() -> None:
    assert not own_session(Plain)


def test_users_that_log_in_all_take_turns(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("http_user", server.url, rate=30.0, max_in_flight=10)

    users = run.rows.array["user"][run.rows.counted()]
    assert len(set(users)) == 10
    assert np.bincount(users)[1:].max() <= 0.3 * len(users), "none of them has most of the load"


def test_what_is_stated_of_their_turns_is_kept(server: Any, loaded: Callable[..., Any]) -> None:
    run = loaded("http_user", server.url, rate=20.0, max_in_flight=10, users_at_least=1)

    users = run.rows.array["user"][run.rows.counted()]
    assert len(set(users[2:])) <= 3
