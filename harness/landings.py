"""Whether each fault of a run landed, and whether its mend did, from the witness looks in the journal. Pure.

A look counts with the whole time it took: one that began before a fault was on, or was under way when it was taken
away, belongs to neither side. Ordinary is what looks showed before the injection while nothing else hurt the place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from harness.facts import (
    Aimed,
    ContainerChanged,
    Injected,
    Injecting,
    LoadBegan,
    Mended,
    NotInjected,
    Surveyed,
    Unavailable,
    VersionSeen,
    Witnessed,
)
from harness.faults.base import FELT, Fault, Landed, Landing
from harness.journal import Journal, Window
from harness.touched import touched
from harness.versions import answers, new_version, releases_at, told_version

if TYPE_CHECKING:
    from harness.ledger import Rows

BEFORE_S = 120.0  # looks older than this say little of what is ordinary now
OUTCOMES = get_args(Landed)
ENDED = ("die", "kill", "stop", "pause", "oom")
BACK = ("start", "unpause")
TRACELESS = ("down", "reset")  # faults that leave nothing of a connection to be surveyed
TRIED_AGAIN_S = 60.0  # who connects so soon after one of these has tried before
NEVER_USED = "its caller was never seen to use the edge, so what the looks of the witness felt hurt nobody else"
SPARES = ("reset",)  # faults that connections opened before them are spared by (Toxiproxy link.go, Start)
MAY_MISS, MISSED = (
    0.05,
    0.5,
)  # that a share hits none of the caller's connections: said; more likely than not: nobody knows


@dataclass(frozen=True)
class Hurt:
    """When a fault was on: asked for at on_s, on for sure from sure_s, its mend begun at off_begun_s, over at off_s."""

    fault: str
    target: str
    on_s: float
    sure_s: float
    off_begun_s: float
    off_s: float


def hurts(journal: Journal) -> list[Hurt]:
    """Every injection of the run, in order; those that did not come about have no sure_s (infinite)."""
    found = []
    for begun in journal.of(Injecting):
        injected = journal.first(Injected, fault=begun.fault, since_s=begun.seen_s)
        mended = journal.first(Mended, fault=begun.fault, since_s=begun.seen_s)
        off = (mended.begun_s, mended.seen_s) if mended else (math.inf, math.inf)
        found.append(Hurt(begun.fault, begun.target, begun.seen_s, injected.seen_s if injected else math.inf, *off))
    return found


def landings(journal: Journal, faults: Mapping[str, Fault], rows: Rows | None = None) -> dict[str, Landing]:
    """By fault id: did it land. A fault that was never injected did not. The ledger's rows tell of releases."""
    all_hurts = hurts(journal)
    return {id_: _landing(journal, id_, fault, all_hurts, rows) for id_, fault in faults.items()}


def mends(journal: Journal, faults: Mapping[str, Fault], rows: Rows | None = None) -> dict[str, Landing]:
    """By fault id, for those that were mended: do looks show it gone. 'landed' then means that it is."""
    all_hurts = hurts(journal)
    found = {}
    for id_, fault in faults.items():
        hurt = next((h for h in all_hurts if h.fault == id_), None)
        if hurt is None or not math.isfinite(hurt.off_s):
            continue
        if fault.outlasts:
            found[id_] = _release_gone(journal, fault, hurt, rows)
            continue
        if not fault.witnessed:  # its mend is recorded only when it was read back
            found[id_] = Landing("landed", "it was read back as gone", dict(fault.stated()))
            continue
        next_s = min(
            (h.on_s for h in all_hurts if h.on_s > hurt.off_s and _touch(h.target, hurt.target)), default=math.inf
        )
        after = [
            look for look in _looks(journal, fault.target) if look.seen_s <= next_s and begun_s(look) >= hurt.off_s
        ]
        gone = _told_by(fault, fault.gone, _before(journal, hurt, all_hurts), after)
        if gone.outcome == "not_measurable" and not fault.on_edge:
            gone = _told_by_docker(journal, fault, hurt, gone, BACK, next_s)
        found[id_] = gone
    return found


