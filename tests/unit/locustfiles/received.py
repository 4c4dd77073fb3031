"""A client of its own whose greenlet tells of what it receives; at last the disk is full."""

import itertools
import os
from pathlib import Path

import gevent
from locust import User, task

SENT = itertools.count()


def fill_the_disk():
    full = os.open("/dev/full", os.O_WRONLY)
    for one in Path("/proc/self/fd").iterdir():
        if one.exists() and one.resolve().name.endswith(".names.jsonl"):
            os.dup2(full, int(one.name))


class Chatter(User):
    def tell(self, kind, name):
        fire = self.environment.events.request.fire
        fire(request_type=kind, name=name, response_time=0, response_length=0, exception=None, context={})

    def on_start(self):
        gevent.spawn(self.receive)

    def receive(self):
        while True:
            self.tell("IN", "message")
            gevent.sleep(0.02)

    @task
    def send(self):
        number = next(SENT)
        if number == 20:
            fill_the_disk()
        self.tell("OUT", "message" if number < 20 else "never seen before")
