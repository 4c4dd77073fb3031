"""A run is ended by a signal, a halt request or a lost helper: at once while it waits for something long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.facts import Broke, HaltAsked, Interrupted
from harness.run.stop import Stopped, StopSignals
from harness.world.docker_cli import run

LONG_S = 60.0  # nothing here waits so long, unless it is broken


def ended_by(stop: StopSignals, cause: Callable[[], object]) -> Stopped:
    """What ends a long wait once `cause` is called from another thread."""

    def wait() -> None:
        with stop.interruptible():
            threading.Thread(target=cause, daemon=True).start()
            threading.Event().wait(LONG_S)

    with stop.installed(), pytest.raises(Stopped) as caught:
        wait()
    return caught.value


def test_a_halt_request_ends_a_stack_that_is_still_starting(tmp_path: Path) -> None:
    request = tmp_path / "halt.json"
    ended = ended_by(StopSignals(request), lambda: request.write_text(json.dumps({"by": "anna", "reason": "incident"})))
    assert ended.fact == HaltAsked(by="anna", reason="incident")


def test_a_helper_that_is_lost_ends_a_stack_that_is_still_starting(tmp_path: Path) -> None:
    stop = StopSignals(tmp_path / "halt.json")
    assert ended_by(stop, lambda: stop.lost("the keeper ended")).fact == Broke(error="the keeper ended")


def test_a_signal_ends_a_stack_that_is_still_starting(tmp_path: Path) -> None:
    main = threading.main_thread().ident
    assert main is not None
    ended = ended_by(StopSignals(tmp_path / "halt.json"), lambda: signal.pthread_kill(main, signal.SIGTERM))
    assert ended.fact == Interrupted(signal="SIGTERM")


def test_no_signal_falls_between_the_first_look_and_the_wait(tmp_path: Path) -> None:
    class Between(StopSignals):
        def check(self) -> None:
            super().check()
            signal.raise_signal(signal.SIGINT)

    stop = Between(tmp_path / "halt.json")
    with stop.installed(), pytest.raises(Stopped), stop.interruptible():
        pytest.fail("the signal was put off")


def test_elsewhere_a_signal_waits_for_the_next_look_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    stop = StopSignals(tmp_path / "halt.json")
    with stop.installed():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped) as caught:
            stop.check()
    assert caught.value.fact == Interrupted(signal="SIGINT")


def test_what_was_there_before_a_run_answers_signals_after_it(tmp_path: Path) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with StopSignals(tmp_path / "halt.json").installed():
        assert [signal.getsignal(number) for number in numbers] != before
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_signal_that_comes_while_a_command_is_being_started_leaves_no_command_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    born: list[subprocess.Popen[str]] = []

    class Slow(subprocess.Popen[str]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            born.append(self)
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # Python answers the signal in here, before anybody knows the command
                time.sleep(0)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    stop = StopSignals(tmp_path / "halt.json")
    with stop.installed(), pytest.raises(Stopped) as caught, stop.interruptible():
        run(("sleep", str(LONG_S)), within_s=LONG_S)
    assert caught.value.fact == Interrupted(signal="SIGINT")
    assert born[0].poll() == -signal.SIGKILL


def test_who_was_asked_to_end_knows_it_afterwards(tmp_path: Path) -> None:
    request = tmp_path / "halt.json"
    stop = StopSignals(request)
    assert not stop.asked
    request.write_text("{}")
    assert stop.asked
    lost = StopSignals(tmp_path / "none.json")
    lost.lost("the keeper ended")
    assert lost.asked
