"""Why a counter and the ledger may differ though neither lies: requests counted under another name, or answered in front of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.expectations.metric_in_front import answered_in_front, goes_through
from harness.expectations.metric_names import (
    ELSEWHERE,
    OURS,
    Groups,
    as_matched,
    class_of,
    held,
    known_labels,
    parsed,
    read_by,
    unknown_labels,
)
from harness.expectations.metric_odd import twice
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.metric_sides import Told

SHOWN = 5
REDIRECTED = (
    "a locustfile that follows redirects itself, under a name for each (allow_redirects=False), or the claim without `request` and "
    'with redirects left out: only: code!~"3.."'
)
RETRIED = (
    "a locustfile whose clients do not try again by themselves (no max_retries, no Retry), and a service that keeps idle connections open "
    "for longer than its users pause"
)
Labels = Sequence[Mapping[str, str]]


def short(
    told: Told,
    groups: Groups,
    labels: Labels,
    rose: Sequence[float],
    name: str,
    missing: float,
    *,
    mislaid: bool = False,
) -> Finding | None:
    """Why `missing` requests of that name may have been counted all the same, or not have come; None: they were lost.

    labels, rose  by place, those of the series and how many requests each counted
    mislaid       all were counted, and so many as something else than they were answered
    """
    return (
        _unmatched(told, groups, labels, rose, name, missing)
        or _not_asked(told, labels, name)
        or answered_in_front(told, labels, groups.endpoints[name], missing, mislaid=mislaid)
    )


def many(told: Told, labels: Labels, rose: Sequence[float], excess: float) -> Finding | None:
    """Why so many more may have been counted than the load sent; None: no reason is known."""
    if (led := _led_on(told, labels, rose, excess)) is not None:
        return led
    unknown = unknown_labels((one.label for one in parsed(told.claim.only)), labels)
    if unknown:
        return inconclusive(
            f"{_no_label(told.claim.metric, unknown, 'only', labels)}: what it should leave out is counted",
            reason="unmatched",
            decide="`only` with labels that the series have",
            cites=told.cites(),
            details=told.details(),
        )
    return twice(told.evidence, told.counters, told.claim.selectors()[0], guess=True)


def _unmatched(
    told: Told, groups: Groups, labels: Labels, rose: Sequence[float], name: str, missing: float
) -> Finding | None:
    """Series that speak of none of the load's requests, and rose enough to hold those that are missing."""
    claim = told.claim
    if not claim.request:
        return None
    named = held(claim.request)
    if name in groups.bare:
        places = groups.unclaimed
        missing = sum(told.census.least(groups.endpoints[one]) for one in groups.bare)
    else:  # refused before it was routed, and counted without its route
        places = tuple(p for p in groups.unclaimed if any(elsewhere(labels[p].get(label, "")) for label in named))
    counted = sum(rose[place] for place in places)
    if not places or counted < missing:
        return None
    spelt = list(dict.fromkeys(groups.spelt[place] for place in places if rose[place]))
    shown = _few([repr(text) for text in spelt])
    unknown = unknown_labels(named, labels)
    if unknown:
        why = _no_label(claim.metric, unknown, "request", labels)
    elif name in groups.bare:
        why = f"no series of {claim.metric} is spelt {name!r}; {_series(spelt)} spelt {shown}"
    else:
        why = (
            f"{missing:g} or more of {name} are missing {told.where}, and {shown} rose by {counted:g}: they may be counted there, "
            "without their route"
        )
    return inconclusive(
        why,
        reason="unmatched",
        decide="`request` as the series' labels spell the load's request names, or request names in the locustfile as the series "
        "spell them; what other callers ask left out by `only`",
        cites=told.cites(),
        details=told.details(others=groups.others),
    )


