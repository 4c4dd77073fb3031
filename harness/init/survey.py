"""One look at a project while it runs: started privately without edges, its ports, connections and pages read, and taken down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.edges import Edge
from harness.errors import CannotRun, NotApplied
from harness.init.asking import FIRST_S, WITHIN_S, answers_to, baseline, metrics, pages, tried
from harness.init.seen import PATIENCE_S, Baseline, Looked, Page, Spoken
from harness.init.used import rose
from harness.stack import names as topology
from harness.stack.blame import blamed
from harness.stack.dial import accepts
from harness.stack.observe import Seen, add, edges_seen, reading
from harness.stack.observed import Monitoring
from harness.stack.project import Project
from harness.stack.ready import LOOP
from harness.stack.stack import Stack
from harness.stack.unpaged import unpaged
from harness.world.speaks import guess, path

if TYPE_CHECKING:
    from harness.facts import RuleSeen
    from harness.world.lookout import Lookout, Peers

SETTLE_S = 3.0
MOST_PORTS = 40
LOOK_EVERY_S = 0.5


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
    patience_s: float = PATIENCE_S,
    data: Mapping[str, str] | None = None,
    offline: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Looked:
    """Bring it up, look, take it down. Who pages is left out: no person must be paged because somebody looks.

    candidates  'service:port' that may answer HTTP, published for the look; ports seen only later are asked at the container's address
    choose      which of what answered gets the light load of `for_s`
    paths       to be asked for once there, to know which of them answer
    patience_s  for so long it is asked again while nothing that `choose` would take answers

    Raises CannotRun when it does not become ready, or when something of it could not be removed.
    """
    from harness.world.lookout import Lookout

    project = unpaged(project, monitoring, data or {}, offline=offline, say=say)
    asked = (*candidates, *((monitoring.prometheus,) if monitoring.prometheus else ()))
    reach = tuple(dict.fromkeys(one for one in asked if one.rpartition(":")[0] in project.services))
    stack = Stack(
        project, run_id, folder, (), reach=reach, data=data or {}, ready_within_s=ready_within_s, offline=offline,
        say=say, mediate=False,
    )  # fmt: skip
    lookout = Lookout(run_id, stack.project_name)
    seen, quiet, asked_for = Seen(), Seen(), Seen()
    try:
        stack.prepare()
        lookout.start()
        say("starting the project once, without a proxy anywhere")
        began_s = time.monotonic()
        with reading(lookout, seen):
            stack.up()
            stack.wait_ready()
            late = _wait_listening(stack, _published(project, reach), began_s + ready_within_s, say)
        if late:
            say(
                f"nobody listens on {', '.join(late)} after {ready_within_s:g} s; going on without (--ready-within waits longer)"
            )
        ready_s = time.monotonic() - began_s
        say(f"it was ready after {ready_s:.0f} s; looking at its ports, pages and connections")
        told, http, target, idle = _answering(
            project, stack, lookout, seen, choose, min(began_s + ready_within_s, time.monotonic() + patience_s)
        )
        measured, answered, wanted = Baseline(), tuple[Page, ...](), tuple[Page, ...]()
        if target is not None:
            base, headers = _base(stack, told, target.service, target.port, target.scheme), dict(target.headers)
            say(f"asking {target.target} for {for_s:g} s, to know how it answers when nothing is wrong")
            answered = tried(base, paths, headers)
            known = [page for page in answered if 200 <= page.status < 400]
            wanted = tuple(known or target.good or target.pages[:1])
            _look(lookout, quiet)
            measured = baseline(base, wanted, for_s, lambda: _look(lookout, seen, asked_for), headers)
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
        risen=rose(
            (idle[0].named(), idle[1].named()),
            quiet.named(),
            asked_for.named(),
            times_longer=for_s / SETTLE_S,
            each_page=measured.requests / max(1, len(wanted)),
        ),
        http=http,
        tried=answered,
        baseline=measured,
        ready_s=ready_s,
        rules=rules,
        firing=firing,
    )


def _look(lookout: Lookout, *into: Seen) -> None:
    with contextlib.suppress(NotApplied):  # the last reading raises it, if it stays so
        told = lookout.peers()
        for seen in into:
            add(seen, told)


def _published(project: Project, candidates: Sequence[str]) -> tuple[str, ...]:
    """Those of 'service:port' that the project publishes: somebody is to listen there once it has started."""
    places = ((text, *text.rpartition(":")[::2]) for text in candidates)
    return tuple(
        dict.fromkeys(
            text
            for text, service, port in places
            if any(int(one["target"]) == int(port) for one in project.services[service].get("ports") or ())
        )
    )


def _wait_listening(
    stack: Stack, places: Sequence[str], until_s: float, say: Callable[[str], object]
) -> tuple[str, ...]:
    """A container that runs may still install itself: wait until somebody listens at each of these. Returns where nobody does."""
    told = False
    while closed := tuple(place for place in places if not accepts(stack.address(place))):
        _none_fallen(stack, [place.rpartition(":")[0] for place in closed])
        if time.monotonic() >= until_s:
            return closed
        if not told:
            say(f"waiting until somebody listens on {', '.join(closed)}")
            told = True
        time.sleep(LOOK_EVERY_S)
    return ()


def _answering(
    project: Project,
    stack: Stack,
    lookout: Lookout,
    seen: Seen,
    choose: Callable[[tuple[Spoken, ...], tuple[Edge, ...]], Spoken | None],
    until_s: float,
) -> tuple[Mapping[str, Peers], tuple[Spoken, ...], Spoken | None, tuple[Seen, Seen]]:
    """Who serves what, what answers HTTP, and which of it gets the load; asked again until something does, or it is late. And what was
    seen at both ends of the wait before, in which nobody asked."""
    while True:
        idle = Seen(), Seen()
        _look(lookout, seen, idle[0])
        time.sleep(SETTLE_S)
        told = lookout.peers()
        add(seen, told)
        add(idle[1], told)
        http = tuple(_spoken(project, stack, told))
        target = choose(http, edges_seen(project, seen))
        if target is not None:
            return told, http, target, idle
        _none_fallen(stack)
        if time.monotonic() >= until_s:
            return told, http, None, idle


def _none_fallen(stack: Stack, services: Sequence[str] = ()) -> None:
    """Raises CannotRun with the last lines of a container that does not stay up: of these services, or of any."""
    fallen = [
        state
        for state in stack.states()
        if (state.ended_badly or state.restarts >= LOOP) and (not services or state.service in services)
    ]
    if fallen:
        raise blamed("it does not stay up", fallen, stack.folder / "logs")


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
                published = port in topology.ports(project.config, service)
                headers = answers_to(base, FIRST_S if published else WITHIN_S)
                found = pages(base, path(body, port), dict(headers)) if headers is not None else ()
                if headers is not None and found:
                    yield Spoken(service, port, found, scheme, metrics(base) if scheme == "http" else (), headers)
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

    service = monitoring.prometheus.rpartition(":")[0]
    if service not in stack.project.services or topology.outside(stack.project.config, service):
        return None, ()
    try:
        address = stack.address(monitoring.prometheus)
        told = Prometheus(
            address, MonotonicClock(time.monotonic_ns()), (monitoring.prefix or {}).get("prometheus", "")
        ).rules()
    except NotApplied:
        return None, ()
    return told.rules, tuple(sorted({alert.alert for alert in told.alerts if alert.state == "firing"}))
