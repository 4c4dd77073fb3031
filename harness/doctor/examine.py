"""Makes the checks in turn, cures what is missing if asked to, and tells a run what it lacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from harness.doctor.checks import CHECKS
from harness.doctor.seen import Check, Say, Seen
from harness.errors import CannotRun, Missing

PREFLIGHT = ("engine", "compose", "base image", "harness image", "toxiproxy image", "disk", "clock", "processors")
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


def begun(checks: Sequence[Check] = CHECKS) -> Callable[[], list[Seen]]:
    """The looks of a preflight, made in a thread of their own from now on; the result waits for them."""
    looks: Future[list[Seen]] = Future()

    def made() -> None:
        try:
            looks.set_result(look(wanted(checks)))
        except BaseException as error:
            looks.set_exception(error)

    threading.Thread(target=made, name="preflight", daemon=True).start()  # nobody waits for it who does not ask
    return looks.result


def wanted(checks: Sequence[Check]) -> list[Check]:
    """Those of the checks that are for every run."""
    return [check for check in checks if check.name in PREFLIGHT]


def preflight(
    say: Say = lambda line: None, checks: Sequence[Check] = CHECKS, looks: Sequence[Seen] | None = None
) -> None:
    """Raises errors.CannotRun with every thing that a run needs of this machine and lacks, each with its cure. Says what
    hinders no run, a line each.

    One thing it cures by itself, in half a second: the harness image, when only the code inside has changed. The base
    image is wanted for that alone.

    looks   what was seen already (`begun`), in the order of the checks; None: look now
    """
    first = {one.check: one for one in (look(wanted(checks)) if looks is None else looks)}
    seen: list[Seen] = []
    for check in wanted(checks):
        one = first[check.name]
        based = any(other.check == "base image" and other.state == "ok" for other in seen)
        if check.name == "harness image" and based:
            one = _cured(check, say, one)
        elif one.state == "unseen":  # what it needs may have been cured since
            one = _hindered(check, seen) or check.look()
        seen.append(one)
    built = any(one.check == "harness image" and one.state == "ok" for one in seen)
    missing = [one for one in seen if one.state == "missing" and not (built and one.check == "base image")]
    for one in seen:
        if one.state == "note":
            say(f"warning: {one.what}")
    if missing:
        raise CannotRun(*(Missing(one.what, one.cure) for one in missing))


def lacks(seen: Sequence[Seen]) -> bool:
    """Whether anything that a run needs was not found."""
    return any(one.state in ("missing", "unseen") for one in seen)


def _hindered(check: Check, seen: Sequence[Seen]) -> Seen | None:
    met = {one.check for one in seen if one.state in ("ok", "note")}
    unmet = [need for need in check.needs if need not in met]
    return Seen(check.name, "unseen", f"not looked at: needs {', '.join(unmet)}") if unmet else None


def _cured(check: Check, say: Say, first: Seen | None = None) -> Seen:
    first = first or check.look()
    if first.state != "missing":
        return first
    say(f"{check.name}: {first.what}")
    try:
        check.fix(lambda line: say(f"{check.name}: {line}"))
    except CannotRun as error:
        reason = error.missing[0]
        return Seen(check.name, "missing", reason.what, reason.cure)
    return check.look()
