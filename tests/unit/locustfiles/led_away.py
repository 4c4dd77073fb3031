"""The service redirects to another host, and both clients follow."""

import os

from locust import FastHttpUser, HttpUser, task

IDP = os.environ["IDP"]


class Slow(HttpUser):
    @task
    def away(self):
        self.client.get(f"/see?{IDP}/landed", name="/away")


class Fast(FastHttpUser):
    @task
    def away(self):
        self.client.get(f"/see?{IDP}/landed", name="/away")
