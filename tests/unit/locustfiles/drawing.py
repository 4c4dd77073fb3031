"""Tasks to choose from, each with a key that the locustfile draws itself."""

import random

from locust import HttpUser, task


class Buyer(HttpUser):
    @task
    def buy(self):
        self.ask("/buy")

    @task
    def look(self):
        self.ask("/look")

    def ask(self, name):
        self.client.get(f"{name}?{random.getrandbits(48):012x}", name=name)
