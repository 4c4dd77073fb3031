"""Random histories of a service that is right, with anomalies put in by hand: exactly those are found, and nothing else."""

from __future__ import annotations

from calibration.order_histories import KINDS, history
from hypothesis import given, settings
from hypothesis import strategies as st
from order_stories import classes


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    size=st.integers(1, 40),
    wrong=st.fixed_dictionaries({kind: st.integers(0, 3) for kind in KINDS}),
    by_id=st.booleans(),
)
def test_exactly_what_was_put_in_is_found(seed: int, size: int, wrong: dict[str, int], by_id: bool) -> None:
    story, made = history(seed, by_id, size, wrong)
    want = made.want
    assert classes(story) == want
    audit = story.review().audit
    assert audit is not None
    assert audit.recovered == made.recovered
    found = story.check()
    if not want:
        assert found.outcome.value == "passed", found.because
    else:
        assert (found.outcome.value, found.reason) == ("failed", next(kind for kind in KINDS if kind in want))
