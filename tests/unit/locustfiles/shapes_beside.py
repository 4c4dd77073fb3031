from locust import LoadTestShape


class Steps(LoadTestShape):
    def tick(self):
        return (500, 500)
