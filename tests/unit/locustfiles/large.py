"""Answers of 8 MB: read whole, and streamed and left."""

from locust import FastHttpUser, HttpUser, task


class Whole(HttpUser):
    @task
    def whole(self):
        assert len(self.client.get("/large").content) == 8_000_000

    @task
    def streamed(self):
        with self.client.get("/large", stream=True, catch_response=True, name="/streamed") as answer:
            assert answer.raw.read(10) == b"x" * 10
            answer.success()


class Fast(FastHttpUser):
    @task
    def whole(self):
        assert len(self.client.get("/large", name="/fast").content) == 8_000_000
