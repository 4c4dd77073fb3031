"""Requests that are sent again, by the locustfile in its `except` block or by the client itself: what the last attempt met says
nothing of the first. Each goes to a server of its own, which ends after the answers that it is given (b"": it hangs up)."""

import gevent.server
from locust import FastHttpUser, HttpUser, task
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

NOBODY = "http://127.0.0.1:1/"
BUSY, NO = b"503 Service Unavailable", b"422 Unprocessable Entity"


def ending_after(*answers):
    left = list(answers)

    def answer(connection, _address):
        status = left.pop(0)
        if not left:
            served.close()
        connection.recv(65536)
        if status:
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()

    served = gevent.server.StreamServer(("127.0.0.1", 0), answer)
    served.start()
    return f"http://127.0.0.1:{served.server_port}/"


class Slow(HttpUser):
    word = ""

    @task
    def by_hand(self):
        try:
            self.ask(NOBODY, "first").raise_for_status()
        except Exception:
            self.ask(ending_after(b""), "second")

    def ask(self, url, name, method="POST"):
        return self.client.request(method, url, name=f"{self.word}{name}")


class Fast(FastHttpUser):
    word = "fast-"
    by_hand, ask = Slow.by_hand, Slow.ask

    @task
    def put(self):
        self.ask(ending_after(b""), "put", "PUT")


class Adapted(Slow):
    word = "adapted-"

    def on_start(self):
        again = Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0.01)
        self.client.mount("http://", HTTPAdapter(max_retries=again))

    @task
    def gone(self):
        self.ask(ending_after(b""), "gone")

    @task
    def busy(self):
        self.ask(ending_after(BUSY, NO), "busy")

    @task
    def nobody(self):
        self.ask(NOBODY, "nobody")
