"""A record that cannot be changed silently: each line holds the SHA-256 of the line before it. Pure.

A changed, removed or inserted line breaks the chain at the next one. That the last lines are all there no chain can tell: the run
writes down how far it has read a record, and that line's hash (facts.Sealed), in a file that is not the person's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

KEY = "prev"
"""The field of each line that holds the hash of the line before it; of the first, `root`."""
_AT_THE_END = re.compile(rb',"prev":"([0-9a-f]{64})"}\Z')
"""Where our writer puts it: found without reading the line as JSON."""
PEOPLE = "people-"
"""Records whose name begins so are chained."""


def root(run: str, record: str) -> str:
    """What the first line is chained to, so that a record of another run, or of somebody else, is not taken for this one."""
    return digest(f"{run}/{record}".encode())


def digest(line: bytes) -> str:
    """Of a line without its end."""
    return hashlib.sha256(line).hexdigest()


def broken(lines: Sequence[bytes], run: str, record: str, seals: Mapping[int, str]) -> str:
    """Why a record is not as it was written, '' when it is.

    lines   whole lines, without their ends (one torn by a kill at the end of a file was never whole)
    seals   by number of lines, the hash of the last of them, as others wrote it down meanwhile
    """
    before = root(run, record)
    for number, line in enumerate(lines, start=1):
        if _chained_to(line) != before:
            return f"line {number} does not follow the line before it, as that line now reads" if number > 1 else OTHER
        before = digest(line)
        if seals.get(number, before) != before:
            return f"line {number} is not the one that was there while the run went on"
    missing = max(seals, default=0) - len(lines)
    if missing > 0:
        return f"{missing} of the {max(seals)} lines that were there while the run went on {_are(missing)} gone"
    return ""


OTHER = "line 1 is not the beginning of this run's record"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _chained_to(line: bytes) -> str:
    if (plain := _AT_THE_END.search(line)) is not None:
        return plain.group(1).decode()
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return str(data.get(KEY, "")) if isinstance(data, dict) else ""
