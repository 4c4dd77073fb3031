from locust import FastHttpUser, events, task


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--token", required=True)


class Caller(FastHttpUser):
    @task
    def ask(self):
        self.client.get("/plain")
