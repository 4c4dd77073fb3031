"""A drill file becomes a Drill, or everything that is wrong in it at once, each at its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.drill.model import Drill
from harness.drill.parse import parse, parse_text
from harness.drill.problem import Invalid
from harness.errors import UsageError
from harness.stats import Condition

Write = Callable[..., Path]


def wrong(path: Path, **kwargs: object) -> str:
    with pytest.raises(Invalid) as caught:
        parse(path, **kwargs)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_drill_is_read_with_its_quantities_in_one_unit(checkout: Write) -> None:
    drill = parse(checkout())
    assert (drill.name, drill.owner, drill.tags) == ("checkout", "team-checkout", ("gameday",))
    assert drill.steady.for_s == 20
    assert drill.steady.all[1] == Condition("p95", "<", 300.0)
    assert drill.phases[0].for_s == 40
    assert drill.phases[0].faults[0].stated()["delay_ms"] == 400
    assert drill.abort.any[0].for_s == 15
    assert drill.abort.max_duration_s == 600
    assert str(drill.load.against) == "api:8080"
    assert [s.to_rate for s in drill.load.segments] == [40, 80]


def test_what_is_left_out_has_its_default(checkout: Write) -> None:
    drill = parse(checkout())
    assert drill.stack.ready_within_s == 90
    assert drill.load.timeout_s == 10
    assert drill.load.max_in_flight == 400
    assert drill.stack.keep == "never"


def test_paths_are_relative_to_the_drill_file(checkout: Write) -> None:
    path = checkout()
    drill = parse(path)
    assert drill.compose_files == ((path.parent / "compose.yaml").resolve(),)
    assert drill.locustfiles == ((path.parent / "users.py").resolve(),)


def test_every_fault_and_expectation_has_an_id_and_a_place(checkout: Write) -> None:
    path = checkout()
    drill = parse(path)
    lines = path.read_text().splitlines()
    assert [fault.id for _, fault in drill.faults()] == ["orders-slow/latency-api->postgres", "orders-slow/stop-worker"]
    assert [claim.id for _, _, claim in drill.claims()] == [
        "orders-slow/responds_within-POST /checkout",
        "orders-slow/recovers-steady",
        "calm/errors_below-all",
        "run/log_quiet-all",
    ]
    for id_, word in (("orders-slow/stop-worker", "stop:"), ("run/log_quiet-all", "log_quiet:")):
        file, _, line = drill.where(id_).rpartition(":")
        assert file.endswith("checkout.yaml")
        assert word in lines[int(line) - 1]
    assert drill.text("calm/errors_below-all") == "errors_below: {ratio: 2%}"
    assert drill.where("nothing/such") == ""


def test_ids_are_unique_and_may_be_given(checkout: Write) -> None:
    more = ("ratio: 2%", "ratio: 3%", "id: mine, ratio: 4%")
    twice = "".join(f"      - errors_below: {{{fields}}}\n" for fields in more)
    drill = parse(checkout("      - errors_below: {ratio: 2%}\n", twice))
    assert [claim.id for claim in drill.phases[1].expect] == [
        "calm/errors_below-all",
        "calm/errors_below-all#2",
        "mine",
    ]


def test_an_id_given_twice_is_refused(checkout: Write) -> None:
    twice = "      - errors_below: {id: mine, ratio: 2%}\n      - errors_below: {id: mine, ratio: 3%}\n"
    assert "the id 'mine' stands twice; first at" in wrong(checkout("      - errors_below: {ratio: 2%}\n", twice))


_RATES = "  arrivals:\n    - {for: 45s, rate: 40/s}\n    - {for: 3m, rate: 80/s}\n"
_FAULTS = (
    "    faults:\n      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n"
    "      - stop: {service: worker, after: 5s, for: 10s}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("drill: checkout", "drill: latest", "drill: 'latest' names the newest run of all drills (runs/latest); give"),
        ("title:", "titel:", "checkout.yaml:3:1: titel: unknown word (did you mean 'title'?)\n    titel: The orders"),
        ("against:", "agianst:", "load.agianst: unknown word (did you mean 'against'?)"),
        ("latency:", "timeout:", "unknown fault 'timeout' (it is called 'hang' here)"),
        ("latency:", "latncy:", "phases.orders-slow.faults.0: unknown fault 'latncy' (did you mean 'latency'?)"),
        (
            "recovers:",
            "recover:",
            "phases.orders-slow.then.0: unknown expectation 'recover' (did you mean 'recovers'?)",
        ),
        ("delay: 400ms", "dealy: 400ms", "latency.dealy: unknown word (did you mean 'delay'?)"),
        ("delay: 400ms", "delay_ms: 400ms", "latency.delay_ms: unknown word (did you mean 'delay'?)"),
        (
            "latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}",
            "down: {edge: api->postgres, share: 30%}",
            "down.share: it has no share: a listener is there for all or for none; see reset and hang",
        ),
        ("delay: 400ms", "delay: 400", "latency.delay: a duration must have a unit: 400 could be '400s' or '400ms'"),
        ("delay: 400ms", "delay: -100ms", "latency.delay: a duration is never below zero: '-100ms'"),
        (
            "within: 20s",
            "within: 1.5min",
            "recovers.within: a duration's units are us, ms, s, m, h, such as 400ms, 90s, 1m30s: '1.5min' has 'min'",
        ),
        ("ratio: 2%", "ratio: -2%", "errors_below.ratio: a share is never below zero: '-2%'"),
        ("rate: 40/s", "rate: -40/s", "load.arrivals.0.rate: a rate is never below zero: '-40/s'"),
        ("for: 40s", "for: 1:30", "phases.orders-slow.for: a duration must have a unit"),
        (
            "latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}",
            "down: api->postgres",
            "down: must be a mapping, word: value, not 'api->postgres'; known here: after, for, id, edge",
        ),
        (
            "recovers: {within: 20s}",
            "recovers: 20s",
            "recovers: must be a mapping, word: value, not '20s'; known here: id, within",
        ),
        ("ratio: 2%", "ratio: 0.02", "errors_below.ratio: a share must be written with a percent sign"),
        ("rate: 40/s", "rate: 40", "load.arrivals.0.rate: a rate must name its unit of time"),
        ("against: api:8080", "against: api", "write a service and its container port, such as api:8080"),
        ("against: api:8080", "against: api:99999", "write a service and its container port"),
        ("edge: api->postgres", "edge: postgres", "'postgres' is not an edge; write caller->dependency"),
        ("errors < 0.5%", "eror < 0.5%", "steady.all.0: 'eror' is not measured; a condition is about errors"),
        ("errors > 50% for 15s", "errors > 50% for 15", "abort.any.0: a duration must have a unit"),
        (
            "compose: [compose.yaml]",
            "compose: compose.yaml",
            "stack.compose: must be a list, [ … ], not 'compose.yaml'; write [compose.yaml]",
        ),
        (_RATES, "  arrivals: 8/s\n", "load.arrivals: must be a list, [ … ], not '8/s'; write [{for: 1m, rate: 8/s}]"),
        (_RATES, "  arrivals: some\n", "not 'some'; write [{for: 1m, rate: 40/s}]"),
        (_RATES, "  arrivals: {rate: 8/s}\n", "not a mapping; write [{for: 1m, rate: 40/s}]"),
        (
            _FAULTS,
            "    faults: down\n",
            "faults: must be a list, [ … ], not 'down', such as [latency: {edge: api->postgres",
        ),
        (
            "      - responds_within: {",
            "      responds_within: {",
            "not a mapping, such as [errors_below: {ratio: 2%}]",
        ),
        ("tags: [gameday]", "tags: gameday", "tags: must be a list, [ … ], not 'gameday'; write [gameday]"),
        ("compose: [compose.yaml]", "compose: []", "stack.compose: must not be empty"),
        ("owner: team-checkout", "owner: 7", "owner: must be text (in quotes), not 7"),
        ("owner: team-checkout", "owner:", "owner: is empty; write text, or leave the word out"),
        ("tags: [gameday]", "tags: [2026]", "tags.0: must be text (in quotes), not 2026"),
        ("stack:\n", "stack:\n  offline: yes\n", "stack.offline: must be true or false, not 'yes'"),
        ("stack:\n", "stack:\n  keep: on-fail\n", "not 'on-fail' (did you mean 'on-failure'?)"),
        (
            "stack:\n",
            "stack:\n  data: {db: copied}\n",
            "stack.data.db: must be 'copy', 'shared' or 'private', not 'copied'",
        ),
        ("stack:\n", "stack:\n  edges: [a->b, a -> b]\n", "the edge a->b stands twice"),
        ("load:\n", "load:\n  seed: 010\n", "load.seed: must be a whole number, not '010'"),
        ("load:\n", "load:\n  users: 5\n", "load: load has exactly one of `arrivals` (open) and `users` (closed)"),
        (
            "  max_duration: 10m\n",
            "  max_durations: 10m\n",
            "abort.max_durations: unknown word (did you mean 'max_duration'?)",
        ),
        ("name: calm", "name: orders-slow", "a second phase 'orders-slow'; the first is at line 20"),
        ("name: calm", "name: run", "'run' names the whole run in ids"),
        ("name: calm", "name: a/b", "'a/b' is no name"),
        ("drill: checkout", "drill: chekout", "the drill is called 'chekout' but its file 'checkout'"),
        ("[compose.yaml]", "[compos.yaml]", "compos.yaml is not there (paths are relative to the drill file"),
        ("[compose.yaml]", "[.]", ". is a folder, not a file"),
        ("locustfile: users.py", "locustfile: user.py", "user.py is not there"),
        ("after: 5s, for: 10s", "after: 40s", "begins 40s after its phase does, which is over by then (40s)"),
        ("after: 5s, for: 10s", "after: 35s, for: 10s", "ends 45s after its phase began, which lasts 40s"),
        ("max_duration: 10m", "max_duration: 1m", "max_duration is 1m, but gate and phases take at least 1m30s"),
        ("within: 2m", "within: 10s", "the gate needs 20s and may take only 10s"),
        ("  - log_quiet: {", "  - {", "'service' and 'matches' in one item; each expectation is an item of its own"),
        ('matches: "Traceback|panic:"', 'matches: "(("', "log_quiet.matches"),
        ("- recovers: {within: 20s}", "- recovers", "write one word with its fields"),
        ("- recovers: {within: 20s}", "- recovers:", "is empty; write its fields below it, or recovers: {} for none"),
        (
            "rate: 40/s}",
            "rate: 0/s}\n    - {for: 9m, rate: 0/s}",
            "no arrival is due in the first 2m: the gate could never",
        ),
        ("for: 40s", f"for: {'9' * 400}s", "a duration is at most 1000h"),
        ("rate: 40/s", f"rate: {'9' * 400}/s", "a rate is at most 1000000/s"),
        ("latency: {edge: api->postgres,", f"limit_data: {{bytes: {'9' * 400}GB,", "a size is at most 1000GB"),
        ("title: The", "title: ${TITLE}", "checkout.yaml:3:8: the variable TITLE is not set"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(checkout: Write, old: str, new: str, says: str) -> None:
    assert says in wrong(checkout(old, new), env={})


def test_the_place_is_shown_with_its_line_and_a_caret(checkout: Write) -> None:
    text = wrong(checkout("against: api:8080", "  against: api:8080").parent / "checkout.yaml")
    assert "not YAML" in text
    path = checkout("jitter: 100ms", "jiter: 100ms")
    problem = wrong(path)
    head, source, caret = problem.splitlines()
    assert head.endswith(
        "checkout.yaml:23:54: phases.orders-slow.faults.0.latency.jiter: unknown word (did you mean 'jitter'?)"
    )
    assert source[caret.index("^") :].startswith("jiter")


def test_fields_that_are_not_indented_below_their_word_are_understood(checkout: Write) -> None:
    path = checkout(
        "      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n",
        "      - latency:\n        edge: api->postgres\n        delay: 400ms\n",
    )
    assert "the fields of 'latency' stand beside it; indent them below it" in wrong(path)


def test_two_words_in_one_item_are_taken_apart_in_words(checkout: Write) -> None:
    path = checkout("- recovers: {within: 20s}", "- {recovers: {within: 20s}, errors_below: {ratio: 1%}}")
    assert "'recovers' and 'errors_below' in one item; each expectation is an item of its own" in wrong(path)


def test_all_errors_are_told_at_once_in_the_order_of_the_file(checkout: Write) -> None:
    text = checkout().read_text()
    for old, new in (
        ("title:", "titel:"),
        ("compose.yaml", "none.yaml"),
        ("40/s", "40"),
        ("400ms", "4"),
        ("10m", "10"),
    ):
        text = text.replace(old, new, 1)
    path = checkout(text=text)
    with pytest.raises(Invalid) as caught:
        parse(path)
    lines = [problem.line for problem in caught.value.found]
    assert len(lines) == 5
    assert lines == sorted(lines)


def test_shares_of_one_edge_at_the_same_time_are_warned_of(checkout: Write) -> None:
    both = (
        "      - latency: {edge: api->postgres, delay: 400ms, share: 50%}\n"
        "      - bandwidth: {edge: api->postgres, rate: 64KB/s, after: 10s}\n"
    )
    drill = parse(checkout("      - latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}\n", both))
    (warning,) = drill.warnings
    assert warning.severity == "warning"
    assert "latency and bandwidth are on api->postgres at the same time" in str(warning)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty; a drill begins with 'drill: NAME'"),
        ("# nothing\n", "the file is empty"),
        ("- a\n- b\n", "not a list"),
        ("hello", "not a single value"),
        ("a: 1\na: 2\n", "stands here twice"),
        ("\tdrill: x", "a tab"),
        ("services: {api: {}}\n", "x.yaml:1:1: this is a Compose file, not a drill"),
    ],
)
def test_a_file_that_is_no_mapping_is_said_to_be_so(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert says in wrong(tmp_path / "x.yaml")


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    assert "No such file" in wrong(tmp_path / "none.yaml")
    assert "folder" in wrong(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"drill: \xff\xfe")
    assert "x.yaml:1:8: not UTF-8" in wrong(tmp_path / "x.yaml")


def test_variables_are_put_in_before_types_are_told(checkout: Write) -> None:
    path = checkout("load:\n", "load:\n  seed: ${SEED:-7}\n  timeout: ${TIMEOUT}\n")
    drill = parse(path, env={"TIMEOUT": "3s"})
    assert (drill.load.seed, drill.load.timeout_s) == (7, 3)


def test_an_unset_variable_names_its_neighbour(checkout: Write) -> None:
    text = wrong(checkout("load:\n", "load:\n  timeout: ${TIMOUT}\n"), env={"TIMEOUT": "3s"})
    assert "checkout.yaml:10:12: the variable TIMOUT is not set" in text
    assert "(did you mean 'TIMEOUT'?)" in text


def test_set_overrides_a_field_by_number_or_by_name(checkout: Write) -> None:
    sets = [
        "load.seed=7",
        "load.arrivals.0.rate=5/s",
        "phases.calm.for=31s",
        "stack.keep=always",
        "schedule.cron='0 5 * * *'",
    ]
    drill = parse(checkout(), sets=sets)
    assert (drill.load.seed, drill.load.segments[0].to_rate, drill.phases[1].for_s) == (7, 5, 31)
    assert drill.stack.keep == "always"
    assert drill.schedule is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("load.sed=7", "--set load.sed=7: load.sed: unknown word (did you mean 'seed'?)"),
        ("load.seed=x", "--set load.seed=x: load.seed: must be a whole number, not 'x'"),
        ("load.seed", "write KEY=VALUE"),
        ("phases.clam.for=1s", "no item 'clam' in 'phases.clam.for' (did you mean 'calm'?)"),
        ("phases.9.for=1s", "it has 2 items"),
        ("load.seed=[1", "not YAML"),
    ],
)
def test_a_wrong_set_is_told_as_it_was_typed(checkout: Write, text: str, says: str) -> None:
    assert says in wrong(checkout(), sets=[text])


def outcome(make: Callable[[], Drill]) -> str:
    """The drill's name or what a UsageError says; anything else that is raised fails the test."""
    try:
        return make().name
    except UsageError as error:
        return str(error)


