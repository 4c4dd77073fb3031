"""Names that a service asks the DNS for as it runs, so that it goes past its hosts file, and past an edge that stands there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.stack import dns_sd, haproxy_dns, nginx_dns
from harness.stack.texts import Text

_INSTEAD = {
    dns_sd.KEY: "a target of `static_configs` it looks up by its hosts file",
    haproxy_dns.KEY: f"a server without `{haproxy_dns.KEY}` it looks up by its hosts file, once, as it starts",
    nginx_dns.KEY: "a name that is written out, with no variable and no `resolve`, it looks up by its hosts file, once, as it starts",
}
"""By the key that makes it do so: what of the same program's files goes by the hosts file."""

_FOLDERS = {
    dns_sd.KEY: ("/etc/prometheus", "/opt/bitnami/prometheus/conf"),
    haproxy_dns.KEY: ("/usr/local/etc/haproxy", "/etc/haproxy", "/bitnami/haproxy/conf", "/opt/bitnami/haproxy/conf"),
    nginx_dns.KEY: (
        "/etc/nginx",
        "/usr/local/nginx/conf",
        "/usr/local/openresty/nginx/conf",
        "/opt/bitnami/nginx/conf",
    ),
}
"""By key, where the program that knows it looks for its configuration in a container."""

_SUFFIXES = {"", ".conf", ".cfg", ".inc", ".template", ".yml", ".yaml"}
"""What else lies there (`default.conf.bak`) is read by none."""


@dataclass(frozen=True)
class Asked:
    """By which key a name is asked for, and where that is written."""

    key: str
    where: str


def asked_past_hosts(read: Sequence[Text]) -> dict[str, Asked]:
    """Each name that a service asks for, as far as a configuration tells: one that stands in its program's folder, or that the command
    names. A repository that is mounted whole holds everybody's, and is no sign of what runs there."""
    found: dict[str, Asked] = {}
    for text in _configurations(read, dns_sd.KEY):
        found |= dict.fromkeys(dns_sd.asked_of_dns(text), Asked(dns_sd.KEY, text.where))
    for text in _configurations(read, haproxy_dns.KEY):
        found |= dict.fromkeys(haproxy_dns.names_resolved(text.body), Asked(haproxy_dns.KEY, text.where))
    for name, where in nginx_dns.names_resolved([*_configurations(read, nginx_dns.KEY)], read).items():
        found[name] = Asked(nginx_dns.KEY, where)
    return found


def told(caller: str, name: str, asked: Asked) -> str:
    """Why that is no edge, and the ways out."""
    return (
        f"{caller} asks the DNS for {name} and goes by the answer, past its hosts file ({asked.key}, {asked.where}); "
        f"{_INSTEAD[asked.key]}. If {caller} goes by its hosts file all the same, declare the edge with its ports"
    )


def _configurations(read: Sequence[Text], key: str) -> Iterator[Text]:
    commands = " ".join(text.body for text in read if text.kind == "command")
    files = [text for text in read if text.kind == "file" and text.inside]
    named = _named([text.inside for text in files], commands)
    for text in files:
        path = PurePosixPath(text.inside)
        of_folder = key == haproxy_dns.KEY and path.suffix == ".cfg" and _given(str(path.parent), commands)
        if not text.program and (_in_folder(path, key) or text.inside in named or of_folder):
            yield text


def _in_folder(path: PurePosixPath, key: str) -> bool:
    looked_at = path.suffix in _SUFFIXES and "sites-available" not in path.parts
    return looked_at and any(path.is_relative_to(folder) for folder in _FOLDERS[key])


def _named(paths: Sequence[str], commands: str) -> set[str]:
    """Those that a command names, whole or by their end: from where it goes on is not always known, so that no other may end like it."""
    there = (path for path in paths if path in commands)
    found = {path for path in there if re.search(rf"(?<![\w./\-]){re.escape(path)}(?![\w/\-]|\.\w)", commands)}
    for word in re.findall(r"(?<![\w./\-])(?:\./)?(\w[\w./\-]*\.\w+)(?![\w/\-])", commands):
        ending = {path for path in paths if path.endswith(f"/{word}")}
        found |= ending if len(ending) == 1 else set()
    return found


def _given(folder: str, commands: str) -> bool:
    """Whether a command gives it to HAProxy, which reads each `.cfg` in it (its management guide, 3: -f)."""
    return bool(re.search(rf"(?:^|\s)-f\s*{re.escape(folder)}/?(?=\s|$)", commands))
