"""Whether somebody who looks from the users' side was alarmed: a prober, a load balancer or proxy in front, or Prometheus itself
that finds the service gone. The service's own counter need not see what they see. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import alerting
from harness.alerting import Episode
from harness.blaming import Parts
from harness.expectations.metric_in_front import counts_for, goes_through
from harness.expectations.metric_names import Matcher, parsed
from harness.facts import RuleSeen
from harness.promql import course

if TYPE_CHECKING:
    from harness.expectations.metric_sides import Told

FAMILIES = (
    "probe_",  # blackbox_exporter, Grafana's synthetic monitoring
    "haproxy_", "nginx_", "nginxplus_", "envoy_", "istio_", "traefik_", "caddy_", "kong_", "apisix_", "varnish_",
    "aws_applicationelb_", "aws_elb_", "aws_networkelb_", "aws_cloudfront_", "stackdriver_https_lb_rule_", "cloudflare_",
)  # fmt: skip
"""How the names of metrics begin that are taken where users are, or on their way to the service. Source: the exporters' own lists."""
ASIDE = ("probe_ssl_", "probe_dns_", "probe_ip_", "probe_failed_due_to_")
"""What a prober tells beside whether, and how fast, it was answered."""
WHOSE = (
    "instance",
    "target",
    "url",
    "host",
    "backend",
    "upstream",
    "service",
    "destination_service",
    "destination_service_name",
)
"""Labels by which probers and proxies say whom they tell of."""
UP, TARGET = "up", ("job", "instance")


@dataclass(frozen=True)
class Alarm:
    """An alert that fired, and why it is one of the users' side: 'stands on probe_success'."""

    episode: Episode
    why: str

    def __str__(self) -> str:
        return f"{self.episode.alert}, which {self.why}"


@dataclass(frozen=True)
class Sight:
    """
    alarms   alerts of the users' side that began to fire in the stretch, in their order
    before   those that fired when it began
    others   names of alerts that began to fire in it and are not known to be of the users' side
    watched  whether every evaluation in it was looked at: otherwise one may be missing
    """

    alarms: tuple[Alarm, ...]
    before: tuple[Alarm, ...]
    others: tuple[str, ...]
    watched: bool


def sight(told: Told, seen_by: str, start_s: float, end_s: float) -> Sight:
    """Who was alarmed from the users' side in [start_s, end_s). `seen_by` names alerts that are taken for such, '' for none."""
    journal = told.evidence.journal
    rules = alerting.loaded(journal, end_s)
    alarms: list[Alarm] = []
    before: list[Alarm] = []
    others: list[str] = []
    for episode in alerting.episodes(journal):
        if episode.from_s >= end_s or episode.until_s <= start_s:
            continue
        why = _why(told, rules, episode, seen_by)
        if why:
            (alarms if episode.from_s >= start_s else before).append(Alarm(episode, why))
        elif episode.from_s >= start_s:
            others.append(episode.alert)
    watched = alerting.watched(journal, start_s, end_s)
    return Sight(tuple(alarms), tuple(before), tuple(dict.fromkeys(others)), watched)


def _why(told: Told, rules: Sequence[RuleSeen], episode: Episode, seen_by: str) -> str:
    if seen_by and alerting.named(episode.alert, seen_by):
        return "the claim names in `seen_by`"
    for rule in rules:
        if rule.kind == "alerting" and rule.rule == episode.alert:
            outside = [name for selector in _read(rules, rule) if (name := _outside(told, selector, episode.labels))]
            if outside:
                return f"stands on {' and '.join(dict.fromkeys(outside))}"
    return ""


def _read(rules: Sequence[RuleSeen], alert: RuleSeen) -> list[str]:
    """The selectors that an alert stands on, recording rules followed; none where its expression cannot be read."""
    recording = [rule for rule in rules if rule.kind == "recording"]
    try:
        return [reading.selector for reading in course([*recording, alert], alert.rule).readings]
    except ValueError:
        return []


def _outside(told: Told, selector: str, labels: Mapping[str, str]) -> str:
    """The name of the metric, if it is taken on the users' side of the service whose series the claim counts; or ''. `labels`
    are the alert's: of several targets they say which one it is about."""
    name, _, inner = selector.partition("{")
    wanted = parsed(inner.removesuffix("}"))
    if name == UP:
        mine = (dict(zip(TARGET, target.name, strict=True)) for target in told.counters.targets)
        about = any(
            all(one.takes(target[one.label]) for one in wanted if one.label in TARGET)
            and all(labels.get(label, value) == value for label, value in target.items())
            for target in mine
        )
        return name if about else ""
    if any(name.startswith(family) and not told.claim.metric.startswith(family) for family in FAMILIES):
        return name if not name.startswith(ASIDE) and _about(told, wanted, labels) else ""
    against = told.evidence.against
    in_front = against in {one.value for one in wanted if one.operator == "="} and goes_through(told, told.labels)
    return selector if in_front else ""


def _about(told: Told, wanted: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether a prober or proxy tells of the way to the service that the load goes to, or that the claim counts: none of its labels
    names anybody else. Who is named by a host that is no part of the stack is not known: the claim can name the alert (`seen_by`)."""
    parts = Parts.of(told.evidence.journal)
    mine = {told.evidence.against.partition(":")[0]}
    mine |= {name for name in parts.services if counts_for(told.counters, told.labels, name)}
    named = [labels.get(label, "") for label in WHOSE]
    named += [one.value for one in wanted if one.label in WHOSE and one.operator == "="]
    return all(parts.part(name) in mine for name in named if name)
