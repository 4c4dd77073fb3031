"""A Gatus of a project: whom it pages by itself when what it looks at fails, as its configuration's `alerting` says.

Source: Gatus' README and alerting/provider/*: each provider's settings, and where it goes by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.foreign_yaml import load
from harness.stack import names as topology
from harness.stack.configfile import mounted, volumes_over
from harness.stack.observed import command_of
from harness.stack.project import Project
from harness.stack.senders.folders import files_in
from harness.stack.senders.sender import BEHIND, Sender, expanded, proxied, variables, ways_out
from harness.world.outlets import usual

USUAL = ("/config/config.yaml", "/config/config.yml")
_PUBLISHED = ("twinproduction/gatus", "twin/gatus")
_URLS = ("webhook-url", "url", "server-url", "api-url")
"""The settings of a provider that say where it goes; of `email` that is its `host`."""
_HOSTS: Mapping[str, tuple[str, ...]] = {
    "ntfy": ("ntfy.sh",),
    "twilio": ("api.twilio.com",),
    "matrix": ("matrix-client.matrix.org",),
}
"""Where a provider goes that states no place and is none of Alertmanager's."""


def gatuses(project: Project) -> Iterator[Sender]:
    """Those that page somebody, or that may do so."""
    for service, body in project.services.items():
        if not _is_gatus(body, service) or not topology.replicas(project.config, service):
            continue
        given = variables(body)
        urls: list[tuple[str, str]] = []
        told: list[str] = []
        files = list(_files(project, body, given))
        for where, text in files:
            found = _read(text, given)
            urls += found or ()
            told += [f"{where} cannot be read"] if found is None else ()
        told += [f"its files are in the volume {volume}" for volume in volumes_over(body, _path(given) or USUAL[0])]
        if not files and not told and not _published(body):
            told.append("its image may have some")
        reaching, hosts = ways_out(project, service, urls, proxied=proxied(body))
        if reaching:
            told.append(f"it has {', '.join(reaching)}")
        if told or hosts:
            yield Sender(service, dict.fromkeys(hosts, ()), (_unkept(service, "; ".join(told)),) if told else ())


def _unkept(service: str, why: str) -> str:
    return (
        f"Gatus' alerts in {service} may page real people ({why}): a mailbox stands before no more than the hosts that its "
        f"files name; to be sure, mount a configuration without `alerting` in it, {BEHIND}"
    )


def _is_gatus(body: Mapping[str, Any], service: str) -> bool:
    program = next(iter(command_of(body)), "").rpartition("/")[2]
    name = _image(body).rpartition("/")[2] if body.get("image") and not body.get("build") else service.lower()
    return "gatus" in (name, program)


def _image(body: Mapping[str, Any]) -> str:
    """Without its tag."""
    return re.sub(r"(:[^/:]*)?(@.*)?$", "", str(body.get("image") or ""))


def _published(body: Mapping[str, Any]) -> bool:
    """Whether its image is Gatus as it is published, which pages nobody by itself."""
    return not body.get("build") and _image(body).lower().endswith(_PUBLISHED)


def _path(given: Mapping[str, str]) -> str:
    return given.get("GATUS_CONFIG_PATH") or given.get("GATUS_CONFIG_FILE") or ""


def _files(project: Project, body: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Its file, or those in its folder; None for what cannot be read."""
    path = _path(given)
    if path and not path.endswith((".yaml", ".yml")):
        yield from files_in(project, body, path)
        return
    found = [(one, text) for one in ((path,) if path else USUAL) for text in mounted(project, body, one)]
    yield from found[:1]
    if path and not found and not volumes_over(body, path):
        yield path, None


def _read(text: str | None, given: Mapping[str, str]) -> list[tuple[str, str]] | None:
    """None where it cannot be read."""
    try:
        return None if text is None else list(_paged(load(expanded(text, given))))
    except (AttributeError, TypeError, ValueError):
        return None


def _paged(data: Any) -> Iterator[tuple[str, str]]:
    """Each provider with a URL that it goes to; '' where nothing tells."""
    if not isinstance(data, dict):
        return
    for key, settings in (data.get("alerting") or {}).items():
        kind = str(key)
        if not isinstance(settings, dict) or not settings:
            continue
        stated = list(_stated(settings))
        hosts = () if stated else (_HOSTS.get(kind) or usual(kind.replace("-", "").replace("teams", "msteams")))
        yield from ((kind, url) for url in (*stated, *(f"https://{host}" for host in hosts)) or ("",))
    for endpoint in data.get("endpoints") or ():
        for alert in endpoint.get("alerts") or ():
            yield from ((str(alert.get("type")), url) for url in _stated(alert.get("provider-override") or {}))


def _stated(settings: Mapping[str, Any]) -> Iterator[str]:
    """Where it goes, and those of its `overrides`, each for a group of its endpoints."""
    yield from (str(settings[key]) for key in _URLS if settings.get(key))
    if settings.get("host"):
        yield f"smtp://{settings['host']}"
    for one in settings.get("overrides") or ():
        yield from _stated(one)
