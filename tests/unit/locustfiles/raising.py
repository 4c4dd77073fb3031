"""Exceptions in tasks, before and after a request, a user that ends itself, and self.wait() in a task."""

from locust import FastHttpUser, constant, task
from locust.exception import RescheduleTask, StopUser


class Careless(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def before(self):
        raise ValueError("before any request")

    @task
    def after(self):
        self.client.get("/plain", name="/after")
        raise ValueError("after the request")

    @task
    def again(self):
        self.client.get("/plain", name="/again")
        raise RescheduleTask()

    @task
    def thinks(self):
        self.client.get("/plain", name="/before-thinking")
        self.wait()
        self.client.get("/plain", name="/after-thinking")

    @task
    def goes(self):
        self.client.get("/plain", name="/goes")
        raise StopUser()
