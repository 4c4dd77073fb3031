"""The service's request counter counts every request of the load, once, and by its status."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Reach
from harness.expectations.counters import Rise
from harness.expectations.metric_avoided import WELL, avoided
from harness.expectations.metric_doubts import Labels, many, short
from harness.expectations.metric_in_front import changed_hint, counts_for, either, in_front_hint
from harness.expectations.metric_names import Groups, class_of, known_labels
from harness.expectations.metric_others import others
from harness.expectations.metric_renewed import renewed_too_often
from harness.expectations.metric_repeats import STATED, made_good, repeated
from harness.expectations.metric_sides import Told, is_wide, no_number, too_wide
from harness.expectations.service_metric import ServiceMetric
from harness.verdict import Finding, Measure, failed, inconclusive, passed


@dataclass(frozen=True)
class Cell:
    """One comparison: the counter rose by `rose`, and the load knows of `least` to `most`. `status`: a class, 0 for all."""

    request: str
    endpoints: frozenset[int]
    status: int
    rose: float
    least: int
    most: int
    gone_s: float | None = None

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.request, f"{self.status}xx" if self.status else ""))) or "all requests"

    @property
    def classes(self) -> frozenset[int] | None:
        return frozenset((self.status,)) if self.status else None

    @property
    def missing(self) -> float:
        return max(0.0, self.least - self.rose)

    @property
    def excess(self) -> float:
        return max(0.0, self.rose - self.most)

    @property
    def holds(self) -> bool:
        return not self.missing and not self.excess

    def __str__(self) -> str:
        answers = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"counted {self.rose:g}, the load had {answers}"


class MetricCountTruth(ServiceMetric):
    """The service's request counter agrees with the requests that the load sent and the answers it got.

        expect:
          - metric_count_truth: {metric: http_requests_total, only: 'job="api",route!~"/healthz|/metrics"'}
          - metric_count_truth: {metric: http_requests_total, only: 'job="api"', request: "{method} {route}", status: code}
          - metric_count_truth: {metric: http_requests_total, only: 'job="prices"', per_request: 2}

    Units:   requests. `only` are label matchers as in PromQL: leave out health checks, scrapes and other callers.
             `request` says how labels spell the load's request names; path parameters match however they are written
             ({id}, [id], <id>, :id), as do methods in small letters and slashes at a path's ends; series of other requests are
             left out, and so are the load's own that `only` refuses by these labels. `status` is the label with the status (200 or
             2xx). skew: how far clocks may be apart (same machine: 50ms); linger: how long the service may go on with a
             request after its asker gave up (default: the load's time-out); in_front: statuses that a proxy in front of the
             service answers by itself and the service does not ([502, 504]; [] for none), which need not be in its counter. Left out,
             what was answered 502, 503 or 504 accuses nobody behind a proxy (answered_in_front); stated, nothing else is excused.
    Counts:  all replicas together, from the last scrape before the window to the first after it. Surely counted is what was sent
             and answered in between (L); a counter can have counted, too, what was on its way at either end and what got no
             answer (U). What a process that ended took with it is in U alone.
    Decides: passed when L ≤ rise ≤ U everywhere. Failed: undercount, vanished (series that are no longer exposed), overcount,
             wrong_status (the sum is right, the statuses are not). L and U further apart than 5 % decide nothing (too_wide).
             A request that follows redirects is several to the service, the last under another name: leave 3xx out by `only`, and
             `request` out altogether, or it decides nothing (redirected).
             Nor do many that a client of the load's own sends again by itself (retried), nor events of the locustfile's that may be no
             requests, such as transactions, where no `request` tells them apart (only_told).
             Nor do routes that the load does not ask for (others_too), requests of which a service that the load asks through another
             never had a series (not_its_requests), labels that are not as the claim says (unmatched), two
             targets of one process (scraped_twice), processes that share an address (several_processes), and counters that
             are pushed (counted_late).
    Inner:   of a service that the load is known to come to through another (its edges), more than was sent may be a fan-out (fan_out),
             or attempts of its caller while a fault was on (caller_retries), and errors that no user was told may have been made good
             (made_good). Of less, what was answered well by a copy (answered_from_copy) or by the door itself while the way
             was hurt (answered_in_front) need not be there. `per_request` states how many each request is to it (and that no copy
             answers any): then more is an overcount where nothing went wrong that could be tried again, in the steady state too.
    Source:  raw samples of Prometheus, at the true times of the scrapes, never increase(), which extrapolates; the ledger.
    """

    word: ClassVar[str] = "metric_count_truth"

    status: str = Field(default="", description="the label that tells the status, such as code; left out: all together")
    per_request: int | None = Field(
        default=None,
        ge=1,
        description="so many requests to a service behind the one that the load goes to is each of the load's that is answered well",
    )

    @model_validator(mode="after")
    def _of_one_status(self) -> MetricCountTruth:
        if self.status and (self.per_request or 1) > 1:
            raise ValueError("`status` and `per_request`: by which status each of several was answered, nobody knows")
        return self

    def needs(self, reach: Reach) -> str:
        return self.unsure(reach)

    def doubtful(self, reach: Reach) -> str:
        return self.too_short(reach) or self.led_on(reach) or renewed_too_often(reach, self.only)

    def check(self, evidence: Evidence) -> Finding:
        return self.held(evidence, self._judged)

    def _judged(self, told: Told) -> Finding:
        rises = told.counters.rises(self.selector())
        if any(rise.value is None for rise in rises):
            return no_number(told)
        labels = [rise.labels for rise in rises]
        rose = [rise.value or 0.0 for rise in rises]
        counted = [rise for rise in rises if rise.value]  # HAProxy exposes code="other" from the start, at 0
        unknown = sorted(
            {rise.labels.get(self.status, "") for rise in counted if self.status and not self._class(rise.labels)}
        )
        if unknown:
            known = known_labels(labels)
            said = f"is no status such as 200 or 2xx; the labels are {', '.join(known) or 'none'}"
            return inconclusive(
                f"{self.status}={unknown[0]!r} of {self.selector()} {said}",
                reason="unknown_status",
                decide="`status` naming the label that has the status; left out, all are counted together",
                cites=told.cites(),
            )
        groups = self.groups(told.evidence, labels)
        mine = {name: [rises[i] for i, its in groups.series.items() if its == name] for name in groups.endpoints}
        totals = [self._cell(told, name, 0, groups.endpoints[name], mine[name]) for name in mine]
        cells = [*totals, *self._by_status(told, groups.endpoints, mine)] if self.status else totals
        return self._compared(
            told, totals, cells, lambda cell: self._doubt(told, cell, totals, cells, groups, labels, rose), groups
        )

    def _compared(
        self, told: Told, totals: list[Cell], cells: list[Cell], doubt: Callable[[Cell], Finding | None], groups: Groups
    ) -> Finding:
        compared = [cell for cell in totals if not told.beside(cell.endpoints, cell.rose)]
        sure, most = sum(cell.least for cell in compared), sum(cell.most for cell in compared)
        shown = ((cell.name, str(cell)) for cell in cells if cell.most or cell.rose)
        details = told.details(*shown, others=groups.others)
        worst = sorted(
            (cell for cell in cells if not cell.holds),
            key=lambda cell: (cell.missing + cell.excess, cell.missing),
            reverse=True,
        )
        doubts = []
        for cell in worst:  # the first that nothing excuses
            if (why := doubt(cell)) is None:
                return self._wrong(told, cell, totals, self._elsewhere(told, cell, worst), details)
            doubts.append(why)
        if doubts:
            return doubts[0]
        if sure == 0 and not told.census.told.any():
            return inconclusive(
                f"no request was surely counted {told.where}",
                decide="requests that are sent and answered between two scrapes",
                cites=told.cites(),
                details=details,
            )
        if is_wide(sure, most):
            return too_wide(told, self.metric, sure, most)
        rose = sum(cell.rose for cell in totals)
        return passed(
            f"{self.metric} counted {rose:g} requests {told.where}; the load had {sure} to {most}",
            measure=Measure(rose, rose, "requests"),
            cites=told.cites(),
            details=details,
        )

    def _doubt(
        self,
        told: Told,
        cell: Cell,
        totals: list[Cell],
        cells: Sequence[Cell],
        groups: Groups,
        labels: Labels,
        rose: Sequence[float],
    ) -> Finding | None:
        """Why the cell may be wrong though the counter is not; None: nothing is known that excuses it."""
        mislaid = self._mislaid(cell, totals)
        mine = [n * (not cell.status or self._class(one) == cell.status) for n, one in zip(rose, labels, strict=True)]
        foreign = others(told, labels, mine, cell.least, cell.most) if cell.excess else None
        if cell.missing or mislaid:
            missing = cell.missing or cell.excess
            away = short(told, groups, labels, rose, cell.request, missing, mislaid=mislaid) or foreign
            kinds = cell.classes if cell.missing else {one.status for one in self._beside(cell, cells) if one.missing}
            good = None if mislaid and self.in_front is not None else self._made_good(told, cell, cells)
            all_come = self.per_request is not None
            return away or good or avoided(told, cell.endpoints, kinds, missing, all_come=all_come)
        more = many(told, labels, rose, cell.excess) or foreign
        total = next(one for one in totals if one.request == cell.request)
        asked = repeated(told, cell.endpoints, total.rose, total.most, self.per_request) if total.excess else None
        return more or asked or self._made_good(told, cell, cells)

    def _made_good(self, told: Told, cell: Cell, cells: Sequence[Cell]) -> Finding | None:
        """Errors of the service that were none to its users, or what they were answered well in their place."""
        more = [one for one in self._beside(cell, cells) if one.excess and one.status not in WELL]
        errors, most = sum(one.rose for one in more), sum(one.most for one in more)
        if cell in more or (cell.status in WELL and 0 < cell.missing <= errors - most):
            return made_good(told, cell.endpoints, errors, most, STATED)
        return None

    def _mislaid(self, cell: Cell, totals: list[Cell]) -> bool:
        """The sum of its request is right, and only the status is not."""
        return bool(cell.status) and all(total.holds for total in totals if total.request == cell.request)

    def _beside(self, cell: Cell, cells: Sequence[Cell]) -> list[Cell]:
        """Those of each status of the same request."""
        return [one for one in cells if one.request == cell.request and one.status]

    def _elsewhere(self, told: Told, cell: Cell, wrong: Sequence[Cell]) -> str:
        """By which status they were counted that are missing, or which one they were answered that are too many."""
        mine = self._beside(cell, wrong)
        if cell.missing:
            names = [f"{one.status}xx" for one in mine if one.excess]
            return f" ({' and '.join(sorted(names))})" if names else ""
        answered = told.census.answered(cell.endpoints, [one.status for one in mine if one.missing])
        return f" ({either(answered)})" if answered else ""

    def _wrong(
        self, told: Told, cell: Cell, totals: list[Cell], elsewhere: str, details: tuple[tuple[str, str], ...]
    ) -> Finding:
        examples = told.examples(cell.endpoints, cell.classes)
        mislaid = self._mislaid(cell, totals)
        if cell.missing:
            gone = f"; a series was no longer exposed from {cell.gone_s:.1f} s on" if cell.gone_s is not None else ""
            what = f"were counted by another status{elsewhere}" if mislaid else "are missing"
            how = f"{cell.missing:g} or more {what}{gone}{in_front_hint(told, cell.endpoints, cell.missing)}"
        elif mislaid:
            how = f"{cell.excess:g} or more whose users were told another status{elsewhere}{changed_hint(told)}"
        else:
            how = (
                f"{cell.excess:g} or more that the load did not send (a caller's retries, health checks, scrapes or other callers? "
                "leave them out by `only`)"
            )
        short = cell.missing > 0
        return failed(
            f"{self.metric} of {cell.name} {told.where}: {cell}: {how}",
            reason="wrong_status"
            if mislaid
            else "overcount"
            if not short
            else "undercount"
            if cell.gone_s is None
            else "vanished",
            measure=Measure(cell.rose, cell.rose, "requests"),
            cites=told.cites(*examples),
            census=True,
            details=(*details, told.ids(examples)),
        )

    def _times(self, told: Told) -> int:
        """What each request of the load is to this service; to the one that it goes to itself, one."""
        times, against = self.per_request or 1, told.evidence.against
        if times == 1 or told.inner is not None or not against:
            return times
        return 1 if counts_for(told.counters, told.labels, against) else times

    def _class(self, labels: Mapping[str, str]) -> int | None:
        return class_of(labels.get(self.status, ""), self.status)

    def _by_status(
        self, told: Told, endpoints: Mapping[str, frozenset[int]], mine: dict[str, list[Rise]]
    ) -> Iterator[Cell]:
        for name, rises in mine.items():
            for status in range(1, 6):
                of_status = [rise for rise in rises if self._class(rise.labels) == status]
                yield self._cell(told, name, status, endpoints[name], of_status)

    def _cell(self, told: Told, name: str, status: int, endpoints: frozenset[int], rises: list[Rise]) -> Cell:
        classes = frozenset((status,)) if status else None
        more = self._times(told) - 1
        return Cell(
            name,
            endpoints,
            status,
            sum(rise.value or 0.0 for rise in rises),
            told.census.least(endpoints, classes) + (more and more * told.census.least(endpoints, (2,))),
            told.census.most(endpoints, classes) * (1 + more),
            min((rise.gone_s for rise in rises if rise.gone_s is not None), default=None),
        )
