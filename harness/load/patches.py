"""All that is changed in Locust, and nothing else: when a task begins, what waiting between tasks is, and what goes
with a request.

Written against locust 2.47 (user/task.py, clients.py, contrib/fasthttp.py); each change is checked by counting at the
server.
"""

from __future__ import annotations

import functools
import random
import sys
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit, getcurrent
from locust import FastHttpUser, MarkovTaskSet, TaskSet, argument_parser
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession, FastRequest
from locust.dispatch import UsersDispatcher
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser
from locust.user.task import LOCUST_STATE_STOPPING, DefaultTaskSet

from harness.ledger.layout import request_id, trace_prefix
from harness.ledger.writing import LedgerBroken
from harness.load.birth import follow_pools, serve
from harness.load.gate import Gate
from harness.load.hosts import Hosts, named
from harness.load.naming import sent_name
from harness.load.recorder import Recorder
from harness.load.retries import tell_retries
from harness.load.seat import OUTSIDE
from harness.load.streams import watch

if TYPE_CHECKING:
    from harness.load.asked import Asked
    from harness.load.config import LoadConfig


LEFT = (StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet, GreenletExit)
"""By these a task is left on purpose, or stopped by us: they say nothing of an answer."""


def install(config: LoadConfig, gate: Gate, recorder: Recorder, hosts: Hosts, asked: Asked | None = None) -> None:
    """Once, before the locustfile is imported, so that its own classes stand on the changed ones."""
    _begin_tasks_at_the_gate(gate)
    if config.model == "open":
        _wait_only_inside_tasks()
    FastHttpUser.network_timeout = FastHttpUser.connection_timeout = config.timeout_s  # a locustfile's own value wins
    for session in (HttpSession, FastHttpSession):
        _record_requests(session, config, gate, recorder, hosts, asked)
    if config.seed is not None:  # workers of one load must not all choose the same
        _choose_tasks_by(f"{config.seed}/{config.worker}" if config.distributed else config.seed)
    _tell_redirects(HttpSession, "rebuild_method", hosts)
    _tell_redirects(FastRequest, "redirect", hosts)
    tell_retries()
    follow_pools()
    if config.distributed:
        _defaults_once()


def _defaults_once() -> None:
    """A worker makes Locust's whole parser for each option of each message that gives it users: half a second of a core each time."""
    parser: Any = argument_parser
    parser.default_args_dict = functools.cache(argument_parser.default_args_dict)


def _choose_tasks_by(seed: int | str) -> None:
    """The same choice of tasks in each run, whatever the locustfile draws for itself meanwhile."""
    for kind in (TaskSet, MarkovTaskSet):
        module: Any = sys.modules[kind.__module__]
        module.random = random.Random(seed)


def _begin_tasks_at_the_gate(gate: Gate) -> None:
    kind: Any = TaskSet
    original = kind.execute_next_task

    def execute_next_task(self: Any) -> None:
        task = self._task_queue[0]
        if isinstance(task, type) and issubclass(task, TaskSet):
            enter_set(self)
            return
        seat, raised, left_set = gate.enter(self.user), True, False
        try:
            original(self)
            raised = False
        except LEFT as way:
            raised, left_set = False, isinstance(way, InterruptTaskSet) and not isinstance(self, DefaultTaskSet)
            raise
        finally:
            gate.leave(seat, raised)
            if left_set:
                serve(seat)  # the on_stop of the set that is left, which comes now

    def enter_set(self: Any) -> None:
        """Once the load has begun, an arrival enters a nested set: what its on_start asks is of this arrival, and so is its first task.
        Before that on_start is preparation, and its tasks alone come to the gate."""
        seat = gate.enter(self.user, a_set=True) if gate.begun else None
        raised = True
        try:
            original(self)
            raised = False
        except LEFT:
            raised = False
            raise
        finally:
            if seat is not None and not seat.over:
                gate.leave(seat, raised)  # it was left before its first task
            serve(None)

    kind.execute_next_task = execute_next_task


def _wait_only_inside_tasks() -> None:
    """wait_time between tasks gives way to arrivals; a task that calls self.wait() itself still waits."""
    kind: Any = TaskSet
    original = kind.wait

    def wait(self: Any) -> None:
        seat = self.user.__dict__.get("_drill_seat")
        if seat is not None and seat.row != OUTSIDE:
            original(self)
            return
        if self.user._state == LOCUST_STATE_STOPPING:
            raise StopUser()
        if seat is None or seat.begun_us == self.__dict__.get("_drill_waited"):
            gevent.sleep(0.2)  # no task since the last time: choosing one fails, or a nested set ends at once
        self.__dict__["_drill_waited"] = 0 if seat is None else seat.begun_us

    kind.wait = wait


