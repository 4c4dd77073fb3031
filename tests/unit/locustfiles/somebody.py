"""Users that are somebody to the service, by what they begin with or keep; and one that is as good as any other."""

from __future__ import annotations

from typing import Any

from locust import HttpUser, SequentialTaskSet, TaskSet, task


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
