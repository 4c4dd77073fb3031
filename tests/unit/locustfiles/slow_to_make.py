"""Users that end after each task, and whose successors wait for a login while they are made."""

import itertools

import gevent
from locust import HttpUser, task
from locust.clients import HttpSession
from locust.exception import StopUser

MADE = itertools.count()


class Visitor(HttpUser):
    def __init__(self, *args):
        super().__init__(*args)
        if next(MADE) >= 4:
            self.client.get("/plain", name="/login")
            HttpSession(self.host, self.environment.events.request, None).get("/plain", name="/token")
            gevent.sleep(1.5)

    @task
    def ask(self):
        self.client.get("/plain", name="/ask")
        raise StopUser()
