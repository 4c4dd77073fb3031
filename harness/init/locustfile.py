"""Routes as the text of a locustfile that a person reads, runs and changes. Pure."""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.harmless import comment
from harness.init.routes import Route

_HTTP = '''{docstring}

from __future__ import annotations

{imports}from typing import Any

from locust import FastHttpUser, task
{values}

class Visitor(FastHttpUser):
    """Each arrival begins one task, drawn by its weight: @task(3) comes three times as often as @task(1)."""
{headers}{tasks}

def expect(answer: Any, *wanted: int) -> None:
    """Passes an answer only with one of these statuses (none given: any below 400). Look into its text too, where you can:
    a page that says "sorry" with status 200 is no answer."""
    status = answer.status_code
    if status in wanted or (not wanted and 0 < status < 400):
        answer.success()
    else:
        answer.failure(f"status {{status}}")
'''

_TCP = '''{docstring}

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from locust import User, task


class Caller(User):
    """Connects, and counts it as answered when the connection is kept: what is behind a published port and is gone hangs up."""

    @task
    def connect(self) -> None:
        place = urlsplit(self.host or "")
        began_s, error = time.perf_counter(), None
        try:
            with socket.create_connection((place.hostname, place.port), timeout=5) as connection:
                connection.settimeout(0.05)
                try:
                    if connection.recv(1) == b"":
                        error = ConnectionError("closed at once")
                except TimeoutError:
                    pass  # it waits for us to speak: it is there
        except OSError as why:
            error = why
        took_ms = (time.perf_counter() - began_s) * 1000
        # A client that is not Locust's own says so itself, for each request.
        self.environment.events.request.fire(
            request_type="TCP", name="connect", response_time=took_ms, response_length=0, exception=error, context={{}}
        )
'''


def http_text(file: str, about: str, routes: Sequence[Route], headers: Sequence[tuple[str, str]] = ()) -> str:
    """A locustfile of these routes; those that are `off` stand in it as comments. At least one must be on.

    headers   sent with every request: the name that the service wants to be asked by
    """
    on = [route for route in routes if not route.off]
    assert on, "a locustfile needs a task"
    names = _names(routes)
    constants = _constants(routes, names)
    values = "".join(
        f"{constants[number][name]} = {_tuple(given)}\n"
        for number, route in enumerate(routes)
        if not route.off
        for name, given in route.values.items()
    )
    written = list(zip(routes, names, constants, strict=True))
    tasks = "".join("\n" + _task(*one) for one in written if not one[0].off)
    tasks += "".join("\n" + _commented(*one) for one in written if one[0].off)
    return _HTTP.format(
        docstring=_docstring(file, about),
        imports="import random\n" if any(route.values for route in on) else "",
        values=f"\n{values}" if values else "",
        headers=_headers(headers),
        tasks=tasks,
    )


def tcp_text(file: str, about: str) -> str:
    """A locustfile for what speaks no HTTP: it connects."""
    return _TCP.format(docstring=_docstring(file, about))


def _headers(headers: Sequence[tuple[str, str]]) -> str:
    if not headers:
        return ""
    inner = ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in headers)
    return (
        "\n    # Whoever asks by another name is sent to this one, or refused: so it is asked as its own visitors ask.\n"
        f"    default_headers = {{{inner}}}\n"
    )


def _docstring(file: str, about: str) -> str:
    body = f"{comment(about)}\n\nAn ordinary locustfile. Locust alone runs it too:\n\n    locust -f {file} --host http://localhost:PORT\n"
    return '"""' + body.replace("\\", "/").replace('"""', "'''") + '"""'


def _task(route: Route, name: str, constants: Mapping[str, str]) -> str:
    wanted = "".join(f", {status}" for status in route.wanted)
    method = route.method.lower()
    lines = [f"@task({route.weight})", f"def {name}(self) -> None:"]
    call = f"self.client.{method}({_path(route, constants)}"
    label = f", name={_quoted(route.path)}" if route.values else ""
    if route.wanted and all(300 <= status < 400 for status in route.wanted):
        label += ", allow_redirects=False"
    if route.method in ("GET", "HEAD", "OPTIONS"):
        lines.append(f"    with {call}{label}, catch_response=True) as answer:")
    else:
        lines.append(f"    with {call}{label}, json={{}}, catch_response=True) as answer:")
    lines.append(f"        expect(answer{wanted})")
    return "".join(f"    {line}\n" for line in lines)


def _commented(route: Route, name: str, constants: Mapping[str, str]) -> str:
    lines = [f"    # {comment(route.off)}"]
    lines += [f"    # {line.removeprefix('    ')}" for line in _task(route, name, constants).splitlines()]
    return "\n".join(lines) + "\n"


def _path(route: Route, constants: Mapping[str, str]) -> str:
    """The path as an expression: literal parts, and one of the values for each name."""
    parts = []
    for part in re.split(r"(\{[^{}]+\})", route.path):
        if part.startswith("{") and part[1:-1] in route.values:
            parts.append(f"random.choice({constants[part[1:-1]]})")
        elif part:
            parts.append(_quoted(part))
    return " + ".join(parts) or '"/"'


def _constants(routes: Sequence[Route], names: Sequence[str]) -> list[dict[str, str]]:
    """For each route what its values are called, each once in the file: {user-id} and {user_id} are two."""
    each = [(number, value) for number, route in enumerate(routes) for value in route.values]
    called = _once(re.sub(r"\W", "_", f"{names[number]}_{value}", flags=re.ASCII).upper() for number, value in each)
    found: list[dict[str, str]] = [{} for _ in routes]
    for (number, value), name in zip(each, called, strict=True):
        found[number][value] = name
    return found


def _tuple(values: Sequence[str]) -> str:
    inner = ", ".join(_quoted(value) for value in values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"


def _quoted(text: str) -> str:
    """A text as Python writes it, in double quotes."""
    import json

    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def _names(routes: Sequence[Route]) -> list[str]:
    """A method's name for each route, each once."""
    return list(_once(map(_name, routes)))


def _name(route: Route) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", route.path.lower(), flags=re.ASCII).strip("_")[:60]
    name = f"{route.method.lower()}_{words or 'root'}"
    return f"{name}_" if keyword.iskeyword(name) else name


def _once(names: Iterable[str]) -> Iterator[str]:
    used: set[str] = set()
    for name in names:
        numbered = (f"{name}_{number}" for number in itertools.count(2))
        used.add(free := next(one for one in itertools.chain([name], numbered) if one not in used))
        yield free
