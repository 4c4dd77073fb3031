"""How findings come to one verdict: the worst of them decides, in whatever order and however often they are told."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.verdict import Ending, Finding, Judged, Outcome, Verdict

ORDER = (Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.FAILED)  # passed < inconclusive < failed
CODE = {Outcome.PASSED: 0, Outcome.INCONCLUSIVE: 3, Outcome.FAILED: 1}
OUTCOMES = st.lists(st.sampled_from(ORDER), min_size=1, max_size=6)


def verdict(outcomes: Sequence[Outcome], *, invalid: bool = False) -> Verdict:
    findings = tuple(
        Judged(f"run/{n}", "", "", "", Finding(outcome, "met", "said", decide="more"))
        for n, outcome in enumerate(outcomes)
    )
    return Verdict("d", "0", findings, ("the load was late",) if invalid else (), Ending(gate=True))


@settings(deadline=None, max_examples=60)
@given(OUTCOMES, st.randoms(use_true_random=False))
def test_the_worst_decides_whatever_the_order_and_however_often(outcomes: list[Outcome], dice: random.Random) -> None:
    worst = max(outcomes, key=ORDER.index)
    shuffled = outcomes[:]
    dice.shuffle(shuffled)
    assert verdict(outcomes).exit_code == CODE[worst]
    assert verdict(shuffled).exit_code == verdict([*outcomes, *outcomes]).exit_code == CODE[worst]


@settings(deadline=None, max_examples=60)
@given(OUTCOMES, OUTCOMES, OUTCOMES)
def test_merging_is_associative_and_monotone(one: list[Outcome], two: list[Outcome], three: list[Outcome]) -> None:
    def merged(*groups: list[Outcome]) -> Outcome:
        return max((outcome for group in groups for outcome in group), key=ORDER.index)

    assert verdict([*one, *two, *three]).exit_code == CODE[merged([merged(one, two)], three)]
    assert verdict([*one, *two, *three]).exit_code == CODE[merged(one, [merged(two, three)])]
    assert ORDER.index(merged(one, two)) >= ORDER.index(merged(one))


@settings(deadline=None, max_examples=40)
@given(OUTCOMES)
def test_an_invalid_run_never_passes_and_no_claims_prove_nothing(outcomes: list[Outcome]) -> None:
    assert verdict(outcomes, invalid=True).exit_code == (1 if Outcome.FAILED in outcomes else 3)
    assert verdict([]).exit_code == 3
