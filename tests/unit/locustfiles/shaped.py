from locust import FastHttpUser, LoadTestShape, task


class Waves(LoadTestShape):
    def tick(self):
        return (10, 10)


class Surfer(FastHttpUser):
    @task
    def surf(self):
        self.client.get("/")
