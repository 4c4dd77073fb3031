"""Who has an Alertmanager outside of the stack page people: a Prometheus, vmalert or a ruler that sends its alerts there, by a flag, a
variable or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import PROMETHEUS, config_file, mounted
from harness.stack.observed import Monitoring, command_of, flag, servers, surely
from harness.stack.project import Project
from harness.stack.senders.sender import BEHIND, Sender, outside, variables
from harness.stack.senders.stores import alertmanager_urls, store
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
        words = _words(body)
        urls = [url for urls in _FLAG.findall(" ".join(words)) for url in urls.split(",")]
        hosts: list[str] = []
        strange: list[str] = []
        if (rules := store(project, service)) is not None:
            urls += alertmanager_urls(rules.data)
            strange += _unknown(rules.why)
        strange += _added(urls, hosts)
        if config is not None:
            strange += _read("prometheus", config.text, hosts) if config.text else ()
            strange += _unknown(config.why or config.doubt)
        for key, text, why in _files(project, body, words):
            strange += _unknown(why) if why else _read(key, text, hosts)
        away = [host for host in dict.fromkeys(hosts) if outside(project, service, host)]
        kept = [host for host in dict.fromkeys(hosts) if outside(project, service, host) is None]
        unkept = [*(f"they go to {host}, whose address is fixed" for host in away), *strange]
        if kept and (off := topology.outside(project.config, service)):
            unkept.append(f"they go to {', '.join(kept)}, and no mailbox can stand before it: {off}")
        if kept or unkept:
            yield Sender(service, dict.fromkeys(kept, ()), tuple(_unkept(service, why) for why in unkept))


def _unkept(service: str, why: str) -> str:
    return (
        f"alerts of {service} may leave the stack for an Alertmanager that pages real people: {why}; "
        f"let it send them to one of the stack's own, {BEHIND}"
    )


def _unknown(why: str) -> list[str]:
    return [f"whom it tells of them is not known: {why}"] if why else []


def _words(body: Mapping[str, Any]) -> list[str]:
    """Its command, with what stands in variables: VictoriaMetrics' programs take flags from there (-envflag.enable), and %{NAME} in one."""
    words, given = command_of(body), variables(body)
    if any(re.fullmatch(r"--?envflag\.enable(=true|=1)?", word) for word in words):
        prefix = flag(words, "envflag.prefix")
        by_name = {prefix + name.replace(".", "_"): name for name in ("notifier.url", "notifier.config")}
        words += [f"-{by_name[name]}={value}" for name, value in given.items() if name in by_name and value]
    return [re.sub(r"%\{(\w+)\}", lambda hit: given.get(hit[1], hit[0]), word) for word in words]


def _files(project: Project, body: Mapping[str, Any], words: list[str]) -> Iterator[tuple[str, str, str]]:
    """The flag of each file that a command names, and what the file holds; why it is not known, or ''."""
    for key, path in _FILE.findall(" ".join(words)):
        if key == "alertmanagers.config":
            inline = [word.partition("=")[2] for word in words if word.startswith("--alertmanagers.config=")]
            yield key, "".join(inline[:1]), "" if inline else "--alertmanagers.config cannot be read"
        else:
            text = next(mounted(project, body, path), None)
            yield key, text or "", "" if text is not None else f"its {path} (-{key}) is not in its mounts"


def _read(key: str, text: str, hosts: list[str]) -> list[str]:
    """Add the hosts of the Alertmanagers that a file names; how else it finds some, or why it cannot be read."""
    strange: list[str] = []
    try:
        for one in _GROUPS[key](load(text) or {}) or ():
            for way, given in one.items():
                if way == "static_configs":
                    listed = [[some] if isinstance(some, str) else some.get("targets") or () for some in given or ()]
                    strange += _added([str(target) for targets in listed for target in targets], hosts)
                elif way == "dns_sd_configs":
                    for some in given or ():
                        kind = "" if str(some.get("type", "SRV")).upper() in ("A", "AAAA") else "dnssrv+"
                        strange += _added([f"{kind}{name}" for name in some.get("names") or ()], hosts)
                elif str(way).endswith("_sd_configs"):
                    strange.append(f"it finds them by {way}, which is not followed")
    except (AttributeError, TypeError, ValueError):
        return _unknown("its configuration is not written as it should be")
    return strange


def _added(targets: list[str], hosts: list[str]) -> list[str]:
    """Add the hosts of URLs, or of host:port, each behind whatever Thanos looks it up by; what no mailbox can bear, in words."""
    strange: list[str] = []
    for target in targets:
        how, _, named = target.partition("+")
        how, bare = (how, named) if how in ("dns", "dnssrv", "dnssrvnoa") else ("", target)
        host = place(bare if "://" in bare else f"http://{bare}")[0]
        if not host or re.search(r"[$%{}<>]", host):
            strange += _unknown("it stands in a URL or a variable that cannot be read here")
        elif how.startswith("dnssrv") or host.startswith("_"):
            strange.append(f"it finds them by the SRV records of {host}, which no mailbox answers")
        else:
            hosts.append(host)
    return strange
