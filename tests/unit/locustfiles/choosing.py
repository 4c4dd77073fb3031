"""Tasks that each user chooses for itself, as it starts or as it goes on, and an option that a variable may set."""

import itertools

from locust import FastHttpUser, TaskSet, events, tag


@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("--tenant", default="nobody", env_var="LOCUST_TEST_TENANT")


def view(user):
    user.client.get("/plain", name=f"/view/{user.environment.parsed_options.tenant}")


@tag("slow")
def edit(user):
    user.client.get("/plain", name="/edit")


KINDS = itertools.cycle([[view], [edit]])


class AtStart(FastHttpUser):
    def on_start(self):
        self.tasks = next(KINDS)


class AsItGoes(FastHttpUser):
    class Walk(TaskSet):
        def get_next_task(self):
            return self.walk

        def walk(self):
            self.client.get("/plain", name="/walk")

        tasks = [walk]  # noqa: RUF012

    tasks = [Walk]  # noqa: RUF012 (as the documentation writes it)
