"""What looks at a target beside its load and its edges: its Prometheus, its Alertmanager and pages, its logs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import CannotRun, Missing, NotApplied
from harness.facts import LogFound
from harness.load.access import Access
from harness.target.reach import PlaceApi

if TYPE_CHECKING:
    from harness.probes.base import Probe
    from harness.run.session import Session
    from harness.target.logs import TargetLogs
    from harness.target.model import Target
    from harness.target.pages import Receiver
    from harness.target.polled import PolledPages
    from harness.world.alertmanager import Alertmanager
    from harness.world.metrics import Prometheus


class Servers:
    """`look` first, then `follow`, then `probes`. `root` is where commands that print logs run."""

    def __init__(self, session: Session, target: Target, root: Path) -> None:
        self._session, self._target, self._root = session, target, root
        self._prometheus: Prometheus | None = None
        self._alertmanager: Alertmanager | None = None
        self._receiver: Receiver | None = None
        self._polled: PolledPages | None = None
        self._logs: TargetLogs | None = None

    def look(self) -> list[Missing]:
        """What does not answer, or turns us away."""
        from harness.world.alertmanager import Alertmanager
        from harness.world.metrics import Prometheus

        missing: list[Missing] = []
        if self._target.prometheus:
            self._prometheus = Prometheus(
                ("", 0), self._session.clock, api=PlaceApi("Prometheus", self._target.prometheus)
            )
            try:
                self._prometheus.query("vector(1)")
            except NotApplied as error:
                missing.append(Missing(str(error)))
        if self._target.alertmanager:
            self._alertmanager = Alertmanager(("", 0), api=PlaceApi("Alertmanager", self._target.alertmanager))
            try:
                self._alertmanager.config()
            except NotApplied as error:
                missing.append(Missing(str(error)))
        if self._target.pages and self._target.pages.poll:
            from harness.target.polled import answers

            if why := answers(self._target.pages.poll, self._target.pages.receivers):
                missing.append(Missing(why))
        return missing

    def gives_a_series(self, expr: str) -> bool:
        """Whether a query has an answer. Raises NotApplied."""
        if self._prometheus is None:
            raise NotApplied("there is no Prometheus to ask")
        return bool(self._prometheus.query(expr).series)

    def select(self) -> None:
        """When the phases are over: whether there is what the claimed alerts' rules read."""
        from harness.run.selecting import Selecting, selected

        if self._prometheus is not None:
            for one in Selecting(self._session.record.journal(), self._prometheus).seen(selected(self._session.drill)):
                self._session.record(one)

    def follow(self, closing: contextlib.ExitStack) -> None:
        """Its logs, and the webhook that its pages are posted to, or the list that they are read from. Raises CannotRun."""
        from harness.target.logs import TargetLogs, sources
        from harness.target.pages import Receiver, receivers
        from harness.target.polled import PolledPages

        session, target, record = self._session, self._target, self._session.record
        try:
            if target.logs:
                self._logs = TargetLogs(session.folder.logs, sources(target.logs, self._root))
                closing.callback(self._logs.close)
                self._logs.start()
                for service in target.logs.services:
                    record(LogFound(service=service))
            if target.pages:
                assert self._alertmanager is not None
                seen = receivers(target.pages, self._alertmanager)
                if target.pages.poll:
                    self._polled = PolledPages(target.pages)
                else:
                    token = pages_token(target)
                    self._receiver = Receiver(target.pages, token, session.clock, session.clock.opened_ns, record)
                    closing.callback(self._receiver.close)
                for one in seen:
                    record(one)
        except NotApplied as error:
            raise CannotRun(str(error)) from error

    def probes(self) -> Iterator[Probe]:
        """What looks at them while the drill goes."""
        from harness.probes.delivery import DeliveryProbe
        from harness.probes.logs import LogsProbe
        from harness.probes.pages import PagesProbe
        from harness.probes.silences import SilencesProbe
        from harness.run.prometheus_probes import prometheus_probes

        if self._logs is not None:
            yield LogsProbe(self._logs)
        if self._receiver is not None:
            yield PagesProbe(self._receiver)
        if self._polled is not None:
            yield self._polled
        if self._alertmanager is not None:
            yield SilencesProbe(self._alertmanager)
            yield DeliveryProbe("alertmanager", self._alertmanager)
        if self._prometheus is not None:
            yield from prometheus_probes(self._session, self._prometheus)


def pages_token(target: Target) -> str:
    """What must be sent along with a page; '' for nothing. Raises CannotRun for a secret that is not there."""
    pages = target.pages
    if pages is None:
        return ""
    try:
        return Access(token_env=pages.token_env, token_file=pages.token_file).secret()
    except (LookupError, OSError) as error:
        raise CannotRun(f"the token of pages is not to be had: {error}") from None
