"""FastHttpUser: the same, with geventhttpclient; a header of its own that must not be overwritten."""

from locust import FastHttpUser, constant_throughput, task


class Reader(FastHttpUser):
    wait_time = constant_throughput(0.1)

    def on_start(self):
        self.client.post("/login", json={"user": "reader"})

    @task(3)
    def read(self):
        self.client.get("/json")

    @task
    def search(self):
        self.client.get("/json?q=x", name="/search")
        self.client.get("/plain", headers={"x-request-id": "mine-7"})
