"""What something takes, as the number of functions that are called for it: the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def calls(asked: Callable[[], object]) -> int:
    """Python's own are counted, too."""
    count = 0

    def counted(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        asked()
    finally:
        sys.setprofile(before)
    return count
