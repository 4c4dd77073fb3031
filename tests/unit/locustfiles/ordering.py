"""Orders, by both of Locust's HTTP clients, with their keys in a header and in the body; the path tells the server the key too."""

import json
import uuid

from locust import FastHttpUser, HttpUser, task


def order(client):
    key = str(uuid.uuid4())
    client.post(f"/json?{key}", headers={"idempotency-key": key}, name="/orders")
    client.put(f"/json?{key}", json={"order": {"key": key, "lines": [{"sku": 1}]}}, name="/orders")
    client.put(f"/json?{key}", data=json.dumps({"order": {"key": key}}).encode(), name="/orders")
    client.get("/json")


class Shopper(HttpUser):
    @task
    def buy(self):
        order(self.client)


class FastShopper(FastHttpUser):
    @task
    def buy(self):
        order(self.client)
