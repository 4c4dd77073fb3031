"""Tags: only what is tagged 'keep' and not 'slow' runs."""

from locust import FastHttpUser, tag, task


class Tagged(FastHttpUser):
    @tag("keep")
    @task
    def kept(self):
        self.client.get("/plain", name="/kept")

    @tag("keep", "slow")
    @task
    def excluded(self):
        self.client.get("/plain", name="/excluded")

    @task
    def untagged(self):
        self.client.get("/plain", name="/untagged")
