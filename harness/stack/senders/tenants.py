"""The Alertmanager inside of a store (Mimir, Cortex): whom its tenants' configurations page.

Source: Mimir's configuration reference, blocks `alertmanager`, `alertmanager_storage`, `common`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.stack.configfile import mounted, volumes_over
from harness.stack.observed import command_of, flag
from harness.stack.project import Project
from harness.stack.senders.alertmanagers import leaks, nowhere
from harness.stack.senders.folders import files_in
from harness.stack.senders.sender import BEHIND, Sender, lone, names_of, outside
from harness.stack.senders.stores import store
from harness.urls import place
from harness.world.receivers import paging

_OTHERS = ("s3", "gcs", "azure", "swift")
"""The ways in which it keeps its tenants' configurations where others may have put some."""


def tenants(project: Project) -> Iterator[Sender]:
    """Raises CannotRun as `config_file` does."""
    for service, body in project.services.items():
        found = store(project, service)
        data = found.data if found is not None else {}
        hosts: dict[str, tuple[int, ...]] = {}
        told: list[str] = []
        own, pinned = names_of(project, service)
        for where, text in _configurations(project, body, data):
            try:
                known = paging(text or "", own, pinned, lone=lone(project, service))
            except ValueError as error:
                told.append(_unknown(service, f"{where} cannot be read" + (f": {error}" if text else "")))
                continue
            hosts |= {host: (*hosts.get(host, ()), *ports) for host, ports in (known.hosts or {}).items()}
            away = nowhere(project, service, known)
            told += [away] if away else leaks(project, service, known)
        told += [_unknown(service, f"its tenants' stand in {place}") for place in _elsewhere(project, service, data)]
        if hosts or told:
            yield Sender(service, hosts, tuple(dict.fromkeys(told)))


def _unknown(service: str, why: str) -> str:
    return f"whom {service} pages is not known, and pages may reach real people: {why}; mount its configuration as it is to be read, {BEHIND}"


def _configurations(
    project: Project, body: Mapping[str, Any], data: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    """The one for whoever has none, and those in a folder of tenants; None where one cannot be read."""
    words = command_of(body)
    fallback = flag(words, "alertmanager.configs.fallback") or _at(data, "alertmanager", "fallback_config_file")
    if fallback:
        yield fallback, next(mounted(project, body, fallback), None)
    folder = flag(words, "alertmanager-storage.local.path") or _at(data, "alertmanager_storage", "local", "path")
    if folder:
        yield from ((where, text) for where, text in files_in(project, body, folder))
        yield from ((folder, None) for _ in volumes_over(body, folder))


def _elsewhere(project: Project, service: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The store outside of the stack in which its tenants' configurations are, where it runs an Alertmanager."""
    runs = flag(command_of(project.services[service]), "target") or _at(data, "target")
    if not {"alertmanager", "backend"} & set(runs.replace(" ", "").split(",")):
        return
    own, common = data.get("alertmanager_storage") or {}, _at_all(data, "common", "storage")
    kind = _at(own, "backend") or _at(common, "backend")
    if kind in _OTHERS:
        endpoint = _at(own, kind, "endpoint") or _at(common, kind, "endpoint")
        host = place(endpoint if "://" in endpoint else f"http://{endpoint}")[0]
        if not host or outside(project, service, host) is not False:
            yield f"{kind}{f' ({host})' if host else ''}"


def _at(data: Any, *keys: str) -> str:
    """The text under these keys, or ''."""
    found = _at_all(data, *keys)
    return "" if isinstance(found, (dict, list)) else str(found)


def _at_all(data: Any, *keys: str) -> Any:
    for key in keys:
        data = (data.get(key) or {}) if isinstance(data, dict) else {}
    return data
