"""Rankings of who is accused, against who was hurt: a table of known answers, and the scores of the literature."""

from __future__ import annotations

import random

import pytest

from harness import blaming
from harness.blaming import Parts, Truth, ac_at, avg_at, truth_of, verdict
from harness.expectations.log_named import Accusing, Named
from harness.facts import ContainerSeen, EdgeFound
from harness.logtext import Said
from harness.testing import journal_of

STACK = journal_of(
    EdgeFound(edge="web->api", address="10.0.0.1"),
    EdgeFound(edge="api->postgres", address="10.0.0.2", names=("postgres", "db", "Orders-DB.internal")),
    EdgeFound(edge="api->redis", address="10.0.0.3"),
    EdgeFound(edge="worker->postgres", address="10.0.0.4"),
    EdgeFound(edge="client->web", address="10.0.0.5"),
    *(ContainerSeen(service=s, container=f"shop-{s}-1", status="running") for s in ("web", "api", "postgres", "redis")),
)
PARTS = Parts.of(STACK, {"postgres": ["pg-1:5432"]})
DATABASE = truth_of(["api->postgres"], PARTS)

TABLE = [
    # what is accused, in order; who was hurt; the word
    (["postgres"], DATABASE, "root"),
    (["postgres", "api"], DATABASE, "root"),
    (["postgres", "api", "web"], DATABASE, "root"),
    (["api", "postgres"], DATABASE, "on_chain"),
    (["web", "api", "postgres"], DATABASE, "on_chain"),
    (["api", "web"], DATABASE, "wrong"),  # the root never comes
    (["redis"], DATABASE, "wrong"),
    (["redis", "postgres"], DATABASE, "wrong"),  # first off the chain
    ([], DATABASE, "none"),
    (["postgres", "api", "web", "redis"], DATABASE, "spray"),
    (["redis", "worker", "api", "web", "postgres"], DATABASE, "spray"),
    (["postgres", "postgres", "postgres", "postgres"], DATABASE, "root"),  # one part, however often
    (["api", "api", "api", "postgres"], DATABASE, "on_chain"),  # duplicates push nobody down
    ([], Truth(), "quiet"),
    (["redis"], Truth(), "false"),
    (["redis", "postgres"], truth_of(["api->postgres", "api->redis"], PARTS), "root"),  # both were hurt, in any order
    (["postgres", "api", "redis"], truth_of(["api->postgres", "api->redis"], PARTS), "on_chain"),
    (["postgres"], truth_of(["api->postgres", "api->redis"], PARTS), "wrong"),  # half of the truth
]


@pytest.mark.parametrize(("ranking", "truth", "word"), TABLE)
def test_known_answers(ranking: list[str], truth: Truth, word: str) -> None:
    assert verdict(ranking, truth) == word


def test_the_truth_of_a_fault_is_the_dependency_and_who_stands_before_it() -> None:
    assert truth_of(["api->postgres"], PARTS) == Truth(frozenset({"postgres"}), frozenset({"api", "web"}))
    assert truth_of(["postgres"], PARTS) == Truth(frozenset({"postgres"}), frozenset({"api", "web", "worker"}))
    assert truth_of(["client->web"], PARTS) == Truth(frozenset({"web"}), frozenset())
    assert truth_of([], PARTS) == Truth()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("postgres", "postgres"),
        ("DB", "postgres"),
        ("orders-db.internal:5432", "postgres"),
        ("postgresql://shop@db:5432/orders", "postgres"),
        ("pg-1:5432", "postgres"),
        ("pg-1", "postgres"),
        ("shop-redis-1", "redis"),
        ("stripe.example", "stripe.example"),
    ],
)
def test_a_part_is_known_by_all_its_names(name: str, part: str) -> None:
    assert PARTS.part(name) == part


def test_a_word_of_a_text_means_a_part_only_when_it_is_its_name() -> None:
    assert (PARTS.known("db"), PARTS.known("redis"), PARTS.known("timeout"), PARTS.known("client")) == (
        "postgres",
        "redis",
        "",
        "",
    )


def test_who_only_watches_is_not_on_the_way() -> None:
    watched = Parts.of(journal_of(EdgeFound(edge="api->db", address=""), EdgeFound(edge="prometheus->api", address="")))
    assert truth_of(["api->db"], watched).chain == {"api", "prometheus"}
    assert truth_of(["api->db"], watched, "api").chain == {"api"}


def test_a_circle_of_calls_ends() -> None:
    parts = Parts.of(journal_of(EdgeFound(edge="a->b", address=""), EdgeFound(edge="b->a", address="")))
    assert parts.above("a") == {"b"}


class Evaluator:
    """RCAEval's evaluation.py, transcribed: of each case the ranks and the answer; accuracy at k, average at k."""

    def __init__(self) -> None:
        self._accuracy: dict[int, float] = {k: 0.0 for k in range(1, 6)}
        self._ranks: list[int] = []

    def add_case(self, ranks: list[str], answer: str) -> None:
        if answer not in ranks:
            self._ranks.append(10**6)
            return
        rank = ranks.index(answer) + 1
        self._ranks.append(rank)
        for k in range(rank, 6):
            self._accuracy[k] += 1.0

    @property
    def num(self) -> int:
        return len(self._ranks)

    def accuracy(self, k: int) -> float:
        return self._accuracy[k] / self.num

    def average(self, k: int) -> float:
        return sum(self.accuracy(i) for i in range(1, k + 1)) / k


