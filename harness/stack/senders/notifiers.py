"""Who has an Alertmanager outside of the stack page people: a Prometheus, vmalert or a ruler that sends its alerts there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.foreign_yaml import load
from harness.stack.configfile import PROMETHEUS, config_file, mounted
from harness.stack.observed import Monitoring, command_of, servers, surely
from harness.stack.project import Project
from harness.stack.senders.sender import BEHIND, Sender, outside
from harness.urls import place

_FLAG = re.compile(r"-(?:notifier\.url|alertmanagers\.url|ruler\.alertmanager-url)(?:=|\s+)['\"]?([^\s'\"]+)")
"""Those of vmalert, Thanos' rulers, and Loki's and Mimir's."""
_FILE = re.compile(r"-(notifier\.config|alertmanagers\.config(?:-file)?)(?:=|\s+)['\"]?([^\s'\"]+)")
"""Those of vmalert and Thanos' rulers that name a file, or hold what could stand in one."""
_GROUPS: Mapping[str, Callable[[Any], Any]] = {
    "prometheus": lambda data: (data.get("alerting") or {}).get("alertmanagers"),
    "notifier.config": lambda data: [data],
    "alertmanagers.config": lambda data: data.get("alertmanagers"),
    "alertmanagers.config-file": lambda data: data.get("alertmanagers"),
}
"""Where the groups of Alertmanagers stand in each kind of file."""


def notifiers(project: Project, monitoring: Monitoring) -> Iterator[Sender]:
    """Raises CannotRun as `config_file` does."""
    able = servers(project.config, "prometheus")
    known = dict.fromkeys((*able, monitoring.prometheus.rpartition(":")[0]))
    for service, body in project.services.items():
        config = config_file(project, service, PROMETHEUS) if service in known else None
        if (
            config is not None
            and not config.path
            and service in able
            and not surely(project.config, service, "prometheus")
        ):
            config = None  # nothing but a part of its name says that it is one
        told = [url for urls in _FLAG.findall(" ".join(command_of(body))) for url in urls.split(",")]
        hosts = [_host(url) for url in told]
        strange: list[str] = []
        if config is not None:
            strange += _read("prometheus", config.text, hosts) if config.text else ()
            strange += _unknown(config.why or config.doubt)
        for key, text, why in _files(project, body):
            strange += _unknown(why) if why else _read(key, text, hosts)
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


def _unknown(why: str) -> list[str]:
    return [f"whom it tells of them is not known: {why}"] if why else []


def _files(project: Project, body: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The flag of each file that a command names, and what the file holds; why it is not known, or ''."""
    words = command_of(body)
    for key, path in _FILE.findall(" ".join(words)):
        if key == "alertmanagers.config":
            inline = [word.partition("=")[2] for word in words if word.startswith("--alertmanagers.config=")]
            yield key, "".join(inline[:1]), "" if inline else "--alertmanagers.config cannot be read"
        else:
            text = next(mounted(project, body, path), None)
            yield key, text or "", "" if text is not None else f"its {path} (-{key}) is not in its mounts"


def _read(key: str, text: str, hosts: list[str]) -> list[str]:
    """Add the hosts of the Alertmanagers that a file names; how else it finds some, or why it cannot be read."""
    strange = []
    try:
        for one in _GROUPS[key](load(text) or {}) or ():
            for way, given in one.items():
                if way == "static_configs":
                    listed = [[some] if isinstance(some, str) else some.get("targets") or () for some in given or ()]
                    hosts += [_host(str(target)) for targets in listed for target in targets]
                elif way == "dns_sd_configs":
                    hosts += [str(name) for some in given or () for name in some.get("names") or ()]
                elif str(way).endswith("_sd_configs"):
                    strange.append(f"it finds them by {way}, which is not followed")
    except (AttributeError, TypeError, ValueError):
        return _unknown("its configuration is not written as it should be")
    return strange


def _host(target: str) -> str:
    """Of a URL, or of host:port, behind whatever Thanos looks it up by."""
    bare = re.sub(r"^dns(srv(noa)?)?\+", "", target)
    return place(bare if "://" in bare else f"http://{bare}")[0]
