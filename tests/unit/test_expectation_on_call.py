"""on_call: transcripts of people on call, each with what is found of it; silence is silence, and a changed record decides nothing."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pytest
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.on_call import OnCall
from harness.faults.bad_release import BadRelease
from harness.faults.command import Command
from harness.faults.latency import Latency
from harness.journal import Journal, merged
from harness.ledger import rows_of
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
BEGAN, OUT, ASKED, ENDED, CLOSED = 20.0, 22.0, 30.0, 100.0, 120.0
RELEASE = BadRelease(service="api", image="api:bad", id="release/bad_release-api")
SLOW = Latency(edge="api->db", delay="1s", id="release/latency")
CLAIM = OnCall.model_validate(
    {
        "acknowledged": "20s",
        "diagnosed": "40s",
        "mitigations": ["rollback.sh", "docker compose up api"],
        "harmful": ["restart db", "volume rm"],
    }
)
ACKS = OnCall.model_validate({"acknowledged": "20s"})
CLAIMS = (CLAIM, ACKS)


def transcript(text: str) -> list[f.Fact]:
    """Lines such as `31 ack`, `35 note api is broken`, `40 exec ./rollback.sh = 0 @ 44`, by one person."""
    found: list[f.Fact] = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        at, word, *rest = line.split(maxsplit=2)
        said = rest[0] if rest else ""
        stamp: dict[str, Any] = {"writer": "people-7", "number": 10 * number, "seen_s": float(at)}
        match word:
            case "ack":
                found.append(f.Acknowledged(by="ada", alert=said, **stamp))
            case "yes":
                found.append(f.LeverAnswered(lever="x", text="yes", **stamp))
            case "exec":
                command, _, end = said.partition(" = ")
                found.append(f.Executing(by="ada", command=tuple(shlex.split(command)), **stamp))
                if end:
                    code, _, ended = end.partition(" @ ")
                    stamp |= {"number": 10 * number + 1, "seen_s": float(ended or at) + 0.5}
                    found.append(f.Executed(begun_s=float(at), exit_code=int(code), **stamp))
            case _:
                kind = "hypothesis" if word == "note" else word
                found.append(f.Noted(by="ada", kind=kind, text=said, **stamp))
    return found


def told(
    text: str = "",
    *,
    there: bool = True,
    asked_s: float | None = ASKED,
    paged_s: float | None = ASKED,
    more: tuple[f.Fact, ...] = (),
) -> Journal:
    ours: list[f.Fact] = [
        f.EdgeFound(edge="api->db", address="10.0.0.2", names=("db",), seen_s=1.0),
        f.EdgeFound(edge="api->cache", address="10.0.0.3", names=("cache",), seen_s=1.0),
        *(
            f.ContainerSeen(service=name, container=f"{name}-1", status="running", seen_s=2.0)
            for name in ("api", "db", "cache")
        ),
        f.PhaseBegan(phase="release", seen_s=BEGAN),
        *(
            f.Injecting(fault=one.id, kind=one.word, target=one.target, planned_s=BEGAN, seen_s=BEGAN)
            for one in (RELEASE, SLOW)
        ),
        *(f.Injected(fault=one.id, begun_s=BEGAN, seen_s=OUT) for one in (RELEASE, SLOW)),
        f.PhaseEnded(phase="release", seen_s=ENDED - 10),
        f.PhaseSettled(phase="release", steady=True, seen_s=ENDED),
        f.Closed(seen_s=CLOSED),
        *more,
    ]
    if paged_s is not None:
        ours.append(f.Paged(receiver="oncall", alert="Errors", status="firing", starts_s=BEGAN + 5, seen_s=paged_s))
    if asked_s is not None:
        ours.append(f.LeverAsked(lever="x", question="well?", there=there, seen_s=asked_s))
    return merged([*journal_of(*ours).facts, *transcript(text)])


def found(journal: Journal, claim: OnCall = CLAIM, fault: Any = RELEASE) -> Finding:
    evidence = Evidence(
        journal, rows_of([]), WrittenLogs(), Steady(5.0, ()), phase="release", faults={fault.id: fault}, against="api"
    )
    return claim.check(evidence)


GOOD = """
    32 ack
    36 note the new api fails checkouts
    41 exec ./rollback.sh = 0 @ 44
