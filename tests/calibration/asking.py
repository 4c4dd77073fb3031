"""The rehearsal's claims as somebody would write them whose service spells its metrics otherwise."""

from __future__ import annotations

from collections.abc import Mapping

_FRESH = "max_age: 4s, id:"
_BORN_LATE = (_FRESH, f"preregistered: false, {_FRESH}")  # series that are born with their first request
_BUCKET, _HISTOGRAM = "http_request_duration_seconds_bucket", "http_request_duration_seconds,"
_SPRING = (
    ("http_requests_total", "http_server_requests_seconds_count"),
    (_BUCKET, "http_server_requests_seconds_bucket"),
    (_HISTOGRAM, "http_server_requests_seconds,"),
    ("{method} {route}", "{method} {uri}"),
    ("status: code", "status: status"),
    ('code=~"5.."', 'outcome="SERVER_ERROR"'),
    _BORN_LATE,
)

SAID: Mapping[str, tuple[tuple[str, str], ...]] = {
    "prometheus": (),
    "otel": (
        ("http_requests_total", "http_server_request_duration_seconds_count"),
        (_BUCKET, "http_server_request_duration_seconds_bucket"),
        (_HISTOGRAM, "http_server_request_duration_seconds,"),
        ("{method} {route}", "{http_request_method} {http_route}"),
        ("status: code", "status: http_response_status_code"),
        ('code=~"5.."', 'http_response_status_code=~"5.."'),
        _BORN_LATE,
    ),
    "go": (("{method} {route}", "{method} {handler}"), _BORN_LATE),
    "spring": _SPRING,
    "logback": _SPRING,
    "log4j": _SPRING,
}
"""By dialect: what stands in place of what."""


def asked_in(drill: str, dialect: str) -> str:
    """A drill's text with its claims in a dialect (calibration/simulator/dialects.py)."""
    for said, instead in SAID[dialect]:
        assert said in drill, said
        drill = drill.replace(said, instead)
    return drill
