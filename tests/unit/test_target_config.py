"""`[tool.drill.targets.NAME]` read: what is right is whole, and everything that is wrong is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.problem import Invalid
from harness.drill.project import find_project
from harness.errors import UsageError
from harness.target.config import find_target
from harness.target.edges import edges_of
from harness.target.model import Target
from harness.target.place import Place

STAGING = """\
[tool.drill]
drills = "drills"

[tool.drill.targets.staging]
load = {url = "https://shop.staging.example/", token_env = "STAGING_TOKEN"}
ca_file = "staging-ca.pem"
timeout = "3s"
prometheus = "https://prometheus.staging.example"
max_rate = "50/s"
max_duration = "20m"
clear_to_start = [{promql = "up == 1", means = "all is up"}]

[tool.drill.targets.staging.toxiproxy]
main = {url = "https://toxiproxy.staging.example:8474", user = "drill", password_file = "secret"}

[tool.drill.targets.staging.edges]
"api->postgres" = {proxy = "orders-db", witness = "toxiproxy.staging.example:5432", speaks = "postgres"}
"""


def read(folder: Path, text: str = STAGING, name: str = "staging") -> Target:
    (folder / "pyproject.toml").write_text(text)
    target, root = find_target([find_project(folder, env={})], name)
    assert root == folder
    return target


def test_a_target_knows_where_everything_is(tmp_path: Path) -> None:
    target = read(tmp_path)
    assert target.load.url == "https://shop.staging.example"
    assert target.load.ca_file == str(tmp_path / "staging-ca.pem")
    assert target.load.timeout_s == 3
    assert target.toxiproxy["main"].password_file == str(tmp_path / "secret")
    assert target.prometheus is not None
    assert target.prometheus.ca_file == target.load.ca_file
    assert target.prometheus.token_env == ""  # the load's token goes to the load's place alone
    assert (target.max_rate_per_s, target.max_duration_s) == (50, 1200)
    assert target.clear_to_start[0].what == "all is up (up == 1)"
    (edge,) = edges_of(target)
    assert (edge.id, edge.address, edge.ports, edge.speaks) == (
        "api->postgres",
        "toxiproxy.staging.example",
        (5432,),
        "postgres",
    )


def test_what_all_places_trust_is_not_asked_of_one_whose_certificate_is_not_looked_at(tmp_path: Path) -> None:
    target = read(tmp_path, STAGING.replace("{url =", '{insecure_skip_verify = true, server_name = "shop", url =', 1))
    assert (target.load.ca_file, target.load.server_name, target.load.insecure_skip_verify) == ("", "shop", True)
    assert target.toxiproxy["main"].ca_file
    assert not target.toxiproxy["main"].insecure_skip_verify


@pytest.mark.parametrize("url", ["http://[::1]:80", "http://[::1]", "http://a.example/x", "https://a:65535/x:y"])
def test_a_url_may_have_any_host(url: str) -> None:
    assert Place(url=url).url == url


def test_one_toxiproxy_needs_no_name(tmp_path: Path) -> None:
    text = STAGING.replace("[tool.drill.targets.staging.toxiproxy]\nmain = {", "toxiproxy = {")
    target = read(tmp_path, text)
    assert list(target.toxiproxy) == ["toxiproxy"]
    assert target.api_of(target.edges["api->postgres"]) == "toxiproxy"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("max_rate =", "max_rte =", 9, "max_rte: unknown word (did you mean 'max_rate'?)"),
        ("token_env", "token", 5, "load.token: unknown word"),
        ('"https://prometheus.staging.example"', '"prometheus:9090"', 8, "prometheus.url: 'prometheus:9090' is no URL"),
        ("https://shop", "https://me:pass@shop", 5, "ends up in logs"),
        ('user = "drill", ', "", 14, "toxiproxy.main: a user and password_env"),
        ('"50/s"', "50", 9, "max_rate: a rate must name its unit"),
        (
            'token_env = "ST',
            'server_name = "https://a", token_env = "ST',
            5,
            "load.server_name: 'https://a' is no host's name",
        ),
        (
            'url = "https://shop',
            'insecure_skip_verify = true, url = "http://shop',
            5,
            "load: insecure_skip_verify is of TLS",
        ),
        (
            'user = "drill"',
            'ca_file = "a", insecure_skip_verify = true, user = "drill"',
            14,
            "stands beside no ca_file",
        ),
        ("{proxy =", '{api = "other", proxy =', 4, "edges: api->postgres: there is no toxiproxy 'other'"),
        ("example:5432", "example", 17, "is no address; write host:port"),
        ('prometheus.staging.example"', 'prometheus.staging.example:80800"', 8, "its port is none"),
        ("toxiproxy.staging.example:8474", "toxiproxy.staging.example:abc", 14, "its port is none"),
        ('"postgres"}', '"postgrse"}', 17, "speaks is one of"),
        ('"api->postgres"', '"postgres"', 16, "'postgres' is not an edge"),
        ('prometheus = "https://prometheus.staging.example"', "", 4, "has no prometheus"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in STAGING
    with pytest.raises(Invalid) as told:
        read(tmp_path, STAGING.replace(old, new, 1))
    (problem,) = told.value.found
    assert says in problem.what
    assert problem.line == line
    assert "pass" not in str(problem) or "me:pass@" not in problem.what


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as told:
        read(tmp_path, STAGING.replace("max_rate", "max_rte").replace("ca_file", "cafile"))
    assert [problem.line for problem in told.value.found] == [6, 9]


def test_a_target_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no target 'stagin' \(did you mean 'staging'\?\); there are staging"):
        read(tmp_path, name="stagin")
    with pytest.raises(UsageError, match=r"state it as \[tool.drill.targets.live\]"):
        read(tmp_path, "[tool.drill]\n", "live")


def test_targets_are_tables(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="targets must be tables"):
        read(tmp_path, "[tool.drill]\ntargets = 3\n")
    with pytest.raises(Invalid, match="must be a table"):
        read(tmp_path, "[tool.drill.targets]\nstaging = 3\n")


def test_one_proxy_is_one_edge(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the proxy orders-db stands for two edges"):
        read(tmp_path, STAGING + '"worker->postgres" = {proxy = "orders-db"}\n')
