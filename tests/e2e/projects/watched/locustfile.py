"""A reader, as plain as can be."""

from locust import FastHttpUser, task


class Reader(FastHttpUser):
    @task
    def item(self):
        self.client.get("/item")
