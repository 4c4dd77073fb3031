"""`drill status` on a real run while it goes and after it died; its target held; halted in time; mended as after a reboot."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from shop_runs import Run, Told, docker, told_by

from harness.facts import Asked, HaltAsked, Injected, LoadBegan, Mended, NotMended
from harness.safety.openfaults import open_faults

pytestmark = pytest.mark.e2e

HALT_S = 10.0  # on a full machine, whose programs take seconds to start; the fault would have stayed on for 40 s more
TOXIC = "slow/latency-web->store"


def status(run: Run, *words: str) -> dict[str, Any]:
    ended = run.drill("status", *words, "--json")
    told: dict[str, Any] = json.loads(ended.stdout)
    assert told["exit_code"] == ended.returncode
    return told


class Halted:
    """Asked how it stands while its stack starts and with its fault on; a second run is refused meanwhile; then it is halted."""

    def __init__(self) -> None:
        self.starting: dict[str, Any] = {}
        self.hurt: dict[str, Any] = {}
        self.text = ""
        self.second: subprocess.CompletedProcess[str] | None = None
        self.halt: subprocess.CompletedProcess[str] | None = None
        self.asked_s = 0.0
        self.after: dict[str, Any] = {}

    def __call__(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        run.await_fact(process, Asked, step="stack")
        self.starting = status(run)
        run.await_fact(process, Injected, fault=TOXIC)
        self.hurt = status(run)
        self.text = run.drill("status").stdout
        self.second = run.drill("run", "shop.yaml", "--live", "off")
        opened = run.journal.opened
        assert opened is not None
        self.asked_s = time.monotonic() - opened.monotonic_ns / 1e9
        self.halt = run.drill("halt")
        process.wait()
        self.after = status(run)


class Died:
    """Killed with its fault on. Then the machine is as after a reboot: containers stopped, the monotonic clock begun anew."""

    def __init__(self) -> None:
        self.dead: dict[str, Any] = {}
        self.mends: list[tuple[int, str]] = []
        self.again = ""
        self.after: dict[str, Any] = {}

    def __call__(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        run.await_fact(process, Injected, fault=TOXIC)
        docker("stop", "--time", "0", run.container("drill-watchdog"))  # or it would have mended before we can look
        process.kill()
        process.wait()
        self.dead = status(run)
        docker(
            "stop",
            "--time",
            "0",
            *docker("ps", "-q", "--filter", f"label=io.drill.run={run.folder.name.rpartition('-')[2]}").split(),
        )
        facts = run.folder / "facts" / "harness.jsonl"
        text = re.sub(
            r'"monotonic_ns":\d+', f'"monotonic_ns":{time.monotonic_ns() + 10**15}', facts.read_text(), count=1
        )
        facts.write_text(re.sub(r'"boot":"[^"]*"', '"boot":"another"', text, count=1))
        two = [
            subprocess.Popen(
                run.argv("mend"), cwd=run.home, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            for _ in range(2)
        ]
        self.mends = [(0, one.communicate()[0]) for one in two]
        self.mends = [(one.returncode, said) for one, (_, said) in zip(two, self.mends, strict=True)]
        self.again = run.drill("mend").stderr
        self.after = status(run)


HALTED, DIED = Halted(), Died()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_engine: None) -> Iterator[Told]:
    longer = {"edit": lambda text: text.replace("for: 6s", "for: 60s", 1)}  # its fault is on until all is asked
    stories = {"halted": (HALTED, longer), "died": (DIED, longer)}
    yield from told_by(tmp_path_factory.mktemp("status"), stories)


def test_a_run_that_starts_is_told_of(told: Told) -> None:
    told("halted")
    (run,) = HALTED.starting["runs"]
    assert (run["state"], run["faults"], run["load"]) == ("running", [], None)
    assert HALTED.starting["exit_code"] == 0


def test_a_fault_is_told_of_with_its_end_the_load_and_what_ends_it(told: Told) -> None:
    told("halted")
    (run,) = HALTED.hurt["runs"]
    (fault,) = run["faults"]
    assert (run["phase"], fault["fault"], fault["state"]) == ("slow", TOXIC, "on")
    assert 0 < fault["until_s"] - fault["since_s"] <= 60.1
    assert run["load"]["arrivals"] > 0
    assert run["silent_s"] < 3
    assert run["end_it"] == f"drill halt {run['run']}"
    lines = [
        line for line in HALTED.text.splitlines() if "elsewhere" not in line
    ]  # with the path of somebody else's run
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in HALTED.text


def test_a_second_run_on_the_same_stack_is_refused_in_one_line(told: Told) -> None:
    run = told("halted")
    assert HALTED.second is not None
    assert HALTED.second.returncode == 4
    (line,) = HALTED.second.stderr.splitlines()
    assert f"drill halt {run.folder.name.rpartition('-')[2]} ends it" in line
    assert len(list((run.home / "runs" / "shop").iterdir())) == 1, "it left no folder"
    assert list((run.home / "runs" / ".locks").iterdir()) == []


def test_a_halt_has_the_faults_out_in_time_and_the_run_ends_cleanly(told: Told) -> None:
    run = told("halted")
    assert HALTED.halt is not None
    assert (HALTED.halt.returncode, run.code, run.left()) == (0, 5, [])
    assert run.journal.of(HaltAsked)
    mended = run.journal.last(Mended, fault=TOXIC)
    assert mended is not None
    assert mended.why == "halt"
    assert open_faults(run.journal) == ()
    assert not run.journal.of(NotMended)
    assert mended.seen_s - HALTED.asked_s < HALT_S
    assert HALTED.after == {
        "exit_code": 0,
        "runs": [],
        "preparing": [],
        "elsewhere": HALTED.after["elsewhere"],
        "unseen": "",
    }


def test_what_a_dead_run_left_is_an_alarm_until_it_is_mended_also_after_a_reboot_and_by_two_at_once(told: Told) -> None:
    run = told("died")
    (dead,) = DIED.dead["runs"]
    assert (DIED.dead["exit_code"], dead["state"], [fault["fault"] for fault in dead["faults"]]) == (7, "dead", [TOXIC])
    assert dead["left"]["containers"] > 2
    assert [code for code, _ in DIED.mends] == [0, 0], DIED.mends
    assert run.left() == []
    journal = run.journal
    assert open_faults(journal) == ()
    assert journal.first(LoadBegan) is not None
    assert journal.opened is not None
    assert run.folder.name.rpartition("-")[2] not in DIED.again, "there was nothing of it to mend"
    assert (DIED.after["exit_code"], DIED.after["runs"]) == (0, [])
