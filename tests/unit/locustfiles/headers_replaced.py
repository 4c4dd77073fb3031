"""Standing headers that are replaced by as many others."""

from locust import HttpUser, task


class Replaces(HttpUser):
    @task
    def ask(self):
        self.client.headers.setdefault("Accept", "text/plain")
        self.client.headers.pop("X-Request-ID", None)
        self.client.get("/before")
        del self.client.headers["Accept"]
        self.client.headers["X-Request-ID"] = "mine"
        self.client.get("/after")
