"""Which variables of a container may be shown as they are: by their name and by a form that no secret has. Pure."""

from __future__ import annotations

import re

from harness.secret_names import names_secret

_MAY_ADMIT = re.compile(
    r"acc(?:ess|ount)|admin|auth|bearer|cert|code|conn|cookie|cred|dsn|hash|hmac|jwt|key|licen[cs]e|login|otp|pass|pem|phrase|pin(?![a-z])"
    r"|private|pwd?(?![a-z])|root|salt|secret|seed|session|sid|sign|token|user|webhook",
    re.IGNORECASE,
)
"""Who is admitted, and by what: more than what is surely a secret, for a hash in place of a word costs little."""
_FORM = re.compile(
    r"|(?:true|false|on|off|yes|no)"
    r"|(?=.{1,6}\Z)-?\d+(?:\.\d+)?"
    r"|\d{1,5}(?:\.\d{1,3})?(?:ns|us|µs|ms|[smhd]|[kmgt]i?b?|b)"
    r"|v\d{1,3}|v?\d{1,3}(?:\.\d{1,3}){1,2}",
    re.IGNORECASE | re.ASCII,
)
"""Nothing, a switch, a short number, a duration or a size, a version. A word may be a secret, whatever it is called (`MASTER=hunter`)."""


def is_plain(name: str, value: str) -> bool:
    """Whether it is a switch, a number, a size or a version, and is not called like what admits: `PRICE_FACTOR=2`, `TIMEOUT=30s`."""
    return not names_secret(name) and not _MAY_ADMIT.search(name) and _FORM.fullmatch(value) is not None