@pytest.mark.parametrize("seed", range(5))
def test_the_scores_are_those_of_the_literature_on_random_rankings(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"part{n}" for n in range(9)]
    cases = [(chance.sample(names, chance.randint(0, 9)), chance.choice(names)) for _ in range(200)]
    oracle = Evaluator()
    for ranking, answer in cases:
        oracle.add_case(ranking, answer)
    for k in range(1, 6):
        assert ac_at(k, cases) == pytest.approx(oracle.accuracy(k))
        assert avg_at(k, cases) == pytest.approx(oracle.average(k))


def test_a_part_that_comes_twice_takes_one_place() -> None:
    assert ac_at(2, [(["a", "a", "b"], "b")]) == 1
    assert blaming.distinct(["a", "b", "a"]) == ("a", "b")
    assert ac_at(1, []) == 0


def test_the_address_of_an_edge_is_a_name_of_its_dependency() -> None:
    """It is what the caller dials: Go says `dial tcp 10.0.0.2:5432: connect: connection refused`."""
    assert PARTS.meant("10.0.0.2:5432") == PARTS.known("10.0.0.2") == "postgres"
    assert PARTS.meant("10.0.0.4") == "postgres"
    assert PARTS.meant("172.18.0.9:51234") == PARTS.meant("shop::http") == ""
    unclear = Parts.of(
        journal_of(EdgeFound(edge="a->b", address="10.0.0.1"), EdgeFound(edge="a->c", address="10.0.0.1"))
    )
    assert unclear.meant("10.0.0.1") == ""


def test_a_container_s_address_accuses_only_whom_the_service_is_known_to_call() -> None:
    parts = Parts.of(
        journal_of(
            EdgeFound(edge="web->api", address="10.0.0.1"),
            EdgeFound(edge="api->postgres", address="10.0.0.2"),
            *(
                ContainerSeen(service=name, container=name, status="running", addresses={"shop": f"172.18.0.{number}"})
                for number, name in enumerate(("web", "api", "postgres", "prometheus"), 2)
            ),
        )
    )
    web, api, postgres, prometheus = (f"172.18.0.{number}:5432" for number in range(2, 6))
    assert [parts.accused(one, "api", 1.0) for one in (web, api, postgres, prometheus)] == ["", "", "postgres", ""]
    assert parts.accused("10.0.0.2:5432", "web", 1.0) == "postgres", "an edge's address is only ever dialled"
    assert parts.accused("postgres.shop", "worker", 1.0) == "postgres", "a name is no address"
    assert [parts.came_from(one, "api", 1.0) for one in (web, api, postgres, prometheus)] == [True, True, False, False]


def test_a_name_that_several_containers_bear_means_none_of_them() -> None:
    parts = Parts.of(
        journal_of(
            ContainerSeen(service="a", container="x-a-1", status="running", names=("0a1b", "cache", "localhost")),
            ContainerSeen(service="b", container="x-b-1", status="running", names=("0c1d", "cache", "a")),
        )
    )
    assert [parts.meant(name) for name in ("0a1b", "0c1d:80", "x-b-1.x_net", "a", "cache", "localhost")] == [
        "a", "b", "", "a", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "at_s", "named"),
    [
        ("ERROR dial tcp 172.18.0.4:5432: connect: connection refused", 10.0, Named(frozenset({"postgres"}))),
        ("ERROR dial tcp 172.18.0.4:5432: connect: connection refused", 70.0, Named(frozenset({"redis"}))),
        ("ERROR lookup db.shop.internal: no such host", 10.0, Named(frozenset({"postgres"}))),
        (
            '{"level":"error","msg":"late","server.address":"172.18.0.4:5432"}',
            10.0,
            Named(frozenset({"postgres"}), stated=True),
        ),
        ("WARN client 172.18.0.9:51234 went away", 10.0, Named()),
        ('{"level":"error","msg":"late","net.peer.name":"172.18.0.9"}', 10.0, Named()),
        ('{"level":"error","msg":"late","server.address":"172.18.0.77"}', 10.0, Named(strangers=("172.18.0.77",))),
    ],
)
def test_a_line_names_who_held_the_address_when_it_was_written(line: str, at_s: float, named: Named) -> None:
    def seen(service: str, address: str, at_s: float) -> ContainerSeen:
        return ContainerSeen(
            service=service, container=service, status="running", addresses={"x": address}, seen_s=at_s
        )

    parts = Parts.of(
        journal_of(
            EdgeFound(edge="web->api", address="10.0.0.1"),
            EdgeFound(edge="api->postgres", address="10.0.0.2", names=("postgres", "db")),
            EdgeFound(edge="api->redis", address="10.0.0.3"),
            seen("postgres", "172.18.0.4", 1.0),
            seen("web", "172.18.0.9", 1.0),
            seen("postgres", "172.18.0.5", 50.0),
            seen("redis", "172.18.0.4", 60.0),
        )
    )
    assert Accusing(parts, ()).named(Said(line), "api", at_s) == named


def test_a_name_that_two_networks_have_means_to_each_caller_its_own() -> None:
    parts = Parts.of(
        journal_of(
            EdgeFound(edge="orders->orders-db", address="10.0.0.1", names=("orders-db", "db")),
            EdgeFound(edge="users->users-db", address="10.0.0.2", names=("users-db", "db")),
        )
    )
    assert [parts.accused(name, "orders", 1.0) for name in ("db", "db:5432")] == ["orders-db"] * 2
    assert parts.accused("tcp://db:5432", "users", 1.0) == "users-db"
    assert parts.meant("db") == "", "of nobody in particular, it is neither's"
