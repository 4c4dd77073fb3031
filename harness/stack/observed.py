"""Where a project's own Prometheus and Alertmanager are, read from its Compose file; nothing is started. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.stack import names as topology

PORTS = {"prometheus": 9090, "alertmanager": 9093}
_WHOLE = {"prometheus": ("prometheus", "prom"), "alertmanager": ("alertmanager", "prometheus-alertmanager")}
_OTHERS = re.compile(
    r"exporter|pushgateway|operator|adapter|config-reload|blackbox|thanos|promtail|bridge|proxy|webhook|karma|discord|msteams|telegram"
    r"|(?<![a-z0-9])(bot|sns|init)(?![a-z0-9])"
)
"""What has one of their names and stands beside it: it tells others of alerts, prepares a folder, hands numbers on."""


@dataclass(frozen=True)
class Monitoring:
    """'service:port' of each, '' where there is none; `why` says how that was found, for a person.

    prefix          paths that their servers answer under (--web.route-prefix), by the same words
    alertmanagers   'service:port' of every Alertmanager of the project, whichever is looked at, each with that path of its own
    alone           the drill leaves Alertmanager alone ('off')
    """

    prometheus: str = ""
    alertmanager: str = ""
    why: str = ""
    prefix: Mapping[str, str] | None = None
    alertmanagers: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """What the harness must reach."""
        return tuple(target for target in (self.prometheus, self.alertmanager) if target)

    @property
    def by_word(self) -> dict[str, str]:
        return {"prometheus": self.prometheus, "alertmanager": self.alertmanager}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that they are."""
        return tuple(target.rpartition(":")[0] for target in self.targets)

    @property
    def asked(self) -> tuple[str, ...]:
        """The Alertmanagers that the harness must reach to know whom they page: none that is left alone."""
        return () if self.alone else tuple(self.alertmanagers)

    def known(self) -> dict[str, str]:
        """As a plan takes it."""
        return {**self.by_word, "why": self.why}


def find_monitoring(config: topology.Config, prometheus: str = "", alertmanager: str = "") -> Monitoring:
    """As the drill states it ('service:port', 'off'), else the one service whose image, name, command or port tells it.

    Several that could be meant are none: the drill must say which.
    """
    found: dict[str, str] = {}
    said: list[str] = []
    for what, stated in (("prometheus", prometheus), ("alertmanager", alertmanager)):
        if stated == "off":
            said.append(f"{what} is switched off by the drill")
        elif stated:
            service = stated.partition(":")[0]
            if service in topology.services(config):
                found[what] = stated
            else:
                said.append(f"the drill's stack.observe names {service}, which is no service of it")
        else:
            able = servers(config, what)
            sure = [name for name in able if surely(config, name, what)]
            able = sure if len(sure) == 1 else able
            if len(able) == 1:
                found[what] = f"{able[0]}:{_port(config, able[0], what)}"
            elif able:
                one = f"{{{what}: {able[0]}:{_port(config, able[0], what)}}}"
                said.append(f"{' and '.join(able)} could be {what}: name one, such as stack: {{observe: {one}}}")
            else:
                said.append(f"no service of it is known to be {what}")
    prefix = {what: _prefix(config, target.rpartition(":")[0]) for what, target in found.items()}
    every = {name: f"{name}:{_port(config, name, 'alertmanager')}" for name in servers(config, "alertmanager")}
    if "alertmanager" in found:
        every[found["alertmanager"].rpartition(":")[0]] = found["alertmanager"]
    return Monitoring(
        found.get("prometheus", ""),
        found.get("alertmanager", ""),
        "; ".join(said),
        prefix,
        {target: _prefix(config, name) for name, target in every.items()},
        alertmanager == "off",
    )


def servers(config: topology.Config, what: str) -> list[str]:
    """Every service that could be a 'prometheus', or an 'alertmanager'."""
    able = sorted(_candidates(config, what))
    return [name for name in able if not _is_another(config, name, what)] or able


def surely(config: topology.Config, name: str, what: str) -> bool:
    """Whether the whole of its image's, its program's or its own name tells that it is one, or its --config.file: `prom-tickets`
    may be anything."""
    body = topology.services(config)[name]
    return what in flag(command_of(body), "config.file") or any(sign in _WHOLE[what] for sign in _signs(name, body))


def command_of(body: Mapping[str, Any]) -> list[str]:
    """Entrypoint and command of a service as words."""
    words: list[str] = []
    for key in ("entrypoint", "command"):
        given = body.get(key)
        words += [str(word) for word in given] if isinstance(given, list) else str(given or "").split()
    return words


def flag(words: list[str], name: str) -> str:
    """The value of `--name=value` or `-name value`, also inside of a shell's one long word; '' without it."""
    text = " ".join(words)
    match = re.search(rf"(?<![\w-])--?{re.escape(name)}(?:=|\s+)(['\"]?)([^\s'\"]+)\1", text)
    return match.group(2) if match else ""


def _candidates(config: topology.Config, what: str) -> Iterator[str]:
    for name, body in topology.services(config).items():
        build = body.get("build") or {}
        context = str(build.get("target") or "") or str(build.get("dockerfile") or "")
        signs = (*_signs(name, body), context.lower())
        if any(_is(sign, what) for sign in signs) and topology.replicas(config, name) > 0:
            yield name


def _signs(name: str, body: Mapping[str, Any]) -> tuple[str, str, str]:
    """The names of its image, of itself and of its program."""
    image = str(body.get("image") or "").rpartition("/")[2].partition(":")[0].partition("@")[0]
    words = command_of(body)
    return image, name.lower(), words[0].rpartition("/")[2] if words else ""


def _is_another(config: topology.Config, name: str, what: str) -> bool:
    """Whether its program, or else its name, tells the other of the two: one image may hold both."""
    words = command_of(topology.services(config)[name])
    for sign in (*(word.rpartition("/")[2] for word in words[:1]), name):
        told = [one for one in PORTS if _is(sign, one)]
        if told:
            return told != [what]
    return False


def _is(sign: str, what: str) -> bool:
    words = re.split(r"[^a-z0-9]+", sign.lower())
    short = {"prometheus": {"prometheus", "prom"}, "alertmanager": {"alertmanager"}}[what]
    if _OTHERS.search(sign.lower()):
        return False
    if what == "prometheus" and "alertmanager" in words:  # Debian's prometheus-alertmanager
        return False
    return bool(short & set(words))


def _port(config: topology.Config, service: str, what: str) -> int:
    """The port of --web.listen-address where it is given, else the usual one."""
    match = re.search(r":(\d{1,5})$", flag(command_of(topology.services(config)[service]), "web.listen-address"))
    return int(match.group(1)) if match else PORTS[what]


def _prefix(config: topology.Config, service: str) -> str:
    words = command_of(topology.services(config)[service])
    given = flag(words, "web.route-prefix")
    if not given:
        given = re.sub(r"^\w+://[^/]*", "", flag(words, "web.external-url"))
    return "/" + given.strip("/") if given.strip("/") else ""
