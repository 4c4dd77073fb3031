"""A locustfile that needs something which is not there, on its fifth line."""

from locust import FastHttpUser, task

raise RuntimeError("no accounts to log in with")


class Reader(FastHttpUser):
    @task
    def item(self):
        self.client.get("/item")
