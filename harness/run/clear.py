"""`clear_to_start` asked of the world. What cannot be asked does not hold: nothing begins on no evidence."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.run.briefly import ran
from harness.urls import bare

if TYPE_CHECKING:
    from harness.drill.clear import Clear

MOST_BYTES = 1 << 20


def unclear(conditions: Sequence[Clear], directory: Path) -> list[str]:
    """Of each condition that does not hold, a sentence why. `directory` is where commands are started."""
    return [f"not clear to start: {why}" for one in conditions if (why := _why(one, directory))]


def _why(one: Clear, directory: Path) -> str:
    if one.command:
        return ran(one.command, directory, one.timeout_s)
    url = f"{one.at.rstrip('/')}/api/v1/query" if one.promql else one.url
    named = bare(url)
    status, body, wrong = _got(url, {"query": one.promql} if one.promql else {}, one.timeout_s)
    if wrong:
        return f"{named} {wrong}"
    if one.promql:
        return _no_result(one.promql, named, status, body)
    if not 200 <= status < 300:
        return f"{named} answered {status}"
    if one.contains and one.contains not in body:
        return f"{named} answered without {one.contains!r}"
    return ""


def _no_result(promql: str, named: str, status: int, body: str) -> str:
    """Why the query does not hold, by Prometheus' answer; '' when it does."""
    try:
        answer: Any = json.loads(body)
        if status != 200 or answer["status"] != "success":
            return f"{promql} was refused by {named}: {status}: {answer.get('error', '')}"
        result = answer["data"]["result"]
        values = [result] if answer["data"]["resultType"] in ("scalar", "string") else [one["value"] for one in result]
        numbers = [float(value) for _, value in values]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{named} did not answer as Prometheus does ({status})"
    if not numbers:
        return f"{promql} has no result"
    if any(number == 0 or math.isnan(number) for number in numbers):
        return f"{promql} is {', '.join(f'{number:g}' for number in numbers[:3])}"
    return ""


def _got(url: str, params: dict[str, str], timeout_s: float) -> tuple[int, str, str]:
    """Status and text of the answer, or why there is none: the whole of it has to be there in time."""
    import requests

    deadline = time.monotonic() + timeout_s
    body = b""
    try:
        with requests.get(url, params=params, timeout=timeout_s, stream=True) as answer:
            for chunk in answer.iter_content(1 << 14):
                body += chunk
                if len(body) > MOST_BYTES:
                    return 0, "", f"answered with more than {MOST_BYTES >> 20} MiB"
                if time.monotonic() > deadline:
                    return 0, "", f"had not answered whole after {timeout_s:g} s"
            return answer.status_code, body.decode("utf-8", "replace"), ""
    except (requests.RequestException, OSError, ValueError) as error:
        return 0, "", f"did not answer: {type(error).__name__}"
