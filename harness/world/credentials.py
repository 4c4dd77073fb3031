"""The login that a witness may use at a dependency, as far as the Compose file and the files that it mounts tell it (stack.told). Pure.

They go to the lookout over its stdin alone: never on a command line, in a fact or in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.edges import Edge
from harness.world.speaks import environment

_SERVER = {  # variables by which the usual images are told which account to make
    "mysql": (("MARIADB_USER", "MARIADB_PASSWORD"), ("MYSQL_USER", "MYSQL_PASSWORD")),
    "amqp": (("RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"), ("RABBITMQ_USERNAME", "RABBITMQ_PASSWORD")),
}
_SCHEMES = {"mysql": ("mysql", "mariadb"), "amqp": ("amqp", "amqps")}
_USERS = ("USER", "USERNAME", "LOGIN")
_PASSWORDS = ("PASSWORD", "PASS", "PWD", "PASSWD")
_HOSTS = ("HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "ENDPOINT")


def credentials(edge: Edge, speaks: str, services: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """{'user': …, 'password': …, 'path': virtual host}, or {}: from the dependency's own environment, else from the
    caller's.

    In the caller's environment: a URL with the dependency's name, or the USER and PASSWORD beside a HOST that holds it
    (DB_HOST, DB_USER, DB_PASSWORD).
    """
    if speaks not in _SERVER:
        return {}
    theirs = environment(services.get(edge.dependency, {}))
    for user, password in _SERVER[speaks]:
        if theirs.get(user) and theirs.get(password):
            found = {"user": theirs[user], "password": theirs[password]}
            return {**found, "path": theirs.get("RABBITMQ_DEFAULT_VHOST", "/")} if speaks == "amqp" else found
    callers = environment(services.get(edge.caller, {}))
    names = {edge.dependency, *edge.names}
    return _from_url(callers, speaks, names) or _from_neighbours(callers, names)


def _from_url(variables: Mapping[str, str], speaks: str, names: set[str]) -> dict[str, str]:
    for value in variables.values():
        try:
            url = urlsplit(value.strip())
            if url.scheme.partition("+")[0] in _SCHEMES[speaks] and url.hostname in names and url.username:
                found = {"user": unquote(url.username), "password": unquote(url.password or "")}
                return {**found, "path": unquote(url.path[1:]) or "/"} if speaks == "amqp" else found
        except ValueError:
            continue
    return {}


def _from_neighbours(variables: Mapping[str, str], names: set[str]) -> dict[str, str]:
    for name, value in variables.items():
        ending = next((e for e in _HOSTS if name.upper().endswith(e)), None)
        if ending is None or value.partition(":")[0] not in names:
            continue
        prefix = name[: len(name) - len(ending)]
        user = next((variables[prefix + e] for e in _USERS if variables.get(prefix + e)), "")
        password = next((variables[prefix + e] for e in _PASSWORDS if variables.get(prefix + e)), "")
        if user:
            return {"user": user, "password": password}
    return {}
