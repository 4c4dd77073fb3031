"""A user's whole session in one task, as it is often written: it loops, and paces itself."""

from locust import HttpUser, between, task


class Looping(HttpUser):
    wait_time = between(0.05, 0.1)

    @task
    def session(self):
        while True:
            self.client.get("/plain")
            self.wait()
