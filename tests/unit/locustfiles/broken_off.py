"""Answers that break off while they are read as a stream, and requests that the locustfile itself gives up."""

import contextlib

import gevent
from locust import FastHttpUser, HttpUser, task


class Slow(HttpUser):
    @task
    def export(self):
        for _ in self.client.get("/cut", name="/export", stream=True).iter_content(100):
            pass

    @task
    def caught(self):
        with self.client.get("/cut", name="/caught", stream=True, catch_response=True) as answer:
            try:
                answer.content  # noqa: B018
            except OSError as error:
                answer.failure(f"broke off: {error}")

    @task
    def swallowed(self):
        with self.client.get("/cut", name="/swallowed", stream=True, catch_response=True) as answer, forgiven():
            answer.raw.read()

    @task
    def said_to_be_good(self):
        with self.client.get("/cut", name="/said-to-be-good", stream=True, catch_response=True) as answer:
            with forgiven():
                answer.raw.read()
            answer.success()

    @task
    def whole(self):
        assert len(self.client.get("/json", name="/whole", stream=True).content) > 10

    @task
    def head_only(self):
        self.client.get("/cut", name="/head-only", stream=True).close()

    @task
    def limited(self):
        with gevent.Timeout(0.1, False):
            self.client.get("/slow", name="/limited")

    @task
    def killed(self):
        asked = gevent.spawn(self.client.get, "/slow", name="/killed")
        gevent.sleep(0.1)
        asked.kill()


class Fast(FastHttpUser):
    @task
    def export(self):
        stream = self.client.get("/cut", name="/fast-export", stream=True).stream
        while stream.read(100):
            pass

    @task
    def lines(self):
        for _ in self.client.iter_lines("/cut", name="/fast-lines"):
            pass

    @task
    def whole(self):
        assert b"items" in self.client.get("/json", name="/fast-whole", stream=True).content


def forgiven():
    return contextlib.suppress(Exception)
