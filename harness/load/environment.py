"""Locust's own environment, made of the user's locustfiles and what the drill says: the same in a master and in each worker."""

from __future__ import annotations

import os
from typing import Any

import gevent
import locust
from locust import argument_parser
from locust.env import Environment

from harness.load import locustfile, patches
from harness.load.channel import Words
from harness.load.config import SPAWN_PER_S, LoadConfig
from harness.load.locustfile import Refused
from harness.load.places import Places

AT_ONCE_PER_S = 20  # so many times all users: a twentieth of a second, in which Locust can still do other things


def load_environment(config: LoadConfig, channel: Words) -> Environment:
    """Import the locustfiles and make their environment, without a runner yet. Raises Refused."""
    places = Places(config.locustfiles)
    channel.tell("importing", where="")
    watch = gevent.spawn(_watch_import, gevent.getcurrent(), places, channel)
    try:
        classes, shapes = locustfile.load(config.locustfiles)
    finally:
        watch.kill()
    try:
        return Environment(
            user_classes=list(classes.values()),
            events=locust.events,
            host=config.host,
            tags=list(config.tags) or None,
            exclude_tags=list(config.exclude_tags) or None,
            locustfile=config.locustfiles[0].name,
            parsed_options=_options(config, places),
            parsed_locustfiles=[str(path) for path in config.locustfiles],
            available_user_classes=dict[str, Any](classes),
            available_shape_classes=shapes,
            dispatcher_class=patches.EvenDispatcher,
        )
    except ValueError as error:
        raise Refused(str(error), str(places)) from error


def initialised(environment: Environment, config: LoadConfig) -> None:
    """Its runner is there: tell the locustfiles so, and look whether each of its classes has tasks. Raises Refused."""
    locust.log.unhandled_greenlet_exception = False
    events: Any = environment.events
    events.init.fire(environment=environment, runner=environment.runner, web_ui=None)
    if locust.log.unhandled_greenlet_exception:
        raise Refused(
            "a listener of its init event failed; the load's log has the traceback", str(Places(config.locustfiles))
        )
    environment._filter_tasks_by_tags()
    locustfile.check_tasks(environment.user_classes, config.tags, config.exclude_tags)


def quitting(environment: Environment, clean: bool, channel: Words) -> None:
    """It is over: tell the locustfiles so, and the run what they make of it, where they say so as `locust` would have it."""
    events: Any = environment.events
    events.quitting.fire(environment=environment, reverse=True)
    code = environment.process_exit_code
    if code:
        what = f"a listener of the locustfile's quitting event sets the exit code {code}, by Locust's own statistics"
        channel.say("warning", f"{what}: the drill's claims are judged by the ledger, and none rests on it")
    events.quit.fire(exit_code=(0 if clean else 1) if code is None else code)


def spawn_rate(config: LoadConfig, classes: list[Any]) -> float:
    """Users started per second: as the drill says; else gently where a user does something when it starts."""
    at_once = config.started_users * AT_ONCE_PER_S
    return config.spawn_rate or (SPAWN_PER_S if locustfile.greets(classes) else at_once)


def _watch_import(importing: Any, places: Places, channel: Words) -> None:
    """Tell where the import stands that does not come to its end (one that blocks all greenlets is asked by signal)."""
    while True:
        gevent.sleep(1)
        channel.tell("importing", where=places.of_frame(importing.gr_frame))


def _options(config: LoadConfig, places: Places) -> Any:
    """Locust's options with those that the locustfiles add, all at their defaults; variables of the shell set the latter alone, for
    what is loaded stands in the drill."""
    plain: Any = argument_parser.get_empty_argument_parser(default_config_files=[])
    locusts: Any = argument_parser.setup_parser_arguments
    locusts(plain)
    own = {action.env_var for action in plain._actions if getattr(action, "env_var", None)}
    parser: Any = argument_parser.get_parser(default_config_files=[])

    def refuse(message: str) -> None:
        raise Refused(f"its command line options: {message}; give them defaults", str(places))

    parser.error = refuse
    options = parser.parse_args([], env_vars={name: value for name, value in os.environ.items() if name not in own})
    options.tags = options.exclude_tags = None  # a default that a locustfile gave them
    options.host, options.headless = config.host, True
    options.num_users, options.spawn_rate = config.started_users, config.spawn_rate or SPAWN_PER_S
    return options
