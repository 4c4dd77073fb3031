"""A locustfile that computes so much that its arrivals come late."""

import time

from locust import FastHttpUser, task


class Starving(FastHttpUser):
    @task
    def item(self):
        until = time.perf_counter() + 0.06
        while time.perf_counter() < until:
            pass
        self.client.get("/item")
