"""The verdict as JSON: one document with a `schema` field, always the same bytes for the same evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.document import SCHEMA, dumps


def text(document: Mapping[str, Any]) -> str:
    """verdict.json, and what `drill judge --json` prints."""
    return dumps(document)


def result_line(document: Mapping[str, Any], folder: str) -> str:
    """The last line of NDJSON: `{"type": "result", …}`, the whole verdict and where the rest of the run is."""
    return json.dumps({"type": "result", "folder": folder, **document}, sort_keys=True)


def error_line(drill: str, exit_code: int, error: str) -> str:
    """The last line of NDJSON of a drill that has no verdict, because an error ended the command."""
    line = {"type": "result", "schema": SCHEMA, "drill": drill, "verdict": None, "exit_code": exit_code, "error": error}
    return json.dumps(line, sort_keys=True)