def _record_requests(  # noqa: PLR0915  (every request passes here: a call more is time of the load's)
    session: Any, config: LoadConfig, gate: Gate, recorder: Recorder, hosts: Hosts, asked: Asked | None = None
) -> None:
    """Every request gets its row, its ids and its time-out, and its key is kept where it has one; a request event that is
    fired for it knows the row."""
    original = session.request
    is_requests = session is HttpSession
    timeout_s, prefix, run, worker = (
        config.timeout_s,
        trace_prefix(config.run, config.worker),
        config.run,
        config.worker,
    )
    first_part = request_id(run, worker, 0)[:-1]

    def request(  # noqa: PLR0912, PLR0915
        self: Any, method: Any, url: Any, name: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        entry = None
        try:
            called = name or self.request_name
            far = hosts.far(self.base_url, url)
            if not called:
                called = sent_name(self, url, kwargs.get("params")) if is_requests else url
                if far and isinstance(called, str):
                    called = name = named(far, called)
            entry = recorder.begin(self.user, method, called, self._drill_event)
            row = entry.row
            if far:
                recorder.elsewhere(entry)
                hosts.tell(far)
            own = kwargs.get("headers")
            headers = dict(own) if own else {}
            standing = (self.headers if is_requests else self.client.default_headers) or {}
            names = [*standing]
            if names != self.__dict__.get("_drill_looked"):  # what the locustfile sets for all requests of a user
                self._drill_looked = names
                names = [name.lower() for name in names]
                self._drill_ours = "x-request-id" not in names, "traceparent" not in names
            taken = {key.lower() for key in headers} if headers else ()
            id_is_ours, trace_is_ours = self._drill_ours
            if id_is_ours and "x-request-id" not in taken:
                headers["X-Request-ID"] = f"{first_part}{row}"
            else:
                recorder.sets_own("X-Request-ID")
            if trace_is_ours and "traceparent" not in taken:
                headers["traceparent"] = f"00-{prefix}{row + 1:016x}-{row + 1:016x}-01"
            else:
                recorder.sets_own("traceparent")
            kwargs["headers"] = headers
            if asked is not None:
                asked.keep(row, entry.label, headers, standing, kwargs)
        except LedgerBroken as error:
            gate.on_broken(error)
            raise StopUser() from error
        except Exception as error:
            if entry is not None:
                recorder.failed(entry, error)
            raise
        if is_requests:
            if kwargs.get("timeout") is None:
                kwargs["timeout"] = timeout_s
            if not kwargs.get("allow_redirects", True):
                entry.follows = False
        entry.streams = bool(kwargs.get("stream"))
        here = getcurrent().__dict__
        outer = here.get("_drill_entry")
        here["_drill_entry"] = entry
        try:
            response = original(self, method, url, name, *args, **kwargs)
        except BaseException as error:
            if not entry.fired and not (isinstance(error, GreenletExit) and gate.ends(self.user)):
                recorder.failed(entry, error)
            raise
        finally:
            here["_drill_entry"] = outer
        if entry.streams:
            watch(entry, response)
        if not entry.fired:  # catch_response: its outcome is said later
            recorder.hold(entry, response)
        return response

    def get_event(self: Any) -> Any:
        return getcurrent().__dict__.get("_drill_entry") or self._drill_event

    def set_event(self: Any, event: Any) -> None:
        self._drill_event = event

    session.request = request
    session.request_event = property(get_event, set_event)


def _tell_redirects(kind: Any, method: str, hosts: Hosts) -> None:
    """`method` of a client's class is called for each redirect that it follows; the row then knows. A request that comes to its end
    over one bears nothing that would tell it: requests drops the history where the last hop fails."""
    is_requests = kind is HttpSession
    original = getattr(kind, method)

    def follow(self: Any, *args: Any) -> Any:
        entry = getcurrent().__dict__.get("_drill_entry")
        if entry is not None:
            entry.recorder.redirected(entry)
        followed = original(self, *args)
        if entry is not None and entry.follows and (far := hosts.far("", str((args[0] if is_requests else self).url))):
            hosts.tell(far, "redirects of the service lead")
        return followed

    setattr(kind, method, follow)


class EvenDispatcher(UsersDispatcher):
    """Users one by one at the spawn rate, not a second's worth at once, and of each class as many on each worker (Environment's
    dispatcher_class). Locust deals users of all classes around in turn: with two workers and every fourth user an editor, one worker
    has all the editors, and the other drops their arrivals."""

    def new_dispatch(self, target_user_count: int, spawn_rate: float, user_classes: Any = None) -> None:
        super().new_dispatch(target_user_count, spawn_rate, user_classes)
        self._user_count_per_dispatch_iteration = max(1, round(spawn_rate / 200))
        self._wait_between_dispatch = self._user_count_per_dispatch_iteration / spawn_rate

    def _add_users_on_workers(self) -> dict[str, dict[str, int]]:
        counts, nodes = self._users_on_workers, self._worker_nodes
        until = min(self._current_user_count + self._user_count_per_dispatch_iteration, self._target_user_count)
        for user in self._user_generator:
            if not user:
                self._no_user_to_spawn = True
                break
            node = min(nodes, key=lambda one: (counts[one.id][user], sum(counts[one.id].values())))
            counts[node.id][user] += 1
            self._current_user_count += 1
            self._active_users.append((node, user))
            if self._current_user_count >= until:
                break
        return counts
