"""A class with a host of its own, and requests that go to other hosts: absolute, by another base, by a redirect; and to this one by other names."""

import os
from urllib.parse import urlsplit

from locust import FastHttpUser, HttpUser, task

IDP = os.environ["IDP"]


class Web(HttpUser):
    host = "https://production.example.com"

    @task
    def steps(self):
        port = urlsplit(self.client.base_url).port
        self.client.get("/plain")
        self.client.get(f"http://localhost:{port}/json")
        self.client.post(f"{IDP}/plain", data={"a": 1})
        self.client.get(f"{IDP}/json", name="/token")
        self.client.get(f"/see?{IDP}/landed")
        home, self.client.base_url = self.client.base_url, f"{IDP}/api"
        self.client.get("/orders?q=a b")
        self.client.base_url = home


class Fast(FastHttpUser):
    @task
    def steps(self):
        self.client.get("/plain")
        self.client.get(f"{IDP}/fast")
