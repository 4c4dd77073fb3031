"""Never run: the rehearsal's load is simulated. It shows one request for each arrival."""

from locust import HttpUser, task


class Shopper(HttpUser):
    @task
    def shop(self) -> None:
        self.client.get("/products")
