"""Tasks given as attributes: functions, a dictionary of weights, nested sets, a set that goes back at once."""

from locust import HttpUser, TaskSet, task
from locust.exception import RescheduleTask, RescheduleTaskImmediately


def outside(user):
    user.client.get("/outside")


def forum_index(tasks):
    tasks.client.get("/forum")


class Thread(TaskSet):
    @task
    def read(self):
        assert self.parent.name == "forum"
        assert self.user.host
        self.client.get("/thread")

    @task
    def back(self):
        self.client.get("/back")
        self.interrupt(reschedule=False)


class Forum(TaskSet):
    name = "forum"
    tasks = {Thread: 2, forum_index: 3}  # noqa: RUF012 (as the documentation writes it)

    @task
    def leave(self):
        self.client.get("/leave")
        self.interrupt()


class Again(TaskSet):
    @task
    def later(self):
        self.client.get("/later")
        raise RescheduleTask()

    @task
    def at_once(self):
        self.client.get("/at-once")
        raise RescheduleTaskImmediately()

    @task
    def stop(self):
        self.client.get("/stop")
        self.interrupt()


class Visitor(HttpUser):
    tasks = [outside, Forum, Again]  # noqa: RUF012 (as the documentation writes it)
