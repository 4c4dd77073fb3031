"""A Grafana of a project: the contact points that it pages by itself, which no claim reads and a mailbox stands before in part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import bare_in_image, below, config_text, configs_of, volumes_over
from harness.stack.observed import command_of
from harness.stack.project import Project
from harness.stack.senders.sender import BEHIND, Sender, lone, outside, through
from harness.urls import loopback, place
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
        variables = _environment(body)
        folder = f"{variables.get('GF_PATHS_PROVISIONING') or PROVISIONING}/alerting"
        points: list[tuple[str, str]] = []
        told = [f"{where} cannot be read" for where, text in _texts(project, body, folder) if not _read(text, points)]
        told += [f"its files are in the volume {volume}" for volume in volumes_over(body, folder)]
        proxied = any(name.lower() in ("http_proxy", "https_proxy") for name in variables)
        if reaching := [name for name, url in points if proxied or _reaching(project, service, url)]:
            told.append(f"its files have {', '.join(dict.fromkeys(reaching))}")
        if taken := _database(body, data):
            told.append(f"its database is taken along from {taken}")
        if not _upstream(body) and not bare_in_image(project, service, folder):
            told.append("its image may have some")
        named = [host for _, url in points if (host := place(url)[0]) and "$" not in host]
        hosts = [host for host in named if outside(project, service, host) is None]
        if told or hosts:
            unkept = (_unkept(service, "; ".join(told)),) if told else ()
            yield Sender(service, dict.fromkeys(hosts, ()), unkept)


def alerting(body: Mapping[str, Any], service: str) -> bool:
    """Whether it is a Grafana, and its own alerts are not switched off."""
    off = _environment(body).get("GF_UNIFIED_ALERTING_ENABLED", "").lower() == "false"
    return _is_grafana(body, service) and not off


def _reaching(project: Project, service: str, url: str) -> bool:
    """Whether what goes there may reach somebody: no mailbox can bear the host, and none of the stack that reaches nobody has it."""
    host = place(url)[0]
    if not host or "$" in host or topology.outside(project.config, service):
        return True
    if loopback(host):
        return not lone(project, service)
    away = outside(project, service, host)
    return away is True or (away is False and bool(through(project, service, host)))


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


def _environment(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("environment") or {}
    pairs = given.items() if isinstance(given, Mapping) else (str(one).partition("=")[::2] for one in given)
    return {str(name): str(value) for name, value in pairs if value is not None}


def _database(body: Mapping[str, Any], data: Mapping[str, str]) -> str:
    """What its database is filled from, or '': a volume is private and empty unless the drill says otherwise, a mount is copied."""
    for mount in body.get("volumes") or ():
        if below(DATABASE, str(mount.get("target"))) is None:
            continue
        source = str(mount.get("source") or "")
        if mount.get("type") == "bind" or data.get(source, "private") != "private":
            return source
    return ""


def _texts(project: Project, body: Mapping[str, Any], folder: str) -> Iterator[tuple[str, str | None]]:
    """What is mounted in a folder: each file and its text; None where it cannot be read."""
    for mount in body.get("volumes") or ():
        if mount.get("type") != "bind":
            continue
        source, target = Path(str(mount["source"])), str(mount.get("target"))
        inner = below(folder, target)
        read = source / inner if inner is not None else source
        if inner is None and below(target, folder) is None:
            continue
        try:
            for file in sorted(read.iterdir()) if read.is_dir() else [read]:
                if file.suffix in (".yaml", ".yml", ".json"):
                    yield str(file), file.read_text(errors="replace")
        except OSError:
            yield str(read), None
    for target, given in configs_of(project, body):
        if below(target, folder) is not None:
            yield from ((target, text) for text in config_text(given))


def _read(text: str | None, points: list[tuple[str, str]]) -> bool:
    """Add the contact points of a file, each by its name and a URL that it goes to; whether it can be read."""
    if text is None:
        return False
    try:
        for point in (load(text) or {}).get("contactPoints") or ():
            for receiver in point.get("receivers") or ():
                settings = receiver.get("settings") or {}
                urls = [str(settings[key]) for key in _URLS if settings.get(key)]
                usual = PROVIDERS.get(str(receiver.get("type")), "")
                points += [(str(point.get("name")), url) for url in urls or [usual]]
    except (AttributeError, TypeError, ValueError):
        return False
    return True
