"""One rehearsal from the first preflight to the verdict: builds the real world around the engine, and takes it down again, whatever happens."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__, errors
from harness.expectations.base import Steady
from harness.facts import Asked, Broke, Closed, Done, EdgeFound, Fact, ListenersChanged, Opened, Refused
from harness.run import folder as folders
from harness.run.clock import MonotonicClock
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.recorder import Recorder
from harness.run.stop import Stopped, StopSignals
from harness.run.watch import ThreadedWatch

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.edges import Edge
    from harness.judging import Judgement
    from harness.ledger import Rows
    from harness.plan import Plan
    from harness.stack.project import Project
    from harness.stack.stack import Stack


USUAL_LIMIT_MS = 1500.0  # of a witness look


@dataclass(frozen=True)
class Options:
    """What the command line adds to the drill. `keep`: never, on-failure, always."""

    keep: str = "never"
    offline: bool = False


@dataclass(frozen=True)
class Display:
    """What a run tells while it goes: a line at each step, each fact, and the state once a second."""

    say: Callable[[str], None]
    fact: Callable[[Fact], None]
    second: Callable[[str, tuple[str, ...], Rows, float], None]


@dataclass(frozen=True)
class Rehearsed:
    folder: folders.RunFolder
    judgement: Judgement


def rehearse(
    drill: Drill, plan: Plan, project: Project, edges: tuple[Edge, ...], runs: Path, options: Options, display: Display
) -> Rehearsed:
    """Run the plan and judge it. Raises DrillError only for what happens before the run folder exists."""
    folder = folders.create(runs, drill.name)
    opened = Opened(
        drill=drill.name, run=folder.run, wall_unix_s=time.time(), monotonic_ns=time.monotonic_ns(), version=__version__
    )
    clock = MonotonicClock(opened.monotonic_ns)
    stop = StopSignals(folder.halt_request)
    with folder.alive(), stop.installed():
        record = Recorder(folder.facts, clock.now_s)
        record.listeners.append(display.fact)
        record(opened, durable=True)
        folder.drill_file.write_text(drill.masked())
        left = _perform(drill, plan, project, edges, folder, options, display, record, clock, stop)
        record(Closed(left=tuple(left)))
    from harness.judging import judge_folder, write_results

    judgement = judge_folder(folder.path)
    write_results(folder.path, judgement)
    return Rehearsed(folder, judgement)


def _perform(
    drill: Drill,
    plan: Plan,
    project: Project,
    edges: tuple[Edge, ...],
    folder: folders.RunFolder,
    options: Options,
    display: Display,
    record: Recorder,
    clock: MonotonicClock,
    stop: StopSignals,
) -> list[str]:
    """Everything between Opened and Closed; returns what could not be removed."""
    from harness.stack.stack import Stack

    stack = Stack(
        project=project,
        run_id=folder.run,
        folder=folder.path,
        edges=edges,
        publish=(f"{drill.load.against.service}:{drill.load.against.port}",),
        data=dict(drill.stack.data),
        ready_within_s=drill.stack.ready_within_s,
        offline=options.offline or drill.stack.offline,
        say=display.say,
    )
    try:
        with contextlib.ExitStack() as open_handles:
            _in_the_world(drill, plan, project, stack, folder, display, record, clock, stop, open_handles)
    except Stopped as end:
        record(end.fact)
    except errors.CannotRun as error:
        record(Refused(reason=str(error)))
    except errors.UsageError as error:
        record(Refused(reason=str(error)))
        stack.down()
        raise
    except Exception as error:
        record(Broke(error=f"{type(error).__name__}: {error}"))
        import traceback

        (folder.path / "broke.txt").write_text(traceback.format_exc())
    if _keeps(options, record):
        display.say(f"kept: the stack of run {folder.run}; take it down with: drill mend {folder.run}")
        return []
    display.say("taking everything down")
    return stack.down()


def _in_the_world(
    drill: Drill,
    plan: Plan,
    project: Project,
    stack: Stack,
    folder: folders.RunFolder,
    display: Display,
    record: Recorder,
    clock: MonotonicClock,
    stop: StopSignals,
    closing: contextlib.ExitStack,
) -> None:
    from harness.load.generator import Generator
    from harness.logfiles import read_logs
    from harness.probes import probes_for
    from harness.run.loading import RealLoad, load_config, users_ready_s
    from harness.run.ontime import OnTime
    from harness.stack.keeper import Keeper
    from harness.world.containers import Containers
    from harness.world.handles import World
    from harness.world.logs import LogFiles
    from harness.world.lookout import Lookout
    from harness.world.proxies import Reconciler

    with stop.interruptible():
        display.say("starting Toxiproxy")
        record(Asked(step="stack", what="stack_up"))
        api = stack.begin()
        for edge in stack.edges:
            record(_found(edge))
        proxies = Reconciler(api, stack.edges, record, restart=stack.restart_toxiproxy)
        proxies.start()
        closing.callback(proxies.close)
        lookout = Lookout(folder.run, stack.project_name, stack.edges, stack.services)

        def heard(service: str, ports: tuple[int, ...]) -> None:
            proxies.listening(service, ports)
            lookout.listening(service, ports)
            record(ListenersChanged(service=service, ports=ports))

        keeper = Keeper(folder.run, stack.project_name, stack.dependencies, heard, stop.lost)
        keeper.start()
        closing.callback(keeper.close)
        containers = Containers(folder.run, stack.project_name, clock.opened_ns)
        closing.callback(containers.close)
        logs = LogFiles(folder.run, folder.logs, containers)
        logs.start()
        closing.callback(logs.close)
        display.say("starting the stack")
        stack.up()
        display.say("waiting for the stack to be ready")
        stack.wait_ready()
        record(Done(step="stack", detail=f"ready after {clock.now_s():.1f} s"))
        lookout.start()
        closing.callback(lookout.close)
        for hurt, limit_ms in look_limits(plan).items():
            lookout.limit(hurt, limit_ms)

        display.say("starting the load's users")
        target = f"{drill.load.against.service}:{drill.load.against.port}"
        generator = Generator(load_config(drill, folder.run, clock.opened_ns, stack.address(target)), folder.path)
        closing.callback(generator.kill)
        generator.start()
        generator.ready(users_ready_s(drill))

    world = World(clock=clock, proxies=proxies, containers=containers, lookout=lookout)
    starter = OnTime(clock)
    closing.callback(starter.close)
    engine = Engine(
        plan=plan,
        world=world,
        load=RealLoad(generator, folder.ledger, drill.load.timeout_s),
        record=record,
        watch=ThreadedWatch(probes_for(witnessed(drill, stack.edges), logs), world, record),
        injector=Injector(world, record, starter),
        stop=stop,
        steady=Steady(drill.steady.for_s, drill.steady.all),
        logs=read_logs(folder.logs, record.journal()),
        limits=drill.abort.any,
        tell=display.second,
    )
    engine.run()


def _found(edge: Edge) -> EdgeFound:
    return EdgeFound(
        edge=edge.id,
        address=edge.address,
        ports=edge.ports,
        speaks=edge.speaks,
        known=tuple(f"{known.how}: {known.where}" for known in edge.known),
        refused=edge.refused,
    )


def witnessed(drill: Drill, edges: Sequence[Edge]) -> list[Edge]:
    """The edges that a fault of the drill is felt on: its own, or all into the service that it hurts."""
    targets = {fault.target for _, fault in drill.faults()}
    return [edge for edge in edges if edge.id in targets or edge.dependency in targets]


def look_limits(plan: Plan) -> dict[str, float]:
    """How long a witness must wait on an edge whose fault delays by more than the ordinary limit, in ms."""
    limits: dict[str, float] = {}
    for injection in plan.injections:
        delay_ms = getattr(injection.fault, "delay", 0.0) + getattr(injection.fault, "jitter", 0.0)
        if injection.fault.on_edge and delay_ms > USUAL_LIMIT_MS / 3:
            limits[injection.fault.target] = max(limits.get(injection.fault.target, 0.0), 3 * delay_ms + USUAL_LIMIT_MS)
    return limits


def _keeps(options: Options, record: Recorder) -> bool:
    if options.keep == "always":
        return True
    if options.keep == "on-failure":
        ended_badly: tuple[type[Fact], ...] = (Refused, Broke)
        return any(record.journal().of(kind) for kind in ended_badly)
    return False
