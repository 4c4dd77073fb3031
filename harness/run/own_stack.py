"""The ground of most runs: a stack of the run's own, brought up from Compose files and taken down again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness import errors
from harness.facts import EdgeFound
from harness.inside.wreck import WATCHDOG

if TYPE_CHECKING:
    from harness.edges import Edge
    from harness.load.generator import Generator
    from harness.masking import Secret
    from harness.run.assembly import Parts
    from harness.run.engine import Engine
    from harness.run.session import Session
    from harness.stack.project import Project

LATE_S = 1.0  # a network or a container that was asked for takes Docker so long, on a busy machine too


def own_stack(project: Project, edges: Sequence[Edge]) -> Callable[[Session], OwnStack]:
    """The ground that a session makes of a Compose project and its edges."""
    return lambda session: OwnStack(session, project, edges)


class OwnStack:
    """Implements run.ground.Ground."""

    access = None  # its port is published on this machine alone

    def __init__(self, session: Session, project: Project, edges: Sequence[Edge]) -> None:
        from harness.run.observing import monitoring_of, senders_of
        from harness.run.sources import asked_over_tcp
        from harness.stack.exporters import exporting
        from harness.stack.observed import PORTS, servers
        from harness.stack.stack import Stack

        drill = session.drill
        self._session = session
        monitoring = monitoring_of(drill, project)
        sending = (
            *(one.service for one in senders_of(drill, project)),
            *(
                name for what in PORTS for name in servers(project.config, what)
            ),  # whose image tells more once it is there
        )
        self._project = project
        self._parts: Parts | None = None
        self._stack = Stack(
            project=project,
            run_id=session.folder.run,
            folder=session.folder.path,
            edges=edges,
            publish=(session.target,),
            reach=(*monitoring.targets, *monitoring.asked, *asked_over_tcp(drill)),
            held=(*monitoring.services, *sending, *exporting(project.config, edges).held),
            data=dict(drill.stack.data),
            ready_within_s=drill.stack.ready_within_s,
            offline=session.options.offline or drill.stack.offline,
            lease_s=drill.lease_s,
            say=session.display.say,
        )

    def secrets(self) -> Sequence[Secret]:
        from harness.stack_secrets import secrets_in
        from harness.target.monitor import monitor_secrets

        drill = self._session.drill
        return (*secrets_in(self._project.config, drill.masked()), *monitor_secrets(drill))

    def begin(self, session: Session, closing: contextlib.ExitStack) -> None:
        """Toxiproxy first, then its helpers, then the services; until all are ready."""
        from harness.run.assembly import helpers

        display, record, stack = session.display, session.record, self._stack
        display.say("starting Toxiproxy")
        stack.begin()
        for edge in stack.edges:
            record(found(edge))
        self._parts = helpers(session, stack, closing)
        display.say("starting the stack")
        stack.up()
        display.say("waiting for the stack to be ready")
        self._parts.begin_looking(session.plan)
        stack.wait_ready()

    def host(self, session: Session) -> str:
        from harness.run.loading import host_of

        return host_of(session.drill, self._stack.address(session.target))

    def engine(self, session: Session, generator: Generator, closing: contextlib.ExitStack) -> Engine:
        from harness.run.assembly import engine

        assert self._parts is not None
        return engine(session, self._stack, self._parts, generator, closing)

    def replay(self, session: Session) -> None:
        assert self._parts is not None
        self._parts.observing.replay()

    def keep(self, session: Session) -> str | None:
        session.display.say(f"kept: the stack still runs; take it down with: drill mend {session.folder.run}")
        try:
            stays = bool(self._stack.leave())
        except errors.CannotRun:
            stays = True
        return f"{self._stack.project_name}-{WATCHDOG}-1" if stays else ""

    def down(self, *, twice: bool) -> Sequence[str]:
        self._session.patience.await_back()
        if twice:
            self._stack.down(last=False)
            time.sleep(LATE_S)
        return self._stack.down()


def found(edge: Edge) -> EdgeFound:
    """An edge as the journal tells of it."""
    return EdgeFound(
        edge=edge.id,
        address=edge.address,
        ports=edge.ports,
        speaks=edge.speaks,
        known=tuple(f"{known.how}: {known.where}" for known in edge.known),
        refused=edge.refused,
        names=edge.names,
    )
