"""The verdict as JSON: one document with a `schema` field, always the same bytes for the same evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.document import dumps


def text(document: Mapping[str, Any]) -> str:
    """verdict.json, and what `drill judge --json` prints."""
    return dumps(document)


def result_line(document: Mapping[str, Any], folder: str) -> str:
    """The last line of NDJSON: `{"type": "result", …}` with the verdict and where the rest of it is."""
    line = {
        "type": "result",
        "schema": document["schema"],
        "drill": document["drill"],
        "run": document["run"],
        "verdict": document["verdict"],
        "exit_code": document["exit_code"],
        "invalid": document["invalid"],
        "findings": [{"id": f["id"], "outcome": f["outcome"], "reason": f["reason"]} for f in document["findings"]],
        "folder": folder,
    }
    return json.dumps(line, sort_keys=True, ensure_ascii=False)