WORDS = st.sampled_from(
    [
        "drill",
        "stack",
        "load",
        "steady",
        "phases",
        "faults",
        "latency",
        "for",
        "edge",
        "&a",
        "*a",
        "<<",
        "!x",
        "${X",
        "- ",
        ": ",
    ]
)
YAMLISH = st.lists(
    st.one_of(WORDS, st.text(max_size=6), st.sampled_from(["\n", "  ", "[", "]", "{", "}", ": ", "- ", '"']))
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), YAMLISH.map("".join)))
def test_any_text_is_a_drill_or_a_usage_error(text: str) -> None:
    assert outcome(lambda: parse_text(text, file="nowhere/x.yaml", env={}))


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["10s", "5%", "a->b"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
PATHS = (
    *("drill", "title", "tags", "stack", "stack.compose", "stack.data", "stack.edges", "load", "load.against"),
    *("load.arrivals.0", "steady.all", "phases", "phases.0", "phases.0.faults", "phases.0.faults.0"),
    *(
        "phases.0.faults.0.latency",
        "phases.0.faults.0.latency.edge",
        "phases.0.then.0",
        "expect",
        "abort.any",
        "schedule",
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_anywhere_is_a_drill_or_a_usage_error(checkout: Write, path: str, value: object) -> None:
    assert outcome(lambda: parse(checkout(), sets=[f"{path}={json.dumps(value)}"], env={}))