def _not_asked(told: Told, labels: Labels, name: str) -> Finding | None:
    """The load goes to another service, and of these requests there was no series all run long, though of others there was: they
    may not come to this one."""
    claim = told.claim
    run = claim.groups(told.evidence, told.labels)
    if name not in run.bare or not run.series or not goes_through(told, labels):
        return None
    had = list(dict.fromkeys(run.series.values()))
    bare = [one for one in run.bare if told.census.most(run.endpoints[one])]
    leave_out = [(label, value) for one in bare for label, value in read_by(claim.request, one).items() if "/" in value]
    label = leave_out[0][0] if leave_out else ""
    routes = "|".join(as_matched(value) for its, value in leave_out if its == label)
    only = ",".join(filter(None, (claim.only, f'{label}!~"{routes}"')))
    return inconclusive(
        f"no series of {claim.metric} was spelt {name!r} all run long, though there were of {_few(had)}: the load goes to "
        f"{told.evidence.against}, and {_few(bare)} may not come to the service that counts",
        reason="not_its_requests",
        decide=(
            f"those that do not come to it left out: only: '{only}'"
            if leave_out
            else "such requests left out by `only`"
        )
        + "; those that do come to it, in the counter from its start (at 0)",
        cites=told.cites(),
        details=told.details(others=run.others),
    )


def _led_on(told: Told, labels: Labels, rose: Sequence[float], excess: float) -> Finding | None:
    """More redirects were counted than the load was answered: it followed them, and each was one request more."""
    redirects = [i for i, one in enumerate(labels) if any(class_of(v, k) == 3 for k, v in one.items() if k not in OURS)]
    everyone = range(len(told.census.rows.endpoints))
    followed = sum(rose[i] for i in redirects) - told.census.least(everyone, (3,))
    if followed < excess:
        return None
    return inconclusive(
        f"{told.claim.metric}: {followed:g} redirects were counted {told.where} that the load does not have as answers: it followed "
        "them, and each is one request more to the service",
        reason="redirected",
        decide=REDIRECTED,
        cites=told.cites(),
        details=told.details(),
    )


def elsewhere(value: str) -> bool:
    """Whether it is what services write where no route of theirs took a request."""
    return value.strip("/<>[](){} ").lower() in ELSEWHERE and value != "/"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _series(spelt: Collection[str]) -> str:
    return "the series is" if len(spelt) == 1 else "the series are"


def _no_label(metric: str, unknown: Sequence[str], option: str, labels: Labels) -> str:
    known = known_labels(labels)
    which = f"the label {unknown[0]!r}" if len(unknown) == 1 else f"the labels {' and '.join(map(repr, unknown))}"
    there = (
        f"the labels are {', '.join(known)}"
        if len(known) > 1
        else f"the label is {known[0]}"
        if known
        else "there are none"
    )
    return f"no series of {metric} has {which} that `{option}` names; {there}"


def unknown_errors(
    metric: str,
    errors: str,
    every: Labels,
    matching: Labels,
    *,
    classes: Collection[int],
    rose: Sequence[float] | None = None,
    answered: tuple[int, int] = (0, 0),
) -> str:
    """Why the matchers of `errors` may not be the ones that this service spells its errors by, or ''.

    every, matching  the labels of all series, and of those that the matchers take
    classes          of the statuses that are errors
    rose, answered   how much each of all rose by, and between how many and how many answers were errors; None: not known, and
                     a label with other words than statuses tells nothing then
    """
    named = parsed(errors)
    labels = tuple(dict.fromkeys(one.label for one in named))
    unknown = unknown_labels(labels, every)
    if unknown and (not matching or len(unknown) == len(labels)):
        return _no_label(metric, unknown, "errors", every)
    if matching:
        return ""
    for label in labels:
        takes = [one for one in named if one.label == label]
        values = dict.fromkeys(one.get(label, "") for one in every)
        for value in values:
            if not value or all(one.takes(value) for one in takes):
                continue
            if class_of(value, label) is None and rose is not None:
                counted = sum(rise for one, rise in zip(every, rose, strict=True) if one.get(label) == value)
                suits = answered[0] > 0 and answered[0] <= counted <= answered[1]
            else:
                suits = class_of(value, label) is None or class_of(value, label) in classes
            if suits:
                known = ", ".join(repr(text) for text in values if text)
                return f"no series of {metric} matches {errors}; {label} is {known}, and {value!r} may be what errors are counted by"
    return ""
