"""Requests that are answered with a redirect (303), which leads to no page, to nobody, or on; and one that nobody answers."""

from locust import FastHttpUser, HttpUser, task

LEADS = {"to-none": "/status/404", "to-nobody": "http://127.0.0.1:1/", "on": "/json"}


class Slow(HttpUser):
    word = ""

    @task
    def to_none(self):
        self.moved("to-none")

    @task
    def to_nobody(self):
        self.moved("to-nobody")

    @task
    def on(self):
        self.moved("on")

    @task
    def refused(self):
        self.client.post("http://127.0.0.1:1/", name=f"/{self.word}refused")

    def moved(self, name):
        self.client.post(f"/see?{LEADS[name]}", name=f"/{self.word}{name}")


class Fast(FastHttpUser):
    word = "fast-"
    to_none, to_nobody, on, refused, moved = Slow.to_none, Slow.to_nobody, Slow.on, Slow.refused, Slow.moved
