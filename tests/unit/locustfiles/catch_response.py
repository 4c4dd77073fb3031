"""catch_response in all its ways: the locustfile's word, an exception in the block, no block at all."""

from locust import FastHttpUser, HttpUser


def failure_on_ok(user):
    with user.client.get("/plain", name="/failure", catch_response=True) as response:
        response.failure("not what was asked for")


def success_on_404(user):
    with user.client.get("/status/404", name="/success", catch_response=True) as response:
        if response.status_code == 404:
            response.success()


def silent_on_500(user):
    with user.client.get("/status/500", name="/silent", catch_response=True):
        pass


def raises(user):
    with user.client.get("/plain", name="/raises", catch_response=True) as response:
        assert response.status_code == 418


def no_block(user):
    user.client.get("/plain", name="/noblock", catch_response=True)


def nested_blocks(user):
    with user.client.get("/plain", name="/outer", catch_response=True) as outer:
        user.client.get("/plain", name="/inner")
        outer.failure("after the inner one")


TASKS = [failure_on_ok, success_on_404, silent_on_500, raises, no_block, nested_blocks]


class Slow(HttpUser):
    tasks = TASKS


class Fast(FastHttpUser):
    tasks = TASKS
