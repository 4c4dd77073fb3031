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


class Updating(HttpUser):
    @task
    def ask(self) -> None:
        if "Authorization" not in self.client.headers:
            self.client.headers.update({"Authorization": self.client.get("/plain").text})


class WithCookie(HttpUser):
    @task
    def ask(self) -> None:
        self.client.cookies.set("session", self.client.get("/plain").text)


class ByName(HttpUser):
    @task
    def ask(self) -> None:
        setattr(self, "bou" + "ght", self.client.get("/plain").text)


class LogsInFirst(HttpUser):
    @task
    class Steps(SequentialTaskSet):
        @task
        def log_in(self) -> None:
            self.client.post("/login")

        @task
        def pay(self) -> None:
            self.client.post("/paid")


class Reading(HttpUser):
    """Looks at one page after another, and only then orders."""

    @task
    class Steps(SequentialTaskSet):
        @task
        def ask(self) -> None:
            self.add(self.client.get("/plain").text)

        @task
        def pay(self) -> None:
            self.client.post("/paid")

        def add(self, text: str) -> None:
            found: list[str] = []
            found.append(text)


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


class LogsInOnce(HttpUser):
    @task
    def ask(self) -> None:
        if not self.client.cookies:
            self.client.post("/login")
        self.client.get("/plain")


class LogsInByHelper(HttpUser):
    def log_in(self) -> None:
        if "session" in self.client.cookies:
            return
        self.client.post("/login")

    @task
    def ask(self) -> None:
        self.log_in()
        self.client.get("/plain")


class Visitor(HttpUser):
    abstract = True

    def log_in(self) -> None:
        self.client.post("/login")


def log_in(steps: Any) -> None:
    steps.client.post("/login")


class ByMethod(HttpUser):
    @task
    class Steps(SequentialTaskSet):
        def log_in(self) -> None:
            self.once()

        def once(self) -> None:
            self.client.post("/login")

        @task
        def begin(self) -> None:
            self.log_in()

        @task
        def ask(self) -> None:
            self.client.get("/plain")


class ByItsUser(Visitor):
    @task
    class Steps(SequentialTaskSet):
        @task
        def begin(self) -> None:
            self.user.log_in()  # type: ignore[attr-defined]

        @task
        def ask(self) -> None:
            self.client.get("/plain")


class ByHelper(HttpUser):
    @task
    class Steps(SequentialTaskSet):
        @task
        def begin(self) -> None:
            log_in(self)

        @task
        def ask(self) -> None:
            self.client.get("/plain")


class Counting(HttpUser):
    """What it keeps, all users share."""

    @task
    def ask(self) -> None:
        self.environment.shared.setdefault("asked", 0)
        self.environment.asked = 1
        self.client.get("/plain")


class Steady(HttpUser):
    """Looks at its answers, not at what it has; its steps call what changes nothing, and themselves."""

    @task
    class Steps(SequentialTaskSet):
        @task
        def ask(self) -> None:
            if "Retry-After" in self.client.get("/plain").headers:
                self.ask()

        @task
        def order(self) -> None:
            self.client.post("/paid")
