"""FastHttpUser as it is, in a closed loop without a pause: what the same core can do at all."""

from locust import FastHttpUser, constant, task


class FlatOut(FastHttpUser):
    wait_time = constant(0)

    @task
    def ask(self):
        self.client.get("/x")
