"""Makes the checks in turn, cures what is missing if asked to, and tells a run what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.doctor.checks import CHECKS
from harness.doctor.seen import Check, Say, Seen
from harness.errors import CannotRun, Missing

PREFLIGHT = ("engine", "compose", "base image", "harness image", "toxiproxy image", "disk", "clock")
"""What every run needs, whatever its stack."""


def look(checks: Sequence[Check] = CHECKS) -> list[Seen]:
    """Every check once, in order; one whose needs are not met is not made. Changes nothing."""
    seen: list[Seen] = []
    for check in checks:
        seen.append(_hindered(check, seen) or check.look())
    return seen


def fix(say: Say, checks: Sequence[Check] = CHECKS) -> list[Seen]:
    """Every check in order, cured where it can be, then made again. Where nothing is missing, nothing is changed."""
    seen: list[Seen] = []
    for check in checks:
        seen.append(_hindered(check, seen) or _cured(check, say))
    return seen


def preflight(say: Say = lambda line: None, checks: Sequence[Check] = CHECKS) -> None:
    """Raises errors.CannotRun with every thing that a run needs of this machine and lacks, each with its cure.

    One thing it cures by itself, in half a second: the harness image, when only the code inside has changed. The base
    image is wanted for that alone.
    """
    seen: list[Seen] = []
    for check in checks:
        if check.name in PREFLIGHT:
            based = any(one.check == "base image" and one.state == "ok" for one in seen)
            make = _cured if check.name == "harness image" and based else _looked
            seen.append(_hindered(check, seen) or make(check, say))
    built = any(one.check == "harness image" and one.state == "ok" for one in seen)
    missing = [one for one in seen if one.state == "missing" and not (built and one.check == "base image")]
    if missing:
        raise CannotRun(*(Missing(one.what, one.cure) for one in missing))


def lacks(seen: Sequence[Seen]) -> bool:
    """Whether anything that a run needs was not found."""
    return any(one.state in ("missing", "unseen") for one in seen)


def _hindered(check: Check, seen: Sequence[Seen]) -> Seen | None:
    met = {one.check for one in seen if one.state in ("ok", "note")}
    unmet = [need for need in check.needs if need not in met]
    return Seen(check.name, "unseen", f"not looked at: needs {', '.join(unmet)}") if unmet else None


def _looked(check: Check, say: Say) -> Seen:
    return check.look()


def _cured(check: Check, say: Say) -> Seen:
    first = check.look()
    if first.state != "missing":
        return first
    say(f"{check.name}: {first.what}")
    try:
        check.fix(lambda line: say(f"{check.name}: {line}"))
    except CannotRun as error:
        reason = error.missing[0]
        return Seen(check.name, "missing", reason.what, reason.cure)
    return check.look()
