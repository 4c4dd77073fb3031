"""missing-log-line: logs in which the one line that is needed is not, or says something else."""

from __future__ import annotations

from matrix.cell import FAILED, Want
from matrix.lies.lie import Lie, cell, honest

DRILL = "missing-log-line"
COVERAGE = "database-gone/log_coverage-api"
DATABASE = "database-gone/blame"
PAYMENTS = "payments-gone/blame"
SEEN = "payments-gone/log_seen-api"

NO_ID = Lie("DEFECT_LOG_WITHOUT_ID", "no line has the request's id", {COVERAGE: Want(FAILED, "no_id")})
WRONGLY = Lie(
    "DEFECT_LOG_WRONG_DEPENDENCY",
    "warnings and errors name another dependency",
    {
        COVERAGE: Want(FAILED, "wrong_dependency"),
        DATABASE: Want(FAILED, "wrong_part"),
        PAYMENTS: Want(FAILED, "wrong_part"),
        SEEN: Want(FAILED, "not_met"),
    },
)
GENERIC = Lie(
    "DEFECT_LOG_GENERIC",
    "warnings and errors say 'internal error', and nothing else",
    {
        COVERAGE: Want(FAILED, "generic"),
        DATABASE: Want(FAILED, "blames_nobody"),
        PAYMENTS: Want(FAILED, "blames_nobody"),
        SEEN: Want(FAILED, "not_met"),
    },
)

CELLS = (
    honest(DRILL),
    cell(DRILL, "a line without the id", NO_ID),
    cell(DRILL, "a line that accuses another", WRONGLY),
    cell(DRILL, "a line that says nothing", GENERIC),
)