def _landing(journal: Journal, id_: str, fault: Fault, all_hurts: Sequence[Hurt], rows: Rows | None = None) -> Landing:
    stated = dict(fault.stated())
    hurt = next((h for h in all_hurts if h.fault == id_), None)
    if hurt is None:
        absent = journal.first(Unavailable, what=id_)
        why = f"it is not available here: {absent.why}" if absent else "it was never injected"
        return Landing("not_landed", why, stated)
    refused = journal.first(NotInjected, fault=id_)
    if refused is not None:
        return Landing("not_landed", f"it could not be injected: {refused.error}", stated)
    if not math.isfinite(hurt.sure_s):
        return Landing("not_landed", "it was never read back as on", stated)
    if fault.outlasts or not fault.witnessed:
        return _release_out(journal, fault, hurt, rows) if fault.outlasts else _read_back(journal, fault, hurt)
    during = [
        look
        for look in _looks(journal, fault.target)
        if look.seen_s <= hurt.off_begun_s and begun_s(look) >= hurt.sure_s
    ]
    landing = _told_by(fault, fault.landing, _before(journal, hurt, all_hurts), during)
    if landing.outcome == "not_measurable" and not fault.on_edge:
        return _told_by_docker(journal, fault, hurt, landing, ENDED, hurt.off_s)
    landing = _surveyed(journal, fault, hurt, landing) if fault.on_edge else landing
    return _shared(journal, fault, hurt, all_hurts, rows, landing)


def _shared(
    journal: Journal, fault: Fault, hurt: Hurt, all_hurts: Sequence[Hurt], rows: Rows | None, landing: Landing
) -> Landing:
    """Of a share: the looks are of connections of the witness, and what became of the caller's own and of requests is said beside it."""
    if landing.outcome not in FELT or getattr(fault, "share", 1.0) >= 1:
        return landing
    during = Window(hurt.sure_s, min(hurt.off_begun_s, journal.end_s))
    open_ = [
        one.mediated for one in journal.of(Surveyed, edge=hurt.target) if during.start_s <= one.seen_s <= during.end_s
    ]
    said = "which of the caller's own connections it hit is not seen"
    said += f" ({max(open_)} at most at a time)" if open_ else ""
    began, others = journal.first(LoadBegan), [one for one in all_hurts if one.fault != hurt.fault]
    alone = all(one.off_s <= hurt.on_s or one.on_s >= during.end_s for one in others)
    if rows is not None and began is not None and alone:
        ended_s = [one.off_s for one in others if one.off_s <= hurt.on_s]
        before = Window(max(began.begins_s, hurt.on_s - BEFORE_S, *ended_s), hurt.on_s)
        found = touched(rows, before, during)
        said += f"; {found}" if found else ""
    return replace(landing, because=f"{landing.because}; {said}")


def _read_back(journal: Journal, fault: Fault, hurt: Hurt) -> Landing:
    injected = journal.first(Injected, fault=hurt.fault, since_s=hurt.on_s)
    mended = journal.first(Mended, fault=hurt.fault, since_s=hurt.on_s)
    return _told_by(
        fault, fault.by_readback, injected.readback if injected else {}, mended.readback if mended else None
    )


def _told_by(fault: Fault, how: Callable[..., Any], *evidence: Any) -> Landing:
    """What the fault says of it; 'not_measurable' where that breaks, or is no Landing, as a fault of the user's own may do."""
    try:
        landing = how(*evidence)
        if isinstance(landing, Landing) and landing.outcome in OUTCOMES and isinstance(landing.because, str):
            return landing
        why = f"it gave back {landing!r}"
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}"
    return Landing("not_measurable", f"{fault.word}'s own {how.__name__}() broke: {why}", dict(fault.stated()))


