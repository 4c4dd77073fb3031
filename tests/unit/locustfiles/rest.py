"""rest(): JSON parsed, a body that is no JSON, an assertion in the block."""

from locust import FastHttpUser, HttpUser


def good(user):
    with user.rest("GET", "/json", name="/good") as response:
        assert response.js["ok"] is True


def no_json(user):
    with user.rest("GET", "/plain", name="/nojson") as response:
        assert response.js is None


def asserted(user):
    with user.rest("GET", "/json", name="/asserted") as response:
        assert response.js["ok"] is False, "it should not be"


def stamped(user):
    with user.rest_("GET", "/json", name="/stamped"):
        pass


TASKS = [good, no_json, asserted, stamped]


class Slow(HttpUser):
    tasks = TASKS


class Fast(FastHttpUser):
    tasks = TASKS
