"""Whether a dependency hands out its peers' addresses, by which callers go around their edge: Redis Cluster and Sentinel. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.edges import Edge
from harness.stack.speaks import guess
from harness.stack.texts import Text

SENTINEL = 26379
_OPTION = r"--(?:sentinel\b|cluster-enabled[ \t=]+yes\b)"
_SERVER = rf"\b(?:redis|valkey|keydb)-server\b[^#\n]*{_OPTION}"
_PROGRAM = r"(?:\S*/)?(?:redis|valkey|keydb)-sentinel(?=[ \t]|$)"
_STARTED = re.compile(rf"{_SERVER}|(?:^|\bexec[ \t]+|-c[ \t]+|[;&|][ \t]*){_PROGRAM}")
_OPTIONS = re.compile(_OPTION)
_CONFIGURED = re.compile(
    rf"^[ \t]*(?:cluster-enabled[ \t]+yes\b|sentinel[ \t]+monitor[ \t]|(?:exec[ \t]+)?{_PROGRAM})|^[^#\n]*{_SERVER}",
    re.MULTILINE | re.IGNORECASE,
)


def hands_out_peers(edge: Edge, image: str, read: Sequence[Text]) -> str:
    """Where its own texts say so, or ''. What is mounted says it of a Redis alone: others' texts speak of one that they call."""
    redis = edge.speaks in ("redis", "rediss") or guess((), image, edge.ports) == "redis" or SENTINEL in edge.ports
    for text in read:
        told = text.kind == "command" and _STARTED.search(text.body)
        if redis and not told:
            told = (_CONFIGURED if text.kind == "file" else _OPTIONS).search(text.body)
        if told:
            return text.where
    return ""
