"""fixed_count: two of the users are administrators."""

from locust import FastHttpUser, task


class Admin(FastHttpUser):
    fixed_count = 2

    @task
    def administer(self):
        self.client.get("/plain", name="/admin")


class Member(FastHttpUser):
    weight = 5

    @task
    def use(self):
        self.client.get("/plain", name="/use")