"""
TRANSCRIPTS = {
    "as it should be": (GOOD, PASSED, "met"),
    "no acknowledgement of its own": ("36 note api is broken\n41 exec ./rollback.sh = 0", PASSED, "met"),
    "what became of it": ("32 ack\n36 note bad deploy, I think\n41 exec ./rollback.sh = 0", PASSED, "met"),
    "looked around first": (
        "32 ack\n33 observe checkouts fail at db and cache\n34 exec docker compose logs db = 0\n" + GOOD,
        PASSED,
        "met",
    ),
    "another allowed command": (
        "32 ack\n36 note api\n41 exec docker compose -p x up -d --no-deps api = 0",
        PASSED,
        "met",
    ),
    "tried twice": (
        "32 ack\n36 note api\n41 exec ./rollback.sh = 1\n50 exec bash -c './rollback.sh' = 0",
        PASSED,
        "met",
    ),
    "a first thought that names nobody": ("32 ack\n33 note hm, odd\n" + GOOD, PASSED, "met"),
    "silence": ("", FAILED, "not_acknowledged"),
    "a late acknowledgement": ("51 ack\n52 note api\n53 exec ./rollback.sh = 0", FAILED, "late"),
    "a late diagnosis": ("32 ack\n71 note api\n72 exec ./rollback.sh = 0", FAILED, "late"),
    "nothing written down": ("32 ack\n41 exec ./rollback.sh = 0", FAILED, "no_hypothesis"),
    "nobody named": ("32 ack\n35 note everything is slow\n41 exec ./rollback.sh = 0", FAILED, "no_hypothesis"),
    "another part": ("32 ack\n35 note db is overloaded\n" + GOOD, FAILED, "wrong_hypothesis"),
    "everybody": ("32 ack\n35 note api or db or cache\n" + GOOD, FAILED, "wrong_hypothesis"),
    "nothing done": ("32 ack\n36 note api\n", FAILED, "not_mitigated"),
    "it failed": ("32 ack\n36 note api\n41 exec ./rollback.sh = 1", FAILED, "not_mitigated"),
    "it was still running": ("32 ack\n36 note api\n41 exec ./rollback.sh", FAILED, "not_mitigated"),
    "something else done": ("32 ack\n36 note api\n41 exec docker restart api-1 = 0", FAILED, "not_mitigated"),
    "harm": (GOOD + "50 exec docker compose restart db = 0", FAILED, "harmful_action"),
    "harm within a shell": (GOOD + "50 exec sh -c 'docker volume rm data' = 1", FAILED, "harmful_action"),
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_transcript_is_found_to_be_what_it_is(name: str) -> None:
    text, outcome, reason = TRANSCRIPTS[name]
    one = found(told(text))
    assert (one.outcome, one.reason) == (outcome, reason), one.because


@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_record_cut_anywhere_never_says_the_opposite_of_the_whole(name: str, claim: OnCall) -> None:
    journal = told(TRANSCRIPTS[name][0])
    whole = found(journal, claim)
    for second in range(int(CLOSED)):
        cut = found(journal.cut(second + 0.3), claim)
        if cut.outcome is not UNKNOWN:
            assert (cut.outcome, cut.reason) == (whole.outcome, whole.reason), second


def test_the_sentence_says_what_was_believed_and_done_and_when() -> None:
    one = found(told(GOOD))
    assert one.because == (
        "acknowledged 2.0 s after the page; 'the new api fails checkouts' named what was wrong 6.0 s after the page; "
        "./rollback.sh ended with 0"
    )
    assert [text for _, text in one.details] == [
        "acknowledged by ada: the page",
        "hypothesis by ada: the new api fails checkouts",
        "ran: ./rollback.sh: ended with 0",
    ]


def test_without_a_terminal_silence_is_nobodys_fault_and_a_sign_of_life_is_one() -> None:
    assert found(told(there=False)).reason == "not_asked"
    assert found(told(GOOD, there=False)).outcome is PASSED
    assert found(told("32 ack", there=False)).reason == "no_hypothesis"


def test_where_no_page_came_nobody_was_asked() -> None:
    one = found(told(GOOD, asked_s=None, paged_s=None))
    assert (one.outcome, one.reason) == (UNKNOWN, "not_asked")
    assert "never came" in one.because


def test_who_was_asked_upon_something_else_was_called_by_no_page() -> None:
    """A rollback by hand asks after 5 s; the page comes later, or never, or is another."""
    never = found(told(GOOD, paged_s=None), ACKS)
    assert (never.outcome, never.reason) == (UNKNOWN, "not_asked")
    another = OnCall.model_validate({"acknowledged": "20s", "trigger": "page OrdersParked"})
    assert found(told(GOOD), another).reason == "not_asked"
    own = f.LeverAsked(lever="", question="page", seen_s=60.1)
    late = found(told("85 ack", paged_s=60.0, more=(own,)), ACKS)
    assert (late.outcome, late.reason) == (FAILED, "late")
    assert "24.9 s after the page" in late.because
    timed = OnCall.model_validate({"acknowledged": "20s", "trigger": "after 8s"})
    assert found(told("32 ack", paged_s=None), timed).outcome is PASSED


def test_a_phase_that_is_over_before_the_limit_leaves_silence_open() -> None:
    assert found(told(asked_s=ENDED - 10, paged_s=ENDED - 10)).reason == "window_open"
    assert found(told("95 ack", asked_s=ENDED - 10, paged_s=ENDED - 10)).reason == "window_open"


def test_a_record_that_was_changed_decides_nothing() -> None:
    broken = f.RecordBroken(writer="people-7", why="line 2 does not follow")
    one = found(told(GOOD, more=(broken,)))
    assert (one.outcome, one.reason) == (UNKNOWN, "record_broken")


def test_harm_is_told_at_once_and_stands_whatever_the_gates_say() -> None:
    journal = told(TRANSCRIPTS["harm"][0]).cut(60)
    assert found(journal).reason == "harmful_action"
    assert found(journal).census


def test_what_was_hurt_is_read_from_the_faults_or_stated() -> None:
    about_db = "32 ack\n36 note the database is slow\n"
    plain = OnCall.model_validate({"diagnosed": "40s", "aliases": {"db": ["database"]}})
    assert found(told(about_db), plain, SLOW).outcome is PASSED
    assert found(told("36 note bad release"), plain, SLOW).reason == "no_hypothesis"
    stated = OnCall.model_validate({"diagnosed": "40s", "believes": ["lock wait", "migration"]})
    assert found(told("36 note a migration holds everybody up"), stated).outcome is PASSED
    assert found(told("36 note a Lock  wait?"), stated).outcome is PASSED
    assert found(told("36 note api"), stated).reason == "wrong_hypothesis"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "say what is claimed"),
        ({"acknowledged": "1m", "believes": ["api"]}, "`believes` goes with `diagnosed`"),
    ],
)
def test_a_claim_that_claims_nothing_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OnCall.model_validate(fields)


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        (Reach(60, 100, 10, then=True), "write it under `expect`"),
        (Reach(60, 100, 10, faulted=False), "no fault in this phase"),
        (Reach(30, 100, 10), "`diagnosed` is 40s"),
        (Reach(60, 100, 10), ""),
    ],
)
def test_what_could_never_be_decided_is_refused_before_the_run(reach: Reach, said: str) -> None:
    assert said in CLAIM.undecidable(reach)
    assert bool(CLAIM.undecidable(reach)) == bool(said)


def test_before_the_phase_nothing_is_known() -> None:
    assert found(told(GOOD).cut(10)).reason == "not_begun"
    assert math.isinf(CLAIM.timeout_s)


def test_what_was_said_and_done_before_anything_was_wrong_is_no_answer_to_the_page() -> None:
    early = "19.5 ack\n20 note api\n21 exec ./rollback.sh = 0"
    out = tuple(f.Injected(fault=one.id, begun_s=25.0, seen_s=26.0) for one in (RELEASE, SLOW))
    journal = merged(fact for fact in told(early).facts if not isinstance(fact, f.Injected))
    journal = merged([*journal.facts, *out])
    assert found(journal, ACKS).reason == "not_acknowledged"
    assert found(journal).reason == "not_acknowledged"
    ahead = told("24 ack\n24.5 note api\n26 exec ./rollback.sh = 0")
    assert found(ahead).outcome is PASSED, "they were on it before the page"


def test_where_nothing_says_what_was_wrong_no_hypothesis_is_wrong() -> None:
    full = Command.model_validate({"name": "full-disk", "run": ["fill"], "id": RELEASE.id})
    plain = OnCall.model_validate({"diagnosed": "40s"})
    for text in ("36 note the disk of api is full", "36 note the disk is full"):
        one = found(told(text), plain, full)
        assert (one.outcome, one.reason) == (UNKNOWN, "no_evidence")
    assert found(told(), plain, full).reason == "no_hypothesis"
    stated = OnCall.model_validate({"diagnosed": "40s", "believes": ["disk"]})
    assert found(told("36 note the disk is full"), stated, full).outcome is PASSED
