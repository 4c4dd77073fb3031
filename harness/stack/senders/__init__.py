"""Who of a project pages people, or has others page them, and what no mailbox of ours could keep from them: known before it starts.

Real people who are paged by a rehearsal are the worst that it can do. So a mailbox stands before every one of them, whichever of
them is looked at; where that cannot be, a sentence says so, with the way out.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.stack.configfile import ALERTMANAGER, config_file
from harness.stack.observed import Monitoring, servers, surely
from harness.stack.project import Project
from harness.stack.senders.alertmanagers import alertmanager
from harness.stack.senders.gatuses import gatuses
from harness.stack.senders.grafanas import alerting, grafanas
from harness.stack.senders.notifiers import notifiers
from harness.stack.senders.sender import Sender
from harness.stack.senders.tenants import tenants


def senders(project: Project, monitoring: Monitoring, data: Mapping[str, str]) -> tuple[Sender, ...]:
    """All of them; `data` is the drill's. Raises CannotRun where only Docker could tell what their configurations are."""
    services = [target.rpartition(":")[0] for target in monitoring.alertmanagers]
    sure = [service for service in services if surely(project.config, service, "alertmanager")]
    meant = (*sure, monitoring.alertmanager.rpartition(":")[0]) if sure else services
    found = [
        alertmanager(project, service, alone=monitoring.alone)
        for service in services
        if service in meant or config_file(project, service, ALERTMANAGER).path
    ]  # beside one for sure, a part of a name alone makes no other
    return (*found, *notifiers(project, monitoring), *tenants(project), *grafanas(project, data), *gatuses(project))


def may_page(project: Project, monitoring: Monitoring) -> bool:
    """Whether there is anything that could make an alert of a fault or page somebody, as a project runs already: with its real data."""
    return bool(
        monitoring.prometheus
        or monitoring.alertmanagers
        or servers(project.config, "prometheus")
        or any(alerting(body, service) for service, body in project.services.items())
        or any(notifiers(project, monitoring))
        or any(tenants(project))
        or any(gatuses(project))
    )
