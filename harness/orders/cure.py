"""What would make a source readable that could not be read, by what was said of it. Pure."""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r"ACCESS_REFUSED|NOAUTH|WRONGPASS|NOPERM|authentication failed|no password supplied|permission denied for"
    r"|access denied|ERROR (1044|1045|1142|1698) |answered .* with 40[13]\b",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"not (ended|read whole) after|had not answered whole after|timed out|statement timeout", re.IGNORECASE
)


def cure(error: str) -> str:
    """A phrase that stands after 'decided by' as after 'cure'; '' where what was said tells none."""
    if _REFUSED.search(error):
        return "a login that may read it: `user` and `password` of the source, or its `headers` over HTTP"
    return "a source that can be read within its `timeout`" if _LATE.search(error) else ""
