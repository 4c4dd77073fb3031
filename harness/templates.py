"""What the templates of a rule's labels and annotations put in: the series' labels alone, or what goes with its value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LITERAL = r'"(?:\\.|[^"\\])*"|`[^`]*`|/\*.*?\*/'
_ACTION = re.compile(rf'\{{\{{((?:{_LITERAL}|[^"`])*?)\}}\}}', re.DOTALL)
_VALUE = re.compile(r"\$value\b|(?<!\w)\.Value\b|(?<![\w.$])query\b")
_NOW = re.compile(r"(?<![\w.$])now\b")


def measures(template: str) -> bool:
    """Whether it puts in the value, or the answer of a query."""
    return any(_VALUE.search(action) for action in _actions(template))


def varies(template: str) -> bool:
    """Whether it may give something else at each evaluation, of the same series."""
    return measures(template) or any(_NOW.search(action) for action in _actions(template))


def _actions(template: str) -> Iterator[str]:
    """What stands within {{ … }}, without its literals."""
    return (re.sub(_LITERAL, '""', match[1], flags=re.DOTALL) for match in _ACTION.finditer(template))
