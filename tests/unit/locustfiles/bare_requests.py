"""A client that Locust knows nothing of, and that tells nobody what it did."""

import requests
from locust import User, task


class Bare(User):
    @task
    def item(self):
        requests.get(self.host + "/bare", timeout=2)
