"""Clients that make several requests of one: a Retry, a digest; and one that does not, though its answer never comes."""

from locust import FastHttpUser, HttpUser, task
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.util import Retry


class Again(HttpUser):
    def on_start(self):
        retry = Retry(total=2, status_forcelist=[500], backoff_factor=0, raise_on_status=False)
        self.client.mount("http://", HTTPAdapter(max_retries=retry))

    @task
    def retried(self):
        self.client.get("/status/500", name="/retried")

    @task
    def digest(self):
        self.client.get("/digest", auth=HTTPDigestAuth("me", "secret"))


class Once(FastHttpUser):
    network_timeout = 0.1

    @task
    def slow(self):
        self.client.get("/slow")
