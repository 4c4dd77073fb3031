"""Which customers a request is of, told by its header X-Segment and counted under a few known names."""

from __future__ import annotations

from contextvars import ContextVar

HEADER = "X-Segment"
OTHER = "other"
SEGMENTS = ("retail", "wholesale", OTHER)

current: ContextVar[str] = ContextVar("segment", default=OTHER)


def known(name: str) -> str:
    """A segment's name, or `other`: never what somebody wrote, for anybody could make a series of it."""
    return name if name in SEGMENTS else OTHER
