"""Abstract classes, one with the tasks and one with the client, and a data file and a module beside this file."""

import csv
from pathlib import Path

from families_words import WORDS
from locust import FastHttpUser, HttpUser, constant, task

with (Path(__file__).parent / "families.csv").open() as file:
    NAMES = [row["name"] for row in csv.DictReader(file)]


class Base(HttpUser):
    abstract = True
    wait_time = constant(1)
    host = "http://127.0.0.1:9"  # whoever starts the load says where it goes

    @task
    def shared(self):
        self.client.get(f"/shared/{WORDS[0]}/{NAMES[0]}", name="/shared")


class Child(Base):
    weight = 1

    @task(2)
    def own(self):
        self.client.get("/own")


class Other(Base):
    weight = 1


class Fast(FastHttpUser):
    @task
    def fast(self):
        with self.rest("GET", "/json") as resp:
            assert resp.js["ok"]
