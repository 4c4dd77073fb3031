"""The parts of a target that decide: what a proxy should hold, whether an edge is used, whether it is clear, what is never judged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import NotApplied
from harness.facts import Blinded, Fact
from harness.load.access import Access
from harness.load.tls import origin
from harness.target.clear import Asking, Told, Watch, verdict
from harness.target.lookout import TargetLookout, bytes_carried
from harness.target.model import Clear, EdgeAt
from harness.target.proxies import Spot, as_wanted, mark, tried
from harness.world.handles import Toxic, Want
from harness.world.toxiproxy import ApiError, ProxySeen, said_by
from harness.world.wanted import steps

THEIRS = Toxic("latency", {"latency": 5, "jitter": 0})
OURS = Toxic("latency", {"latency": 400, "jitter": 0})
SEEN = ProxySeen("db", "0.0.0.0:5432", "db:5432", True, {"theirs": THEIRS, "drill-0a0b0c0d-1-latency-downstream": OURS})
METRICS = """\
# HELP toxiproxy_proxy_received_bytes_total The total number of bytes received on a given proxy link in a given direction
# TYPE toxiproxy_proxy_received_bytes_total counter
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="0.0.0.0:1",proxy="db",upstream="db:1"} %d
toxiproxy_proxy_received_bytes_total{direction="downstream",listener="0.0.0.0:1",proxy="db",upstream="db:1"} 20
"""


def test_what_is_not_ours_stays_on_a_proxy() -> None:
    wanted = as_wanted(SEEN, mark("0a0b0c0d"), ())
    assert dict(wanted.toxics) == {"theirs": THEIRS}
    assert [str(step) for step in steps(wanted, SEEN)] == ["remove drill-0a0b0c0d-1-latency-downstream on db"]
    assert steps(as_wanted(SEEN, mark("99999999"), ()), SEEN) == []


def test_what_is_wanted_bears_the_runs_mark() -> None:
    wanted = as_wanted(
        SEEN, mark("11111111"), [(3, Want("a->db", "x", toxics=(OURS,))), (4, Want("a->db", "y", closed=True))]
    )
    assert set(wanted.toxics) == {*SEEN.toxics, "drill-11111111-3-latency-downstream"}
    assert not wanted.enabled


class Metrics:
    what = "Toxiproxy"

    def __init__(self) -> None:
        self.bytes: int | None = 100

    def text(self, path: str) -> str:
        if self.bytes is None:
            raise NotApplied("Toxiproxy refused /metrics: 404")
        return METRICS % self.bytes


class Now:
    s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def seen() -> tuple[TargetLookout, Metrics, Now, list[Fact]]:
    metrics, now, said = Metrics(), Now(), list[Fact]()
    edges = {"a->db": EdgeAt(proxy="db", witness="127.0.0.1:1", speaks="http")}
    lookout = TargetLookout(edges, {"main": metrics}, lambda at: "main", said.append, now)  # type: ignore[dict-item]
    return lookout, metrics, now, said


def test_bytes_are_counted_by_proxy() -> None:
    assert bytes_carried(METRICS % 100) == {"db": 120}
    assert bytes_carried("nothing of it\n") == {}


def test_an_edge_is_used_when_its_proxy_carries_what_is_not_ours(
    seen: tuple[TargetLookout, Metrics, Now, list[Fact]],
) -> None:
    lookout, metrics, now, _ = seen
    assert lookout.look("a->db").outcome == "blinded"  # no look of ours before that is known
    assert lookout.survey() == ()
    now.s, metrics.bytes = 102.0, 300
    (found,) = lookout.survey()
    assert (found.edge, found.how, found.direct) == ("a->db", "carried", 0)
    assert lookout.look("a->db").outcome == "refused"  # nobody listens on port 1: a look was made


@pytest.mark.parametrize(
    ("carried", "says"), [(100, "carried nothing for 6 s of load"), (None, "Toxiproxy refused /metrics: 404")]
)
def test_an_edge_of_which_nothing_shows_that_it_is_used_is_told_once(
    seen: tuple[TargetLookout, Metrics, Now, list[Fact]], carried: int | None, says: str
) -> None:
    lookout, metrics, now, said = seen
    metrics.bytes = carried
    for now.s in (100.0, 103.0, 107.0, 109.0):
        assert lookout.survey() == ()
    (blind,) = said
    assert isinstance(blind, Blinded)
    assert says in blind.error
    assert "only_way = true" in blind.error
    assert lookout.look("a->db").outcome == "refused"


def test_an_answer_that_comes_when_looks_have_begun_proves_nothing(
    seen: tuple[TargetLookout, Metrics, Now, list[Fact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookout, metrics, now, said = seen
    assert lookout.survey() == ()
    now.s = 105.5

    def slowly(path: str) -> str:
        now.s = 106.0  # the witness has begun to look
        return METRICS % 900

    monkeypatch.setattr(metrics, "text", slowly)
    assert lookout.survey() == ()
    (blind,) = said
    assert isinstance(blind, Blinded)
    assert "nothing shows that it is used" in blind.error


def test_a_first_answer_that_is_late_leaves_all_the_time_to_prove(
    seen: tuple[TargetLookout, Metrics, Now, list[Fact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookout, metrics, now, _ = seen
    with monkeypatch.context() as slow:
        slow.setattr(metrics, "text", lambda path: (setattr(now, "s", 105.0), METRICS % 100)[1])
        assert lookout.survey() == ()
    now.s, metrics.bytes = 108.0, 300
    assert lookout.look("a->db").outcome == "blinded"
    assert [found.how for found in lookout.survey()] == ["carried"]


@pytest.mark.parametrize(
    ("speaks", "said", "rise", "how"),
    [
        ("http", {"close_ms": None, "size": 5000}, 10_000, []),  # its connection is still open: these may be its bytes
        ("http", {"close_ms": None, "size": 5000}, 100_000, ["carried"]),
        ("http", {"close_ms": 1.5, "size": 5000}, 10, ["carried"]),  # it was counted before
        ("", {"size": 40}, 80, []),
        ("", {"size": 0}, 10, ["carried"]),
    ],
)
def test_bytes_that_our_own_witness_may_have_carried_prove_nothing(
    monkeypatch: pytest.MonkeyPatch, speaks: str, said: dict[str, float | None], rise: int, how: list[str]
) -> None:
    metrics, now = Metrics(), Now()
    edges = {"a->db": EdgeAt(proxy="db", witness="127.0.0.1:1", speaks=speaks)}
    lookout = TargetLookout(edges, {"main": metrics}, lambda at: "main", lambda fact: None, now)  # type: ignore[dict-item]
    monkeypatch.setattr("harness.target.lookout.meet", lambda *words: {"outcome": "answered", **said})
    assert lookout.meet("a->db").outcome == "answered"
    assert lookout.survey() == ()
    now.s, metrics.bytes = 102.0, 100 + rise
    assert [found.how for found in lookout.survey()] == how


def test_what_its_owner_states_needs_no_proof() -> None:
    edges = {"a->db": EdgeAt(proxy="db", witness="127.0.0.1:1", only_way=True)}
    lookout = TargetLookout(edges, {}, lambda at: "main", lambda fact: None)
    assert [found.how for found in lookout.survey()] == ["stated"]
    assert lookout.look("a->db").outcome == "refused"


def test_what_could_not_be_asked_is_a_no_after_a_while() -> None:
    clear, unknown, no = Told("q", True), Told("q", None, "it is away"), Told("q", False, "it gives no series")
    assert verdict((clear,)) == ""
    assert verdict((clear, no)) == "not clear to start: q: it gives no series"
    assert verdict((unknown,)) == "not clear to start: q: it is away"
    assert verdict((unknown,), blind_s=10, blind_limit_s=30) == ""
    assert verdict((unknown,), blind_s=30, blind_limit_s=30) != ""


def test_questions_are_asked_in_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "free").write_text("")
    script = "import os, sys; print('locked'); sys.exit(not os.path.exists('free'))"
    question = Clear(command=(sys.executable, "-c", script), means="nobody deploys")
    asking = Asking(folder=tmp_path)
    assert asking.ask(question).clear is True
    (tmp_path / "free").unlink()
    told = asking.ask(question)
    assert told.clear is False
    assert "ended with 1: locked" in str(told)
    assert asking.ask(Clear(command=("no-such-program",))).clear is None


def test_it_is_watched_as_long_as_the_drill_goes(tmp_path: Path) -> None:
    answers = [True, True, False]
    watch = Watch((Clear(promql="up"),), Asking(query=lambda expr: answers.pop(0)))
    for _ in range(2):
        watch.look()
        assert watch.trouble == ""
    watch.look()
    assert watch.trouble == "not clear to start: up: the query gives no series now"


def test_secrets_are_read_where_they_are_needed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass word\n")
    assert Access(token_env="T").authorization({"T": "abc"}) == "Bearer abc"
    assert Access(user="me", password_file=str(tmp_path / "secret")).authorization({}) == "Basic bWU6cGFzcyB3b3Jk"
    assert Access().authorization({}) == ""
    with pytest.raises(LookupError, match="the variable T is not set"):
        Access(token_env="T").authorization({})
    assert origin("https://a.example/x") == ("https", "a.example", 443)
    assert origin("https://a.example:444/x") != origin("https://a.example/x")


class Api:
    """A Toxiproxy whose answers come as they are written down."""

    url = "http://toxiproxy"

    def __init__(self, *answers: ProxySeen | ApiError) -> None:
        self.answers = list(answers)
        self.removed: list[str] = []

    def proxy(self, name: str) -> ProxySeen:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer

    def remove_toxic(self, proxy: str, name: str) -> None:
        self.removed.append(name)
        if name.endswith("gone"):
            raise ApiError("no such toxic", 404, "toxic not found")


def taken_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("harness.target.proxies.AGAIN_S", 0.0)
    spot = Spot("a->db", api, "db")  # type: ignore[arg-type]
    return tried(lambda: spot.clear(mark("0a0b0c0d"), False))


CLEAN = replace(SEEN, toxics={"theirs": THEIRS})


def test_a_proxy_that_toxiproxy_does_not_know_any_more_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_out(Api(ApiError("no such proxy", 404, "proxy not found")), monkeypatch) == ""


def test_a_404_of_anybody_else_is_tried_again_and_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    away = ApiError("the ingress answered with 404: default backend", 404)
    assert taken_out(Api(away), monkeypatch) == str(away)
    back = Api(away, SEEN, CLEAN)
    assert taken_out(back, monkeypatch) == ""
    assert len(back.removed) == 1


def test_what_is_gone_as_it_is_taken_out_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "drill-0a0b0c0d-1-gone"
    ours = replace(SEEN, toxics={name: OURS})
    api = Api(ours, SEEN, CLEAN)
    assert taken_out(api, monkeypatch) == ""
    assert api.removed == [name, "drill-0a0b0c0d-1-latency-downstream"], "another of ours was still on"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":"proxy not found","status":404}', "proxy not found"),
        (b"404 page not found\n", ""),
        (b'["proxy not found"]', ""),
        (b'{"error": {"code": 404}}', ""),
        (b"\xff", ""),
    ],
)
def test_what_toxiproxy_itself_says_is_in_its_json(body: bytes, said: str) -> None:
    assert said_by(body) == said
