"""`drill init`: what it chooses, and that what it writes of projects of any shape is a valid drill that says what it cannot judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from harness.cli.validate import check
from harness.drill.project import find_project
from harness.edges import Edge, Known
from harness.errors import CannotRun, Missing, UsageError
from harness.facts import ReceiverSeen, RuleSeen
from harness.init import alerts, choose, doors, drillfile, making
from harness.init.draft import Draft
from harness.init.files import File, compose_files, drill_name, module_name, settings, variables, write
from harness.init.found import find
from harness.init.making import Made, make
from harness.init.seen import Baseline, Looked, Page, Spoken
from harness.init.wishes import Wishes
from harness.stack.project import Project
from harness.stack.unpaged import without

# --- choosing -----------------------------------------------------------------------------------------------------------

CONFIG = {
    "services": {
        "web": {"ports": [{"target": 8080}]},
        "api": {},
        "db": {"image": "postgres:16"},
        "cache": {"image": "redis"},
        "grafana": {"image": "grafana/grafana", "ports": [{"target": 3000}]},
    }
}
PAGE = (Page("/", 200, 0.01, "text/html"),)


def seen(*pairs: str) -> tuple[Edge, ...]:
    known = (Known("seen", "3 connections"),)
    return tuple(Edge(*pair.split("->"), known=known) for pair in pairs)


def test_load_goes_to_what_users_would_call() -> None:
    spoken = [Spoken("grafana", 3000, PAGE), Spoken("api", 80, PAGE), Spoken("web", 8080, PAGE), Spoken("db", 1, ())]
    found = doors.targets(CONFIG, spoken, seen("web->api", "api->db"))
    assert found[0].service == "web"


def test_a_proven_store_is_hurt_before_one_that_only_the_files_name() -> None:
    edges = (Edge("web", "cache", speaks="redis"), Edge("web", "db", speaks="postgres"), Edge("web", "api"))
    chosen = choose.hurt(CONFIG, "web", edges, seen("web->cache"))
    assert chosen.edge is not None
    assert chosen.edge.id == "web->cache"
    assert "had connections" in chosen.why
    both = choose.hurt(CONFIG, "web", edges, seen("web->cache", "web->db"))
    assert both.edge is not None
    assert both.edge.id == "web->db"


def test_a_dependency_further_away_will_do_and_one_that_nobody_reaches_from_there_will_not() -> None:
    chosen = choose.hurt(CONFIG, "web", (Edge("web", "api", refused="UDP"), Edge("api", "db"), Edge("x", "y")), ())
    assert chosen.edge is not None
    assert chosen.edge.id == "api->db"


def test_where_no_edge_can_be_mediated_the_service_itself_is_stopped() -> None:
    chosen = choose.hurt(CONFIG, "web", (Edge("web", "db", refused="network_mode: host"),), ())
    assert (chosen.edge, chosen.service) == (None, "db")
    assert choose.hurt(CONFIG, "web", (), ()).service == "web"


def written(hurt: choose.Hurt, only_seen: tuple[Edge, ...] = (), against: str = "web:8080") -> str:
    return drillfile.text(
        Draft(
            name="first",
            project="shop",
            compose=("compose.yaml",),
            locustfile="first.py",
            against=against,
            hurt=hurt,
            limits=choose.limits(Baseline(40, 0, 0.01, 0.02)),
            picked=alerts.pick((), frozenset()),
            only_seen=only_seen,
        )
    )


def test_a_protocol_that_nobody_knows_is_not_slowed_and_one_that_was_seen_is_declared() -> None:
    edge = (Edge("web", "api"),)
    unknown = choose.hurt(CONFIG, "web", edge, edge)
    drill = yaml.safe_load(written(unknown))
    assert [phase["name"] for phase in drill["phases"]] == ["dependency-gone"]
    assert "edges" not in drill["stack"]
    assert "slow" not in drill["title"] + drill["hypothesis"]
    answered = choose.hurt(CONFIG, "web", edge, edge, (Spoken("api", 9000),))
    drill = yaml.safe_load(written(answered))
    assert [phase["name"] for phase in drill["phases"]] == ["dependency-slow", "dependency-gone"]
    assert drill["stack"]["edges"] == [{"edge": "web->api", "speaks": "http"}]
    stated = (Edge("web", "db", speaks="postgres"),)
    assert "edges" not in yaml.safe_load(written(choose.hurt(CONFIG, "web", stated, stated)))["stack"]


def test_edges_that_no_file_tells_are_declared_each_once_and_those_that_cannot_be_one_are_not() -> None:
    stated = Edge("web", "db", known=(Known("inferred", "environment DB_HOST"), Known("seen", "2 connections")))
    apart = Edge("api", "db", known=(Known("seen", "1 connection"),), refused="network_mode: host")
    edges = (stated, apart, *seen("web->api", "api->cache"))
    only = choose.only_seen(edges)
    assert [edge.id for edge in only] == ["web->api", "api->cache"]

    def declared(hurt: choose.Hurt) -> object:
        return yaml.safe_load(written(hurt, only))["stack"]["edges"]

    assert declared(choose.Hurt(stated, "db")) == ["web->api", "api->cache"]
    assert declared(choose.Hurt(only[1], "cache")) == ["api->cache", "web->api"]
    assert declared(choose.Hurt(only[0], "api", speaks="http")) == [
        {"edge": "web->api", "speaks": "http"},
        "api->cache",
    ]


@pytest.mark.parametrize(
    ("measured", "rate", "condition"),
    [
        (Baseline(60, 0, 0.006, 0.018), 10, "errors < 2% p95 < 500ms"),
        (Baseline(60, 3, 0.05, 0.4), 5, "errors < 13% p95 < 2000ms"),
        (Baseline(20, 0, 0.6, 1.0), 1, "errors < 14% p50 < 3000ms"),
        (Baseline(), 4, "errors < 5% p95 < 2000ms"),
    ],
)
def test_limits_leave_room_above_what_was_measured_and_load_stays_small(
    measured: Baseline, rate: int, condition: str
) -> None:
    found = choose.limits(measured)
    assert found.rate_per_s == rate
    assert f"errors < {found.errors_percent}% {found.percentile} < {found.time_ms}ms" == condition


def rule(name: str, expr: str, for_s: float = 5.0) -> RuleSeen:
    return RuleSeen(rule=name, group="a;b", kind="alerting", expr=expr, for_s=for_s, interval_s=5.0)


@pytest.mark.parametrize(("errors", "ratio"), [(0, "5%"), (4, "22%")])
def test_slow_is_not_held_to_fewer_errors_than_the_service_makes_when_nothing_is_wrong(errors: int, ratio: str) -> None:
    """The gate leaves room for what was measured; a claim without that room would fail a service that the gate calls steady."""
    draft = Draft(
        name="first",
        project="shop",
        compose=("compose.yaml",),
        locustfile="first.py",
        against="web:8080",
        hurt=choose.Hurt(Edge("web", "db", speaks="postgres"), "db", "it had connections"),
        limits=choose.limits(Baseline(40, errors, 0.01, 0.02)),
        picked=alerts.pick((), frozenset()),
    )
    drill = yaml.safe_load(drillfile.text(draft))
    assert drill["phases"][0]["expect"][0] == {"errors_below": {"ratio": ratio}}
    gate = drill["steady"]["all"][0]
    assert float(gate.removeprefix("errors < ").rstrip("%")) <= float(ratio.rstrip("%"))


def test_rules_are_claimed_only_where_they_could_see_the_fault_in_time() -> None:
    rules = [
        rule("Slow", "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[30s]))) > 0.5"),
        rule("Errors", 'sum(rate(http_requests_total{status=~"5.."}[30s])) > 1'),
        rule("ErrorsLate", 'sum(rate(http_requests_total{status=~"5.."}[1h])) > 1'),
        rule("Down", 'up{job="api"} == 0'),
        rule("Disk", "disk_free_bytes < 10"),
        rule("Broken", "sum(("),
        rule("Always", "vector(1)"),
    ]
    picked = alerts.pick(rules)
    assert (picked.slow.alert, picked.slow.threshold_s) == ("Slow", 0.5) if picked.slow else False
    assert picked.gone is not None
    assert picked.gone.alert == "Errors"
    assert {one.partition(":")[0].split()[0] for one in picked.left} == {
        "ErrorsLate",
        "Down",
        "Disk",
        "Broken",
        "Always",
    }


def test_of_two_severities_under_one_name_the_one_that_fires_first_is_claimed() -> None:
    failed = 'sum(rate(http_requests_total{status=~"5.."}[30s])) > '
    slow = rule("Errors", failed + "9", for_s=600.0)
    picked = alerts.pick([slow, rule("Errors", failed + "1"), rule("Errors", "sum((")])
    assert picked.gone == alerts.Watch("Errors", 60)
    assert not [one for one in picked.left if "could not be read" in one]
    assert "takes too long" in alerts.pick([slow, slow]).left[0]


def test_an_alert_that_fires_in_calm_is_not_claimed() -> None:
    picked = alerts.pick([rule("Errors", 'rate(http_requests_total{status=~"5.."}[30s]) > 1')], firing=("Errors",))
    assert picked.gone is None
    assert "fired though nothing was wrong" in picked.left[0]


def test_a_page_is_waited_for_only_where_a_receiver_can_be_observed() -> None:
    watch = alerts.Watch("Errors", 30)
    there = ReceiverSeen(receiver="oncall", kind="webhook", observable=True, group_wait_s=30.0, group_interval_s=1.0)
    assert alerts.paged_within_s(watch, [there]) == 70
    assert alerts.paged_within_s(watch, []) is None


ERRORS = 'sum(rate(http_requests_total{status=~"5.."}[30s])) > 1'
ALERTMANAGER = """
route: {receiver: slack, routes: [{matchers: ['severity="page"'], receiver: oncall, group_wait: 5s}]}
receivers:
  - {name: slack, slack_configs: [{api_url: 'https://hooks.slack.com/x', channel: a}]}
  - {name: oncall, webhook_configs: [{url: 'http://pager:8080/alert'}]}
