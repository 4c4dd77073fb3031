"""Which users there are is chosen when the test begins; data come to them by messages, and their rest() is their own."""

from contextlib import contextmanager

from locust import FastHttpUser, HttpUser, events, task
from locust.runners import MasterRunner, WorkerRunner

names = []


def take(environment, msg, **_):
    names.extend(msg.data)
    environment.runner.send_message("taken", len(msg.data))


@events.init.add_listener
def begin(environment, **_):
    environment.user_classes = [cls for cls in environment.user_classes if cls.__name__ == "Api"]
    if not isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("names", take)
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("taken", lambda msg, **_: print("SEEN", msg.data))


@events.test_start.add_listener
def give(environment, **_):
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message("names", ["ann", "bob"])


class Web(HttpUser):
    @task
    def never(self):
        self.client.get("/never")


class Api(FastHttpUser):
    @contextmanager
    def rest(self, method, url, **kwargs):
        with super().rest(method, url, headers={"X-Tenant": "acme"}, **kwargs) as response:
            if response.js and "items" not in response.js:
                response.failure("no items")
            yield response

    @task
    def ask(self):
        with self.rest("GET", f"/json?{names[0]}", name=f"/items/{len(names)}"):
            pass

    @task
    def wrong(self):
        with self.rest("GET", "/plain", name="/html"):
            pass
