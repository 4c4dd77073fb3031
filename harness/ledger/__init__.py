"""The ledger: every arrival and request of the load, from the moment it is due. Read it here; the load writes it."""

from harness.ledger.layout import (
    ASIDE,
    DEPENDENT,
    DONE,
    DTYPE,
    DUE,
    EMPTY,
    LOST,
    NEVER,
    OUTCOMES,
    REDIRECTED,
    SENT,
    UNGATED,
    UNREACHED,
    request_id,
    row_of_request_id,
    traceparent,
)
from harness.ledger.reading import LedgerUnreadable, Tail, begun, read
from harness.ledger.rows import NO_ROWS, Rows, rows_of

__all__ = [
    "ASIDE",
    "DEPENDENT",
    "DONE",
    "DTYPE",
    "DUE",
    "EMPTY",
    "LOST",
    "NEVER",
    "NO_ROWS",
    "OUTCOMES",
    "REDIRECTED",
    "SENT",
    "UNGATED",
    "UNREACHED",
    "LedgerUnreadable",
    "Rows",
    "Tail",
    "begun",
    "read",
    "request_id",
    "row_of_request_id",
    "rows_of",
    "traceparent",
]
