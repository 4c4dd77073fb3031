"""Nested TaskSets, left by interrupt with and without rescheduling; on_start and on_stop of a set."""

from locust import FastHttpUser, TaskSet, task


class Forum(TaskSet):
    def on_start(self):
        self.client.get("/enter")

    def on_stop(self):
        self.client.get("/exit")

    @task(3)
    def read(self):
        self.client.get("/json")

    @task
    class Thread(TaskSet):
        @task(2)
        def post(self):
            self.client.post("/plain", data="hello")

        @task
        def leave(self):
            self.interrupt(reschedule=False)

    @task
    def leave(self):
        self.client.get("/plain")
        self.interrupt()


class Visitor(FastHttpUser):
    tasks = {Forum: 1}  # noqa: RUF012
