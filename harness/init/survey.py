"""One look at a project while it runs: started privately without edges, its ports, connections and pages read, and taken down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.edges import Edge
from harness.errors import CannotRun, NotApplied
from harness.init.asking import baseline, metrics, pages, tried
from harness.init.seen import Baseline, Looked, Page, Spoken
from harness.init.unpaged import without
from harness.stack import names as topology
from harness.stack.observe import Counts, add, edges_seen, reading
from harness.stack.observed import Monitoring
from harness.stack.project import Project
from harness.stack.stack import Stack
from harness.world.speaks import guess, path

if TYPE_CHECKING:
    from harness.facts import RuleSeen
    from harness.world.lookout import Lookout, Peers

SETTLE_S = 3.0
MOST_PORTS = 40


def survey(
    project: Project,
    run_id: str,
    folder: Path,
    monitoring: Monitoring,
    candidates: tuple[str, ...],
    choose: Callable[[tuple[Spoken, ...], tuple[Edge, ...]], Spoken | None],
    paths: Sequence[str] = (),
    *,
    for_s: float = 12.0,
    ready_within_s: float = 180.0,
    data: Mapping[str, str] | None = None,
    offline: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Looked:
    """Bring it up, look, take it down. Its Alertmanager is left out: no person must be paged because somebody looks.

    candidates  'service:port' that may answer HTTP, published for the look; ports seen only later are asked at the container's address
    choose      which of what answered gets the light load of `for_s`
    paths       to be asked for once there, to know which of them answer

    Raises CannotRun when it does not become ready, or when something of it could not be removed.
    """
    from harness.world.lookout import Lookout

    project = without(project, monitoring.alertmanager.rpartition(":")[0])
    asked = (*candidates, *((monitoring.prometheus,) if monitoring.prometheus else ()))
    reach = tuple(dict.fromkeys(one for one in asked if one.rpartition(":")[0] in project.services))
    stack = Stack(
        project, run_id, folder, (), reach=reach, data=data or {}, ready_within_s=ready_within_s, offline=offline,
        say=say, mediate=False,
    )  # fmt: skip
    lookout = Lookout(run_id, stack.project_name)
    seen: Counts = {}
    try:
        stack.prepare()
        lookout.start()
        say("starting the project once, without a proxy anywhere")
        began_s = time.monotonic()
        with reading(lookout, seen):
            stack.up()
        stack.wait_ready()
        ready_s = time.monotonic() - began_s
        say(f"it was ready after {ready_s:.0f} s; looking at its ports, pages and connections")
        time.sleep(SETTLE_S)
        told = lookout.peers()
        add(seen, told)
        http = tuple(_spoken(project, stack, told))
        target = choose(http, edges_seen(project, seen))
        measured, answered = Baseline(), tuple[Page, ...]()
        if target is not None:
            base = _base(stack, told, target.service, target.port, target.scheme)
            say(f"asking {target.target} for {for_s:g} s, to know how it answers when nothing is wrong")
            answered = tried(base, paths)
            known = [page for page in answered if 200 <= page.status < 400]
            wanted = known or target.good or target.pages[:1]
            measured = baseline(base, wanted, for_s, lambda: _look(lookout, seen))
        add(seen, lookout.peers())
        rules, firing = _rules(stack, monitoring)
    except NotApplied as error:
        raise CannotRun(str(error)) from error
    finally:
        lookout.close()
        left = stack.down()
    if left:
        raise CannotRun(f"could not be removed: {', '.join(left)}")
    return Looked(
        ran=True,
        ports={
            name: peers.ports
            for name, peers in told.items()
            if peers.ports and not topology.outside(project.config, name)
        },
        edges=edges_seen(project, seen),
        http=http,
        tried=answered,
        baseline=measured,
        ready_s=ready_s,
        rules=rules,
        firing=firing,
    )


def _look(lookout: Lookout, seen: Counts) -> None:
    with contextlib.suppress(NotApplied):  # the last reading raises it, if it stays so
        add(seen, lookout.peers())


def _spoken(project: Project, stack: Stack, told: Mapping[str, Peers]) -> Iterator[Spoken]:
    """Every port that answers HTTP; ports that are known to speak something else are left alone."""
    asked = 0
    for service, peers in told.items():
        body = project.services.get(service)
        if body is None or peers.shares or topology.outside(project.config, service):
            continue  # in the machine's own network its ports cannot be told from those of others
        for port in peers.ports:
            protocol = guess(Edge("", service, ports=(port,)), body, port)
            if protocol not in ("", "http", "https") or asked >= MOST_PORTS:
                continue
            asked += 1
            for scheme in ("https", "http") if protocol == "https" else ("http",):
                base = _base(stack, told, service, port, scheme)
                found = pages(base, path(body, port))
                if found:
                    yield Spoken(service, port, found, scheme, metrics(base) if scheme == "http" else ())
                    break


def _base(stack: Stack, told: Mapping[str, Peers], service: str, port: int, scheme: str) -> str:
    """Where this machine reaches it: where it is published, else the container's own address."""
    from harness.errors import UsageError

    try:
        host, reached = stack.address(f"{service}:{port}")
    except UsageError:
        own = [ip for ip in told[service].ips if not _loopback(ip)] if service in told else []
        host, reached = (own[0] if own else "127.0.0.1"), port
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{reached}"


def _loopback(ip: str) -> bool:
    """Whether an address is of the container's own loopback, where nobody else reaches it."""
    return ip.startswith("127.") or ip == "::1"


def _rules(stack: Stack, monitoring: Monitoring) -> tuple[tuple[RuleSeen, ...] | None, tuple[str, ...]]:
    """The rules as the stack's Prometheus has them, and what fires though nothing is wrong; None and () where it tells nothing."""
    from harness.run.clock import MonotonicClock
    from harness.world.metrics import Prometheus

    if not monitoring.prometheus or topology.outside(stack.project.config, monitoring.prometheus.rpartition(":")[0]):
        return None, ()
    try:
        address = stack.address(monitoring.prometheus)
        told = Prometheus(
            address, MonotonicClock(time.monotonic_ns()), (monitoring.prefix or {}).get("prometheus", "")
        ).rules()
    except NotApplied:
        return None, ()
    return told.rules, tuple(sorted({alert.alert for alert in told.alerts if alert.state == "firing"}))
