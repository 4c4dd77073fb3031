"""Who has an Alertmanager outside of the stack page people: a Prometheus, vmalert or a ruler that sends its alerts there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.foreign_yaml import load
from harness.stack.configfile import PROMETHEUS, config_file
from harness.stack.observed import Monitoring, command_of, servers, surely
from harness.stack.project import Project
from harness.stack.senders.sender import BEHIND, Sender, outside
from harness.urls import place

_FLAG = re.compile(r"-(?:notifier\.url|alertmanagers\.url|ruler\.alertmanager-url)(?:=|\s+)['\"]?([^\s'\"]+)")
"""Those of vmalert, Thanos' rulers, and Loki's and Mimir's."""


def notifiers(project: Project, monitoring: Monitoring) -> Iterator[Sender]:
    """Raises CannotRun as `config_file` does."""
    able = servers(project.config, "prometheus")
    known = dict.fromkeys((*able, monitoring.prometheus.rpartition(":")[0]))
    for service, body in project.services.items():
        config = config_file(project, service, PROMETHEUS) if service in known else None
        if (
            config is not None
            and not config.text
            and service in able
            and not surely(project.config, service, "prometheus")
        ):
            config = None  # nothing but a part of its name says that it is one
        told = [url for urls in _FLAG.findall(" ".join(command_of(body))) for url in urls.split(",")]
        hosts = [_host(url) for url in told]
        strange: list[str] = []
        if config is not None:
            why = config.why or config.doubt or _read(config.text, hosts, strange)
            strange += [f"whom it tells of them is not known: {why}"] if why else []
        away = [host for host in dict.fromkeys(hosts) if outside(project, service, host)]
        kept = [host for host in dict.fromkeys(hosts) if outside(project, service, host) is None and host]
        unkept = [*(f"they go to {host}, whose address is fixed" for host in away), *strange]
        if kept or unkept:
            yield Sender(service, dict.fromkeys(kept, ()), tuple(_unkept(service, why) for why in unkept))


def _unkept(service: str, why: str) -> str:
    return (
        f"alerts of {service} may leave the stack for an Alertmanager that pages real people: {why}; "
        f"let it send them to one of the stack's own, {BEHIND}"
    )


def _read(text: str, hosts: list[str], strange: list[str]) -> str:
    """Add the hosts of the Alertmanagers of a Prometheus' configuration, and how else it finds some; why it cannot be read, or ''."""
    try:
        alerting: Mapping[str, Any] = (load(text) or {}).get("alerting") or {}
        for one in alerting.get("alertmanagers") or ():
            for key, given in one.items():
                if key == "static_configs":
                    hosts += [_host(str(target)) for some in given or () for target in some.get("targets") or ()]
                elif key == "dns_sd_configs":
                    hosts += [str(name) for some in given or () for name in some.get("names") or ()]
                elif str(key).endswith("_sd_configs"):
                    strange.append(f"it finds them by {key}, which is not followed")
    except (AttributeError, TypeError, ValueError):
        return "its configuration is not written as Prometheus' is"
    return ""


def _host(target: str) -> str:
    """Of a URL, or of host:port."""
    bare = target if "://" in target else f"http://{target}"
    return place(re.sub(r"^dns(srv(noa)?)?\+", "", bare))[0]
