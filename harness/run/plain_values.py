"""Which variables of a container may be shown as they are: by their name and by what stands there surely no secret. Pure."""

from __future__ import annotations

import re

from harness import connection_strings
from harness.masking import masked
from harness.secret_names import is_setting, names_secret, reads

LONGEST = 60
_MAY_ADMIT = re.compile(
    r"acc(?:ess|ount)|admin|auth|bearer|cert|code|conn|cookie|cred|dsn|hash|hmac|jwt|key|licen[cs]e|login|otp|pass|pem|phrase|pin(?![a-z])"
    r"|private|pwd?(?![a-z])|root|salt|secret|seed|session|sid|sign|token|user|webhook",
    re.IGNORECASE,
)
"""Who is admitted, and by what: more than what is surely a secret, for a hash in place of a word costs little."""
_BESIDE_A_NAME = re.compile(r"@|:(?!//|\d{2,5}(?:\D|$))")
"""`user:word`; no `http://`, no `host:8080`."""


def is_plain(name: str, value: str) -> bool:
    """Whether it is a flag, a number, a version, an address without a password: `PRICE_FACTOR=2`, `PAYMENT_URL=http://pay/v2`."""
    if len(value) > LONGEST or names_secret(name) or _MAY_ADMIT.search(name):
        return False
    if masked(f"{name}={value}") != f"{name}={value}" or connection_strings.read(value).passwords:
        return False
    if "://" in value:
        return is_setting(name, value)
    return reads(value) and not _BESIDE_A_NAME.search(value)