def _surveyed(journal: Journal, fault: Fault, hurt: Hurt, landing: Landing) -> Landing:
    """The witness opens connections of its own: whether the caller's were met, surveys of them tell.

    It goes around the proxy, or its pool was opened before the fault and is spared by it, or so few connections were drawn
    from that perhaps none was hit. Connections that have just ended are among those surveyed (TIME_WAIT, a minute). A caller
    that had none until it was over was not hurt.
    """
    if landing.outcome not in FELT:
        return landing
    surveys = journal.of(Surveyed, edge=hurt.target)
    if surveys and not _used(surveys, fault, hurt):
        return replace(landing, outcome="not_measurable", because=f"{landing.because}; {NEVER_USED}")
    during = [one for one in surveys if hurt.sure_s <= one.seen_s <= hurt.off_begun_s]
    around = next((one for one in during if one.direct), None)
    if around is not None:
        examples = ", ".join(around.examples) or "no example"
        said = f"{around.direct} connections went straight to the dependency at {around.at_s:.1f} s ({examples})"
        return replace(
            landing, outcome="not_landed", because=f"{said}; those that went over the edge: {landing.because}"
        )
    share, stated = float(getattr(fault, "share", 1.0)), dict(fault.stated())
    kept = stated.get("open_connections") == "keep"
    before = [one for one in surveys if one.seen_s <= hurt.on_s]
    pool = before[-1].mediated if before else 0
    if kept and (fault.word in SPARES or share < 1) and pool:
        said = f"up to {pool} connections were open before it and were kept: what each meets was drawn once for all, or is a mere end"
        return replace(landing, outcome="partial", because=f"{landing.because}; {said}")
    most = max([pool, *(one.mediated for one in during)])
    missed = (1 - share) ** most if share < 1 and most else 0.0
    if missed > MAY_MISS:
        needed = math.ceil(math.log(MAY_MISS) / math.log(1 - share))
        said = (
            f"the caller had {most} connections at most, and a share of {share:.0%} hits none of so few with {missed:.0%} "
            f"({needed} would be sure)"
        )
        outcome = "not_measurable" if missed > MISSED else landing.outcome
        return replace(landing, outcome=outcome, because=f"{landing.because}; {said}")
    return landing


def _used(surveys: Sequence[Surveyed], fault: Fault, hurt: Hurt) -> bool:
    """Whether the caller had a connection over the edge by the time that the fault was taken away."""
    until_s = hurt.off_s + TRIED_AGAIN_S if fault.kind() in TRACELESS else hurt.off_begun_s
    return any(one.seen_s <= until_s and (one.mediated or one.how) for one in surveys)


def _release_out(journal: Journal, fault: Fault, hurt: Hurt, rows: Rows | None) -> Landing:
    """A release has landed when its containers, read back, run it. What answered is said beside it."""
    end_s = min(hurt.off_begun_s, journal.end_s)
    version = "" if rows is None else new_version(rows, hurt.on_s, end_s, end_s)
    injected = journal.first(Injected, fault=hurt.fault)
    run = [str(image).partition(": ")[2] for image in (injected.readback if injected else {}).values()]
    images = {"containers": len(run), "image": ", ".join(sorted(set(run)))}
    told = told_version(journal, hurt.fault, hurt.on_s, end_s)
    if not version and told:
        return Landing("landed", f"version {told} was told, which none had told before", dict(fault.stated()), images)
    if not version and not run:  # commands that changed no container
        said = "no container was changed by it, and nothing named a version that none named before"
        return Landing("not_measurable", said, dict(fault.stated()), images)
    if rows is None or not version:
        said = "its containers were read back as running it; no answer named a version that none named before"
        return Landing("landed", said, dict(fault.stated()), images)
    bad = answers(rows, hurt.on_s, end_s, end_s).by(version)
    said = f"{len(bad)} answers named version {version}, which none named before it was deployed"
    return Landing("landed", said, dict(fault.stated()), {**images, "version": version, "answers": len(bad)})


