"""Users that were to choose their tasks as they start, and choose none."""

from locust import FastHttpUser


class Undecided(FastHttpUser):
    def on_start(self):
        self.tasks = []
