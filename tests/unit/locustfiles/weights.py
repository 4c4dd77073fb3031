"""Several classes: weights, one of weight 0, tasks as a dict of functions."""

from locust import FastHttpUser, HttpUser, task


def view(user):
    user.client.get("/plain", name="/view")


class Many(FastHttpUser):
    weight = 8
    tasks = {view: 1}  # noqa: RUF012


class Few(HttpUser):
    weight = 2

    @task
    def edit(self):
        self.client.get("/plain", name="/edit")


class Nobody(HttpUser):
    weight = 0

    @task
    def never(self):
        self.client.get("/never")
