"""How the ledger lies on disk: a fixed-width row per arrival and request, words as numbers, and the ids a row gives.

A run's `ledger/` holds for each worker `<worker>.json` (header), `<worker>.rows` (rows, 40 bytes each, little-endian,
packed) and `<worker>.names.jsonl` (what the numbers for endpoints, versions and shapes mean; a name stands there before
its first use). A row's number is its place in the file. `state` is written last: a row in state DONE is complete. One that is SENT and has
`took_us` is answered, and its body is still being read: only that it breaks off would change it.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np

FORMAT = 1
NEVER = 0xFFFFFFFF  # of sent_us: never sent; of took_us: never answered

DTYPE = np.dtype(
    [
        ("intended_us", "<i8"),  # when due, since the run was opened (of dependent requests: when sent, less lateness)
        ("sent_us", "<u4"),  # after intended; NEVER
        ("took_us", "<u4"),  # after sent; NEVER
        ("parent", "<u4"),  # number of the arrival's first row; its own for the first
        ("endpoint", "<u2"),
        ("status", "<u2"),  # of HTTP; 0 none
        ("version", "<u2"),  # that answered; 0 unknown
        ("outcome", "u1"),
        ("state", "u1"),
        ("size", "<u4"),  # of the answer's body, in bytes
        ("shape", "<u4"),  # fingerprint of the answer; 0 none
        ("user", "<u2"),  # which started user made it; 0 none
        ("flags", "<u2"),
    ]
)
ROW = struct.Struct("<qIIIHHHBBIIHH")
assert ROW.size == DTYPE.itemsize == 40

OUTCOMES = ("", "ok", "4xx", "5xx", "timeout", "conn", "wrong", "dropped")
OK, C4XX, C5XX, TIMEOUT, CONN, WRONG, DROPPED = range(1, 8)
EMPTY, DUE, SENT, DONE = range(4)
ASIDE, DEPENDENT, UNGATED = 1, 2, 4  # flags: of on_start (counts in no claim); not an arrival's first; nobody's arrival
UNREACHED = 8  # flag: no connection was made (refused, no such name), so the service never had the request
REDIRECTED = (
    16  # flag: a redirect was followed: the row tells of the last request, and the service has answered the first
)
LOST = 32  # flag, with ASIDE: its worker died before an answer was recorded, so what came of it is not known
SENDS_SEEN = (
    64  # flag: its user's requests are seen as they are sent, so while it is DUE its task has asked nothing yet
)
AGAIN = 128  # flag: the client sent it again by itself, after an attempt that the service may have had: the row tells of the last
TOLD = 256  # flag: an event of the locustfile's alone tells of it, so whether it is a request (no transaction, …) nobody knows
ELSEWHERE = 512  # flag: it went to another host than the one that is loaded
MORE_UNIT, MORE_MOST = (
    0x1000,
    15,
)  # with AGAIN, so many of these in the flags: attempts before the last that the service may have had
MORE_UNKNOWN = 100  # no row is of more, where nobody wrote down how many (MORE_MOST, or 0 in an older ledger)

KINDS = ("endpoint", "version", "shape")


def request_id(run: str, worker: int, number: int) -> str:
    """What is sent as X-Request-ID with the request of this row."""
    return f"drill-{run}-{worker}-{number}"


def row_of_request_id(text: str) -> tuple[str, int, int] | None:
    """The inverse: run, worker, number. None for an id that is not ours."""
    parts = text.split("-")
    if len(parts) != 4 or parts[0] != "drill" or not parts[2].isdigit() or not parts[3].isdigit():
        return None
    return parts[1], int(parts[2]), int(parts[3])


def trace_prefix(run: str, worker: int) -> str:
    """The half of a W3C trace id that names run and worker (16 hex digits)."""
    return hashlib.sha256(f"{run}/{worker}".encode()).hexdigest()[:16]


def traceparent(run: str, worker: int, number: int) -> str:
    """The W3C traceparent of this row's request: sampled, derived from run, worker and number alone."""
    return f"00-{trace_prefix(run, worker)}{number + 1:016x}-{number + 1:016x}-01"
