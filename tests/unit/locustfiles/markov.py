"""A MarkovTaskSet: each step is an arrival, and leads where its transitions say."""

from locust import FastHttpUser, MarkovTaskSet, transition, transitions


class Walk(MarkovTaskSet):
    @transition("browse")
    def index(self):
        self.client.get("/step/index")

    @transitions({"index": 1, "browse": 2})
    def browse(self):
        self.client.get("/step/browse")


class Walker(FastHttpUser):
    tasks = [Walk]  # noqa: RUF012
