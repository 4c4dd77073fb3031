"""The names of the three images of ours, and where their sources lie. Pure but for reading our own files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
SOURCES = PACKAGE / "images"
INSIDE = PACKAGE / "inside"

BASE_TAG = "debian:trixie-slim"
TOXIPROXY_VERSION = "2.12.0"
TOXIPROXY_TAG = f"drill/toxiproxy:{TOXIPROXY_VERSION}"
TOXIPROXY_UPSTREAM = f"ghcr.io/shopify/toxiproxy:{TOXIPROXY_VERSION}"
HARNESS_NAME = "drill/harness"


def dockerfile(image: str) -> Path:
    """The Dockerfile of `harness` or `toxiproxy`."""
    return SOURCES / image / "Dockerfile"


def harness_tag() -> str:
    """`drill/harness:` and 16 digits of a hash over its Dockerfile and harness/inside: new code is a new image."""
    digest = hashlib.sha256()
    for path in (dockerfile("harness"), *sorted(INSIDE.rglob("*.py"))):
        content = path.read_bytes()
        digest.update(f"{os.path.relpath(path, INSIDE)} {len(content)}\n".encode() + content)
    return f"{HARNESS_NAME}:{digest.hexdigest()[:16]}"
