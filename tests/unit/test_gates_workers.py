"""A run that lost a worker is as good as what the others still sent, phase by phase."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness import facts as f
from harness import gates
from harness.testing import journal_of, rows_of


def load(*, lost_s: float, rate: float = 100.0, **changes: Any) -> gates.Load:
    """Baseline from 1 to 11, a phase to 21 and one to 31, all at one rate (0: users, who are not planned)."""
    lost = {"worker": 2, "workers": 4, "detail": "killed by SIGKILL", "seen_s": lost_s, **changes}
    journal = journal_of(
        f.LoadBegan(begins_s=1.0, seen_s=0.5),
        f.PhaseBegan(phase="one", seen_s=11.0),
        f.PhaseBegan(phase="two", seen_s=21.0),
        f.WorkerLost(lost_s=lost_s, **lost),
        f.LoadEnded(clean=True, ended_s=30.75, seen_s=32.0),
    )
    return gates.Load(journal, rows_of([]), lambda start_s, end_s: rate * (end_s - start_s), math.inf, 5.0)


@pytest.mark.parametrize("rate", [100.0, 0.0])
@pytest.mark.parametrize(("lost_s", "share"), [(5.0, "25%"), (16.0, "25%"), (26.0, "12%")])
def test_what_nobody_sent_makes_it_invalid(rate: float, lost_s: float, share: str) -> None:
    said = gates.whole(load(rate=rate, lost_s=lost_s))
    assert said.startswith(
        f"worker 2 of 4 was lost at {lost_s:.1f} s (killed by SIGKILL): from then on nobody sent its part"
    )
    assert share in said


def test_a_worker_of_many_lost_at_the_very_end_spoils_nothing() -> None:
    assert gates.whole(load(lost_s=30.9)) == ""
    assert gates.whole(load(lost_s=40.0)) == "", "while the last answers were waited for"
    assert gates.whole(load(lost_s=30.0)), "a tenth of a phase, and a quarter of it"


def test_what_did_not_come_home_is_missed_whenever_it_was_lost() -> None:
    said = gates.whole(load(lost_s=30.9, home=False, machine="anvil"))
    assert (
        said
        == "worker 2 on anvil of 4 was lost at 30.9 s (killed by SIGKILL), and what it recorded last did not come home"
    )
