"""All faults out of the Toxiproxy of this network namespace: the watchdog has it run in drill-lanes, whose network it is not on.

`toxics 61474 '["web->store"]'`: the port of the API, and the edges that are hurt. Ends with 0 when nothing was on, 3 when something
was and has been taken out (ask again: it may come back), 1 with the reason when Toxiproxy does not let go.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

ANSWER_S = 3.0
"""A wedged Toxiproxy holds a call for ever; the one who asks has another way then."""
NOTHING, TAKEN_OUT, REFUSED = 0, 3, 1


def clear(port: int, hurt: Collection[str]) -> bool:
    """Remove every toxic and open every proxy; whether a toxic, or a closed proxy of a hurt edge, was found. Raises OSError.

    Other proxies may be closed because their dependency does not listen, and are closed again by a harness that lives.
    """
    found = False
    for name, proxy in _ask(port, "GET", "/proxies").items():
        place = f"/proxies/{quote(name, safe='')}"
        for toxic in proxy.get("toxics") or ():
            _ask(port, "DELETE", f"{place}/toxics/{quote(toxic['name'], safe='')}")
            found = True
        if not proxy["enabled"]:
            _ask(port, "PATCH", place, {"enabled": True})
            found = found or name.rpartition(":")[0] in hurt
    return found


def _ask(port: int, method: str, path: str, body: Any = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        said = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"{method} {path}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status // 100 != 2 and answer.status != 404:  # gone meanwhile: as was asked
        raise OSError(f"{method} {path}: {answer.status} {said.decode('utf-8', 'replace').strip()}")
    return json.loads(said) if said else {}


def main(argv: list[str]) -> int:
    try:
        return TAKEN_OUT if clear(int(argv[0]), json.loads(argv[1])) else NOTHING
    except OSError as error:
        print(f"Toxiproxy does not let go: {error}")
        return REFUSED
