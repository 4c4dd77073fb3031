"""What is seen of a bad release: its deployment, who pulled the lever, which container ran what, and the mend at the end."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.simulator import chance as chances
from calibration.simulator.looks import Seen, watch
from calibration.simulator.pager import Delivery
from calibration.simulator.replicas import Replica, Rollback, release_of
from calibration.simulator.scenario import Scenario
from calibration.simulator.world import BAD, GOOD, World
from harness import facts as f


def rollback_of(world: World, scenario: Scenario, sent: Sequence[Delivery], alert: str) -> Rollback | None:
    """When the bad release is taken back, if it is: upon the first page about the alert, or by another hand."""
    hurt, release = release_of(scenario), world.release
    if hurt is None or release.takes_back == "nobody":
        return None
    if release.takes_back == "system":
        return Rollback(hurt.on_s + 6.0, hurt.on_s + 6.0 + release.takes_s)
    stretch = next(one for one in scenario.stretches if hurt in one.hurts)
    page = page_of(scenario, sent, alert)
    if page is None or page.at_s + release.hesitates_s > stretch.ends_s:
        return None
    return Rollback(page.at_s + release.hesitates_s, page.at_s + release.hesitates_s + release.takes_s)


def page_of(scenario: Scenario, sent: Sequence[Delivery], alert: str) -> Delivery | None:
    """The first page about the alert that the bad release can have brought about."""
    hurt = release_of(scenario)
    came = (one for one in sent if one.held.rule.name == alert and one.status == "firing")
    return next((one for one in came if hurt is not None and one.held.from_s > hurt.begun_s), None)


def releases(
    seen: Seen,
    world: World,
    scenario: Scenario,
    replicas: Sequence[Replica],
    back: Rollback | None,
    lever: str,
    seed: int,
) -> None:
    hurt = release_of(scenario)
    if hurt is None:
        return
    chance = chances.stream(seed, "releases")
    looks = watch(chance, 0.5, scenario, 5.0)
    last: dict[str, str] = {}
    bad_s: float | None = None
    for at_s in looks:
        now = {replica.name: _runs(replica, at_s) for replica in replicas}
        if world.release.keeps and hurt.on_s <= at_s < hurt.off_begun_s + 3.0:
            now = {name: "other" if release == "good" else release for name, release in now.items()}
        for name, release in now.items():
            if last.get(name) != release:
                last[name] = release
                image = {"bad": "api:v2", "good": "api:v1", "other": "api:v1"}.get(release, "")
                seen.add(
                    f.ReleaseSeen(
                        seen_s=at_s + 0.001,
                        happened_s=at_s,
                        service="api",
                        container=name,
                        release=release,
                        image=image,
                        stayed=(f"variable {world.release.keeps}",) if release == "other" else (),
                    )
                )
        ours = hurt.begun_s <= at_s <= hurt.on_s or at_s >= hurt.off_begun_s
        if "bad" in now.values():
            bad_s = at_s
        elif bad_s is not None and not ours and set(now.values()) == {"good"}:
            seen.add(
                f.Deployed(
                    seen_s=at_s + 0.002,
                    happened_s=at_s,
                    service="api",
                    image="api:v1",
                    by="rollback",
                    replicas=len(replicas),
                    begun_s=bad_s,
                )
            )
            bad_s = None
        seen.add(f.Looked(seen_s=at_s + 0.003, probe="releases", target="api"))
    seen.add(_deployed(hurt.on_s, hurt.begun_s, "api:v2", "harness", len(replicas)))
    if bad_s is not None:
        seen.add(_deployed(hurt.off_begun_s + 3.0, hurt.off_begun_s, "api:v1", "mend", len(replicas)))
    if back is not None and world.release.takes_back == "runbook":
        _pulled(seen, world, back, lever)


def _runs(replica: Replica, at_s: float) -> str:
    process = replica.at(at_s)
    if process is None:
        return "gone"
    return "bad" if process.version == BAD else "good" if process.version == GOOD else "other"


def _deployed(at_s: float, begun_s: float, image: str, by: str, replicas: int) -> f.Deployed:
    return f.Deployed(
        seen_s=at_s, happened_s=at_s, service="api", image=image, by=by, replicas=replicas, begun_s=begun_s
    )


def _pulled(seen: Seen, world: World, back: Rollback, lever: str) -> None:
    code = world.release.exit_code
    seen.add(f.LeverPulled(seen_s=back.pulled_s, lever=lever, by="runbook", command="rollback", trigger="page"))
    seen.add(
        f.LeverEnded(
            seen_s=back.ended_s + 0.02,
            lever=lever,
            begun_s=back.ended_s,
            exit_code=code,
            output="done\n" if code == 0 else "the registry does not answer\n",
        )
    )
