"""A Grafana of a project: the contact points that it pages by itself, and the Alertmanagers that it has page people. No claim reads them, and
a mailbox stands before them in part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import bare_in_image, below, volumes_over
from harness.stack.observed import command_of
from harness.stack.project import Project
from harness.stack.senders.folders import files_in
from harness.stack.senders.sender import BEHIND, Sender, expanded, outside, proxied, variables, ways_out
from harness.urls import place
from harness.world.outlets import PROVIDERS

PROVISIONING = "/etc/grafana/provisioning"
DATABASE = "/var/lib/grafana"
_URLS = ("url", "endpointUrl", "apiUrl", "api_url", "kafkaRestProxy")
"""The settings of a contact point that say where it goes."""


def grafanas(project: Project, data: Mapping[str, str]) -> Iterator[Sender]:
    """Those with contact points, or that may have some. `data` says what becomes of their volumes."""
    for service, body in project.services.items():
        if not alerting(body, service) or not topology.replicas(project.config, service):
            continue
        given = variables(body)
        provisioning = given.get("GF_PATHS_PROVISIONING") or PROVISIONING
        points: list[tuple[str, str]] = []
        others: list[tuple[str, str]] = []
        told: list[str] = []
        for folder, read, into in (("alerting", _points, points), ("datasources", _alertmanagers, others)):
            for where, text in files_in(project, body, f"{provisioning}/{folder}"):
                found = _read(text, read)
                told += [f"{where} cannot be read"] if found is None else ()
                into += [(name, expanded(url, given)) for name, url in found or ()]
            told += [f"its files are in the volume {one}" for one in volumes_over(body, f"{provisioning}/{folder}")]
        points += [one for one in others if outside(project, service, place(one[1])[0]) is not False]
        reaching, hosts = ways_out(project, service, points, proxied=proxied(body))
        if reaching:
            told.append(f"its files have {', '.join(reaching)}")
        if taken := _database(body, data):
            told.append(f"its database is taken along from {taken}")
        if not _upstream(body) and not bare_in_image(project, service, f"{provisioning}/alerting"):
            told.append("its image may have some")
        if told or hosts:
            unkept = (_unkept(service, "; ".join(dict.fromkeys(told))),) if told else ()
            yield Sender(service, dict.fromkeys(hosts, ()), unkept)


def alerting(body: Mapping[str, Any], service: str) -> bool:
    """Whether it is a Grafana, and its own alerts are not switched off."""
    off = variables(body).get("GF_UNIFIED_ALERTING_ENABLED", "").lower() == "false"
    return _is_grafana(body, service) and not off


def _unkept(service: str, why: str) -> str:
    return (
        f"Grafana's own alerts in {service} may page real people ({why}): a mailbox stands before no more than the hosts that its "
        f"files name; to be sure, give it GF_UNIFIED_ALERTING_ENABLED: 'false' {BEHIND}"
    )


def _is_grafana(body: Mapping[str, Any], service: str) -> bool:
    words = command_of(body)
    program = words[0].rpartition("/")[2] if words else ""
    named = not body.get("image") and re.split(r"[^a-z]+", service.lower()) == ["grafana"]
    return named or _upstream(body) or program in ("grafana", "grafana-server")


def _upstream(body: Mapping[str, Any]) -> bool:
    """Whether its image is Grafana as it is published."""
    image = str(body.get("image") or "").rpartition("/")[2].partition(":")[0].partition("@")[0]
    return not body.get("build") and bool(re.fullmatch(r"grafana(-(oss|enterprise|dev))*", image))


def _database(body: Mapping[str, Any], data: Mapping[str, str]) -> str:
    """What its database is filled from, or '': a volume is private and empty unless the drill says otherwise, a mount is copied."""
    for mount in body.get("volumes") or ():
        if below(DATABASE, str(mount.get("target"))) is None:
            continue
        source = str(mount.get("source") or "")
        if mount.get("type") == "bind" or data.get(source, "private") != "private":
            return source
    return ""


def _read(text: str | None, read: Callable[[Any], Iterator[tuple[str, str]]]) -> list[tuple[str, str]] | None:
    """What a file names, each by its name and a URL that it goes to; None where it cannot be read."""
    try:
        return None if text is None else list(read(load(text) or {}))
    except (AttributeError, TypeError, ValueError):
        return None


def _points(data: Any) -> Iterator[tuple[str, str]]:
    for point in data.get("contactPoints") or ():
        for receiver in point.get("receivers") or ():
            settings = receiver.get("settings") or {}
            urls = [str(settings[key]) for key in _URLS if settings.get(key)]
            usual = PROVIDERS.get(str(receiver.get("type")), "")
            yield from ((str(point.get("name")), url) for url in urls or [usual])


def _alertmanagers(data: Any) -> Iterator[tuple[str, str]]:
    """The data sources that it sends its own alerts to."""
    for one in data.get("datasources") or ():
        if one.get("type") == "alertmanager" and (one.get("jsonData") or {}).get("handleGrafanaManagedAlerts"):
            yield str(one.get("name")), str(one.get("url") or "")
