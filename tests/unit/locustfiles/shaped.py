"""Shapes of several kinds, as a file has them that people also give to plain Locust."""

from locust import FastHttpUser, LoadTestShape, task
from shapes_beside import Steps


class Waves(LoadTestShape):
    def tick(self):
        raise RuntimeError("nobody asks it")


class Stairs(Steps):
    abstract = True


class Surfer(FastHttpUser):
    @task
    def surf(self):
        self.client.get("/")
