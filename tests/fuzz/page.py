"""docs/fuzzing.md: what was tried on each reader, what broke, and whether it stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fuzz.target import Target


@dataclass(frozen=True)
class Tried:
    """Of one target: inputs tried, processor seconds, ways in which it broke this time; and of the inputs that ever broke it,
    which are kept, how many it stands now."""

    target: Target
    inputs: int
    seconds: float
    broke: int
    kept: int
    stands: int


def page(tried: Sequence[Tried], by_coverage: str, day: str) -> str:
    inputs, seconds = sum(one.inputs for one in tried), sum(one.seconds for one in tried)
    broke, kept, stands = (sum(getattr(one, name) for one in tried) for name in ("broke", "kept", "stands"))
    rows = [
        f"| {one.target.name} | {one.target.reads} | {one.inputs:,} | {one.seconds:.0f} | {one.kept} | {one.stands} | {one.broke} |"
        for one in tried
    ]
    return "\n".join(
        [
            "# Bad input",
            "",
            f"Measured on {day} by `make fuzz`: {inputs:,} inputs in {seconds:,.0f} processor seconds. {kept} ways to break a reader "
            f"were ever found; {stands} of them it stands now; {broke} came up in this measurement.",
            "",
            "Each reader of what comes from outside is given what it reads, made worse: bits, bytes, lines and values. It may read on, or",
            "refuse with an error of ours that says where; anything else (another exception, more than five seconds) is counted as a way",
            "to break it, by the exception and the place. The shortest input of each is kept under `tests/fuzz/found/` and tried by",
            "`make test` ever after, beside bombs (depth, length, anchors) and whole run folders that are damaged.",
            "",
            by_coverage,
            "",
            "| reader | of what | inputs | seconds | ever broke it | stands now | broke it this time |",
            "|---|---|--:|--:|--:|--:|--:|",
            *rows,
            "",
            "Measure again: `make fuzz`, or `make fuzz SECONDS=600 ONLY=journal` for one reader and longer; a measurement of one reader",
            "is printed and leaves this page as it is.",
            "",
        ]
    )
