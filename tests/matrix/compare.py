"""Expected against seen: ok, not, or invalid, and every difference in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from matrix.cell import FAILED, INVALID, NOT, OK, Cell, Found, Seen


def compare(cell: Cell, seen: Seen) -> tuple[str, tuple[str, ...]]:
    """How the run went, and why it is not ok.

    A run that did not happen as planned is invalid and counted apart; but a failure that must not be stands even then.
    """
    differences = tuple(_differences(cell, seen))
    if not differences:
        return OK, ()
    if not seen.invalid or seen.problems or any(_falsely_failed(cell, seen)):
        return NOT, differences
    return INVALID, (seen.invalid,)


def _differences(cell: Cell, seen: Seen) -> Iterator[str]:
    if seen.exit_code not in {cell.exit_code, *cell.also}:
        yield f"exit {seen.exit_code}, not {cell.exit_code}"
    for name, want in cell.wants.items():
        found = seen.findings.get(name, Found())
        fits = want.fits(found)
        if not fits:
            yield f"{name}: {found}, not {want}" + (f" ({found.because})" if found.because else "")
    for name, found in seen.findings.items():
        if name not in cell.wants and found.outcome not in cell.may(name):
            yield f"{name}: {found}, not {' or '.join(sorted(cell.rest))} ({found.because})"
    yield from seen.problems


def _falsely_failed(cell: Cell, seen: Seen) -> Iterator[str]:
    for name, found in seen.findings.items():
        if found.outcome == FAILED and FAILED not in cell.may(name):
            yield name
