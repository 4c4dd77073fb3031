"""Ends the test in a task after so many rounds, and says in the end by its exit code that it failed."""

from locust import HttpUser, events, task


@events.quitting.add_listener
def judge(environment, **_):
    environment.process_exit_code = 3 if environment.stats.total.num_requests else 0


@events.quit.add_listener
def told(exit_code, **_):
    print("SEEN", exit_code)


class Limited(HttpUser):
    host = "https://shop.example.com/api/v1"
    rounds = 0

    @task
    def ask(self):
        self.client.get("/plain")
        Limited.rounds += 1
        if Limited.rounds == 8:
            self.environment.runner.quit()
