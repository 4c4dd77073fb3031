from locust import FastHttpUser, task


class Locked(FastHttpUser):
    def on_start(self):
        raise RuntimeError("no such account")

    @task
    def ask(self):
        self.client.get("/plain")
