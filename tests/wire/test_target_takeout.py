"""Toxics of a run on a target taken out from outside of the run, as `drill halt` and `drill mend` do, and faults that are refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import CannotRun, NotApplied
from harness.facts import Injected, Injecting, LeaseLapsed, Mended, NotMended, Opened
from harness.following import Following
from harness.inside.pulse import LEASE, identity
from harness.journal_writer import Writer
from harness.run.folder import RunFolder
from harness.run.on_target import OnTarget
from harness.safety import mend as mending
from harness.safety.guardian import guard
from harness.safety.mend import mend, strays
from harness.safety.takeout import own_writer, take_out
from harness.target.model import Target
from harness.target.proxies import TargetProxies, spots
from harness.target.record import keep
from harness.world.handles import Toxic, Want
from harness.world.toxiproxy import ProxySeen, Server

pytestmark = pytest.mark.wire

EDGE = "web->store"
OURS, THEIRS = Toxic("latency", {"latency": 300, "jitter": 0}), Toxic("latency", {"latency": 1, "jitter": 0})


@pytest.fixture
def server(toxiproxy_server: tuple[str, int]) -> Server:
    found = Server(*toxiproxy_server)
    for name in found.proxies():
        found.delete(name)
    found.create("store", "127.0.0.1:0", "127.0.0.1:9", True)
    found.add_toxic("store", "theirs", THEIRS)
    return found


@pytest.fixture
def target(toxiproxy_server: tuple[str, int]) -> Target:
    return Target.model_validate(
        {
            "name": "staging",
            "load": "http://127.0.0.1:9",
            "toxiproxy": "http://{}:{}".format(*toxiproxy_server),
            "edges": {EDGE: {"proxy": "store", "witness": "127.0.0.1:9"}},
        }
    )


def proxies(target: Target, run: str = "0a0b0c0d") -> TargetProxies:
    return TargetProxies(run, spots(target), f"drill mend {run}")


def died(folder: Path, target: Target, found: dict[str, ProxySeen]) -> RunFolder:
    """The folder of a run that died with its fault on."""
    run = RunFolder(folder / "drill" / "20260101T000000Z-0a0b0c0d")
    run.facts.mkdir(parents=True)
    keep(run.path, target, found)
    writer = Writer(run.facts, "harness", lambda: 1.0)
    told = Opened(drill="drill", run=run.run, wall_unix_s=time.time(), monotonic_ns=time.monotonic_ns())
    for fact in (
        told,
        Injecting(fault="f", kind="latency", target=EDGE, planned_s=0.0),
        Injected(fault="f", begun_s=1.0),
    ):
        writer.write(fact, durable=True)
    writer.close()
    return run


def test_a_fault_comes_and_goes_among_the_toxics_of_others(server: Server, target: Target) -> None:
    mine = proxies(target)
    before = mine.look([EDGE])[EDGE]
    told = mine.want(Want(EDGE, "f", toxics=(OURS,), cut=True))
    assert set(told["store"]["toxics"]) == {"theirs", "drill-0a0b0c0d-1-latency-downstream"}
    mine.want(Want(EDGE, "g", closed=True))
    assert not server.proxy("store").enabled
    assert mine.holders() == ("f", "g")
    assert mine.unwant("f") == ""
    assert not server.proxy("store").enabled
    assert mine.unwant("g") == ""
    assert mine.unwant("g") == ""
    assert server.proxy("store") == before


def test_after_its_lease_nothing_more_is_put_in(server: Server, target: Target) -> None:
    mine = proxies(target)
    mine.let_go()
    with pytest.raises(NotApplied, match="lease has lapsed"):
        mine.want(Want(EDGE, "f", toxics=(OURS,)))


def test_a_proxy_that_is_gone_is_no_fault(server: Server, target: Target) -> None:
    mine = proxies(target)
    mine.want(Want(EDGE, "f", toxics=(OURS,)))
    server.delete("store")
    assert mine.unwant("f") == ""
    with pytest.raises(CannotRun, match="has no proxy 'store'"):
        mine.look([EDGE])


def test_a_proxy_that_is_found_closed_is_not_begun_with(server: Server, target: Target) -> None:
    server.disable("store")
    with pytest.raises(CannotRun, match="is closed: nothing goes over it"):
        proxies(target).look([EDGE])


@pytest.mark.parametrize("want", [Want(EDGE, "f", toxics=(OURS,)), Want(EDGE, "f", closed=True)])
def test_what_a_dead_run_left_on_is_taken_out_and_nothing_else(
    server: Server, target: Target, tmp_path: Path, want: Want
) -> None:
    before = server.proxy("store")
    run = died(tmp_path, target, {EDGE: before})
    proxies(target).want(want)
    writer = own_writer(run, "halt")
    assert take_out(run, writer, "halt") == ()
    writer.close()
    assert server.proxy("store") == before
    assert Following(run.path, (Mended,)).journal().of(Mended, fault="f")


def test_where_toxiproxy_is_away_it_is_still_on_and_a_person_is_told_how(target: Target, tmp_path: Path) -> None:
    away = target.model_copy(update={"toxiproxy": {"toxiproxy": target.load}})
    run = died(tmp_path, away, {})
    writer = own_writer(run, "halt")
    assert take_out(run, writer, "halt") == ("f",)
    writer.close()
    (said,) = Following(run.path, (NotMended,)).journal().of(NotMended)
    assert "Toxiproxy at http://127.0.0.1:9 refuses connections" in said.error
    assert said.commands == ("drill mend 0a0b0c0d",)


def leased(folder: Path, **said: object) -> None:
    """A lease of a process that is no more."""
    folder.mkdir(exist_ok=True)
    gone = {**identity(), "pid": 2**22 - 1, "born": 1, "count": 1, "opened_ns": 0}
    (folder / LEASE).write_text(json.dumps({**gone, **said}))


def test_what_stands_beside_a_run_takes_the_toxics_of_a_dead_harness_out(
    server: Server, target: Target, tmp_path: Path
) -> None:
    before = server.proxy("store")
    run = died(tmp_path, target, {EDGE: before})
    leased(run.lease)
    proxies(target).want(Want(EDGE, "f", toxics=(OURS,)))
    guard(run, 0.1)
    assert server.proxy("store") == before
    journal = Following(run.path, (Mended, LeaseLapsed)).journal()
    assert [fact.why for fact in journal.of(Mended, fault="f")] == ["lease"]
    assert [fact.gone for fact in journal.of(LeaseLapsed)][-1]


def test_what_stands_beside_a_run_ends_with_it(server: Server, target: Target, tmp_path: Path) -> None:
    run = died(tmp_path, target, {})
    leased(run.lease, over="down")
    guard(run, 10.0)
    assert not Following(run.path, (Mended, LeaseLapsed)).journal().facts


def over(run: RunFolder) -> None:
    """The journal says that its fault was taken out; what came after that is lost."""
    writer = Writer(run.facts, "late", lambda: 2.0)
    writer.write(Mended(fault="f", begun_s=1.5), durable=True)
    writer.close()


def test_mend_takes_out_what_bears_the_runs_name_whatever_its_journal_says(
    server: Server, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "all_remains", lambda runs: {})
    before = server.proxy("store")
    run = died(tmp_path, target, {EDGE: before})
    over(run)
    proxies(target).want(Want(EDGE, "f", toxics=(OURS,)))
    assert run in strays(tmp_path)[0], "it never wrote that it was over"
    said: list[str] = []
    assert mend(run, said.append) == []
    assert server.proxy("store") == before
    assert run not in strays(tmp_path)[0]
    server.disable("store")
    assert mend(run, said.append) == []
    assert not server.proxy("store").enabled, "what others closed since then is theirs"


def test_mend_tells_that_it_could_not_look(target: Target, tmp_path: Path) -> None:
    away = target.model_copy(update={"toxiproxy": {"toxiproxy": target.load}})
    run = died(tmp_path, away, {})
    over(run)
    said: list[str] = []
    assert mend(run, said.append) == ["its toxics on staging"]
    assert "Toxiproxy at http://127.0.0.1:9 refuses connections" in said[0]
    assert len(said) == 2


def test_what_stands_beside_a_run_looks_also_where_no_fault_is_known(
    server: Server, target: Target, tmp_path: Path
) -> None:
    before = server.proxy("store")
    run = died(tmp_path, target, {EDGE: before})
    over(run)
    leased(run.lease)
    proxies(target).want(Want(EDGE, "f", toxics=(OURS,)))
    guard(run, 0.1)
    assert server.proxy("store") == before
    assert not Following(run.path, (LeaseLapsed,)).journal().facts, "it took no known fault out"


def test_the_end_of_a_run_looks_once_more(server: Server, target: Target, tmp_path: Path) -> None:
    before = server.proxy("store")
    run = died(tmp_path, target, {EDGE: before})
    over(run)
    proxies(target).want(Want(EDGE, "f", toxics=(OURS,)))
    record = SimpleNamespace(journal=lambda: Following(run.path, (Injecting, Mended)).journal())
    session: Any = SimpleNamespace(folder=run, record=record)
    assert OnTarget(session, target, tmp_path, {}, ()).down(twice=False) == []
    assert server.proxy("store") == before
