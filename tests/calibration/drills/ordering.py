"""Never run: the load of orders.yaml is simulated. It shows the one request that is a business operation."""

from locust import HttpUser, task


class Buyer(HttpUser):
    @task
    def buy(self) -> None:
        self.client.post("/orders", json={"sku": 1}, headers={"Idempotency-Key": "…"})
