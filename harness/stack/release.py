"""Releases of a running stack: the changed service is written into a Compose file of its own, and Compose starts it again.

The run's compose.yaml stays as it was, and states the good release: what a rollback goes back to (`docker compose up` in
the environment that `told` gives is one), and what we put back at the end. What was deployed is compose.bad.yaml.
"""

from __future__ import annotations

import dataclasses
import shlex
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import CannotRun, DockerAway, NotApplied, NotMended
from harness.facts import Deployed, ReleaseSeen
from harness.stack import names as topology
from harness.stack.changes.identity import RUN_LABEL, project_name
from harness.stack.compose import Compose
from harness.stack.project import write_private, written
from harness.stack.release_asked import Asked
from harness.stack.release_commands import CUT, Commanded, Looks, another, uncut
from harness.stack.release_file import changed, read_file
from harness.stack.release_images import Change
from harness.stack.release_out import Out, decided, deployed, known, name_of, running, unlike
from harness.world.docker_cli import TIMED_OUT, docker, gone
from harness.world.handles import Release

BAD = "compose.bad.yaml"
UP_S = 90.0
"""For one `docker stop` or `docker compose up`, beside the grace of what it stops."""
GRACE_S = 10
"""Docker's own, after which a container that ignores its stop signal is killed, where the file states none."""
READY_S = 30.0
"""A release whose health check does not turn healthy is deployed all the same, for that is one way of being bad."""
LOOK_EVERY_S = 0.1

Described = Mapping[str, Any]


