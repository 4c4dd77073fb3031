import time

from locust import FastHttpUser, task


class Patient(FastHttpUser):
    def on_start(self):
        time.sleep(3600)

    @task
    def ask(self):
        self.client.get("/plain")
