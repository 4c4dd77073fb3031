from locust import FastHttpUser, task


class Runner(FastHttpUser):
    def run(self):
        while True:
            self.client.get("/")

    @task
    def never(self):
        pass