"""


@pytest.mark.parametrize(
    ("rest", "claimed", "said"),
    [
        ("labels: {severity: page}", {"page_sent": "1m20s", "alert_clears": "2m5s"}, ()),
        ("labels: {severity: ticket}", {"alert_clears": "2m5s"}, ("by its labels it goes to slack, which cannot be",)),
        ("labels: {severity: page}, keep_firing_for: 1m", {"page_sent": "1m20s", "alert_clears": "3m5s"}, ()),
        ("keep_firing_for: 15m", {}, ("by its labels it goes to slack", "keeps it firing for longer")),
    ],
)
def test_only_what_the_rule_s_labels_and_waits_let_be_seen_is_claimed(
    rest: str, claimed: dict[str, str], said: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  web: {image: w, ports: ['80'], environment: {H: 'redis://cache'}}\n"
        "  cache: {image: redis}\n"
        "  prometheus: {image: prom/prometheus, command: ['--config.file=/p/p.yml'], volumes: ['./p:/p']}\n"
        "  alertmanager: {image: prom/alertmanager, command: ['--config.file=/a.yml'], volumes: ['./a.yml:/a.yml']}\n"
    )
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "p.yml").write_text("global: {evaluation_interval: 5s}\nrule_files: [rules.yml]\n")
    (tmp_path / "p" / "rules.yml").write_text(
        f"groups: [{{name: g, interval: 10s, rules: [{{alert: Errors, expr: '{ERRORS}', {rest}}}]}}]\n"
    )
    (tmp_path / "a.yml").write_text(ALERTMANAGER)
    told = made(tmp_path, monkeypatch, survey=False)
    drill = yaml.safe_load((tmp_path / "drills" / told.written[0].rpartition("/")[2]).read_text())
    gone = drill["phases"][-1]
    claims = {word: body for one in (*gone["expect"], *gone["then"]) for word, body in one.items()}
    assert claims["alert_fires"] == {"alert": "Errors", "within": "1m5s"}
    assert {word: claims[word]["within"] for word in ("page_sent", "alert_clears") if word in claims} == claimed
    about = [one for one in told.cannot if "Errors" in one]
    assert len(about) == len(said)
    assert all(part in one for part, one in zip(said, about, strict=True))


# --- files --------------------------------------------------------------------------------------------------------------


def test_compose_files_are_found_as_compose_finds_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Compose file here"):
        compose_files(tmp_path, {})
    (tmp_path / "docker-compose.yml").write_text("")
    assert [one.name for one in compose_files(tmp_path, {})] == ["docker-compose.yml"]
    (tmp_path / "compose.yaml").write_text("")
    (tmp_path / "compose.override.yaml").write_text("")
    assert [one.name for one in compose_files(tmp_path, {})] == ["compose.yaml", "compose.override.yaml"]
    assert [one.name for one in compose_files(tmp_path, {"COMPOSE_FILE": f"a.yaml{os.pathsep}b.yaml"})] == [
        "a.yaml",
        "b.yaml",
    ]


@pytest.mark.parametrize("base", ["compose.yaml", "docker-compose.yml"])
def test_an_override_goes_with_any_base_the_first_in_composes_order(tmp_path: Path, base: str) -> None:
    (tmp_path / base).write_text("")
    for name in ("docker-compose.override.yaml", "compose.override.yaml", "compose.override.yml"):
        (tmp_path / name).write_text("")
        assert compose_files(tmp_path, {}) == (tmp_path / base, tmp_path / name)


def test_of_two_bases_compose_prefers_docker_compose_yml(tmp_path: Path) -> None:
    for name in ("docker-compose.yaml", "docker-compose.yml"):
        (tmp_path / name).write_text("")
    assert compose_files(tmp_path, {}) == (tmp_path / "docker-compose.yml",)


@pytest.mark.parametrize(
    ("dotenv", "environ", "found"),
    [
        ("COMPOSE_FILE=base.yml:sub/extra.yml\nCOMPOSE_PROJECT_NAME=emile\n", {}, ("base.yml", "sub/extra.yml")),
        ("COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE='a.yml,b.yml' # both\n", {}, ("a.yml", "b.yml")),
        ("X=prod\nexport COMPOSE_FILE=a.yml:${X}.yml\nOTHER=${NONE}\n", {}, ("a.yml", "prod.yml")),
        ("X=prod\nCOMPOSE_FILE=${X}.yml\n", {"X": "dev"}, ("dev.yml",)),
        ("COMPOSE_FILE=a.yml\n", {"COMPOSE_FILE": "b.yml"}, ("b.yml",)),
        ("# COMPOSE_FILE=a.yml\nCOMPOSE_FILE=\n", {}, ("compose.yaml",)),
        ("COMPOSE_FILE=a.yml\n", {"COMPOSE_ENV_FILES": "prod.env"}, ("prod.yml",)),
    ],
)
def test_the_files_that_an_env_file_names_are_those_of_the_project(
    tmp_path: Path, dotenv: str, environ: dict[str, str], found: tuple[str, ...]
) -> None:
    (tmp_path / "compose.yaml").write_text("")
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "prod.env").write_text("COMPOSE_FILE=prod.yml\n")
    assert compose_files(tmp_path, environ) == tuple(tmp_path / one for one in found)
    assert compose_files(tmp_path, {}, (tmp_path / "prod.env",)) == (tmp_path / "prod.yml",)


def test_variables_beside_a_project_whose_file_lies_elsewhere_are_not_lost(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    files = (tmp_path / "docker" / "base.yml", tmp_path / "extra.yml")
    assert variables(tmp_path, files) == ()
    (tmp_path / "docker" / ".env").write_text("A=1\n")
    assert variables(tmp_path, files) == (), "Compose finds it"
    (tmp_path / ".env").write_text("A=2\n")
    assert variables(tmp_path, files) == (tmp_path / "docker" / ".env", tmp_path / ".env"), "the last goes before"
    assert variables(tmp_path, files[1:]) == ()


def test_a_name_that_no_drill_can_bear_is_refused_and_a_project_s_is_made_to_fit() -> None:
    for bad in ("../x", "a b", "compose.x", ".hidden", "compose"):
        with pytest.raises(UsageError):
            drill_name(bad, "shop")
    assert drill_name("", "my shop!") == "my-shop"
    assert drill_name("", "compose") == "compose-drill"
    assert drill_name("", "latest") == "latest-drill"
    with pytest.raises(UsageError, match="'latest' names the newest run"):
        drill_name("latest", "shop")
    assert module_name("3-shops.x") == "drill_3_shops_x"


def test_all_files_are_written_or_none_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        write([File(tmp_path / "a", "1"), File(tmp_path / "b", "2")])
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").read_text() == "mine"
    write([File(tmp_path / "b", "2")], force=True)
    assert (tmp_path / "b").read_text() == "2"


def test_settings_are_written_only_where_the_drills_would_not_be_found(tmp_path: Path) -> None:
    assert settings(tmp_path, tmp_path / "drills") is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    made = settings(tmp_path, tmp_path / "rehearsals")
    assert made is not None
    assert made.text.startswith('[project]\nname = "x"\n\n')
    made.path.write_text(made.text)
    assert settings(tmp_path, tmp_path / "rehearsals") is None
    with pytest.raises(UsageError, match="names another folder"):
        settings(tmp_path, tmp_path / "elsewhere")


def test_a_project_is_looked_at_without_what_would_page_people(tmp_path: Path) -> None:
    config = {
        "services": {
            "web": {"depends_on": {"alerts": {}, "db": {}}, "links": ["alerts:a"]},
            "db": {},
            "alerts": {},
            "beside": {"network_mode": "service:alerts"},
        }
    }
    project = Project("p", (), tmp_path, config)
    assert without(project, ()) is project
    left = without(project, ("alerts",)).services
    assert list(left) == ["web", "db"]
    assert left["web"] == {"depends_on": {"db": {}}, "links": []}
    assert "alerts" in project.services


# --- projects of many shapes, read by Compose itself ------------------------------------------------------------------------

SHAPES = {
    "build only, no health check": ("services: {web: {build: ., ports: ['8080'], environment: {DB_HOST: db}}, db: {image: 'postgres:16'}}", ""),
    "static subnets and addresses": (
        "services: {web: {image: w, ports: ['80:80'], environment: {DB: 'postgres://u@db/x'}, networks: {n: {ipv4_address: 10.99.7.5}}},"
        " db: {image: postgres, networks: {n: {ipv4_address: 10.99.7.6}}}}\n"
        "networks: {n: {ipam: {config: [{subnet: 10.99.7.0/24}]}}}",
        "",
    ),
    "called by its address": (
        "services: {web: {image: w, ports: ['80:80'], environment: {DB: 'postgres://u@10.99.7.6/x'}, networks: [n]},"
        " db: {image: postgres, networks: {n: {ipv4_address: 10.99.7.6}}}}\n"
        "networks: {n: {ipam: {config: [{subnet: 10.99.7.0/24}]}}}",
        "by its IP",
    ),
    "enable_ipv6": (
        "services: {web: {image: w, expose: ['80'], environment: {C: 'redis://cache'}, networks: [n]}, cache: {image: redis, networks: [n]}}\n"
        "networks: {n: {enable_ipv6: true, ipam: {config: [{subnet: 'fd00:99::/64'}]}}}",
        "",
    ),
    "an external network": (
        "services: {web: {image: w, ports: ['80'], environment: {C: 'redis://cache'}, networks: [n, default]}, cache: {image: redis}}\n"
        "networks: {n: {external: true, name: of-somebody-else}}",
        "",
    ),
    "links": ("services: {web: {image: w, ports: ['80'], links: ['late:backend']}, late: {image: nginx}}", ""),
    "configs and secrets": (
        "services: {web: {image: w, ports: ['80'], configs: [{source: c, target: /etc/app.ini}], secrets: [s]}, db: {image: mariadb}}\n"
        "configs: {c: {content: 'url=mysql://u:p@db/x'}}\nsecrets: {s: {environment: HOME}}",
        "",
    ),
    "a volume": ("services: {web: {image: w, ports: ['80'], environment: {P: db}, depends_on: [db]}, db: {image: postgres, volumes: ['data:/d']}}\nvolumes: {data: {}}", ""),
    "the host's network": ("services: {web: {image: w, network_mode: host}, edge: {image: nginx, ports: ['80'], environment: {U: 'http://web:1'}}}", ""),
    "alone": ("services: {web: {image: nginx, ports: ['80']}}", ""),
    "dollar signs and odd names": ("name: a-b\nservices: {web_1.x: {image: nginx, ports: ['80'], environment: {A: 'x$$y', DB_HOST: d-b}}, d-b: {image: mysql}}", ""),
    "replicas": ("services: {web: {image: nginx, scale: 2, expose: ['80'], environment: {H: 'redis://cache'}}, cache: {image: redis}}", ""),
}  # fmt: skip


def made(folder: Path, monkeypatch: pytest.MonkeyPatch, **wishes: object) -> Made:
    def nobody(project: object) -> object:
        raise CannotRun(Missing("no Docker here"))

    monkeypatch.chdir(folder)
    monkeypatch.setattr("harness.stack.images.image_info", nobody)
    return make(Wishes(**wishes), folder, lambda line: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_of_a_project_of_this_shape_is_valid(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, untouchable = SHAPES[shape]
    (tmp_path / "compose.yaml").write_text(text)
    told = made(tmp_path, monkeypatch, name="first")
    problems, unchecked = check(tmp_path / "drills" / "first.yaml", (), {})
    assert [str(one) for one in problems if one.severity == "error"] == []
    assert not unchecked
    assert told.next == "drill run first"
    written = (tmp_path / "drills" / "first.yaml").read_text()
    assert all(one in written for one in told.cannot)
    assert any("it was not started (Docker is not there: no Docker here)" in one for one in told.cannot)
    assert not untouchable or any(untouchable in one for one in told.cannot)


def test_of_services_without_a_health_check_the_loaded_one_is_not_named_its_port_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(SHAPES["build only, no health check"][0])
    told = made(tmp_path, monkeypatch, name="first")
    assert [one.partition(":")[0] for one in told.cannot if one.startswith("when ")] == ["when db is ready"]


def test_one_whose_end_others_wait_for_is_not_ready_when_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "depends_on: {migrate: {condition: service_completed_successfully}}"
    (tmp_path / "compose.yaml").write_text(
        f"services: {{web: {{image: nginx, ports: ['80'], {waits}}}, migrate: {{image: m}}, worker: {{image: w}}}}"
    )
    told = made(tmp_path, monkeypatch, name="first")
    assert [one.partition(":")[0] for one in told.cannot if one.startswith("when ")] == ["when worker is ready"]


def test_profiles_extends_include_and_env_are_read_as_compose_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base.yaml").write_text("services: {base: {image: 'w:${TAG}', environment: {DB_HOST: '${DB}'}}}")
    (tmp_path / "more.yaml").write_text("services: {db: {image: postgres, profiles: [full]}}")
    (tmp_path / ".env").write_text("DB=db\nTAG=7\n")
    (tmp_path / "compose.yaml").write_text(
        "include: [more.yaml]\nservices: {web: {extends: {file: base.yaml, service: base}, ports: ['8080']}}"
    )
    made(tmp_path, monkeypatch, name="first", profiles=("full",))
    drill = yaml.safe_load((tmp_path / "drills" / "first.yaml").read_text())
    assert drill["stack"]["profiles"] == ["full"]
    assert drill["phases"][0]["faults"][0]["latency"]["edge"] == "web->db"
    assert [str(one) for one in check(tmp_path / "drills" / "first.yaml", (), {})[0] if one.severity == "error"] == []


def test_rules_that_could_see_the_faults_are_claimed_and_pages_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {web: {image: w, ports: ['80'], environment: {DB_HOST: db}}, db: {image: postgres},"
        " prometheus: {image: prom/prometheus, volumes: ['./p.yml:/etc/prometheus/prometheus.yml', './r.yml:/etc/prometheus/r.yml']},"
        " alertmanager: {image: prom/alertmanager, volumes: ['./a.yml:/etc/alertmanager/alertmanager.yml']}}"
    )
    (tmp_path / "p.yml").write_text("global: {evaluation_interval: 5s}\nrule_files: [r.yml]\n")
    (tmp_path / "r.yml").write_text(
        "groups: [{name: g, rules: [{alert: Errors, expr: 'rate(http_errors_total[30s]) > 0', for: 5s}]}]"
    )
    (tmp_path / "a.yml").write_text(
        "route: {receiver: r, group_wait: 1s}\nreceivers: [{name: r, webhook_configs: [{url: 'http://pager.example/x'}]}]"
    )
    made(tmp_path, monkeypatch, name="first")
    drill = yaml.safe_load((tmp_path / "drills" / "first.yaml").read_text())
    claims = [name for claim in drill["phases"][1]["expect"] for name in claim]
    assert claims == ["alert_fires", "page_sent"]
    assert [str(one) for one in check(tmp_path / "drills" / "first.yaml", (), {})[0] if one.severity == "error"] == []


def test_a_folder_below_another_project_gets_drills_of_its_own_that_are_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\ndrills = 'drills'\n")
    folder = tmp_path / "apps" / "shop"
    folder.mkdir(parents=True)
    (folder / "compose.yaml").write_text(SHAPES["alone"][0])
    told = made(folder, monkeypatch, name="first")
    assert told.written == ("drills/first.yaml", "drills/first.py", "pyproject.toml")
    assert find_project(folder).find("first") == folder / "drills" / "first.yaml"
    assert not (tmp_path / "drills").exists()


def test_a_drill_that_is_there_is_refused_before_anything_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(SHAPES["alone"][0])
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "first.py").write_text("mine")
    monkeypatch.setattr(making, "find", lambda *_: pytest.fail("it looked"))
    with pytest.raises(UsageError, match=r"first\.py: it is there already"):
        made(tmp_path, monkeypatch, name="first")


def test_monitoring_beside_the_stack_is_read_by_compose_and_claimed_of_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {web: {image: w, ports: ['80'], environment: {DB_HOST: db}, networks: [n]}, db: {image: postgres, networks: [n]}}\nnetworks: {n: {}}"
    )
    series = (
        ("http_requests_total", ("status", "path")),
        ("http_request_duration_seconds_bucket", ("le",)),
    )
    spoken = Spoken("web", 80, PAGE, metrics=series)
    looked = Looked(ran=True, http=(spoken,), baseline=Baseline(60, 0, 0.01, 0.02), ready_s=3.0)

    def found(*given: object) -> object:
        import dataclasses

        return dataclasses.replace(find(*given), looked=looked, target=spoken)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "find", found)
    told = made(tmp_path, monkeypatch, name="first", monitoring=True, survey=False)
    assert "monitoring/compose.monitoring.yaml" in told.written
    drill = yaml.safe_load((tmp_path / "drills" / "first.yaml").read_text())
    assert drill["stack"]["compose"] == ["../compose.yaml", "../monitoring/compose.monitoring.yaml"]
    claimed = [
        claim["alert_fires"]["alert"]
        for phase in drill["phases"]
        for claim in phase["expect"]
        if "alert_fires" in claim
    ]
    assert claimed == ["WebLatencyHigh", "WebErrorsHigh"]
    problems, _ = check(tmp_path / "drills" / "first.yaml", (), {})
    assert [str(one) for one in problems if one.severity == "error"] == []
