"""Events of every kind, command line options of its own, and what a listener may do to a report."""

from locust import FastHttpUser, events, task

seen = []


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--flavour", default="vanilla", env_var="FLAVOUR_OF_TEST")


@events.init.add_listener
def init(environment, runner, web_ui, **_):
    assert runner is environment.runner
    seen.append(f"init {environment.parsed_options.flavour} {web_ui}")


@events.test_start.add_listener
def start(environment, **_):
    seen.append(f"test_start {environment.host[:7]}")


@events.spawning_complete.add_listener
def spawned(user_count, **_):
    seen.append(f"spawned {user_count}")


@events.request.add_listener
def requested(name, context, exception, **_):
    seen.append(f"request {name} {context} {exception}")


@events.test_stop.add_listener
def stopped(**_):
    seen.append("test_stop")


@events.quitting.add_listener
def quitting(environment, **_):
    seen.append(f"quitting {environment.stats.total.num_requests > 0}")
    for line in dict.fromkeys(seen):
        print("SEEN", line)


class Listener(FastHttpUser):
    def context(self):
        return {"who": "me"}

    @task
    def ask(self):
        with self.client.get("/plain", catch_response=True, context={"more": 1}) as response:
            response.request_meta["name"] = "/renamed"
