"""What Alertmanager held, and what came to the mailbox."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from calibration.simulator import chance as chances
from calibration.simulator.looks import Seen, after, watch
from calibration.simulator.pager import Delivery, Held, muted, receiver_of
from calibration.simulator.scenario import WALL_UNIX_S, Scenario
from calibration.simulator.world import World
from harness import facts as f


def pages(
    seen: Seen, world: World, scenario: Scenario, held: Sequence[Held], sent: Sequence[Delivery], seed: int
) -> None:
    """Alertmanager's alerts and silences, its receivers, and what came to the mailbox."""
    chance, pager = chances.stream(seed, "pages"), world.pager
    for name in world.runbooks:
        sections = ("Meaning", "Impact", "Diagnosis", "Mitigation")
        seen.add(f.RunbookFound(seen_s=3.0, folder="runbooks", file=f"{name}.md", sections=sections))
    for receiver in dict.fromkeys([*pager.routes.values(), "tickets"]):
        seen.add(
            f.ReceiverSeen(
                seen_s=3.0,
                receiver=receiver,
                kind="webhook",
                url=f"http://pager.example.test/v1/{receiver}",
                observable=True,
                group_wait_s=pager.group_wait_s,
                group_interval_s=pager.group_interval_s,
            )
        )
    seen.add(*(f.Looked(seen_s=at_s, probe="pages") for at_s in watch(chance, 1.0, scenario)))
    looks = watch(chance, 1.0, scenario)
    seen.add(*(f.Looked(seen_s=at_s, probe="silences") for at_s in looks))
    for silence in pager.silences:
        matchers = tuple(f'{name}="{value}"' for name, value in silence.labels.items())
        seen.add(
            f.SilenceSeen(seen_s=looks[0] - 0.002, silence=silence.id, state="active", matchers=matchers, by="ops")
        )
    for alert in held:
        _routed(seen, world, alert, held, looks)
    for delivery in sent:
        _paged(seen, delivery, chance)


def _routed(seen: Seen, world: World, alert: Held, held: Sequence[Held], looks: Sequence[float]) -> None:
    last, at_s = None, after(looks, alert.come_s)
    place = looks.index(at_s) if at_s is not None else len(looks)
    for look_s in looks[place:]:
        gone = look_s >= alert.gone_s
        silences, inhibitors = muted(world.pager, alert, held, look_s)
        state = "gone" if gone else "suppressed" if silences or inhibitors else "active"
        if (state, silences, inhibitors) != last:
            last = (state, silences, inhibitors)
            seen.add(
                f.AlertRouted(
                    seen_s=look_s - 0.001,
                    alert=alert.rule.name,
                    state=state,
                    labels=dict(alert.labels),
                    fingerprint=alert.fingerprint,
                    receivers=(receiver_of(world.pager, alert.labels),),
                    silenced_by=silences,
                    inhibited_by=inhibitors,
                )
            )
        if gone:
            return


def _paged(seen: Seen, delivery: Delivery, chance: random.Random) -> None:
    alert, resolved = delivery.held, delivery.status == "resolved"
    told = {
        "alert": alert.rule.name,
        "service": alert.labels.get("service", ""),
        "of": f" because of {alert.labels['dependency']}" if alert.labels.get("dependency") else "",
        "value": f"{alert.value:.4g}",
        "limit": f"{alert.rule.expression.limit:g}",
    }
    seen.add(
        f.Paged(
            seen_s=delivery.at_s + chance.uniform(0.001, 0.05),
            happened_s=delivery.at_s,
            receiver=delivery.receiver,
            alert=alert.rule.name,
            status=delivery.status,
            labels=dict(alert.labels),
            annotations={name: filled(text, told) for name, text in alert.rule.annotations.items()},
            fingerprint=alert.fingerprint,
            group_key=delivery.group_key,
            start=datetime.fromtimestamp(WALL_UNIX_S + alert.from_s, UTC).isoformat(timespec="milliseconds"),
            starts_s=round(alert.from_s, 3),
            ends_s=round(alert.until_s, 3) if resolved else None,
            delivery=delivery.number,
            count=delivery.count,
            url=f"/v1/{delivery.receiver}",
            generator="http://prometheus:9090/graph",
        )
    )


def filled(text: str, told: Mapping[str, str]) -> str:
    """A template with its values; what a template cannot find, Prometheus writes into the annotation as an error."""
    try:
        return text.format_map(told)
    except KeyError as error:
        return f"<error expanding template: error executing template: undefined variable {error}>"
