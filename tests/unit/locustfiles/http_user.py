"""HttpUser: a log-in, a wait_time that arrivals make meaningless, weighted tasks, a task of several requests."""

from locust import HttpUser, between, task


class Reader(HttpUser):
    wait_time = between(1, 5)

    def on_start(self):
        self.client.post("/login", json={"user": "reader"})

    @task(3)
    def read(self):
        self.client.get("/json")

    @task
    def search(self):
        self.client.get("/json", params={"q": "x"}, name="/search")
        self.client.get("/plain")

    def on_stop(self):
        self.client.get("/logout")
