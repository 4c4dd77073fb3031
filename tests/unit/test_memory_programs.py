"""What a container runs tells whether garbage may explain its growth: a proxy has none, a store may be filling its buffers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.test_expectation_leak import MIB, evidence, memory

from harness import facts as f
from harness.expectations.leak import Leak
from harness.expectations.memory_programs import program_of
from harness.testing import journal_of
from harness.verdict import Finding, Outcome
from harness.world.container_facts import container_seen

GROWN = memory(240, start=100 * MIB, per_s=MIB / 4)  # by 60 MiB: less than its double


def seen(image: str = "shop-front", program: str = "") -> f.ContainerSeen:
    return f.ContainerSeen(
        service="api", container="api-1", status="running", image=image, program=program, seen_s=6.0, started_at="a"
    )


def check(*facts: f.Fact, **options: Any) -> Finding:
    given = evidence(GROWN)
    told = replace(given, journal=journal_of(*given.journal.facts, *facts))
    return Leak.model_validate({"service": "api", "horizon": "24h", **options}).check(told)


@pytest.mark.parametrize("program", ["nginx", "haproxy", "envoy"])
def test_a_proxy_collects_no_garbage_and_what_was_taken_is_said(program: str) -> None:
    found = check(seen(program=program))
    assert (found.outcome, found.reason) == (Outcome.FAILED, "leaks"), found.because
    assert found.because.endswith(f"(`collected: false` was taken, as {program} collects no garbage)")
    assert check(seen(program=program), collected=True).reason == "may_be_collected", "what the drill states goes first"


@pytest.mark.parametrize("program", ["mariadbd", "postgres", "redis-server"])
def test_a_store_may_be_filling_its_buffers(program: str) -> None:
    found = check(seen(program=program))
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "may_fill_buffers"), found.because
    assert f"{program}, which collects no garbage, may be filling its buffers: 10" in found.because
    assert check(seen(program=program), collected=False).reason == "leaks"


@pytest.mark.parametrize("program", ["", "java", "node", "beam.smp"])
def test_of_any_other_program_garbage_may_be_what_grew(program: str) -> None:
    assert check(seen(program=program)).reason == "may_be_collected"
    assert check().reason == "may_be_collected"


@pytest.mark.parametrize(
    ("image", "program", "known"),
    [
        ("mariadb:11", "", "mariadbd"),
        ("docker.io/library/nginx:1.27@sha256:0123", "", "nginx"),
        ("nginx", "python3", "python3"),
        ("corp.example:5000/nginx", "", ""),
        ("", "", ""),
    ],
)
def test_an_official_image_tells_what_no_command_does(image: str, program: str, known: str) -> None:
    assert program_of(journal_of(seen(image, program)), "api-1") == known


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["mariadbd", "--user=mysql"], "mariadbd"),
        (["docker-entrypoint.sh", "postgres", "-c", "fsync=off"], "postgres"),
        (["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"], "nginx"),
        (["/usr/bin/tini", "--", "/usr/local/bin/redis-server", "/etc/redis.conf"], "redis-server"),
        (["docker-entrypoint.sh", "--max-connections=9"], ""),
        (["/bin/sh", "-c", "exec nginx"], ""),
        (["/start.sh", "nginx"], ""),
        ([], ""),
    ],
)
def test_what_a_container_runs_is_seen_of_its_command(words: list[str], program: str) -> None:
    told = {"Path": words[0], "Args": words[1:]} if words else {}
    data = {"Name": "/api-1", "Image": "i", "Config": {"Image": "i"}, "State": {"Status": "running"}, **told}
    assert container_seen(data).program == program
