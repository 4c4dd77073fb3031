"""on_start that never lets go of the processor."""

from locust import HttpUser, task


class Spinner(HttpUser):
    def on_start(self):
        while True:
            pass

    @task
    def never(self):
        self.client.get("/never")
