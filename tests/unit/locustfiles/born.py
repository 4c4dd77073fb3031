"""Requests of greenlets and threads that were born here and there: in on_start, in a task that ends before them, in a pool that stays."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import gevent
from locust import FastHttpUser, HttpUser, task
from locust.exception import StopUser


class KeepsAlive(HttpUser):
    def on_start(self):
        gevent.spawn(self.beat)

    def beat(self):
        while True:
            time.sleep(0.05)
            self.client.get("/status/503", name="/keep-alive")

    @task
    def think(self):
        time.sleep(0.2)
        self.client.get("/plain", name="/thought")


class Forgets(FastHttpUser):
    @task
    def forget(self):
        gevent.spawn(self.client.get, "/plain", name="/forgotten")

    @task
    def leave_behind(self):
        self.client.get("/plain", name="/page")
        threading.Thread(target=lambda: (time.sleep(0.2), self.client.get("/plain", name="/beacon"))).start()


class Pools(HttpUser):
    def on_start(self):
        self.executor, self.pool = ThreadPoolExecutor(2), ThreadPool(2)
        list(self.executor.map(str, range(4)))

    def ask(self, name):
        self.client.get("/plain", name=name)

    @task
    def hand_over(self):
        list(self.executor.map(self.ask, ["/executor"] * 2))
        self.pool.map(self.ask, ["/pool"] * 2)
        self.pool.apply_async(func=self.ask, args=("/pool",)).get()


class Leaves(FastHttpUser):
    def on_start(self):
        self.client.post("/status/500", name="/login")

    @task
    def once(self):
        self.client.get("/plain", name="/once")
        raise StopUser()
