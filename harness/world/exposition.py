"""The text that Prometheus and Alertmanager expose of themselves (/metrics): the few counters of alerts on their way. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.facts import DeliveryCounted

COUNTERS = {
    "prometheus": (
        "prometheus_notifications_alertmanagers_discovered",
        "prometheus_notifications_sent_total",
        "prometheus_notifications_errors_total",
        "prometheus_notifications_dropped_total",
    ),
    "alertmanager": (
        "alertmanager_alerts_received_total",
        "alertmanager_alerts_invalid_total",
        "alertmanager_notifications_total",
        "alertmanager_notifications_failed_total",
        "alertmanager_notifications_suppressed_total",
    ),
}
"""By server, what is read of it. The rest of its text is not looked at."""


def delivery_counters(server: str, text: str) -> tuple[DeliveryCounted, ...]:
    """What a server counts, each series a fact; () for a text without them."""
    return tuple(_counted(server, text))


def _counted(server: str, text: str) -> Iterator[DeliveryCounted]:
    from prometheus_client.parser import text_string_to_metric_families

    wanted = COUNTERS[server]
    lines = [line for line in text.splitlines() if re.split(r"[{ ]", line, maxsplit=1)[0] in wanted]
    try:
        families = list(text_string_to_metric_families("\n".join(lines) + "\n"))
    except ValueError:
        return
    for family in families:
        for sample in family.samples:
            labels = {name: re.sub(r"//[^/@]*@", "//", value) for name, value in sample.labels.items()}
            try:
                value = float(sample.value)
            except OverflowError:  # no counter counts so far
                continue
            yield DeliveryCounted(server=server, counter=sample.name, value=value, labels=labels)
