import sys

from locust import HttpUser, task


class Visitor(HttpUser):
    def on_start(self):
        sys.exit("login failed")

    @task
    def ask(self):
        self.client.get("/plain")
