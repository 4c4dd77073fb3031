"""The stack's own monitoring in a run: found, its pages caught before its first service starts, and looked at while it goes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.errors import CannotRun, NotApplied, NotLetIn, UsageError
from harness.expectations.page_quality import PageQuality
from harness.facts import Blinded, ContainerSeen, MonitoringFound, RunbookFound
from harness.probes.delivery import DeliveryProbe
from harness.probes.pages import PagesProbe
from harness.probes.silences import SilencesProbe
from harness.probes.traces import TracesProbe
from harness.run.mailbox import put_mailbox, really_pages
from harness.run.own_metrics import OwnMetrics, Tell
from harness.run.prometheus_probes import prometheus_probes
from harness.run.together import side_by_side
from harness.run.tracing import reads_traces, take_traces
from harness.runbooks import address, headings

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.probes.base import Probe
    from harness.run.session import Session
    from harness.run.together import Together
    from harness.stack.observed import Monitoring
    from harness.stack.played_on import PlayedOn
    from harness.stack.project import Project
    from harness.stack.senders.sender import Sender
    from harness.world.alertmanager import Alertmanager
    from harness.world.collector import Collector
    from harness.world.jsonapi import JsonApi
    from harness.world.metrics import Prometheus
    from harness.world.pager import Pager
    from harness.world.proxies import Reconciler

READY_S = 15.0
"""A Prometheus that answers nothing so long after the stack was ready stays blinded; nothing waits for it any longer."""
MOST_RUNBOOKS = 500


def monitoring_of(drill: Drill, project: Project) -> Monitoring:
    """As the drill states it, else as the Compose file tells."""
    from harness.stack.observed import find_monitoring

    observe = drill.stack.observe
    return find_monitoring(project.config, observe.prometheus.at, observe.alertmanager.at)


def senders_of(drill: Drill, project: Project) -> tuple[Sender, ...]:
    """Who of the stack pages people, as a run will keep them from it. Raises CannotRun as `stack.senders` does."""
    from harness.stack.senders import senders

    return senders(project, monitoring_of(drill, project), drill.stack.data)


@dataclass
class Observing:
    """What is known of the monitoring and of who pages (nobody, where no mailbox of ours can stand), and the pager where there is one."""

    session: Session
    stack: PlayedOn
    monitoring: Monitoring
    senders: tuple[Sender, ...] = ()
    pager: Pager | None = None
    own: OwnMetrics | None = None
    collector: Collector | None = None

    @staticmethod
    def begin(session: Session, stack: PlayedOn, proxies: Reconciler, closing: Together) -> Observing:
        """Before the first service that pages or sends traces starts: say what was found, and put the mailbox where pages
        would go, the collector where traces would, and the run's own metrics where they are looked for."""
        monitoring = monitoring_of(session.drill, stack.project)
        session.record(
            MonitoringFound(prometheus=monitoring.prometheus, alertmanager=monitoring.alertmanager, why=monitoring.why)
        )
        observing = Observing(session, stack, monitoring, senders_of(session.drill, stack.project))
        side_by_side(
            lambda: observing._catch_pages(closing),
            lambda: observing._take_traces(proxies, closing),
            lambda: observing._serve_metrics(closing) if monitoring.prometheus else None,
        )
        return observing

    def telling(self, tell: Tell) -> Tell:
        """What is told each second, also told to the run's own metrics."""
        return tell if self.own is None else self.own.telling(tell)

    def probes(self) -> tuple[Probe, ...]:
        """Once the stack is ready: what looks at it from now on. Raises CannotRun where pages go past the mailbox."""
        self._really_paged()
        found: list[Probe] = []
        if self.monitoring.prometheus:
            found += self._prometheus()
        if self.monitoring.alertmanager:
            address = self._address(self.monitoring.alertmanager)
            if address:
                alertmanager = self._alertmanager(address)
                self._awaited("alertmanager", alertmanager.config)
                found += [SilencesProbe(alertmanager), DeliveryProbe("alertmanager", alertmanager)]
        if self.pager is not None:
            found.append(PagesProbe(self.pager))
        if self.collector is not None and reads_traces(self.session.drill):
            found.append(TracesProbe(self.collector))
        return tuple(found)

    def replay(self) -> None:
        """When the phases are over: whether there is what the claimed alerts' rules read, and what each takes with a full
        history. What cannot be told is said, not raised."""
        from harness.run.replaying import Replaying, replayed
        from harness.run.selecting import Selecting, selected
        from harness.stack.changes.identity import RUN_LABEL
        from harness.world.promtool import try_rules

        session, service = self.session, self.monitoring.prometheus.rpartition(":")[0]
        claims, alerts = replayed(session.drill), selected(session.drill)
        address = self._address(self.monitoring.prometheus) if alerts and service else None
        if address is None:
            return
        session.display.say("trying the claimed alerts' rules on the recorded series")
        prometheus = self._asked_at(address)
        journal, name = session.record.journal(), f"{self.stack.project_name}-replay"
        for one in Selecting(journal, prometheus).seen(alerts):
            session.record(one)
        running = journal.last(ContainerSeen, service=service)
        image, labels = running.image if running else "", {RUN_LABEL: session.folder.run}
        trying = Replaying(
            journal,
            prometheus,
            lambda files, tests: try_rules(files, tests, image, name, labels),
            session.drill.steady.for_s,
            session.folder.replays,
        )
        for seen in trying.seen(claims):
            session.record(seen)

    def _prometheus(self) -> list[Probe]:
        address = self._address(self.monitoring.prometheus)
        if not address:
            return []
        prometheus = self._asked_at(address)
        self._awaited("prometheus", prometheus.ready)
        return prometheus_probes(self.session, prometheus)

    def _asked_at(self, address: tuple[str, int]) -> Prometheus:
        from harness.world.metrics import Prometheus

        return Prometheus(address, self.session.clock, self._prefix("prometheus"), self._api("prometheus", address))

    def _alertmanager(self, address: tuple[str, int]) -> Alertmanager:
        from harness.world.alertmanager import Alertmanager

        return Alertmanager(address, self._prefix("alertmanager"), self._api("alertmanager", address))

    def _api(self, word: str, address: tuple[str, int]) -> JsonApi | None:
        from harness.target.monitor import monitor_api

        service = self.monitoring.by_word[word].rpartition(":")[0]
        return monitor_api(self.session.drill, word, service, address, self._prefix(word))

    def _awaited(self, word: str, ask: Callable[[], object]) -> None:
        """Until it answers, and READY_S at the most; no longer where it turns us away. Either is said. Raises CannotRun where
        it does not take what the drill states to get in. An Alertmanager without that was waited for by the mailbox."""
        stated = getattr(self.session.drill.stack.observe, word).guarded
        end_s = time.monotonic() + (READY_S if stated or word == "prometheus" else 0)
        while True:
            try:
                ask()
                return
            except NotLetIn as error:
                if stated:
                    raise CannotRun(str(error)) from error
                self.session.display.say(f"warning: {error}")
                return
            except NotApplied as error:
                if time.monotonic() > end_s:
                    self.session.display.say(f"warning: {error}")
                    return
                time.sleep(0.25)

    def _address(self, target: str) -> tuple[str, int] | None:
        try:
            return self.stack.address(target)
        except UsageError as error:
            self.session.record(Blinded(probe="alerts", target="", error=f"{target} cannot be reached: {error}"))
            return None

    def _prefix(self, what: str) -> str:
        return (self.monitoring.prefix or {}).get(what, "")

    def _serve_metrics(self, closing: Together) -> None:
        service = self.monitoring.prometheus.rpartition(":")[0]
        self.own = OwnMetrics.begin(self.session, self.stack, service, closing)

    def _take_traces(self, proxies: Reconciler, closing: Together) -> None:
        self.collector = take_traces(self.session, self.stack, proxies, closing)

    def _catch_pages(self, closing: Together) -> None:
        """The runbooks that claims about pages are held against, and the mailbox."""
        if self.monitoring.alertmanager:
            for folder in runbooks_asked(self.session.drill):
                for found in read_runbooks(self.session.drill, folder):
                    self.session.record(found)
        self.pager = put_mailbox(self.session, self.stack, self.senders, closing)

    def _really_paged(self) -> None:
        """What each Alertmanager runs with, held against what was read; one that asks for a password which the drill does not
        state cannot be asked."""
        from harness.stack.web_config import guarded
        from harness.world.alertmanager import Alertmanager

        looked_at = self.monitoring.alertmanager
        stated = self.session.drill.stack.observe.alertmanager.guarded
        by_service = {one.service: one for one in self.senders}
        asked = []
        for target in self.monitoring.asked:
            service = target.rpartition(":")[0]
            own = stated and target == looked_at
            if service not in by_service or (guarded(self.stack.project, service) and not own):
                continue
            with contextlib.suppress(UsageError):  # one that nobody reaches from here
                address = self.stack.address(target)
                prefix = self.monitoring.alertmanagers[target]
                alertmanager = self._alertmanager(address) if own else Alertmanager(address, prefix)
                asked.append(partial(really_pages, self.session, by_service[service], alertmanager))
        side_by_side(*asked)


def runbooks_asked(drill: Drill) -> tuple[str, ...]:
    """The folders of runbooks that claims are about, each once."""
    folders = [claim.runbooks for _, _, claim in drill.claims() if isinstance(claim, PageQuality) and claim.runbooks]
    return tuple(dict.fromkeys(folders))


def read_runbooks(drill: Drill, folder: str) -> Iterator[RunbookFound]:
    """Each runbook of a folder and those below it by its headings; one fact with the reason where it cannot be read."""
    place = drill.path(folder)
    try:
        files = sorted(
            path
            for path in place.rglob("*.m*d*")
            if path.suffix in (".md", ".markdown")
            and not any(part.startswith(".") for part in path.relative_to(place).parts)
        )
        if not files or len(files) > MOST_RUNBOOKS:
            yield RunbookFound(
                folder=folder, why=f"{len(files)} files in Markdown are in it (1 to {MOST_RUNBOOKS} are read)"
            )
            return
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace")
            file = path.relative_to(place).as_posix()
            yield RunbookFound(folder=folder, file=file, sections=headings(text), address=address(text))
    except OSError as error:
        yield RunbookFound(folder=folder, why=f"it cannot be read: {error.strerror or error}")
