"""The release under test: for which service it is, and what it does not go together with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.candidate_option import with_candidates
from harness.drill.model import Drill
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved

Write = Callable[..., Path]
FAULT = "stop: {service: worker, after: 5s, for: 10s}"


def drill_with(checkout: Write, *faults: str) -> Drill:
    return parse(checkout(FAULT, "\n      - ".join(faults)) if faults else checkout())


def refused(drill: Drill, *texts: str) -> str:
    with pytest.raises(Invalid) as error:
        with_candidates(drill, texts)
    return str(error.value)


def test_an_image_alone_is_for_the_service_of_the_bad_release(checkout: Write) -> None:
    drill = drill_with(checkout, "bad_release: {service: worker, image: shop:bad}")
    assert with_candidates(drill, ["shop:2"]).stack.candidate == {"worker": "shop:2"}


def test_services_that_are_deployed_together_get_it_together(checkout: Write) -> None:
    drill = drill_with(checkout, "bad_release: {services: [api, worker], image: shop:bad}")
    assert with_candidates(drill, ["shop:2"]).stack.candidate == {"api": "shop:2", "worker": "shop:2"}


def test_without_a_bad_release_it_is_for_what_the_load_goes_to(checkout: Write) -> None:
    image = "registry.example:5000/team/shop@sha256:" + "0a" * 32
    assert with_candidates(drill_with(checkout), [image]).stack.candidate == {"api": image}


def test_with_several_bad_releases_the_service_is_asked_for(checkout: Write) -> None:
    drill = drill_with(
        checkout, "bad_release: {service: api, image: shop:bad}", "bad_release: {service: worker, image: shop:bad}"
    )
    assert refused(drill, "shop:2") == (
        "--candidate shop:2: which service? Write --candidate SERVICE=shop:2: the drill deploys bad releases of api and worker"
    )
    made = with_candidates(drill, ["api=shop:2", "worker=jobs:7"])
    assert made.stack.candidate == {"api": "shop:2", "worker": "jobs:7"}


@pytest.mark.parametrize("text", ["", "api=", "=shop:2", "api=a b", "Shop"])
def test_what_is_no_image_is_refused(checkout: Write, text: str) -> None:
    assert "write IMAGE or SERVICE=IMAGE" in refused(drill_with(checkout), text)


def test_one_service_has_one_candidate(checkout: Write) -> None:
    said = refused(drill_with(checkout), "api=shop:2", "shop:3")
    assert said == "--candidate shop:3: the service api has a candidate already, shop:2"


def test_the_bad_release_is_no_candidate(checkout: Write) -> None:
    drill = drill_with(checkout, "bad_release: {service: api, image: shop:bad}")
    said = refused(drill, "shop:bad")
    assert said.startswith(
        "--candidate shop:bad: shop:bad is also the bad release of api (orders-slow/bad_release-api)"
    )


def test_a_restore_of_ones_own_is_told_what_it_has_to_put_back(checkout: Write) -> None:
    drill = drill_with(checkout, "bad_release: {service: api, commands: {deploy: [sh, d], restore: [sh, r, v1]}}")
    (warning,) = (one for one in with_candidates(drill, ["shop:2"]).warnings if "DRILL_GOOD_IMAGE" in one.what)
    assert "is put back by `sh r v1`, which has to put back shop:2" in warning.what


def test_the_run_keeps_what_was_given_and_a_secret_by_its_name_alone(checkout: Write, tmp_path: Path) -> None:
    drill = with_candidates(parse(checkout(), sets=["load.seed=7"]), ["shop:2"])
    (tmp_path / "drill.yaml").write_text(drill.masked())
    again = load_resolved(tmp_path)
    assert again.given == drill.given == ("load.seed=7", "--candidate api=shop:2")
    assert again.stack.candidate == {"api": "shop:2"}
    with pytest.raises(Invalid) as error:
        parse(checkout(), sets=["load.password=hunter2"])
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("phaess.calm.for=1s", "--set phaess.calm.for=1s: phaess: unknown word (did you mean 'phases'?)"),
        ("load.against.x=1", "--set load.against.x=1: 'x' cannot be set: 'load.against' is one value"),
        ("abort.max_duraton=5m", "--set abort.max_duraton=5m: abort.max_duraton: unknown word"),
        ("load.arrivals.9.rate=20/s", "it has 2 items"),
        ("stack.observe.prometeus=x:1", "--set stack.observe.prometeus=x:1: stack.observe.prometeus: unknown word"),
    ],
)
def test_what_a_set_gets_wrong_names_the_option(checkout: Write, text: str, says: str) -> None:
    with pytest.raises(Invalid) as error:
        parse(checkout(), sets=[text])
    assert says in str(error.value)
