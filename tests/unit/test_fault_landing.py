"""Whether a fault landed is judged from looks alone: how many felt it, how strongly, and against what was ordinary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.facts import Witnessed
from harness.faults import FAULTS
from harness.faults.base import Fault

BY_WORD = {fault.word: fault for fault in FAULTS}


def fault(word: str, **fields: Any) -> Fault:
    target = {"service": "db"} if word in ("stop", "kill", "pause") else {"edge": "api->db"}
    return BY_WORD[word].model_validate({**target, **fields})


def look(outcome: str = "answered", answer_ms: float | None = None, **fields: Any) -> Witnessed:
    known = {"speaks": "http", "limit_ms": 1500.0, "size": 100, "chunks": 1, "turns": 1, **fields}
    return Witnessed(edge="api->db", port=5432, outcome=outcome, answer_ms=answer_ms, **known)


BEFORE = [look(answer_ms=2.0 + 0.01 * n, close_ms=0.5) for n in range(20)]
BARE = [look(answer_ms=50.0, speaks="") for _ in range(20)]


def slow(ms: float, count: int = 20) -> list[Witnessed]:
    return [look(answer_ms=2.0 + ms + 0.1 * n) for n in range(count)]


def test_a_latency_of_the_stated_size_on_every_look_has_landed_with_both_sizes_side_by_side() -> None:
    landing = fault("latency", delay="400ms").landing(BEFORE, slow(400.8))
    assert landing.outcome == "landed"
    assert landing.stated["delay_ms"] == 400
    assert 400 < landing.measured["added_ms"] < 403
    assert landing.share == 1


def test_a_latency_is_counted_once_for_each_turn_of_the_exchange() -> None:
    before = [look(answer_ms=3.0, turns=3, speaks="mysql")] * 10
    during = [look(answer_ms=1205.0, turns=3, speaks="mysql")] * 10
    assert fault("latency", delay="400ms").landing(before, during).measured["added_ms"] == pytest.approx(400.67)


def test_a_latency_that_nobody_felt_has_not_landed() -> None:
    assert fault("latency", delay="400ms").landing(BEFORE, slow(0)).outcome == "not_landed"


def test_a_latency_of_half_the_size_is_partial() -> None:
    landing = fault("latency", delay="400ms").landing(BEFORE, slow(200))
    assert landing.outcome == "partial"
    assert "less than stated" in landing.because


def test_a_latency_with_jitter_as_large_as_itself_is_judged_by_its_middle() -> None:
    during = [look(answer_ms=2.0 + ms) for ms in (5, 40, 90, 120, 160, 199, 80, 110, 130)]
    assert fault("latency", delay="100ms", jitter="100ms").landing(BEFORE, during).outcome == "landed"


def test_a_latency_within_the_ordinary_spread_is_not_measurable() -> None:
    noisy = [look(answer_ms=ms) for ms in (1.0, 30.0, 2.0, 25.0, 3.0, 40.0, 2.0, 1.0)]
    landing = fault("latency", delay="5ms").landing(noisy, noisy)
    assert landing.outcome == "not_measurable"
    assert "ordinary spread" in landing.because


def test_a_latency_longer_than_the_looks_limit_is_felt_as_a_hang() -> None:
    assert fault("latency", delay="5s").landing(BEFORE, [look("hung")] * 8).outcome == "landed"


def test_a_latency_on_a_dependency_that_refuses_is_not_measurable() -> None:
    assert fault("latency", delay="400ms").landing(BEFORE, [look("refused")] * 8).outcome == "not_measurable"


@pytest.mark.parametrize(
    "word", ["latency", "hang", "reset", "bandwidth", "slow_close", "limit_data", "slicer", "pause"]
)
def test_where_only_connecting_was_tried_most_faults_are_not_measurable_and_it_says_why(word: str) -> None:
    fields = {
        "latency": {"delay": "400ms"},
        "bandwidth": {"rate": "1KB/s"},
        "slow_close": {"delay": "1s"},
        "limit_data": {"bytes": "10B"},
        "slicer": {"size": "10B"},
    }
    landing = fault(word, **fields.get(word, {})).landing(BARE, BARE)
    assert landing.outcome == "not_measurable"
    assert "protocol" in landing.because


@pytest.mark.parametrize(("hits", "outcome"), [(30, "landed"), (24, "landed"), (8, "partial"), (55, "partial")])
def test_a_share_has_landed_when_the_looks_interval_holds_it(hits: int, outcome: str) -> None:
    during = slow(400, hits) + slow(0, 60 - hits)
    assert fault("latency", delay="400ms", share="50%").landing(BEFORE, during).outcome == outcome


def test_a_small_share_that_a_few_looks_did_not_meet_is_not_measurable_and_says_how_many_would_decide() -> None:
    landing = fault("hang", share="10%").landing(BEFORE, BEFORE[:10])
    assert landing.outcome == "not_measurable"
    assert "44 looks would decide" in landing.because
    assert fault("hang", share="10%").landing(BEFORE, BEFORE * 3).outcome == "not_landed"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("hang", "hung"),
        ("reset", "reset"),
        ("down", "refused"),
        ("stop", "refused"),
        ("kill", "refused"),
        ("pause", "hung"),
    ],
)
def test_a_fault_that_ends_looks_in_its_own_way_has_landed_and_any_other_way_tells(word: str, outcome: str) -> None:
    it = fault(word)
    assert it.landing(BEFORE, [look(outcome)] * 9).outcome == "landed"
    assert it.landing(BEFORE, BEFORE).outcome == "not_landed"
    assert it.landing(BEFORE, [look(outcome)] * 4 + BEFORE[:16]).outcome == "partial"


def test_a_reset_that_arrives_as_an_end_of_file_is_partial_and_says_so() -> None:
    landing = fault("reset").landing(BEFORE, [look("closed")] * 9)
    assert landing.outcome == "partial"
    assert "9 closed" in landing.because


def test_looks_of_a_caller_that_did_not_run_are_no_looks() -> None:
    landing = fault("down").landing(BEFORE, [look("blinded")] * 9)
    assert landing.outcome == "not_measurable"
    assert fault("down").landing([look("blinded")] * 9, [look("refused")] * 9).outcome == "not_measurable"


def test_down_needs_no_protocol() -> None:
    assert fault("down").landing(BARE, [look("refused", speaks="")] * 5).outcome == "landed"


def test_a_bandwidth_is_measured_where_the_answer_is_long_enough_to_tell() -> None:
    it = fault("bandwidth", rate="64KB/s")
    assert it.landing(BEFORE, BEFORE).outcome == "not_measurable"
    long = [look(answer_ms=2.0, size=32000)] * 9
    during = [look(answer_ms=502.0, size=32000)] * 9
    landing = it.landing(long, during)
    assert landing.outcome == "landed"
    assert landing.measured["rate_bytes_s"] == 64000
    assert it.landing(long, long).outcome == "not_landed"


def test_a_bandwidth_is_measured_in_spite_of_a_few_late_answers_before() -> None:
    it = fault("bandwidth", rate="1KB/s", share="30%")
    before = [look(answer_ms=ms, size=526) for ms in (19, 9, 3, 26, 5, 44, 11, 35, 12, 299, 8, 61, 4, 29, 13)]
    during = [look(answer_ms=ms, size=526) for ms in (559, 4, 540, 535, 2, 5, 68, 44, 10, 538, 41, 52, 16, 7, 3)]
    landing = it.landing(before, during)
    assert landing.outcome == "landed"
    assert landing.share == pytest.approx(4 / 15)
    assert it.landing(before, before).outcome == "not_landed"


def test_a_bandwidth_within_the_ordinary_spread_is_not_measurable_and_says_so() -> None:
    noisy = [look(answer_ms=ms, size=526) for ms in (20, 400, 3, 390, 5, 410, 11, 350)]
    landing = fault("bandwidth", rate="1KB/s").landing(noisy, noisy)
    assert landing.outcome == "not_measurable"
    assert "takes 526.0 ms at that rate, not much more than the ordinary spread, " in landing.because
    assert "not much more than looks can tell" in fault("bandwidth", rate="64KB/s").landing(BEFORE, BEFORE).because
    assert landing.decide == "no rate can be measured here: 1KB/s is the least"


def test_a_bandwidth_that_was_not_measured_tells_the_greatest_rate_that_would_be() -> None:
    parcel = [look(answer_ms=ms, size=524) for ms in (4, 5, 4, 6, 5, 4, 14, 5)]
    unseen = fault("bandwidth", rate="64KB/s").landing(parcel, parcel)
    assert unseen.decide == "a rate of 19KB/s or less can be measured"
    slowed = [look(answer_ms=ms + 524 / 19, size=524) for ms in (4, 5, 4, 6, 5, 4, 14, 5)]
    assert fault("bandwidth", rate="19KB/s").landing(parcel, slowed).outcome == "landed"
    one = [look(answer_ms=1.0, size=1)] * 9
    assert "no rate can be measured here" in fault("bandwidth", rate="1KB/s").landing(one, one).decide
    assert "downstream" in fault("bandwidth", rate="1KB/s", stream="upstream").landing(parcel, parcel).decide


@pytest.mark.parametrize(
    ("rate", "stream", "size", "said"),
    [
        (
            "20KB/s",
            "downstream",
            520,
            "takes 26.0 ms at that rate, and 20 ms and more are needed, 60 ms on a busy machine",
        ),
        ("20KB/s", "downstream", 520, "a rate of 8KB/s or less can be measured"),
        ("8KB/s", "downstream", 520, ""),
        ("20KB/s", "downstream", None, ""),
        ("1KB/s", "downstream", 7, "no rate can be measured here: 1KB/s is the least"),
        ("1KB/s", "upstream", None, "`stream: downstream`"),
    ],
)
def test_a_bandwidth_that_cannot_be_measured_is_foreseen(rate: str, stream: str, size: int | None, said: str) -> None:
    why = fault("bandwidth", rate=rate, stream=stream).unseen(size)
    assert said in why
    assert bool(said) == bool(why)


@pytest.mark.parametrize(("word", "fields"), [("slicer", {"size": "64B"}), ("limit_data", {"bytes": "130B"})])
def test_answers_too_short_to_be_cut_are_foreseen(word: str, fields: dict[str, Any]) -> None:
    it = fault(word, **fields)
    assert "about 7 bytes of answer" in it.unseen(7)
    assert it.unseen(520) == it.unseen(None) == ""
    assert "too short" in fault(word, stream="upstream", **fields).unseen(None)


def test_a_slow_close_is_measured_by_the_end_of_the_connection() -> None:
    it = fault("slow_close", delay="400ms")
    assert it.landing(BEFORE, [look(answer_ms=2.0, close_ms=401.0)] * 9).measured["added_ms"] == pytest.approx(400.5)
    assert it.landing(BEFORE, BEFORE).outcome == "not_landed"
    never = [look(answer_ms=2.0, close_ms=None)] * 9
    assert it.landing(BEFORE, never).outcome == "landed"
    assert it.landing(never, never).outcome == "not_measurable"


def test_a_data_limit_is_measured_where_an_answer_is_longer() -> None:
    assert fault("limit_data", bytes="1KB").landing(BEFORE, BEFORE).outcome == "not_measurable"
    assert fault("limit_data", bytes="50B").landing(BEFORE, [look("closed", size=50)] * 9).outcome == "landed"
    assert fault("limit_data", bytes="50B").landing(BEFORE, BEFORE).outcome == "not_landed"


def test_sliced_data_is_measured_by_the_number_of_pieces() -> None:
    it = fault("slicer", size="10B", delay="1ms")
    landing = it.landing(BEFORE, [look(answer_ms=12.0, chunks=10)] * 9)
    assert landing.outcome == "landed"
    assert landing.measured["size"] == 10
    assert it.landing(BEFORE, BEFORE).outcome == "not_landed"
    assert fault("slicer", size="80B").landing(BEFORE, BEFORE).outcome == "not_measurable"


def test_a_mend_is_proven_by_an_answer_as_quick_as_before() -> None:
    it = fault("latency", delay="400ms")
    assert it.gone(BEFORE, slow(400, 1)).outcome == "not_landed"
    assert it.gone(BEFORE, slow(400, 3) + slow(20, 1)).outcome == "landed"
    assert it.gone(BEFORE, [look("hung")]).outcome == "not_landed"
    assert it.gone(BEFORE, [look("blinded")]).outcome == "not_measurable"


def test_after_a_share_it_takes_several_looks_to_prove_the_mend() -> None:
    it = fault("hang", share="50%")
    assert it.gone(BEFORE, slow(0, 4)).outcome == "not_measurable"
    assert it.gone(BEFORE, slow(0, 5)).outcome == "landed"
    assert it.gone(BEFORE, [*slow(0, 4), look("hung")]).outcome == "not_landed"


def test_a_service_is_back_when_every_edge_into_it_answers_again() -> None:
    other = [Witnessed(edge="web->db", port=5432, outcome="answered", speaks="http", answer_ms=2.0)]
    it = fault("stop")
    assert it.gone([*BEFORE, *other], slow(0, 3)).outcome == "not_measurable"
    assert it.gone([*BEFORE, *other], slow(0, 3) + other).outcome == "landed"
    assert it.gone([*BEFORE, *other], [look("refused"), *other]).outcome == "not_landed"


def test_a_port_that_was_left_before_the_fault_need_not_be_looked_at_again() -> None:
    """The witness begins at a port from the files, and goes to the one that the caller is seen to use."""
    first = [replace(one, port=8008) for one in BEFORE]
    it = fault("latency", delay="400ms")
    assert it.gone([*first, *BEFORE], slow(0, 1)).outcome == "landed"
    assert it.gone([*BEFORE, *first], slow(0, 1)).outcome == "not_measurable"


def test_what_goes_wrong_after_a_mend_was_proven_does_not_unprove_it() -> None:
    assert fault("stop").gone(BEFORE, [look("refused"), *slow(0, 1), look("refused")]).outcome == "landed"


def test_without_an_edge_into_a_service_nothing_is_measurable() -> None:
    assert fault("kill").landing((), ()).outcome == "not_measurable"
    assert fault("kill").gone((), ()).outcome == "not_measurable"


def test_a_small_delay_on_every_connection_is_told_from_a_wide_spread_by_the_middle_look() -> None:
    """On a busy machine single answers scatter by more than the delay; seventy of them still show their middle move."""
    scatter = [(i * 37) % 60 for i in range(70)]
    before, during = [look(answer_ms=10.0 + ms) for ms in scatter], [look(answer_ms=50.0 + ms) for ms in scatter]
    small = fault("latency", delay="40ms", jitter="10ms")
    assert small.landing(before, during).outcome == "landed"
    assert small.landing(before, before).outcome == "not_measurable"


@pytest.mark.parametrize("outcome", ["closed", "reset", "refused"])
def test_a_target_that_is_down_is_met_behind_what_publishes_its_port(outcome: str) -> None:
    before = [look(answer_ms=2.0, outside=True)] * 10
    assert fault("down").landing(before, [look(outcome, outside=True)] * 9).outcome == "landed"
    inside = fault("down").landing(BEFORE, [look(outcome)] * 9)
    assert inside.outcome == ("landed" if outcome == "refused" else "not_landed")


UNHEARD = [look("hung", connect_ms=0.1, speaks="amqp")] * 2
"""Of a protocol that was guessed wrongly: it is connected to, and says nothing."""
REFUSED = [look("refused", speaks="amqp")] * 9


def test_down_is_seen_where_the_protocol_was_guessed_wrongly_for_a_connect_is_enough() -> None:
    it = fault("down")
    assert it.landing(UNHEARD, REFUSED).outcome == "landed"
    assert it.landing(UNHEARD, UNHEARD).outcome == "not_landed"
    assert it.landing([look("hung", speaks="amqp")], REFUSED).outcome == "not_measurable", "it never connected"
    published = [replace(one, outside=True) for one in UNHEARD]
    assert it.landing(published, [look("closed", outside=True)]).outcome == "not_measurable", "others may have accepted"


def test_a_port_that_never_answered_is_as_before_when_it_is_connected_to_again() -> None:
    it = fault("down")
    landing = it.gone(UNHEARD, [*REFUSED, *UNHEARD])
    assert (landing.outcome, landing.because) == ("landed", "accepted as before")
    assert it.gone(UNHEARD, REFUSED).outcome == "not_landed"
    assert it.gone(UNHEARD, [look("closed", connect_ms=0.1, speaks="amqp")]).outcome == "not_landed", (
        "it did not end so"
    )
    assert it.gone([*UNHEARD, *BEFORE], UNHEARD).outcome == "not_landed", "it had answered"


@pytest.mark.parametrize("word", ["hang", "reset", "pause", "stop", "kill"])
def test_looks_that_never_were_answered_prove_no_mend_but_that_of_a_refusal(word: str) -> None:
    it = fault(word)
    landing = it.gone(UNHEARD, [*REFUSED, *UNHEARD])
    assert landing.outcome == "not_measurable"
    assert "none was answered in amqp" in landing.because
    assert it.gone(UNHEARD, [*UNHEARD, *REFUSED]).outcome == "not_landed", "it is refused at last"
    assert it.gone(UNHEARD, [look("hung", speaks="amqp"), look(answer_ms=1.0)]).because == "answered as before"


def test_a_port_that_is_still_refused_is_told_whatever_another_leaves_open() -> None:
    elsewhere = [replace(one, edge="web->db") for one in REFUSED]
    assert fault("stop").gone(UNHEARD, [*UNHEARD, *elsewhere]).outcome == "not_landed"


@pytest.mark.parametrize("word", ["hang", "reset", "pause"])
def test_looks_that_connected_and_were_never_answered_ask_for_the_ports_protocol(word: str) -> None:
    landing = fault(word).landing(UNHEARD, UNHEARD)
    assert landing.outcome == "not_measurable"
    assert "2 looks at port 5432 of api->db connected before it began, and none was answered in amqp" in landing.because
    assert landing.decide == "`speaks:` of the edge api->db, with what port 5432 speaks"
