"""The parts of the real world, put together: the one writer to Toxiproxy, keeper, containers, logs, lookout, and the engine on them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import CannotRun, Missing, NotApplied
from harness.expectations.base import Steady
from harness.expectations.leak import Leak
from harness.facts import Blinded, Holding, ListenersChanged, Looked
from harness.faults.bad_release import BadRelease
from harness.logfiles import read_logs
from harness.parts import in_use
from harness.probes import probes_for
from harness.probes.host import HostProbe
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.levers import Levers
from harness.run.loading import RealLoad
from harness.run.memory import Tidy
from harness.run.observing import Observing
from harness.run.ontime import OnTime
from harness.run.people import People
from harness.run.sources import order_book, queues_probes, state_book
from harness.run.taking_out import side_by_side
from harness.run.together import Together, beside
from harness.run.version_probes import by_command
from harness.run.watch import ThreadedWatch
from harness.world.commands import Commands
from harness.world.handles import World
from harness.world.ladder_turn import ladder_turn
from harness.world.terminal import Terminal

if TYPE_CHECKING:
    from harness.attach.containers import NoLookout, NoProxies
    from harness.drill.model import Drill
    from harness.edges import Edge
    from harness.load.generator import Generator
    from harness.plan import Plan
    from harness.probes.base import Probe
    from harness.run.session import Session
    from harness.stack.played_on import PlayedOn
    from harness.stack.release import Releases
    from harness.stack.release_images import Change
    from harness.stack.stack import Stack
    from harness.target.proxies import TargetProxies
    from harness.world.containers import Containers
    from harness.world.logs import LogFiles
    from harness.world.lookout import Lookout
    from harness.world.proxies import Reconciler

USUAL_LIMIT_MS = 1500.0  # of a witness look


@dataclass(frozen=True)
class Parts:
    """`more` looks at what no other probe does."""

    proxies: Reconciler | TargetProxies | NoProxies
    containers: Containers
    logs: LogFiles
    lookout: Lookout | NoLookout
    observing: Observing
    closing: Together
    changes: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    more: tuple[Probe, ...] = ()

    def begin_looking(self, plan: Plan) -> None:
        """The lookout can enter the callers' networks only once they run. Raises CannotRun when it does not start."""
        self.closing.callback(self.lookout.close)
        with needed():
            self.lookout.start()
        for hurt, limit_ms in look_limits(plan).items():
            self.lookout.limit(hurt, limit_ms)


def helpers(session: Session, stack: Stack, closing: contextlib.ExitStack) -> Parts:
    """Start what must be there before the first service: an edge opens as soon as its dependency listens.

    Each is closed whatever happens, also when its start is interrupted; those that only need Docker for that, together.
    Raises CannotRun when one does not start.
    """
    import docker  # noqa: F401  here, not in one of the threads below: its modules import each other in a circle

    from harness.stack.keeper import Keeper
    from harness.stack.told import as_told
    from harness.world.containers import Containers
    from harness.world.logs import LogFiles
    from harness.world.lookout import Lookout
    from harness.world.proxies import Reconciler

    run, record = session.folder.run, session.record
    changes: dict[str, dict[str, Change]] = {}
    proxies = Reconciler(
        stack.api,
        stack.edges,
        record,
        restart=lambda: session.patience.insist(stack.restart_toxiproxy),
        by_hand=(f"docker restart {stack.project_name}-drill-toxiproxy-1", f"drill mend {run}"),
        turn=lambda: ladder_turn(session.folder.facts),
    )
    session.lease.on_lapse.append(proxies.let_go)
    closing.callback(proxies.close)
    proxies.start()
    lookout = Lookout(run, stack.project_name, stack.edges, as_told(stack.project))

    def heard(service: str, ports: tuple[int, ...]) -> None:
        proxies.listening(service, ports)
        lookout.listening(service, ports)
        record(ListenersChanged(service=service, ports=ports))

    def gap(why: str) -> None:
        record(Blinded(probe="keeper", target="", error=why) if why else Looked(probe="keeper", target=""))

    keeper = Keeper(run, stack.project_name, stack.dependencies, heard, session.stop.lost, gap)
    with needed():
        containers = Containers(run, stack.project_name, session.clock.opened_ns, session.patience)
    closing.callback(containers.close)
    together = Together()
    closing.callback(together.close)
    together.callback(keeper.close)
    with beside(lambda: changes.update(ready_releases(session, stack))), beside(keeper.start, keeper.close):
        logs = LogFiles(run, session.folder.logs, containers)
        logs.start()
        together.callback(logs.close)
        observing = Observing.begin(session, stack, proxies, together)
    return Parts(proxies, containers, logs, lookout, observing, together, changes)


@contextlib.contextmanager
def needed() -> Iterator[None]:
    """Before the first injection what does not answer keeps a run from beginning; it is no error of the harness."""
    try:
        yield
    except NotApplied as error:
        raise CannotRun(Missing(str(error), "drill doctor")) from error


