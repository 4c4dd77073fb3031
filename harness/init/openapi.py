"""An OpenAPI description (2.0, 3.0, 3.1; JSON or YAML) as routes. Pure: the document's text in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from harness.errors import UsageError
from harness.harmless import comment
from harness.init.routes import SAFE, Route

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
_DEPTH = 20


def routes_of(text: str, name: str) -> tuple[Route, ...]:
    """Every operation; those that are not safe, need a login or a parameter that nobody gave a value for are `off`.

    `name` is what messages call the document. Raises UsageError for what is no OpenAPI description, or has no path.
    """
    data = _loaded(text, name)
    prefix = _prefix(data)
    routes = []
    for path, given in (data.get("paths") or {}).items():
        item = _resolved(data, given)
        if not isinstance(item, Mapping) or not str(path).startswith("/"):
            continue
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                if not isinstance(operation.get("responses") or {}, Mapping):
                    raise UsageError(f"{name}: paths.{comment(str(path))}.{method}.responses: it is no mapping")
                routes.append(_route(data, prefix, str(path), method.upper(), item, operation))
    if not routes:
        raise UsageError(f"{name}: it describes no path")
    if not any(not route.off for route in routes):
        raise UsageError(
            f"{name}: no operation of it can be called as it is: {routes[0].name}: {routes[0].off} "
            f"Give its parameters an `example`, or write the locustfile by hand"
        )
    return tuple(sorted(routes, key=lambda route: bool(route.off)))


def _loaded(text: str, name: str) -> Mapping[str, Any]:
    import yaml

    try:
        data = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{name}: it cannot be read: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(data, Mapping) or not (data.get("openapi") or data.get("swagger")):
        raise UsageError(f"{name}: it is no OpenAPI description: it has neither `openapi` nor `swagger` at its top")
    if not isinstance(data.get("paths") or {}, Mapping):
        raise UsageError(f"{name}: its `paths` is no mapping")
    return data


def _prefix(data: Mapping[str, Any]) -> str:
    """The path before every other: basePath of 2.0, that of the first server of 3.x."""
    if data.get("swagger"):
        base = str(data.get("basePath") or "")
    else:
        servers = data.get("servers")
        first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
        base = str(first.get("url") or "")
        variables = first.get("variables")
        for key, given in (variables if isinstance(variables, Mapping) else {}).items():
            base = base.replace(
                "{" + str(key) + "}", str(given.get("default", "")) if isinstance(given, Mapping) else ""
            )
        try:
            base = urlsplit(base).path
        except ValueError:
            base = ""
    return "/" + base.strip("/") if base.strip("/") else ""


def _route(
    data: Mapping[str, Any], prefix: str, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Route:
    parameters = list(_parameters(data, item, operation))
    values: dict[str, tuple[str, ...]] = {}
    query: dict[str, str] = {}
    missing = []
    for parameter in parameters:
        where, name = parameter.get("in"), str(parameter.get("name"))
        value = _value(data, parameter)
        if where == "path" and "{" + name + "}" in path:
            if value is None:
                missing.append(name)
            values[name] = (quote(value if value is not None else "REPLACE-ME", safe="", errors="replace"),)
        elif parameter.get("required") and where in ("query", "header", "cookie"):
            if value is None or where != "query":
                missing.append(name)
            else:
                query[name] = value
    for name in _placeholders(path):
        if name not in values:
            values[name] = ("REPLACE-ME",)
            missing.append(name)
    whole = prefix + path + (f"?{urlencode(query, errors='replace')}" if query else "")
    security = operation.get("security", data.get("security"))
    off = ""
    if method not in SAFE:
        off = f"{method} may change something: take the comment away once its body is what your users send."
    elif isinstance(security, list) and security and {} not in security:
        off = "It needs a login: add the header or the cookie, then take the comment away."
    elif missing:
        off = f"It needs {', '.join(missing)}, for which the description has no example: put a real value in."
    wanted = tuple(sorted(int(code) for code in map(str, operation.get("responses") or ()) if code in _GOOD))
    return Route(method, whole, values, wanted=wanted, off=off)


_GOOD = tuple(str(code) for code in range(200, 300))


def _placeholders(path: str) -> Iterator[str]:
    for part in path.split("{")[1:]:
        name, closed, _ = part.partition("}")
        if closed:
            yield name


def _parameters(
    data: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Those of the path, overridden by the operation's own."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for given in (item.get("parameters"), operation.get("parameters")):
        for one in given if isinstance(given, list) else ():
            parameter = _resolved(data, one)
            if isinstance(parameter, Mapping):
                found[(str(parameter.get("in")), str(parameter.get("name")))] = parameter
    yield from found.values()


def _value(data: Mapping[str, Any], parameter: Mapping[str, Any]) -> str | None:
    """An example of the description's own, else the default, the first of an enumeration, 1 for a whole number."""
    schema = _resolved(data, parameter.get("schema") or parameter)
    schema = schema if isinstance(schema, Mapping) else {}
    examples = parameter.get("examples")
    if isinstance(examples, Mapping) and examples:
        first = _resolved(data, next(iter(examples.values())))
        examples = [first.get("value") if isinstance(first, Mapping) else first]
    enum = schema.get("enum")
    choices = (
        parameter.get("example"),
        *(examples if isinstance(examples, list) else ())[:1],
        schema.get("example"),
        *(schema["examples"][:1] if isinstance(schema.get("examples"), list) else ()),
        schema.get("default"),
        *(enum[:1] if isinstance(enum, list) else ()),
    )
    for value in choices:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (str, int, float)):
            return str(value)
    if schema.get("type") in ("integer", "number"):
        least = schema.get("minimum")
        return str(max(1, int(least))) if isinstance(least, (int, float)) and abs(least) < 1e15 else "1"
    return None


def _resolved(data: Mapping[str, Any], node: Any) -> Any:
    """What a local `$ref` points to; {} for one that leads nowhere, elsewhere or around."""
    for _ in range(_DEPTH):
        if not isinstance(node, Mapping) or "$ref" not in node:
            return node
        place: Any = data
        reference = str(node["$ref"])
        if not reference.startswith("#/"):
            return {}
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            place = place.get(key) if isinstance(place, Mapping) else None
        node = place
    return {}
