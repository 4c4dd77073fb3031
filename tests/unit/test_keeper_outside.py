"""The keeper's host side: its news, and what happens when the helper ends, hangs, or never comes (a stand-in for
`docker run` plays the helper)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import CannotRun
from harness.stack import keeper as keepers
from harness.stack.keeper import Keeper

HELPER = """#!/bin/sh
[ "$1" = run ] || exit 0
read first
echo born >> {home}/births
births=$(wc -l < {home}/births)
{script}
"""
NEWS = 'echo \'{"service": "db", "ports": [5432]}\''


class Heard:
    """What the keeper told, and a way to wait for so much of it."""

    def __init__(self) -> None:
        self.said: list[object] = []
        self._more = threading.Condition()

    def take(self, *what: object) -> None:
        with self._more:
            self.said.append(what[0] if len(what) == 1 else what)
            self._more.notify_all()

    def wait(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.said) >= count, timeout=30), self.said


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], tuple[Heard, Heard, Heard]]]:
    """`begin(script)` starts a keeper whose helper is that shell script: (changes, losses, gaps)."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    made: list[Keeper] = []

    def make(script: str) -> tuple[Heard, Heard, Heard]:
        program = tmp_path / "docker"
        program.write_text(HELPER.format(home=tmp_path, script=script))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        changes, losses, gaps = Heard(), Heard(), Heard()
        made.append(Keeper("0badcafe", "drill-x", ["db"], changes.take, losses.take, gaps.take))
        made[0].start()
        return changes, losses, gaps

    yield make
    for one in made:
        one.close()


def test_a_helper_that_ends_is_followed_by_another_and_the_same_news_is_told_once(
    begin: Callable[[str], tuple[Heard, Heard, Heard]],
) -> None:
    grown = 'echo \'{"service": "db", "ports": [5432, 5433]}\''
    changes, losses, gaps = begin(f"{NEWS}; [ $births = 1 ] && echo killed >&2 && exit 137; {grown}; cat")
    changes.wait(2)
    assert changes.said == [("db", (5432,)), ("db", (5432, 5433))]
    gaps.wait(2)
    assert str(gaps.said[0]).startswith("the keeper ended: killed")
    assert gaps.said[1:] == [""]
    assert losses.said == []


def test_a_helper_that_hangs_is_ended_and_followed(
    begin: Callable[[str], tuple[Heard, Heard, Heard]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "SILENT_S", 0.5)
    _, losses, gaps = begin(f"{NEWS}; [ $births = 1 ] && exec sleep 600; while echo '{{}}'; do sleep 0.1; done")
    gaps.wait(2)
    assert "silent" in str(gaps.said[0])
    assert gaps.said[1] == ""
    assert losses.said == []


def test_news_that_does_not_come_back_is_told_as_lost_once(
    begin: Callable[[str], tuple[Heard, Heard, Heard]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "LOST_S", 1.0)
    monkeypatch.setattr(keepers, "REVIVE_S", 0.05)
    _, losses, gaps = begin(f"[ $births = 1 ] && {NEWS} && exit 1; echo Cannot connect to Docker >&2; exit 125")
    losses.wait(1)
    assert "Cannot connect" in str(losses.said[0])
    assert len(gaps.said) == 1


def test_one_that_never_says_a_word_cannot_run_and_its_complaint_is_told(
    begin: Callable[[str], tuple[Heard, Heard, Heard]],
) -> None:
    with pytest.raises(CannotRun, match="no such image"):
        begin("echo no such image >&2; exit 125")
