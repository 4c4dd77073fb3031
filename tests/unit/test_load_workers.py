"""Who is a worker of the load, and when one is dead: a process by its end, another machine by its silence."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

from harness import __version__
from harness.load import workers as module
from harness.load.worker import NOT_WELCOME, OTHER_VERSION, turned_away
from harness.load.workers import Worker, Workers


def hello(number: int = -1, machine: str = "anvil") -> dict[str, Any]:
    return {"number": number, "machine": machine}


def test_a_number_is_given_once() -> None:
    workers = Workers(here=1, elsewhere=2)
    own = workers.join("a", hello(0))
    assert own is not None
    assert own.number == 0
    assert workers.join("b", hello(0)) is None, "it is somebody's"
    first, second = workers.join("c", hello()), workers.join("d", hello())
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    assert workers.join("e", hello()) is None, "the load has all its workers"
    assert workers.join("c", hello()) is first, "it says so twice"
    assert workers.joined == 3
    assert [workers.at(link) for link in "ac"] == [own, first]
    assert workers.at("e") is None


def test_a_process_is_dead_when_it_has_ended_and_had_time_for_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_WORDS_S", 0.05)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    worker = Worker(0, process, link="a", heard_s=time.monotonic() - 60)
    assert worker.death() == "", "silence alone is no death here"
    worker.kill()
    assert worker.death() == "", "what it said last may be on its way"
    time.sleep(0.1)
    assert worker.death() == "killed by SIGKILL"


def test_another_machine_is_dead_when_it_is_silent() -> None:
    silent = Worker(1, link="a", machine="anvil", heard_s=time.monotonic() - 2.5, home=False)
    assert silent.death() == "not heard of for 2.5 s"
    assert silent.death(within_s=60.0) == "", "while it imports a locustfile"
    assert silent.name == "worker 1 on anvil"
    assert Worker(1, heard_s=time.monotonic() - 60).death() == "", "one that has not joined cannot die"


def test_nobody_is_dead_because_we_stood_still_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("harness.load.workers.time.monotonic", lambda: now[0])
    workers = Workers(here=0, elsewhere=1)
    worker = workers.join("a", hello())
    assert worker is not None

    def looks(step_s: float, count: int) -> list[str]:
        found = []
        for _ in range(count):
            now[0] += step_s
            found += [death for _, death in workers.dead()]
        return found

    looks(0.1, 5)
    assert looks(5.0, 1) == [], "its words wait to be heard"
    assert looks(0.1, 19) == []
    assert looks(0.1, 3), "it said nothing all the while that we listened"


def test_a_worker_is_over_when_what_it_wrote_is_home() -> None:
    worker = Worker(1, home=False)
    worker.ended = {"clean": True}
    assert not worker.over
    worker.home = True
    assert worker.over
    assert not worker.alive


def test_a_worker_that_is_not_welcome_says_why() -> None:
    full = {"do": "refused", "reason": "the run has its 2 workers already"}
    assert turned_away(full) == (NOT_WELCOME, "the run has its 2 workers already")
    assert turned_away(full | {"version": __version__}) == (NOT_WELCOME, "the run has its 2 workers already")
    code, why = turned_away({"do": "refused", "reason": "it is drill 1, and the run is of drill 0", "version": "0"})
    assert (code, why) == (OTHER_VERSION, f"this is drill {__version__}, and the run is of drill 0")
    assert turned_away(None) == (NOT_WELCOME, "the run does not answer within 30 s")
