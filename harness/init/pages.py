"""Whom the alerts of a first drill page, as far as the project's files tell, and which people no mailbox would keep that from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import CannotRun
from harness.facts import ReceiverSeen
from harness.init.alerts import Picked
from harness.init.files import File
from harness.stack.observed import Monitoring
from harness.stack.project import Project
from harness.stack.senders import senders
from harness.stack.senders.alertmanagers import alertmanager as sender
from harness.stack.web_config import unlooked
from harness.world.receivers import Paging, paging


def paging_of(project: Project, alertmanager: str) -> Paging:
    """Where pages would go, as Alertmanager's own configuration says; nowhere where there is none or it cannot be read."""
    try:
        known = sender(project, alertmanager.rpartition(":")[0]).known if alertmanager else None
    except CannotRun:
        known = None
    return known or Paging()


def written(files: Sequence[File], project: Project) -> Paging:
    """The same of the Alertmanager that is written beside the project."""
    text = next((file.text for file in files if file.path.name == "alertmanager.yml"), "")
    return paging(text, own=tuple(project.services)) if text else Paging()


def paged(known: Paging, picked: Picked) -> dict[str, tuple[ReceiverSeen, ...]]:
    """By alert, the ways out that its labels lead its page to; all of them where a route cannot be read."""
    found = {}
    for watch in (one for one in (picked.slow, picked.gone) if one is not None):
        try:
            found[watch.alert] = known.reached({**watch.labels, "alertname": watch.alert})
        except ValueError:
            found[watch.alert] = known.receivers
    return found


def unkept(project: Project, monitoring: Monitoring, data: Mapping[str, str]) -> tuple[str, ...]:
    """What a run of the drill will warn of before it begins: pages that may reach people, servers that cannot be looked at."""
    try:
        out = [why for one in senders(project, monitoring, data) for why in one.unkept]
    except CannotRun:  # that Docker is not there is said once, of all that it would have told
        out = []
    out += unlooked(project, monitoring.by_word)
    return tuple(dict.fromkeys(out))
