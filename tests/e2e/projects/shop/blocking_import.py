"""A locustfile that waits for something that never comes while it is imported."""

import time

from locust import FastHttpUser, task

time.sleep(3600)


class Reader(FastHttpUser):
    @task
    def item(self):
        self.client.get("/item")
