"""A journey as people write it: steps, a set within them that may be left at once or after more, and sets chosen by weight."""

from locust import HttpUser, SequentialTaskSet, TaskSet, constant_throughput, task


class Checkout(SequentialTaskSet):
    def on_start(self):
        self.client.get("/plain", name="/cart/open")

    @task
    def add(self):
        for _ in range(2):
            self.client.post("/plain", name="/cart/add")

    @task
    class Confirm(TaskSet):
        @task
        def poll(self):
            self.client.get("/plain", name="/confirm")
            self.interrupt(reschedule=False)

    @task
    def done(self):
        if self.client.post("/json", name="/pay").ok:
            self.interrupt()


class Browse(TaskSet):
    @task(5)
    def look(self):
        self.client.get("/plain", name="/look")

    @task
    def leave(self):
        self.interrupt()


class Shopper(HttpUser):
    wait_time = constant_throughput(2)
    tasks = {Checkout: 1, Browse: 1}  # noqa: RUF012  (as people write it)
