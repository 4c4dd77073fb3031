"""Whose processes a watchdog ends: what a dead harness left, and nothing that somebody else looks after."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.inside import leftovers
from harness.inside.pulse import identity

RUN = "0a0b0c0d"
SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
BETWEEN = f"import subprocess, sys; subprocess.Popen({SLEEP!r}, stdout=sys.stdout); sys.stdin.read()"


def born(pid: int) -> int:
    return int(leftovers.stat_of(pid)[19])


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A process of the run, and its own child."""
    with subprocess.Popen(
        [sys.executable, "-c", BETWEEN],
        env={**os.environ, "DRILL_RUN": RUN},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (child,) = (pid for pid in leftovers.found(RUN, "drill-x", "x") if pid != parent.pid)
        yield parent.pid, child
        leftovers.end({child: "", parent.pid: ""})


def test_of_a_family_that_went_to_an_ancestor_of_the_harness_everybody_is_ended(family: tuple[int, int]) -> None:
    there = leftovers.found(RUN, "drill-x", "x")
    assert set(there) == set(family)
    since = int(str(identity()["born"])) + 1  # we are the ancestor, older than the harness that died
    assert set(leftovers.orphaned(there, since)) == set(family)
    leftovers.end(leftovers.orphaned(there, since))
    assert leftovers.found(RUN, "drill-x", "x") == {}


def test_what_has_a_parent_that_began_after_the_harness_is_looked_after(family: tuple[int, int]) -> None:
    there = leftovers.found(RUN, "drill-x", "x")
    assert leftovers.orphaned(there, int(str(identity()["born"]))) == {}
