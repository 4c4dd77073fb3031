"""The ground that is a Compose project which runs already: looked at, loaded and hurt as it is, and what it was found to be at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.attach.addresses import HERE
from harness.attach.containers import AttachedContainers, NoLookout, NoProxies
from harness.attach.inserted import Inserted
from harness.attach.look import toxiproxies
from harness.attach.put_back import put_back
from harness.attach.record import Recorded, attached
from harness.attach.stack import AttachedStack
from harness.errors import CannotRun, UsageError
from harness.facts import (
    Blinded,
    ListenersChanged,
    Looked,
    MonitoringFound,
    TargetChosen,
    Unavailable,
)
from harness.run.assembly import Parts, needed
from harness.run.assembly import engine as real_engine
from harness.run.observing import Observing, monitoring_of
from harness.run.own_stack import LATE_S, found
from harness.run.project_notes import as_found, note, tell
from harness.run.together import Together
from harness.safety import guardian
from harness.world.ladder_turn import ladder_turn

if TYPE_CHECKING:
    from harness.attach.found import Running
    from harness.attach.in_path import OnTheWay
    from harness.edges import Edge
    from harness.load.generator import Generator
    from harness.masking import Secret
    from harness.probes.base import Probe
    from harness.run.engine import Engine
    from harness.run.session import Session
    from harness.stack.observed import Monitoring
    from harness.target.proxies import TargetProxies
    from harness.world.lookout import Lookout
    from harness.world.proxies import Reconciler

NOT_ON = "no Toxiproxy stands on it"


def attached_ground(
    running: Running, edges: Sequence[Edge], inserted: Sequence[Edge], there: Sequence[OnTheWay], machine: str
) -> Callable[[Session], OnProject]:
    """The ground that a session makes of a running project.

    inserted   those of its edges on which a Toxiproxy is put
    there      those on which one of its own stands
    machine    where its Docker is, HERE for this one
    """
    return lambda session: OnProject(session, running, edges, inserted, there, machine)


class OnProject:
    """Implements run.ground.Ground."""

    access = None

    def __init__(
        self,
        session: Session,
        running: Running,
        edges: Sequence[Edge],
        inserted: Sequence[Edge],
        there: Sequence[OnTheWay],
        machine: str,
    ) -> None:
        self._session, self._running, self._machine = session, running, machine
        self._insert, self._there = tuple(inserted), tuple(there)
        mediated = {edge.id for edge in inserted} | {one.edge.id for one in there}
        self._stack = AttachedStack(running, _unplaced(edges, mediated), session.folder.path / "compose.yaml", machine)
        self._inserted: Inserted | None = None
        self._parts: Parts | None = None
        self._guardian: object = None  # ends by itself, when the run is over

    def secrets(self) -> Sequence[Secret]:
        from harness.stack_secrets import secrets_in
        from harness.target.monitor import monitor_secrets

        drill = self._session.drill
        return (*secrets_in(self._running.project.config, drill.masked()), *monitor_secrets(drill))

    def begin(self, session: Session, closing: contextlib.ExitStack) -> None:
        """Look whether load can go to it, write down what it is, then put the edges in that are asked for."""
        record, stack = session.record, self._stack
        monitoring = monitoring_of(session.drill, stack.project)
        try:
            host = self.host(session)
        except UsageError as error:
            raise CannotRun(str(error)) from error
        record(TargetChosen(target=f"Compose project {self._running.name}", load=host))
        for what, why in session.plan.absent.items():
            record(Unavailable(what=what, why=why))
        record(
            MonitoringFound(prometheus=monitoring.prometheus, alertmanager=monitoring.alertmanager, why=monitoring.why)
        )
        session.display.say(f"looking at what {self._running.name} is")
        try:
            told = as_found(session, self._running, monitoring, self._machine, self._api()).keep(session.folder.path)
            note(session.folder, self._running)
        except OSError as error:
            raise CannotRun(f"{error.filename} cannot be written: {error.strerror}") from error
        self._guard(session)
        with needed():
            proxies = self._put_in(session, closing)
            for edge in stack.edges:
                record(found(edge))
            self._parts = self._attend(session, told, proxies, monitoring, closing)

    def host(self, session: Session) -> str:
        from harness.run.loading import host_of

        return host_of(session.drill, self._stack.address(session.target))

    def engine(self, session: Session, generator: Generator, closing: contextlib.ExitStack) -> Engine:
        assert self._parts is not None
        return real_engine(session, self._stack, self._parts, generator, closing)

    def replay(self, session: Session) -> None:
        assert self._parts is not None
        if self._machine == HERE:
            self._parts.observing.replay()

    def keep(self, session: Session) -> str | None:
        return None

    def down(self, *, twice: bool) -> Sequence[str]:
        """What of the run is left there. What is other than it was found is a fact, and no fault of ours may be on."""
        session = self._session
        if not attached(session.folder.path):
            return ()  # nothing was changed, or was about to be
        session.patience.await_back()
        if twice:
            time.sleep(LATE_S)  # what was just being made comes to be
        back = put_back(session.folder.path, session.folder.run)
        tell(back, session.record)
        return back.left if back.compared else (*back.left, *back.other)

    # --- the steps --------------------------------------------------------------------------------------------------

    def _api(self) -> str:
        """'service:port' of a Toxiproxy in the project, of the one that is used where there are several; ''."""
        return self._there[0].api if self._there else next(toxiproxies(self._running.containers), "")

    def _guard(self, session: Session) -> None:
        """From before the first change on, somebody takes the faults out when this process is gone."""
        if not (session.drill.lease_s and session.plan.injections):
            return
        try:
            self._guardian = guardian.start(session.folder, session.drill.lease_s)
        except OSError as error:
            raise CannotRun(f"what guards the run's faults could not be started: {error.strerror}") from error

    def _put_in(self, session: Session, closing: contextlib.ExitStack) -> Reconciler | TargetProxies | None:
        """Toxiproxy and its one writer, with the edges placed; None without any. Raises CannotRun, NotApplied."""
        from harness.stack.changes.identity import project_name
        from harness.stack.toxiproxy import restart_toxiproxy
        from harness.world.proxies import Reconciler

        if self._there:
            return self._at_theirs(session, closing)
        if not self._insert:
            return None
        run = session.folder.run
        session.display.say(f"putting Toxiproxy on {', '.join(edge.id for edge in self._insert)}")
        self._inserted = Inserted(self._running, self._insert, run, session.folder.path)
        self._inserted.begin()
        self._stack.placed(self._inserted.edges)
        note(session.folder, self._running, self._inserted)
        proxies = Reconciler(
            self._inserted.api,
            self._inserted.edges,
            session.record,
            restart=lambda: session.patience.insist(lambda: restart_toxiproxy(project_name(run))),
            by_hand=(f"docker restart {project_name(run)}-drill-toxiproxy-1", f"drill mend {run}"),
            turn=lambda: ladder_turn(session.folder.facts),
        )
        session.lease.on_lapse.append(proxies.let_go)
        closing.callback(proxies.close)
        proxies.start()
        return proxies

    def _at_theirs(self, session: Session, closing: contextlib.ExitStack) -> TargetProxies:
        """The project's own Toxiproxy: toxics of ours beside its own, noted before the first. Raises CannotRun."""
        from harness.attach.theirs import as_target
        from harness.target.proxies import TargetProxies, spots
        from harness.target.record import keep

        target = as_target(self._running.name, self._there, self.host(session), self._stack.address)
        proxies = TargetProxies(session.folder.run, spots(target), f"drill mend {session.folder.run}")
        closing.callback(proxies.close)
        session.lease.on_lapse.append(proxies.let_go)
        keep(session.folder.path, target, proxies.look([one.edge.id for one in self._there]))
        return proxies

    def _attend(
        self,
        session: Session,
        told: Recorded,
        proxies: Reconciler | TargetProxies | None,
        monitoring: Monitoring,
        closing: contextlib.ExitStack,
    ) -> Parts:
        """What looks at the project; the callers go behind their edges once these are open. Raises CannotRun, NotApplied."""
        import docker  # noqa: F401  here, not in one of the threads below: its modules import each other in a circle

        from harness.doctor.images import ensure_harness_image
        from harness.world.logs import LogFiles

        run, record = session.folder.run, session.record
        here = self._machine == HERE
        if here:
            ensure_harness_image(session.display.say)
        lookout = self._lookout(run, here)
        writer = proxies or NoProxies()

        def heard(service: str, ports: tuple[int, ...]) -> None:
            writer.listening(service, ports)
            lookout.listening(service, ports)
            record(ListenersChanged(service=service, ports=ports))

        def gap(why: str) -> None:
            record(Blinded(probe="keeper", target="", error=why) if why else Looked(probe="keeper", target=""))

        together = Together()
        closing.callback(together.close)
        theirs = {one.edge.id for one in self._there}  # dialled where the proxy listens, not where the dependency does
        edges = [edge for edge in self._looked_at() if not edge.external and edge.id not in theirs]
        watched = tuple(dict.fromkeys(edge.dependency for edge in edges))
        if here and watched:
            from harness.stack.keeper import Keeper

            name = f"drill-{run}-keeper"
            keeper = Keeper(run, self._running.name, watched, heard, session.stop.lost, gap, name)
            together.callback(keeper.close)
            keeper.start()
        if self._inserted is not None:
            self._inserted.take_place(told, session.drill.stack.ready_within_s, session.display.say)
        containers = AttachedContainers(run, self._running.name, session.clock.opened_ns, session.patience)
        closing.callback(containers.close)
        logs = LogFiles(run, session.folder.logs, containers, since_unix_s=time.time())
        logs.start()
        together.callback(logs.close)
        observing = Observing(session, self._stack, monitoring)
        parts = Parts(writer, containers, logs, lookout, observing, together, more=tuple(self._more()) if here else ())
        parts.begin_looking(session.plan)
        return parts

    def _lookout(self, run: str, here: bool) -> Lookout | NoLookout:
        from harness.attach.proven import ProvenLookout
        from harness.stack.told import as_told

        if not here:
            return NoLookout()
        unproven = {one.edge.id: one.edge.ports[0] for one in self._there}
        services = as_told(self._stack.project)
        return ProvenLookout(run, self._running.name, self._looked_at(), services, unproven, self._session.record)

    def _looked_at(self) -> tuple[Edge, ...]:
        """The edges with a Toxiproxy, and those into services that are hurt: from there it is felt whether a service answers."""
        hurt = self._hurt()
        return tuple(edge for edge in self._stack.edges if edge.address or edge.dependency in hurt)

    def _more(self) -> Iterator[Probe]:
        """Witnesses on edges without a Toxiproxy: those with one have theirs anyway."""
        from harness.probes.witness import WitnessProbe

        yield from (WitnessProbe(edge=edge.id) for edge in self._looked_at() if not edge.address)

    def _hurt(self) -> set[str]:
        """The services that faults are on."""
        faults = [one.fault for one in self._session.plan.injections if not one.fault.on_edge]
        return {target for fault in faults for target in fault.targets}


def _unplaced(edges: Sequence[Edge], mine: Collection[str]) -> tuple[Edge, ...]:
    """All edges; those on which no Toxiproxy will stand are refused, and say so."""
    return tuple(
        edge if edge.id in mine or edge.refused else dataclasses.replace(edge, refused=NOT_ON) for edge in edges
    )
