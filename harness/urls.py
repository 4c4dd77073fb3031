"""Where a URL of the stack's own points: host and port, and whether a name server is asked for it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

USUAL = {"http": 80, "https": 443, "smtp": 25}


def place(url: str) -> tuple[str, int]:
    """Host and port of a URL; ('', 0) for what is none (a hidden '<secret>', a template, another scheme)."""
    try:
        parts = urlsplit(url)
        usual = USUAL.get(parts.scheme, 0)
        return (parts.hostname or "", parts.port or usual) if usual else ("", 0)
    except ValueError:
        return "", 0


def fixed(host: str) -> bool:
    """Whether no name server is asked for it."""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
