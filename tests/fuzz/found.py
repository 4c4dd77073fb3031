"""Inputs that once broke a reader, kept: `found/<target>/<hash>`, the shortest that did so in this way."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fuzz.target import Crash

FOUND = Path(__file__).parent / "found"


def inputs(target: str = "*") -> list[Path]:
    return sorted(path for path in FOUND.glob(f"{target}/*") if path.is_file())


def keep(target: str, crash: Crash, data: bytes) -> Path:
    """Keep an input, unless a shorter one broke the target in the same way."""
    path = FOUND / target / hashlib.sha256(crash.signature.encode()).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or len(data) < path.stat().st_size:
        path.write_bytes(data)
    return path
