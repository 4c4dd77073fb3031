"""A SequentialTaskSet: its order is kept, each step is an arrival."""

from locust import FastHttpUser, SequentialTaskSet, task


class Checkout(SequentialTaskSet):
    @task
    def first(self):
        self.client.get("/step/first")

    @task
    def second(self):
        self.client.get("/step/second")

    @task
    def third(self):
        self.client.get("/step/third")


class Buyer(FastHttpUser):
    tasks = [Checkout]  # noqa: RUF012
