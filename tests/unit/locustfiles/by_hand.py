"""A client of its own that fires the request event by hand, and one that lets Locust measure."""

import time

from locust import User, task


class Custom(User):
    @task
    def fired(self):
        began = time.time()
        start = time.perf_counter()
        time.sleep(0.002)
        self.environment.events.request.fire(
            request_type="GRPC",
            name="Say",
            response_time=(time.perf_counter() - start) * 1000,
            response_length=7,
            exception=None,
            context={},
            start_time=began,
        )

    @task
    def measured(self):
        with self.environment.events.request.measure("SQL", "select") as meta:
            time.sleep(0.001)
            meta["response_length"] = 3

    @task
    def failing(self):
        with self.environment.events.request.measure("SQL", "refused"):
            raise ConnectionRefusedError("no")

    @task
    def silent(self):
        time.sleep(0.001)
