"""The clean-up ladder on a Toxiproxy that wedges: each rung is tried in its order, read back, timed and told."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from wedging_toxiproxy import WedgingToxiproxy

from harness.edges import Edge
from harness.errors import NotApplied, NotMended
from harness.facts import Fact, ListenersChanged, RungTried
from harness.report.ladder import climbed, rung_tried
from harness.run.folder import RunFolder
from harness.run.taking_out import side_by_side
from harness.safety.proxies import clear
from harness.testing import journal_of
from harness.world import toxiproxy as adapter
from harness.world.handles import Toxic, Want
from harness.world.ladder import RECREATED, REMOVED, RESTARTED, TAKEN_AWAY, Exhausted, Rung, Turn, alone, climb, highest
from harness.world.ladder_turn import ladder_turn
from harness.world.proxies import Reconciler

TIMEOUT_S = 1.5
EDGE = Edge("api", "db", address="127.0.0.77", upstream="db", ports=(5432,))
OTHER = Edge("api", "pay", address="127.0.0.78", upstream="pay", ports=(80,))
NAME = "api->db:5432"
SLOW = Toxic("latency", {"latency": 60, "jitter": 0})


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WedgingToxiproxy]:
    """Freed by what the test says; our client gives up sooner than it does on the real one."""
    quick = partial(adapter.Server, timeout_s=TIMEOUT_S)
    monkeypatch.setattr("harness.world.proxies.Server", quick)
    monkeypatch.setattr("harness.world.toxiproxy.Server", quick)
    it = WedgingToxiproxy(request.param)
    yield it
    it.close()


def filled(server: WedgingToxiproxy, facts: list[Fact], restart: Any = None, turn: Turn = alone) -> Reconciler:
    """A fault on one edge of two, and the proxy of it wedged."""
    by_hand = ["drill mend 0a0b0c0d"]
    proxies = Reconciler(server.api, [EDGE, OTHER], facts.append, restart=restart, by_hand=by_hand, turn=turn)
    proxies.start()
    proxies.listening("db", [5432])
    proxies.listening("pay", [80])
    proxies.want(Want(EDGE.id, "slow", (SLOW,)))
    server.wedged = NAME
    return proxies


def rungs(facts: list[Fact]) -> list[RungTried]:
    return [fact for fact in facts if isinstance(fact, RungTried)]


def test_the_ordinary_way_is_no_rung_and_nothing_higher_is_tried() -> None:
    facts: list[Fact] = []
    went: list[str] = []
    ladder = (Rung("first", partial(went.append, "first")), Rung("second", partial(went.append, "second"), ("a->b",)))
    assert climb("slow", "a->b:1", ladder, facts.append) == "first"
    assert (went, facts) == (["first"], [])


def test_each_rung_that_failed_is_told_with_what_it_said_and_the_first_that_helps_ends_it() -> None:
    def wedged() -> None:
        raise NotApplied("did not answer")

    facts: list[Fact] = []
    ladder = (Rung("first", wedged), Rung("second", lambda: None, ("a->b",)), Rung("third", pytest.fail))
    assert climb("slow", "a->b:1", ladder, facts.append) == "second"
    assert [(it.rung, it.error, it.cut) for it in rungs(facts)] == [
        ("first", "did not answer", ()),
        ("second", "", ("a->b",)),
    ]
    with pytest.raises(Exhausted, match="first: did not answer; third: did not answer"):
        climb("slow", "a->b:1", (Rung("first", wedged), Rung("third", wedged)), facts.append)


def test_of_several_proxies_the_highest_rung_is_told() -> None:
    assert highest([REMOVED, RECREATED, REMOVED]) == RECREATED
    assert highest([RECREATED, RESTARTED]) == RESTARTED
    assert highest([REMOVED]) == highest([]) == ""


@pytest.mark.parametrize("server", ["delete"], indirect=True)
def test_a_wedged_proxy_is_deleted_and_created_again_and_only_its_edge_is_cut(server: WedgingToxiproxy) -> None:
    facts: list[Fact] = []
    proxies = filled(server, facts, restart=server.restart)
    try:
        assert proxies.unwant("slow") == RECREATED
    finally:
        proxies.close()
    first, second = rungs(facts)
    assert (first.rung, first.cut) == (REMOVED, ())
    assert "did not answer" in first.error
    assert first.took_s >= TIMEOUT_S
    assert (second.rung, second.error, second.cut) == (RECREATED, "", (EDGE.id,))
    assert {it.fault for it in (first, second)} == {"slow"}
    assert server.proxies[NAME]["toxics"] == []
    assert server.proxies[NAME]["enabled"]
    assert server.restarts == 0


@pytest.mark.parametrize("server", ["restart"], indirect=True)
def test_what_a_delete_does_not_free_is_restarted_and_every_edge_is_filled_again(server: WedgingToxiproxy) -> None:
    facts: list[Fact] = []
    proxies = filled(server, facts, restart=server.restart)
    try:
        assert proxies.unwant("slow") == RESTARTED
    finally:
        proxies.close()
    assert [(it.rung, bool(it.error)) for it in rungs(facts)] == [
        (REMOVED, True),
        (RECREATED, True),
        (RESTARTED, False),
    ]
    assert set(rungs(facts)[-1].cut) == {EDGE.id, OTHER.id}
    assert {name: it["toxics"] for name, it in server.proxies.items()} == {NAME: [], "api->pay:80": []}


@pytest.mark.parametrize("server", [""], indirect=True)
def test_what_nothing_frees_is_still_on_and_the_person_gets_the_commands(server: WedgingToxiproxy) -> None:
    def cannot() -> None:
        raise NotApplied("Docker does not answer")

    facts: list[Fact] = []
    proxies = filled(server, facts, restart=cannot)
    try:
        with pytest.raises(NotMended, match="Docker does not answer") as caught:
            proxies.unwant("slow")
    finally:
        proxies.close()
    assert caught.value.commands[-1] == "drill mend 0a0b0c0d"
    assert all(it.error for it in rungs(facts))
    assert len(rungs(facts)) == 3


@pytest.mark.parametrize("server", ["delete"], indirect=True)
def test_a_wedged_proxy_delays_no_other_mend_by_more_than_the_call_that_hangs(server: WedgingToxiproxy) -> None:
    facts: list[Fact] = []
    ended: dict[str, float] = {}
    proxies = filled(server, facts, restart=server.restart)
    proxies.want(Want(OTHER.id, "elsewhere", (SLOW,)))
    ladder_takes_s = 1.0

    def slowly() -> None:
        time.sleep(ladder_takes_s)
        delete(NAME)

    delete = proxies._recreate
    proxies._recreate = lambda name: slowly() if name == NAME else delete(name)  # type: ignore[method-assign]
    began_s = time.monotonic()

    def mend(holder: str) -> None:
        proxies.unwant(holder)
        ended[holder] = time.monotonic() - began_s

    try:
        side_by_side([partial(mend, "slow"), partial(mend, "elsewhere")], [], lambda: None)
    finally:
        proxies.close()
    assert ended["elsewhere"] < TIMEOUT_S + ladder_takes_s <= ended["slow"]
    assert {it.fault for it in rungs(facts)} == {"slow"}
    assert all(it["toxics"] == [] for it in server.proxies.values())


def folder_of(server: WedgingToxiproxy, tmp_path: Path) -> RunFolder:
    import dataclasses
    import json

    path = tmp_path / "runs" / "wiki" / "20260101T000000Z-0a0b0c0d"
    path.mkdir(parents=True)
    (path / "facts").mkdir()
    edges = [dataclasses.asdict(edge) for edge in (EDGE, OTHER)]
    (path / "stack.json").write_text(json.dumps({"api": server.api, "edges": edges}))
    return RunFolder(path)


@pytest.mark.parametrize(
    ("server", "last"),
    [("delete", RECREATED), ("restart", RESTARTED), ("", TAKEN_AWAY)],
    indirect=["server"],
)
def test_from_outside_of_the_run_the_same_ladder_is_climbed(
    server: WedgingToxiproxy, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts: list[Fact] = []
    filled(server, facts).close()
    facts.clear()
    monkeypatch.setattr("harness.safety.proxies.API_WITHIN_S", 1.0)
    journal = journal_of(ListenersChanged(service="db", ports=(5432,)), ListenersChanged(service="pay", ports=(80,)))
    removed: list[str] = []
    wrong = clear(
        folder_of(server, tmp_path),
        journal,
        {EDGE.id: "p/slow"},
        facts.append,
        server.restart,
        partial(removed.append, "container"),
    )
    assert wrong == ""
    assert rungs(facts)[-1].rung == last
    assert not rungs(facts)[-1].error
    assert bool(removed) == (last == TAKEN_AWAY)
    if not removed:
        assert {name: (it["toxics"], it["enabled"]) for name, it in server.proxies.items()} == {
            NAME: ([], True),
            "api->pay:80": ([], True),
        }


def both_climb(server: WedgingToxiproxy, folder: RunFolder, facts: list[Fact], first: str) -> list[str]:
    """The harness mends and `drill halt` takes out, `first` of them a little sooner; what either says is wrong."""
    proxies = filled(server, facts, restart=server.restart, turn=partial(ladder_turn, folder.facts))
    journal = journal_of(ListenersChanged(service="db", ports=(5432,)), ListenersChanged(service="pay", ports=(80,)))
    wrong: list[str] = []

    def harness() -> None:
        try:
            proxies.unwant("slow")
        except NotMended as error:
            wrong.append(f"harness: {error}")

    def halt() -> None:
        taken = partial(wrong.append, "halt took Toxiproxy away")
        if said := clear(folder, journal, {EDGE.id: "p/slow"}, facts.append, server.restart, taken):
            wrong.append(f"halt: {said}")

    order = {"harness": (harness, halt), "halt": (halt, harness)}[first]
    threads = [threading.Thread(target=one) for one in order]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    proxies.close()
    return wrong


@pytest.mark.parametrize("first", ["harness", "halt"])
@pytest.mark.parametrize(("server", "restarts"), [("delete", 0), ("restart", 1)], indirect=["server"])
def test_a_halt_and_the_harness_that_climb_at_the_same_time_do_not_undo_each_others_rungs(
    server: WedgingToxiproxy, restarts: int, first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.safety.proxies.API_WITHIN_S", 1.0)
    facts: list[Fact] = []
    wrong = both_climb(server, folder_of(server, tmp_path), facts, first)
    assert wrong == []
    assert server.restarts == restarts, "whoever came second found it done"
    assert {name: (it["toxics"], it["enabled"]) for name, it in server.proxies.items()} == {
        NAME: ([], True),
        "api->pay:80": ([], True),
    }


def test_whoever_waited_for_the_ladder_begins_again_at_its_bottom() -> None:
    went: list[str] = []
    busy = [True]

    def first() -> None:
        went.append("first")
        if busy[0]:
            raise NotApplied("did not answer")

    def turn() -> contextlib.AbstractContextManager[bool]:
        busy[0] = False  # the other one was at it, and is through
        return contextlib.nullcontext(True)

    ladder = (Rung("first", first), Rung("second", partial(went.append, "second"), ("a->b",)))
    assert climb("slow", "a->b:1", ladder, [].append, turn) == "first"
    assert went == ["first", "first"]


def test_a_climber_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    with ladder_turn(tmp_path) as before:
        assert not before
        began_s = time.monotonic()
        with ladder_turn(tmp_path, lambda: False) as waited:
            assert not waited, "it was not given back: nothing is known to be out"
        assert time.monotonic() - began_s < 1


def test_what_the_ladder_did_is_one_line_in_the_report_and_nothing_for_a_fault_that_went_by_itself() -> None:
    first = {"rung": REMOVED, "error": "did not answer", "took_s": 3.02, "cut": []}
    second = {"rung": RECREATED, "error": "", "took_s": 0.04, "cut": ["api->db"]}
    assert climbed({"ladder": [first, second]}) == (
        "clean-up ladder: toxics removed did not help (3.0 s), proxy deleted and created again did (0.0 s), "
        "which cut open connections of api->db"
    )
    assert climbed({"ladder": []}) == climbed({}) == ""


def test_a_rung_is_one_line_while_the_run_goes() -> None:
    tried = RungTried(fault="p/slow", target=NAME, rung=RECREATED, took_s=0.1, cut=("a->b", "a->c", "a->d", "a->e"))
    assert rung_tried(tried) == (
        "clean-up ladder, p/slow: proxy deleted and created again helped (0.1 s; it cut open connections of 4 edges)"
    )
