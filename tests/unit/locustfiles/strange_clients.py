"""What people do besides a plain call of the user's client, one after the other."""

import itertools
import time

import gevent
from gevent.pool import Pool
from locust import HttpUser, TaskSet, task
from locust.clients import HttpSession
from locust.exception import RescheduleTask, StopUser
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


def pauses(user):
    time.sleep(0.3)
    user.client.get("/plain", name="/after-a-pause")


def comes_back(user):
    with user.client.get("/plain", name="/reschedule", catch_response=True):
        raise RescheduleTask()


def goes(user):
    with user.client.get("/plain", name="/stop-user", catch_response=True):
        raise StopUser()


def goes_after_an_error(user):
    with user.client.get("/status/404", name="/stop-user-404", catch_response=True):
        raise StopUser()


def is_stopped(user):
    user.client.get("/plain", name="/before-the-end")
    if next(STOPPED) == 0:
        with user.client.get("/plain", name="/cut-at-the-end", catch_response=True):
            gevent.sleep(60)


TURNS = itertools.cycle(
    [
        pauses,
        comes_back,
        goes,
        goes_after_an_error,
        is_stopped,
        lambda user: user.own.get("/plain", name="/own-session"),
        lambda user: user.bare.get("/plain", name="/no-headers"),
        lambda user: user.named.get("/plain", name="/own-id"),
        lambda user: user.client.get(f"{user.host}/absolute?x=1#here", headers={"Key": "k"}),
        lambda user: user.client.get("/params", params={"q": "a b"}),
        lambda user: user.client.get("/redirect", name="/followed"),
        lambda user: user.client.get("/redirect", name="/not-followed", allow_redirects=False),
        lambda user: user.client.head("/redirect", name="/head"),
        lambda user: user.client.get("/status/503", name="/gave-up"),
    ]
)
STOPPED = itertools.count()


class Stranger(HttpUser):
    weight = 4

    def on_start(self):
        self.own, self.bare, self.named = (HttpSession(self.host, self.environment.events.request, None) for _ in "abc")
        self.bare.headers = None
        self.named.headers = {"X-REQUEST-ID": "mine"}
        again = Retry(total=1, status_forcelist=[503], backoff_factor=0)
        self.client.mount(f"{self.host}/status/503", HTTPAdapter(max_retries=again))

    @task
    def step(self):
        next(TURNS)(self)


class Nested(HttpUser):
    @task
    class Page(TaskSet):
        def on_start(self):
            pool = Pool(2)
            for _ in range(2):
                pool.spawn(self.client.get, "/plain", name="/asset")
            pool.join()

        @task
        def read(self):
            with self.client.get("/plain", name="/interrupt", catch_response=True):
                self.interrupt()
