"""Values and comments as they stand in a file of YAML. Pure."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence

from harness.harmless import comment


def commented(about: str, begin: str = "  # ") -> list[str]:
    return [f"{begin}{line}" for line in textwrap.wrap(comment(about), 112)]


def listed(values: Sequence[str]) -> str:
    return f"[{', '.join(scalar(value) for value in values)}]"


def scalar(value: str) -> str:
    """A text as one YAML scalar in flow: plain where nothing in it could be read otherwise."""
    value = value.replace("$", "$$")
    if re.fullmatch(r"[A-Za-z_./][\w./@-]*(->[\w.-]+)?", value) and value.lower() not in (
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    ):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
