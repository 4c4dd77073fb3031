"""Which version serves, asked of the service itself."""

from __future__ import annotations

import json
import urllib.request

PORT = 8080
ASK_S = 2.0


def version_of(service: str) -> str:
    """What one of its replicas says. Raises OSError when none answers, ValueError or KeyError when it says something else."""
    try:
        with urllib.request.urlopen(f"http://{service}:{PORT}/healthz", timeout=ASK_S) as answer:
            return str(json.load(answer)["version"])
    except OSError as error:
        raise OSError(f"{service}: {error}") from error
