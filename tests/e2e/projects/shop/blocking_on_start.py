"""Users whose log-in never ends."""

import time

from locust import FastHttpUser, task


class Reader(FastHttpUser):
    def on_start(self):
        time.sleep(3600)

    @task
    def item(self):
        self.client.get("/item")
