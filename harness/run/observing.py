"""The stack's own monitoring in a run: found, its pages caught before its first service starts, and looked at while it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import CannotRun, NotApplied, UsageError
from harness.expectations.page_quality import PageQuality
from harness.facts import Blinded, ContainerSeen, MonitoringFound, ReceiverSeen, RunbookFound
from harness.probes.delivery import DeliveryProbe
from harness.probes.pages import PagesProbe
from harness.probes.silences import SilencesProbe
from harness.probes.traces import TracesProbe
from harness.run.own_metrics import OwnMetrics, Tell
from harness.run.prometheus_probes import prometheus_probes
from harness.run.together import side_by_side
from harness.run.tracing import reads_traces, take_traces
from harness.runbooks import headings

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.probes.base import Probe
    from harness.run.session import Session
    from harness.run.together import Together
    from harness.stack.observed import Monitoring
    from harness.stack.played_on import PlayedOn
    from harness.stack.project import Project
    from harness.world.collector import Collector
    from harness.world.pager import Pager
    from harness.world.proxies import Reconciler
    from harness.world.receivers import Paging

READY_S = 15.0
"""A Prometheus that answers nothing so long after the stack was ready stays blinded; nothing waits for it any longer."""
MOST_RUNBOOKS = 500


def monitoring_of(drill: Drill, project: Project) -> Monitoring:
    """As the drill states it, else as the Compose file tells."""
    from harness.stack.observed import find_monitoring

    return find_monitoring(project.config, drill.stack.observe.prometheus, drill.stack.observe.alertmanager)


@dataclass
class Observing:
    """What is known of the monitoring, and the pager where there is one."""

    session: Session
    stack: PlayedOn
    monitoring: Monitoring
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
        observing = Observing(session, stack, monitoring)
        side_by_side(
            lambda: observing._catch_pages(closing) if monitoring.alertmanager else None,
            lambda: observing._take_traces(proxies, closing),
            lambda: observing._serve_metrics(closing) if monitoring.prometheus else None,
        )
        return observing

    def telling(self, tell: Tell) -> Tell:
        """What is told each second, also told to the run's own metrics."""
        return tell if self.own is None else self.own.telling(tell)

    def probes(self) -> tuple[Probe, ...]:
        """Once the stack is ready: what looks at it from now on."""
        found: list[Probe] = []
        if self.monitoring.prometheus:
            found += self._prometheus()
        if self.monitoring.alertmanager:
            from harness.world.alertmanager import Alertmanager

            address = self._address(self.monitoring.alertmanager)
            if address:
                alertmanager = Alertmanager(address, self._prefix("alertmanager"))
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
        from harness.world.metrics import Prometheus
        from harness.world.promtool import try_rules

        session, service = self.session, self.monitoring.prometheus.rpartition(":")[0]
        claims, alerts = replayed(session.drill), selected(session.drill)
        address = self._address(self.monitoring.prometheus) if alerts and service else None
        if address is None:
            return
        session.display.say("trying the claimed alerts' rules on the recorded series")
        prometheus = Prometheus(address, session.clock, self._prefix("prometheus"))
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
        )
        for seen in trying.seen(claims):
            session.record(seen)

    def _prometheus(self) -> list[Probe]:
        from harness.world.metrics import Prometheus

        address = self._address(self.monitoring.prometheus)
        if not address:
            return []
        prometheus = Prometheus(address, self.session.clock, self._prefix("prometheus"))
        end_s = time.monotonic() + READY_S
        while not prometheus.ready() and time.monotonic() < end_s:
            time.sleep(0.25)
        return prometheus_probes(self.session, prometheus)

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
        """The mailbox, and the runbooks that claims about pages are held against."""
        for folder in runbooks_asked(self.session.drill):
            for found in read_runbooks(self.session.drill, folder):
                self.session.record(found)
        self._put_mailbox(closing)

    def _put_mailbox(self, closing: Together) -> None:
        from harness.stack.configfile import ALERTMANAGER, config_file
        from harness.world.receivers import paging

        record, say = self.session.record, self.session.display.say
        service = self.monitoring.alertmanager.rpartition(":")[0]
        config = config_file(self.stack.project, service, ALERTMANAGER)
        why = config.why
        try:
            known = paging(config.text, *names_of(self.stack.project, service)) if config.text else None
        except ValueError as error:
            known, why = None, f"its configuration cannot be read: {error}"
        if known is None:
            say(f"warning: whom {service} pages is not known, and pages may reach real people: {why}")
            record(ReceiverSeen(receiver="", why=why))
            return
        for leak in known.leaking:
            say(f"warning: pages to this receiver are not caught, and may reach real people: {leak}")
        lost = self._start_pager(service, known, closing)
        for seen in known.receivers:
            observable = seen.observable and not lost
            record(seen if observable == seen.observable else _unseen(seen, lost))
        for rule in known.inhibits:
            record(rule)

    def _start_pager(self, service: str, known: Paging, closing: Together) -> str:
        """Why there is no mailbox, or ''."""
        from harness.stack.changes.identity import RUN_LABEL
        from harness.world.attached import Place
        from harness.world.pager import Pager

        session, stack = self.session, self.stack
        networks = stack.attachments(service)
        if not known.hosts:
            return ""
        if not networks:
            return f"{service} is on no network of the project"
        labels = {RUN_LABEL: session.folder.run}
        place = Place(f"{stack.project_name}-pager", labels, networks, tuple(known.hosts))
        pager = Pager(place, known.ports, session.clock, session.clock.opened_ns, session.record)
        closing.callback(pager.close)
        try:
            pager.start()
        except NotApplied as error:
            raise CannotRun(f"pages would leave the stack: {error}") from error
        self.pager = pager
        return ""


def runbooks_asked(drill: Drill) -> tuple[str, ...]:
    """The folders of runbooks that claims are about, each once."""
    folders = [claim.runbooks for _, _, claim in drill.claims() if isinstance(claim, PageQuality) and claim.runbooks]
    return tuple(dict.fromkeys(folders))


def read_runbooks(drill: Drill, folder: str) -> Iterator[RunbookFound]:
    """Each runbook of a folder by its headings; one fact with the reason where it cannot be read."""
    place = drill.path(folder)
    try:
        files = sorted(path for path in place.iterdir() if path.suffix in (".md", ".markdown"))
        if not files or len(files) > MOST_RUNBOOKS:
            yield RunbookFound(
                folder=folder, why=f"{len(files)} files in Markdown are in it (1 to {MOST_RUNBOOKS} are read)"
            )
            return
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield RunbookFound(folder=folder, file=path.name, sections=headings(text))
    except OSError as error:
        yield RunbookFound(folder=folder, why=f"it cannot be read: {error.strerror or error}")


def names_of(project: Project, service: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names by which Alertmanager reaches services of the stack, and names whose address its own hosts file fixes."""
    from harness.stack import names as topology

    own = [name for other in project.services for name in topology.names(project.config, service, other)]
    own += topology.spread(project.config, service)
    return tuple(dict.fromkeys(own)), tuple(topology.pinned_hosts(project.services[service]))


def _unseen(seen: ReceiverSeen, why: str) -> ReceiverSeen:
    from dataclasses import replace

    return replace(seen, observable=False, why=why)
