"""A greenlet of its own that keeps asking whatever the arrivals say: makes a run invalid."""

import gevent
from locust import FastHttpUser, task


class Poller(FastHttpUser):
    def on_start(self):
        gevent.spawn(self.poll)

    def poll(self):
        while True:
            self.client.get("/plain", name="/poll")
            gevent.sleep(0.05)

    @task
    def ask(self):
        self.client.get("/plain", name="/ask")
