"""Which looks are before, during and after a fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from harness import facts as f
from harness.faults.base import Fault, Landing
from harness.faults.down import Down
from harness.faults.hang import Hang
from harness.faults.latency import Latency
from harness.faults.pause import Pause
from harness.faults.reset import Reset
from harness.landings import NEVER_USED, begun_s, landings, mends
from harness.testing import journal_of, rows_of
from harness.world.handles import Toxic
from harness.world.toxiproxy import ProxySeen
from harness.world.wanted import Wanted, steps


class Counting(Fault):
    """Tells which looks it was given."""

    target_: str = "api->db"

    @property
    def target(self) -> str:
        return self.target_

    def landing(self, before: Sequence[f.Witnessed], during: Sequence[f.Witnessed]) -> Landing:
        outcome = "landed" if before else "not_measurable"
        return Landing(
            outcome, "", measured={"before": [w.number for w in before], "during": [w.number for w in during]}
        )

    def gone(self, before: Sequence[f.Witnessed], after: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed", "", measured={"after": [w.number for w in after]})


def look(at_s: float, edge: str = "api->db", outcome: str = "answered", took_ms: float = 100.0) -> f.Witnessed:
    number = round(at_s * 10)
    return f.Witnessed(
        edge=edge, port=1, outcome=outcome, answer_ms=took_ms, limit_ms=2000.0, seen_s=at_s, number=number
    )


def on(start_s: float, end_s: float, fault: str = "x", target: str = "api->db") -> list[f.Fact]:
    return [
        f.Injecting(fault=fault, kind="k", target=target, planned_s=start_s, seen_s=start_s),
        f.Injected(fault=fault, begun_s=start_s, seen_s=start_s + 0.1),
        f.Mended(fault=fault, begun_s=end_s - 0.1, seen_s=end_s),
    ]


def measured(*facts: f.Fact, fault: Fault | None = None) -> dict[str, object]:
    return dict(landings(journal_of(*facts), {"x": fault or Counting()})["x"].measured)


def test_a_look_that_straddles_the_fault_belongs_to_neither_side() -> None:
    looks = [look(9.0), look(10.15), look(10.5), look(19.95), look(20.05), look(21.0)]
    assert measured(*on(10.0, 20.0), *looks) == {"before": [90], "during": [105]}
    assert mends(journal_of(*on(10.0, 20.0), *looks), {"x": Counting()})["x"].measured == {"after": [210]}


def test_a_look_that_hung_began_its_whole_limit_before() -> None:
    assert begun_s(look(12.0, outcome="hung", took_ms=0.0)) == 10.0
    assert measured(*on(10.0, 20.0), look(9.0), look(11.9, outcome="hung")) == {"before": [90], "during": []}


def test_looks_while_another_fault_hurts_the_same_place_are_not_ordinary() -> None:
    facts = [*on(3.0, 5.0, "y"), *on(10.0, 20.0), look(1.0), look(4.0), look(7.0)]
    assert measured(*facts)["before"] == [10, 70]
    elsewhere = [*on(3.0, 5.0, "y", "web->cache"), *on(10.0, 20.0), look(4.0)]
    assert measured(*elsewhere)["before"] == [40]
    dependency = [*on(3.0, 5.0, "y", "db"), *on(10.0, 20.0), look(4.0)]
    assert measured(*dependency)["before"] == []


def test_a_service_is_judged_by_every_edge_into_it() -> None:
    fault = Counting(target_="db")
    facts = [*on(10.0, 20.0, target="db"), look(9.0, "api->db"), look(9.5, "worker->db"), look(9.6, "db->disk")]
    assert measured(*facts, fault=fault)["before"] == [90, 95]


def test_a_service_without_edges_is_judged_by_what_docker_reports() -> None:
    died = f.ContainerChanged(service="db", container="db-1", event="die", happened_s=10.3, seen_s=10.6)
    told = landings(journal_of(*on(10.0, 20.0, target="db"), died), {"x": Counting(target_="db")})["x"]
    assert told.outcome == "landed"
    assert "Docker reported die of db at 10.3 s" in told.because
    untold = landings(journal_of(*on(10.0, 20.0, target="db")), {"x": Counting(target_="db")})["x"]
    assert untold.outcome == "not_measurable"


def test_a_service_without_edges_is_back_when_docker_reports_it() -> None:
    paused = f.ContainerChanged(service="db", container="db-1", event="pause", happened_s=10.0, seen_s=10.1)
    resumed = f.ContainerChanged(service="db", container="db-1", event="unpause", happened_s=19.9, seen_s=20.1)
    hurt = [*on(10.0, 20.0, target="db"), paused]
    told = mends(journal_of(*hurt, resumed), {"x": Pause(service="db")})["x"]
    assert told.outcome == "landed"
    assert told.because == "Docker reported unpause of db at 19.9 s; no edge leads to it"
    assert mends(journal_of(*hurt), {"x": Pause(service="db")})["x"].outcome == "not_measurable"


def test_where_no_look_was_ever_answered_docker_tells_and_it_is_said_why() -> None:
    looks = [
        dataclasses.replace(look(at_s, outcome="hung"), connect_ms=1.0, speaks="http") for at_s in (5.0, 8.0, 25.0)
    ]
    resumed = f.ContainerChanged(service="db", container="db-1", event="unpause", happened_s=19.9, seen_s=20.1)
    paused = {"x": Pause(service="db")}
    told = mends(journal_of(*on(10.0, 20.0, target="db"), *looks, resumed), paused)["x"]
    assert told.outcome == "landed"
    assert told.because == (
        "Docker reported unpause of db at 19.9 s; 2 looks at port 1 of api->db connected before it began, and none was answered "
        "in http: it may speak something else"
    )
    assert mends(journal_of(*on(10.0, 20.0, target="db"), *looks), paused)["x"].outcome == "not_measurable"


def test_what_was_not_injected_did_not_land() -> None:
    begun = on(10.0, 20.0)[0]
    refused = f.NotInjected(fault="x", begun_s=10.0, error="no proxy", seen_s=10.5)
    for facts, says in (([], "never injected"), ([begun], "never read back"), ([begun, refused], "no proxy")):
        landing = landings(journal_of(*facts), {"x": Counting()})["x"]
        assert landing.outcome == "not_landed"
        assert says in landing.because


# --- a fault that the witness felt, and the service did not ---------------------------------------------------------------


def surveyed(at_s: float, mediated: int, direct: int = 0) -> f.Surveyed:
    return f.Surveyed(
        edge="api->db", mediated=mediated, direct=direct, seen_s=at_s, examples=("10.0.0.5:5432",) if direct else ()
    )


def felt(fault: Fault, during: str, *surveys: f.Surveyed) -> Landing:
    """A fault from 10 to 20 s that every look of the witness felt."""
    slow = 2.0 + (400.0 if during == "answered" else 0.0)
    before = [
        f.Witnessed(edge="api->db", port=1, outcome="answered", answer_ms=2.0, speaks="http", turns=1, seen_s=s / 2)
        for s in range(2, 20)
    ]
    looks = [
        f.Witnessed(edge="api->db", port=1, outcome=during, answer_ms=slow, speaks="http", turns=1, seen_s=10.6 + s / 2)
        for s in range(18)
    ]
    return landings(journal_of(*on(10.0, 20.0), *before, *looks, *surveys), {"x": fault})["x"]


LATE = Latency(edge="api->db", delay="400ms")


def test_a_service_that_goes_around_the_proxy_did_not_feel_it() -> None:
    assert felt(LATE, "answered", surveyed(12.0, 3)).outcome == "landed"
    around = felt(LATE, "answered", surveyed(12.0, 3), surveyed(14.0, 3, direct=2))
    assert around.outcome == "not_landed"
    assert "2 connections went straight to the dependency at 14.0 s (10.0.0.5:5432)" in around.because
    assert felt(LATE, "answered", surveyed(4.0, 3, direct=2)).outcome == "landed", "that was before it"


def test_an_edge_that_its_caller_was_never_seen_to_use_proves_nothing() -> None:
    """The witness feels what it dials itself: without a connection of the caller nobody was hurt by it."""
    down = Down(edge="api->db")
    unused = felt(down, "refused", *(surveyed(float(s), 0) for s in range(1, 30)))
    assert (unused.outcome, unused.because.rpartition("; ")[2]) == ("not_measurable", NEVER_USED)
    assert felt(down, "refused", surveyed(4.0, 2), surveyed(9.0, 0), surveyed(14.0, 0)).outcome == "landed", (
        "used before it, and refused without a trace while it was on"
    )
    assert felt(LATE, "answered", surveyed(4.0, 0), surveyed(14.0, 1)).outcome == "landed", "first used while it was on"
    stated = f.Surveyed(edge="api->db", mediated=0, direct=0, how="stated", seen_s=4.0)
    assert felt(down, "refused", stated).outcome == "landed", "of a target connections are not counted"
    assert felt(down, "refused").outcome == "landed", "nobody surveyed: that is another gate's to say"


def test_a_caller_that_connects_once_it_is_no_longer_refused_was_refused() -> None:
    """A refused connection leaves nothing to be surveyed; a slow one does."""
    down = Down(edge="api->db")
    assert felt(down, "refused", surveyed(9.0, 0), surveyed(14.0, 0), surveyed(30.0, 1)).outcome == "landed"
    assert felt(down, "refused", surveyed(9.0, 0), surveyed(14.0, 0), surveyed(95.0, 1)).outcome == "not_measurable"
    assert felt(LATE, "answered", surveyed(9.0, 0), surveyed(14.0, 0), surveyed(30.0, 1)).outcome == "not_measurable"


def test_a_pool_that_was_opened_before_a_reset_and_kept_does_not_see_it() -> None:
    kept, cut = (Reset(edge="api->db", open_connections=what) for what in ("keep", "cut"))
    pooled = felt(kept, "reset", surveyed(8.0, 5), surveyed(14.0, 5))
    assert pooled.outcome == "partial"
    assert "up to 5 connections were open before it and were kept" in pooled.because
    assert felt(cut, "reset", surveyed(8.0, 5)).outcome == "landed"


def test_a_share_of_a_few_connections_may_have_hit_nobody() -> None:
    def seen(at_s: float, outcome: str = "answered") -> f.Witnessed:
        return f.Witnessed(edge="api->db", port=1, outcome=outcome, answer_ms=2.0, speaks="http", turns=1, seen_s=at_s)

    looks = [seen(s / 2) for s in range(2, 20)] + [
        seen(10.6 + s * 0.4, "reset" if s % 5 == 0 else "answered") for s in range(22)
    ]
    share = Reset(edge="api->db", share="20%")
    few, more = (
        landings(journal_of(*on(10.0, 20.0), *looks, surveyed(12.0, pool)), {"x": share})["x"] for pool in (3, 30)
    )
    assert (few.outcome, more.outcome) == ("not_measurable", "landed")
    assert "3 connections at most, and a share of 20% hits none of so few with 51% (14 would be sure)" in few.because


def half_hung(*facts: f.Fact, share: str = "50%", slow: int = 3) -> Landing:
    """A hang from 10 to 20 s on a share of the connections, of which the witness felt half; so many requests took 8 s, one failed."""
    looks = [look(s / 4, took_ms=2.0) for s in range(4, 39)]
    looks += [look(10.5 + s / 2, outcome="hung" if share == "100%" or s % 2 else "answered") for s in range(14)]
    heard = [dataclasses.replace(one, speaks="postgres") for one in looks]
    rows = [{"at_s": 1.0 + n / 10, "took_ms": 20.0 + n % 7, "endpoint": "GET /"} for n in range(190)]
    rows += [{"at_s": 12.0 + n, "took_ms": 8000.0, "endpoint": "GET /"} for n in range(slow)]
    rows += [{"at_s": 15.0, "took_ms": 9.0, "outcome": "5xx", "endpoint": "GET /"}]
    rows += [{"at_s": 15.0, "took_ms": 900.0, "endpoint": "GET /rare"}]
    journal = journal_of(f.LoadBegan(begins_s=1.0, seen_s=0.9), *on(10.0, 20.0), *heard, *facts)
    return landings(journal, {"x": Hang.model_validate({"edge": "api->db", "share": share})}, rows_of(rows))["x"]


def test_beside_a_share_of_connections_stands_how_many_requests_it_touched() -> None:
    """A pool goes on with the connections that were spared: the witness, which dials anew, feels a hang that hardly a request meets."""
    landing = half_hung(surveyed(9.0, 4), surveyed(14.0, 12))
    assert landing.outcome == "landed"
    assert landing.because.endswith(
        "; which of the caller's own connections it hit is not seen (12 at most at a time); of the 102 requests meanwhile "
        "that can be compared 4 took longer than any like them before, or failed"
    )
    assert "that can be compared 1 took longer" in half_hung(surveyed(14.0, 12), slow=0).because


def test_what_hits_every_connection_or_is_not_alone_says_nothing_of_requests() -> None:
    assert "requests" not in half_hung(surveyed(14.0, 12), share="100%").because
    beside = half_hung(surveyed(14.0, 12), *on(12.0, 15.0, fault="y", target="web->api"))
    assert beside.because.endswith("it hit is not seen (12 at most at a time)")
    before = half_hung(surveyed(14.0, 12), *on(2.0, 9.5, fault="y", target="web->api"))
    assert before.because.endswith("(12 at most at a time)"), "hardly a request since then to compare with"


def test_a_proxy_to_a_wrong_upstream_is_not_read_back_as_on() -> None:
    """The reconciler reads back where the proxy leads, too: what is left to do is an error, and the fault not injected."""
    toxic = {"1-latency-downstream": Toxic("latency", {"latency": 400})}
    wanted = Wanted("api->db:5432", "10.1.0.200:5432", "db:5432", True, toxic)
    seen = ProxySeen("api->db:5432", "10.1.0.200:5432", "replica:5432", True, toxic)
    assert [step.verb for step in steps(wanted, seen)][:2] == ["delete", "create"]
    assert steps(wanted, ProxySeen("api->db:5432", "10.1.0.200:5432", "db:5432", True, toxic)) == []


@pytest.mark.parametrize("given", [None, True, Landing("felt", ""), Landing("landed", None)])  # type: ignore[arg-type]
def test_what_a_fault_of_ones_own_gives_back_that_is_no_landing_is_not_measurable(given: object) -> None:
    class Own(Counting):
        word = "own"

        def landing(self, *looks: object) -> Landing:
            return given  # type: ignore[return-value]

        def gone(self, *looks: object) -> Landing:
            raise SystemExit(0)

    journal = journal_of(*on(10.0, 20.0), look(9.0), look(15.0), look(21.0))
    landed, mended = landings(journal, {"x": Own()})["x"], mends(journal, {"x": Own()})["x"]
    assert (landed.outcome, mended.outcome) == ("not_measurable", "not_measurable")
    assert landed.because == f"own's own landing() broke: it gave back {given!r}"
    assert mended.because == "own's own gone() broke: SystemExit: 0"