def _release_gone(journal: Journal, fault: Fault, hurt: Hurt, rows: Rows | None) -> Landing:
    """Gone for good: no container runs it, and no request sent after the mend was answered by it."""
    stated, end_s = dict(fault.stated()), journal.end_s
    version = "" if rows is None else new_version(rows, hurt.on_s, hurt.off_begun_s, end_s)
    after = answers(rows, hurt.off_s, end_s, end_s).by(version) if rows is not None and version else ()
    still = [name for name, seen in releases_at(journal, fault.targets, end_s).items() if seen.release == "bad"]
    if len(after) or still:
        said = (
            f"version {version} still answered {len(after)} requests"
            if len(after)
            else f"{', '.join(still)} still run it"
        )
        return Landing("not_landed", said, stated)
    told = told_version(journal, hurt.fault, hurt.on_s, hurt.off_begun_s)
    if told and any(s.low_s > hurt.off_s for s in journal.of(VersionSeen, fault=hurt.fault, version=told)):
        return Landing("not_landed", f"version {told} was still told once it had been put back", stated)
    injected = journal.first(Injected, fault=hurt.fault)
    if injected is not None and not injected.readback:
        return Landing("landed", "what put it back ended well; no container had been changed by it", stated)
    return Landing("landed", "every container was read back as running the good release", stated)


def _told_by_docker(
    journal: Journal, fault: Fault, hurt: Hurt, landing: Landing, which: Sequence[str], until_s: float
) -> Landing:
    """No edge leads to the service, no look was answered, or only some of its replicas are hurt, so that looks from a caller do not
    tell: Docker's own events are the second source.
    """
    until_s = min(until_s, journal.end_s)
    aimed = journal.first(Aimed, fault=hurt.fault) if getattr(fault, "some", "") else None
    events = [
        event
        for event in journal.of(ContainerChanged, service=hurt.target, since_s=hurt.on_s - 1.0, until_s=until_s)
        if event.event in which and (aimed is None or event.container in aimed.containers)
    ]
    if not events:
        return landing
    if aimed is not None:
        missing = [name for name in aimed.containers if name not in {event.container for event in events}]
        if missing:
            said = f"Docker reported nothing of {', '.join(missing)}, though it was to be hit"
            return replace(landing, outcome="partial", because=said)
    told = f"Docker reported {events[0].event} of {hurt.target if aimed is None else ', '.join(aimed.containers)}"
    why = (
        (landing.because if landing.looks else "no edge leads to it")
        if aimed is None
        else "the other replicas were left alone"
    )
    said = f"{told} at {events[0].at_s:.1f} s; {why}"
    return Landing("landed", said, landing.stated, {"events": [event.event for event in events]}, looks=landing.looks)


def _before(journal: Journal, hurt: Hurt, all_hurts: Sequence[Hurt]) -> list[Witnessed]:
    others = [h for h in all_hurts if h.fault != hurt.fault and _touch(h.target, hurt.target)]
    return [
        look
        for look in _looks(journal, hurt.target)
        if look.seen_s <= hurt.on_s
        and hurt.on_s - BEFORE_S <= begun_s(look)
        and not any(begun_s(look) <= h.off_s and look.seen_s >= h.on_s for h in others)
    ]


def _looks(journal: Journal, target: str) -> list[Witnessed]:
    """Looks over the edge, or over every edge into the service."""
    into = f"->{target}"
    return [look for look in journal.of(Witnessed) if look.edge == target or look.edge.endswith(into)]


def begun_s(look: Witnessed) -> float:
    """When a look began: it is written down when it has ended."""
    took_ms = (look.connect_ms or 0.0) + (look.answer_ms or 0.0) + (look.close_ms or 0.0)
    return look.seen_s - (look.limit_ms if look.outcome == "hung" else took_ms) / 1000


def _touch(one: str, other: str) -> bool:
    """Whether faults on both targets can be felt at the same place."""
    return one == other or bool(
        set(one.split("->")) & set(other.split("->")) and ("->" not in one or "->" not in other)
    )
