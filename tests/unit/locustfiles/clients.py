"""What clients can do: rename, stream, follow and not follow redirects, time-outs of their own, parallel requests, queries."""

import gevent
from locust import FastHttpUser, HttpUser, task


class Slow(HttpUser):
    @task
    def grouped(self):
        with self.client.rename_request("/grouped"):
            self.client.get("/plain?id=1")

    @task
    def streamed(self):
        with self.client.get("/json", name="/streamed", stream=True) as response:
            response.raw.read()

    @task
    def followed(self):
        self.client.get("/redirect", name="/followed")

    @task
    def not_followed(self):
        self.client.get("/redirect", name="/not-followed", allow_redirects=False)

    @task
    def impatient(self):
        self.client.get("/slow", name="/impatient", timeout=0.05)

    @task
    def cut(self):
        self.client.get("/cut", name="/cut")

    @task
    def closed(self):
        self.client.post("/closed", name="/closed")

    @task
    def refused(self):
        self.client.get("http://127.0.0.1:1/", name="/refused")


class Fast(FastHttpUser):
    concurrency = 20

    @task
    def followed(self):
        self.client.get("/redirect", name="/fast-followed")

    @task
    def not_followed(self):
        self.client.get("/redirect", name="/fast-not-followed", allow_redirects=False)

    @task
    def streamed(self):
        response = self.client.get("/json", name="/fast-streamed", stream=True)
        response.content  # noqa: B018

    @task
    def parallel(self):
        jobs = [gevent.spawn(self.client.get, "/plain", name="/parallel") for _ in range(3)]
        gevent.joinall(jobs)

    @task
    def cut(self):
        self.client.get("/cut", name="/fast-cut")

    @task
    def closed(self):
        self.client.post("/closed", name="/fast-closed")

    @task
    def refused(self):
        self.client.get("http://127.0.0.1:1/", name="/fast-refused")
