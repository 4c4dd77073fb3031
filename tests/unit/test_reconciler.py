"""What Toxiproxy should hold, and the steps to it: from anything they lead to what is wanted, and then no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.edges import Edge
from harness.errors import NotApplied
from harness.world.handles import Toxic, Want
from harness.world.toxiproxy import ProxySeen, check, same
from harness.world.wanted import Step, Wanted, opens_at_once, steps, wanted_of

EDGE = Edge("api", "db", address="10.1.0.200", upstream="db", ports=(5432,))
SLOW = Toxic("latency", {"latency": 400, "jitter": 0})


def test_a_proxy_for_each_port_that_is_known_or_listened_on_open_where_it_is_listened_on() -> None:
    wanted = wanted_of(EDGE, [5432, 9187], [])
    assert {name: it.enabled for name, it in wanted.items()} == {"api->db:5432": True, "api->db:9187": True}
    assert wanted["api->db:9187"].listen == "10.1.0.200:9187"
    assert wanted["api->db:9187"].upstream == "db:9187"
    assert [it.enabled for it in wanted_of(EDGE, [], []).values()] == [False]


def test_an_external_dependency_is_open_on_the_ports_of_its_edge() -> None:
    wanted = wanted_of(replace(EDGE, external=True), [], [])
    assert [it.enabled for it in wanted.values()] == [True]


def test_wants_of_several_holders_join_under_names_of_their_own() -> None:
    wants = [(3, Want(EDGE.id, "a", (SLOW,))), (4, Want(EDGE.id, "b", (SLOW,), closed=True))]
    (proxy,) = wanted_of(EDGE, [5432], wants).values()
    assert set(proxy.toxics) == {"3-latency-downstream", "4-latency-downstream"}
    assert not proxy.enabled


def test_a_port_that_goes_through_a_relay_dials_it_and_the_others_do_not() -> None:
    made = wanted_of(EDGE, [5432, 80], [], {5432: "relay:14318", 80: ""})
    straight = wanted_of(EDGE, [5432, 80], [])
    assert made[f"{EDGE.id}:5432"].upstream == "relay:14318"
    assert made[f"{EDGE.id}:80"] == straight[f"{EDGE.id}:80"]


def test_an_ipv6_address_is_written_in_brackets() -> None:
    (proxy,) = wanted_of(replace(EDGE, address="fd00::5"), [5432], []).values()
    assert proxy.listen == "[fd00::5]:5432"


def test_cut_turns_it_off_before_the_toxics_and_on_after_them() -> None:
    wanted = Wanted("p", "l:1", "u:1", True, {"1-latency-downstream": SLOW})
    verbs = [step.verb for step in steps(wanted, ProxySeen("p", "l:1", "u:1", True), cut=True)]
    assert verbs == ["disable", "add", "enable"]
    assert [step.verb for step in steps(wanted, ProxySeen("p", "l:1", "u:1", True))] == ["add"]
    assert [step.verb for step in steps(wanted, None, cut=True)] == ["create", "add", "enable"]


def apply(step: Step, wanted: Wanted | None, seen: Mapping[str, ProxySeen]) -> dict[str, ProxySeen]:
    """A server of data."""
    out = dict(seen)
    if step.verb == "delete":
        del out[step.proxy]
        return out
    assert wanted is not None
    if step.verb == "create":
        assert step.proxy not in out
        out[step.proxy] = ProxySeen(wanted.name, wanted.listen, wanted.upstream, opens_at_once(wanted))
        return out
    proxy = out[step.proxy]
    toxics = dict(proxy.toxics)
    if step.verb == "add":
        assert step.toxic not in toxics, "the server would answer 409"
        toxics[step.toxic] = wanted.toxics[step.toxic]
    elif step.verb == "remove":
        del toxics[step.toxic]
    enabled = {"enable": True, "disable": False}.get(step.verb, proxy.enabled)
    out[step.proxy] = replace(proxy, toxics=toxics, enabled=enabled)
    return out


toxics = st.dictionaries(
    st.sampled_from(["1-latency-downstream", "2-timeout-upstream", "foreign"]),
    st.sampled_from(
        [SLOW, Toxic("latency", {"latency": 5, "jitter": 0}), Toxic("timeout", {"timeout": 0}, "upstream", 0.3)]
    ),
)
wanteds = st.none() | st.builds(
    Wanted, st.just("p"), st.just("l:1"), st.sampled_from(["u:1", "u:2"]), st.booleans(), toxics
)
seens = st.none() | st.builds(
    ProxySeen, st.just("p"), st.just("l:1"), st.sampled_from(["u:1", "u:2"]), st.booleans(), toxics
)


@given(wanteds, seens, st.booleans())
def test_from_anything_the_steps_lead_to_what_is_wanted_and_then_there_are_none(
    wanted: Wanted | None, seen: ProxySeen | None, cut: bool
) -> None:
    server = {"p": seen} if seen else {}
    for step in steps(wanted, seen, cut):
        server = apply(step, wanted, server)
    assert steps(wanted, server.get("p")) == []
    if wanted is None:
        assert server == {}
    else:
        it = server["p"]
        assert (it.enabled, it.upstream, set(it.toxics)) == (wanted.enabled, wanted.upstream, set(wanted.toxics))


@given(wanteds, seens)
def test_nothing_is_ever_opened_before_its_toxics_are_in_place(wanted: Wanted | None, seen: ProxySeen | None) -> None:
    verbs = [step.verb for step in steps(wanted, seen)]
    if "enable" in verbs:
        assert verbs.index("enable") == len(verbs) - 1


@pytest.mark.parametrize(
    ("toxic", "message"),
    [
        (Toxic("latency", {"latncy": 500}), "no attribute 'latncy'"),
        (Toxic("latency", {"latency": -100}), "at least 0"),
        (Toxic("latency", {"latency": 100, "jitter": 200}), "jitter is larger"),
        (Toxic("latency", {"latency": 1.5}), "whole number"),  # type: ignore[dict-item]
        (Toxic("latency", {"latency": 1}, toxicity=7), "at most 1"),
        (Toxic("latency", {"latency": 1}, stream="Both"), "'upstream' or 'downstream'"),
        (Toxic("bandwidth", {"rate": 0}), "at least 1"),
        (Toxic("slicer", {"average_size": 8, "size_variation": 8}), "smaller"),
        (Toxic("corrupt", {}), "no toxic 'corrupt'"),
    ],
)
def test_a_toxic_that_the_server_would_take_and_not_obey_is_refused(toxic: Toxic, message: str) -> None:
    with pytest.raises(NotApplied, match=message):
        check(toxic)


def test_a_share_survives_the_servers_32_bits_and_another_does_not() -> None:
    wanted = Toxic("timeout", {"timeout": 0}, toxicity=0.3)
    assert same(wanted, replace(wanted, toxicity=0.30000001192092896))
    assert not same(wanted, replace(wanted, toxicity=0.31))
    assert not same(Toxic("latency", {"latency": 500}), Toxic("latency", {"latency": 0, "jitter": 0}))
    assert same(Toxic("latency", {"latency": 500}), Toxic("latency", {"latency": 500, "jitter": 0}))
