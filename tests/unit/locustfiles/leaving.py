"""A task that ends the whole process."""

import sys

from locust import HttpUser, task


class Leaver(HttpUser):
    @task
    def leave(self):
        self.client.get("/leave")
        sys.exit(3)