def engine(
    session: Session, stack: PlayedOn, parts: Parts, generator: Generator, closing: contextlib.ExitStack
) -> Engine:
    """The engine on the real world."""
    drill, record = session.drill, session.record
    commands = Commands(drill.path("."), session.folder.levers)
    closing.callback(commands.close)
    world = World(
        clock=session.clock,
        proxies=parts.proxies,
        containers=parts.containers,
        lookout=parts.lookout,
        releases=releases(session, stack, parts, commands),
        commands=commands,
        people=Terminal(),
    )
    people = People(
        session.folder.facts, session.folder.run, session.clock.now_s, record, record.tell, record.curtain.fact
    )
    closing.callback(people.close)
    starter = OnTime(session.clock)
    closing.callback(starter.close)
    injector = Injector(world, record, starter, session.lease.lapsed, side_by_side, session.lease.aside)
    return Engine(
        plan=session.plan,
        world=world,
        load=RealLoad(generator, session.folder.ledger, drill.load.timeout_s),
        record=record,
        watch=ThreadedWatch(
            (
                *probes_for(witnessed(drill, stack.edges), parts.logs, leaking(drill), holding(drill)),
                *parts.observing.probes(),
                *parts.more,
                *by_command(drill),
                *queues_probes(session, stack, parts, injector.on),
                HostProbe(disks(session, parts)),
                *(make() for make in in_use.of_kind("probe")),
            ),
            world,
            record,
        ),
        injector=injector,
        lease=session.lease,
        stop=session.stop,
        steady=Steady(drill.steady.for_s, drill.steady.conditions, drill.steady.quiet),
        logs=read_logs(session.folder.logs, record.journal()),
        limits=session.plan.guards,
        levers=Levers(world, record, people),
        orders=order_book(session, stack, parts),
        state=state_book(session, stack, parts),
        tell=parts.observing.telling(session.display.second),
        say=session.display.say,
        tidy=Tidy(),
    )


def disks(session: Session, parts: Parts) -> tuple[Path, ...]:
    """The folders whose disks a run fills: its own, and Docker's, where Docker is on this machine and says where."""
    try:
        docker = Path(parts.containers.root())
        here = docker.is_absolute() and docker.exists()
    except (NotApplied, OSError):  # it does not answer, or keeps its folder where this user cannot look
        here = False
    return (session.folder.path, docker) if here else (session.folder.path,)


def releases(session: Session, stack: PlayedOn, parts: Parts, commands: Commands) -> Releases:
    """Whoever changes what the stack's services run: Compose, on the file that the run wrote, or the drill's own commands."""
    from harness.stack.release import Releases
    from harness.stack.release_commands import Commanded

    return Releases(
        stack.compose,
        session.folder.run,
        parts.containers.described,
        session.clock.now_s,
        parts.changes,
        Commanded(commands, session.drill.path("."), session.folder.path),
        session.patience.insist,
    )


def ready_releases(session: Session, stack: PlayedOn) -> dict[str, dict[str, Change]]:
    """By fault, what each bad release that will be deployed changes, its images made ready. Raises CannotRun."""
    from harness.stack.release_images import ready_release

    drill = session.drill
    offline = session.options.offline or drill.stack.offline
    return {
        injection.id: ready_release(
            stack.project,
            injection.fault.release,
            profiles=drill.stack.profiles,
            offline=offline,
            say=session.display.say,
        )
        for injection in session.plan.injections
        if isinstance(injection.fault, BadRelease) and not injection.fault.commands
    }


def witnessed(drill: Drill, edges: Sequence[Edge]) -> list[Edge]:
    """The edges that a fault of the drill is felt on: its own, or all into the service that it hurts."""
    targets = {target for _, fault in drill.faults() for target in fault.targets}
    return [edge for edge in edges if edge.id in targets or edge.dependency in targets]


def leaking(drill: Drill) -> tuple[str, ...]:
    """The services of whose memory something is claimed, each once."""
    claims = (claim for _, _, claim in drill.claims() if isinstance(claim, Leak) and claim.of == "memory")
    return tuple(dict.fromkeys(claim.service for claim in claims if claim.service))


def holding(drill: Drill) -> tuple[Holding, ...]:
    """What is counted of services, as claims about other leaks have it, each once."""
    claims = (claim for _, _, claim in drill.claims() if isinstance(claim, Leak) and claim.of != "memory")
    return tuple(dict.fromkeys(claim.holding for claim in claims if claim.service))


def look_limits(plan: Plan) -> dict[str, float]:
    """How long a witness must wait on an edge whose fault delays by more than the ordinary limit allows, in ms."""
    limits: dict[str, float] = {}
    for injection in plan.injections:
        delay_ms = getattr(injection.fault, "delay_ms", 0.0) + getattr(injection.fault, "jitter_ms", 0.0)
        if injection.fault.on_edge and delay_ms > USUAL_LIMIT_MS / 3:
            limits[injection.fault.target] = max(limits.get(injection.fault.target, 0.0), 3 * delay_ms + USUAL_LIMIT_MS)
    return limits
