"""Opens a file by a path that depends on where it is started."""

from locust import HttpUser, task

with open("no-such-users.csv") as file:
    USERS = file.read().split()


class Reader(HttpUser):
    @task
    def item(self):
        self.client.get("/item")