@dataclass
class Releases:
    """Implements handles.Releases. `described` is Docker's own description of a service's containers (world.containers).

    ready      by holder, what its release changes on each service, where that was made ready before the run
    commanded  runs the commands of releases that have their own
    insist     does it, and again once a Docker that was away is back (harness.world.docker.Patience)
    """

    compose: Compose
    run_id: str
    described: Callable[[str], Sequence[Described]]
    now_s: Callable[[], float]
    ready: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    commanded: Commanded | None = None
    insist: Callable[[Callable[[], str]], str] = lambda do: do()
    _out: Out | None = None
    _news: list[Deployed] = field(default_factory=list)
    _busy: bool = False
    _asked: Asked = field(default_factory=Asked)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def bad(self) -> Compose:
        """The project with the release in it."""
        return dataclasses.replace(self.compose, file=self.compose.file.with_name(BAD))

    # --- changing -----------------------------------------------------------------------------------------------------

    def deploy(self, holder: str, release: Release) -> Mapping[str, Any]:
        """See handles.Releases.deploy."""
        with self._lock:
            if self._out is not None and not self._out.over:
                raise NotApplied(f"the release of {self._out.holder} is still out: one at a time")
            if release.deploying:
                return self._command(holder, release)
            plain = dict.fromkeys(release.services, Change(release.image, release.environment))
            changes = self.ready.get(holder, plain)
            good = read_file(self.compose.file)
            file = changed(good, changes)
            out = known(self.described, holder, changes, release, good["services"])
            write_private(self.bad.file, written(file))
            self._out = out
            begun_s = self.now_s()
            try:
                self._busy = out.going = True
                self._start(self.bad, release, "bad")
                out.out = True
                self._tell("harness", begun_s)
            finally:
                self._busy = out.going = False
            return {seen.container: f"{seen.release}: {seen.image}" for seen in self.current()}

    def _command(self, holder: str, release: Release) -> Mapping[str, Any]:
        """Deploy by the user's command; how it is undone is known before."""
        if self.commanded is None:
            raise NotApplied("nothing in this world can start a command")
        names = dict.fromkeys(release.services, Change())
        good = {name: str(c["Config"].get("Image") or "") for name in names for c in self.described(name)[:1]}
        looks = Looks.of({name: self.described(name) for name in names})
        self._out = out = Out(names, {}, {}, good, {}, holder, release, looks)
        begun_s = self.now_s()
        try:
            self._busy = out.going = True
            self.commanded.promise(holder, release, self.told())
            told, cut = self.told(), lambda: self._asked.ends
            self.commanded.carry_out(f"{holder}-deploy", release.deploying, told, release.within_s, cut)
            looks.deployed({name: self.described(name) for name in names})
            out.out = True
            self._tell("harness", begun_s)
        finally:
            self._busy = out.going = False
        return {seen.container: f"{seen.release}: {seen.image}" for seen in self.current()}

    def hasten(self) -> None:
        """See handles.Releases.hasten. Without the lock, which the deployment holds. A `docker compose up` under way comes to its end."""
        self._asked.end()

    def leave_off(self, holder: str) -> str:
        """See handles.Releases.leave_off."""
        out = self._out
        if out is None or not self._busy:
            return ""
        if out.holder != holder:
            return another(out.holder)
        if not out.going:
            return ""
        if out.release.deploying:
            return uncut(out.release)
        self._asked.leave_off()
        return ""

    def restore(self, holder: str) -> str:
        """See handles.Releases.restore."""
        with self._lock:
            out = self._out
            self._asked.clear()
            if out is None or out.over or out.holder != holder:
                return ""
            try:
                self._busy = True
                begun_s = self.now_s()
                if out.looks is not None:
                    return self._undo(out, out.looks, begun_s)
                return self.insist(lambda: self._put_back(out, begun_s))
            except (NotApplied, CannotRun, OSError) as error:
                if out.looks is not None and self.commanded is not None:
                    said = f"what {shlex.join(out.release.deploying)} did could not be put back: {error}. By hand:"
                    raise NotMended(said, (self.commanded.by_hand(out.release, self.told()),)) from error
                services = list(out.changes)
                raise NotMended(
                    f"the good release of {' '.join(services)} could not be put back: {error}. By hand:",
                    (self.compose.by_hand(services, "--no-deps", "--force-recreate"),),
                ) from error
            finally:
                self._busy = False

    def _put_back(self, out: Out, begun_s: float) -> str:
        ill = self._wrong("good")
        if ill:
            self._start(self.compose, Release(tuple(out.changes), one_by_one=False), "good")
            self._tell("mend", begun_s)
        out.over = True
        return "rollback" if out.out and not ill else ""

    def _undo(self, out: Out, looks: Looks, begun_s: float) -> str:
        """Run the user's own `restore`, unless the containers tell that another hand has put all of them back."""
        assert self.commanded is not None
        now = self.current()
        there = bool(looks.changed) and looks.changed == {seen.service for seen in now}  # none left is not put back
        back = out.out and there and all(seen.release == "good" for seen in now)
        if not back:
            self.commanded.carry_out(f"{out.holder}-restore", out.release.restoring, self.told(), out.release.within_s)
            self._tell("mend", begun_s)
            if wrong := [seen for seen in self.current() if seen.release == "bad"]:
                raise NotApplied(f"after {shlex.join(out.release.restoring)} {running(wrong)}")
        out.over = True
        self.commanded.forget()
        return "rollback" if back else ""

    def _start(self, compose: Compose, release: Release, wanted: str) -> None:
        """Have Compose start the services as the file says, and wait until every container runs it, and is healthy. What was asked to
        leave off begins no further step, and is out where any container runs it."""
        services, most = release.services, release.most
        for service in services:
            before = sorted(self.described(service), key=name_of) if release.one_by_one else []
            if len(before) < most:
                raise NotApplied(
                    f"{service} has {len(before)} containers, fewer than the {most} that were to get the release"
                )
            turned = before[:most] if most else before if len(before) > 1 else []
            for done, container in enumerate(turned, start=1):
                if done > 1:
                    self._asked.wait(release.drain_s)
                if not self._goes_on():
                    break
                self._remove(container)
                _up(compose, (service,), UP_S, "--no-recreate")
                self._await(service, wanted, done, time.monotonic() + READY_S)
        if self._goes_on() and not most:
            replaced = [container for service in services for container in self.described(service)]
            _up(compose, services, UP_S + sum(map(_grace_s, replaced)))
            ends_s = time.monotonic() + READY_S
            for service in services:
                self._await(service, wanted, len(self.described(service)), ends_s)
        self._goes_on()
        config = read_file(compose.file)
        lodgers = tuple(dict.fromkeys(one for service in services for one in topology.sharers(config, service)))
        if lodgers:  # they still have the network of a container that is gone
            _up(compose, lodgers, UP_S, "--force-recreate")
        wrong = self._wrong(wanted, most)
        if self._asked.leaves_off and wrong:
            if not any(seen.release == wanted for seen in self.current()):
                raise NotApplied("it was asked to leave off before any container had it")
        elif wrong:
            raise NotApplied(f"after `docker compose up` {running(wrong)}")

    def _goes_on(self) -> bool:
        """Whether another step is to be begun. Raises NotApplied when a deployment is to end."""
        if self._asked.ends:
            raise NotApplied(CUT)
        return not self._asked.leaves_off

    def _remove(self, container: Described) -> None:
        """Take one replica away as a rolling deployment does: its stop signal, its grace, then the container."""
        for words in (("stop",), ("rm", "--force", "--volumes")):
            answer = docker(*words, str(container["Id"]), within_s=UP_S + _grace_s(container))
            if not answer.ok:
                raise NotApplied(f"docker {words[0]} {name_of(container)}: {answer.why}")

    def _await(self, service: str, wanted: str, count: int, ends_s: float) -> None:
        """Wait until so many containers of this release are healthy, have ended, or have had the time to."""
        out = self._out
        assert out is not None
        while time.monotonic() < ends_s and not self._asked.any():
            mine = [container for container in self.described(service) if out.runs(service, container) == wanted]
            if len(mine) >= count and all(decided(container) for container in mine):
                return
            time.sleep(LOOK_EVERY_S)

    def _tell(self, by: str, begun_s: float) -> None:
        assert self._out is not None
        left_off = by == "harness" and self._asked.leaves_off
        self._news += deployed(self._out, self.current(), by, left_off=left_off, begun_s=begun_s, at_s=self.now_s())

    # --- looking ------------------------------------------------------------------------------------------------------

    def current(self) -> Sequence[ReleaseSeen]:
        """See handles.Releases.current."""
        out = self._out
        if out is None:
            return ()
        seen = tuple(
            ReleaseSeen(
                service=service,
                container=name_of(container),
                release=out.runs(service, container),
                image=str(container["Config"].get("Image") or ""),
                aside=self._aside(container),
                stayed=out.stayed(service, container),
            )
            for service in list(out.changes)
            for container in sorted(self.described(service), key=name_of)
            if container["State"].get("Status") != "created"  # Compose gives it a passing name until it is started
        )
        return seen if out.looks is None else tuple(one for one in seen if one.service in out.looks.changed)

    def _aside(self, container: Described) -> bool:
        """Whether it is in the run's own project, and none of its files made it: those give their label to all."""
        own = self.compose.project == project_name(self.run_id)
        return own and RUN_LABEL not in (container["Config"].get("Labels") or {})

    def busy(self) -> bool:
        return self._busy

    def news(self) -> Sequence[Deployed]:
        news, self._news = self._news, []
        return tuple(news)

    def _wrong(self, wanted: str, most: int = 0) -> list[ReleaseSeen]:
        assert self._out is not None
        return unlike(wanted, self._out, self.current(), most)

    def told(self) -> Mapping[str, str]:
        """See handles.Releases.told. The same words stand in the docstring of `rolled_back`."""
        told = {**self.compose.told(), "DRILL_RUN": self.run_id}
        out = self._out
        if out is not None:
            first = next(iter(out.changes))
            good = out.good_names.get(first, "")
            bad = next((one.image for one in self.current() if one.release == "bad" and one.service == first), good)
            told |= {
                "DRILL_SERVICE": " ".join(list(out.changes)),
                "DRILL_GOOD_IMAGE": good,
                "DRILL_BAD_IMAGE": out.changes[first].image or (bad if out.looks else good),
            }
        return told


def _grace_s(container: Described) -> int:
    """How long Docker lets it end by itself (`stop_grace_period`)."""
    given = container["Config"].get("StopTimeout")
    return GRACE_S if given is None else int(given)


def _up(compose: Compose, services: Sequence[str], within_s: float, *options: str) -> None:
    answer = compose.up(services, within_s, "--no-deps", *options)
    if not answer.ok:
        away = DockerAway if gone(answer) and answer.code != TIMED_OUT else NotApplied
        raise away(f"docker compose up {' '.join(services)}: {answer.why}")
