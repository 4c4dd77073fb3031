"""When a started project is ready, and whom to name when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import CannotRun
from harness.stack import blame
from harness.stack.compose import is_pool_taken, is_port_taken
from harness.stack.free_ports import FreePorts
from harness.stack.lastwords import in_order, last_words
from harness.stack.ready import State, culprits, not_ready, state_of
from harness.world.docker_cli import Answer, run


def state(service: str = "a", status: str = "running", **rest: object) -> State:
    return State(service, service, status, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one",
    [state(), state(health="healthy"), state(status="exited"), state(status="exited", policy="on-failure")],
)
def test_healthy_running_or_ended_with_0_is_ready(one: State) -> None:
    assert not_ready([one], ["a"]) == ()


@pytest.mark.parametrize(
    "one",
    [
        state(health="starting"),
        state(health="unhealthy"),
        state(status="created"),
        state(status="restarting", restarts=4, policy="always"),
        state(status="exited", exit_code=1),
        state(status="exited", policy="always"),
    ],
)
def test_anything_else_is_waited_for_in_words(one: State) -> None:
    assert not_ready([one], ["a"])[0].startswith("a is ")


def test_a_service_without_a_container_is_waited_for() -> None:
    assert not_ready([], ["a"]) == ("a is not created yet",)


def test_only_what_docker_will_not_start_again_has_ended_badly() -> None:
    assert state(status="exited", exit_code=1).ended_badly
    assert not state(status="exited", exit_code=1, policy="on-failure").ended_badly
    assert not state(status="exited").ended_badly


def test_the_one_that_ended_with_an_error_is_named_before_those_that_wait_for_it() -> None:
    dead, waiting = state("seed", "exited", exit_code=3), state("api", "created")
    sick = state("db", health="unhealthy")
    assert culprits([waiting, sick, dead]) == (dead,)
    assert culprits([waiting, sick]) == (sick,)


def test_collisions_are_told_from_other_errors() -> None:
    taken = "Error response from daemon: driver failed: Bind for 127.0.0.1:20001 failed: port is already allocated"
    newer = "driver failed: failed to bind host port for 127.0.0.1:20000:172.18.0.3:80/tcp: address already in use"
    static = "failed to set up container networking: Address already in use"
    pool = "failed to create network x: Error response from daemon: Pool overlaps with other one on this address space"
    assert is_port_taken(Answer(1, "", taken))
    assert is_port_taken(Answer(1, "", newer))
    assert not is_port_taken(Answer(1, "", static))
    assert is_pool_taken(Answer(1, "", pool))
    assert not is_port_taken(Answer(1, "", pool))


def test_a_command_is_killed_with_its_children_at_its_deadline() -> None:
    answer = run(["sh", "-c", "sleep 60 & sleep 60"], within_s=0.2)
    assert answer.code == 124


def test_free_ports_come_in_an_order_that_the_seed_gives_and_skip_what_is_taken() -> None:
    import socket

    (first,) = FreePorts(7).take()
    with socket.create_server(("127.0.0.1", first)):
        assert FreePorts(7).take() != (first,)
    assert FreePorts(8).take() != (first,)


def test_replicas_get_ports_that_follow_one_another_and_none_is_given_out_twice() -> None:
    free = FreePorts(1)
    given = [free.take(10) for _ in range(6)] + [free.take()]
    assert all(run == tuple(range(run[0], run[0] + 10)) for run in given[:-1])
    assert len({port for run in given for port in run}) == 61


def test_without_ports_that_follow_one_another_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FreePorts, "_is_free", lambda _, port: port % 2 == 0)
    assert FreePorts(1).take()[0] % 2 == 0
    with pytest.raises(CannotRun, match="no 3 ports that follow one another are free"):
        FreePorts(1).take(3)


def test_who_is_at_fault_is_read_where_its_log_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its container is gone by then, and the user's own project has no such lines."""
    monkeypatch.setattr(blame, "docker", lambda *_: Answer(0, "2026-11-30T09:00:00.1Z no such file\n", ""))
    dead = state("web", "exited", exit_code=1)
    logs = tmp_path / "logs"
    assert "cure" not in str(blame.blamed("it ended", [dead], logs))
    logs.mkdir()
    said = str(blame.blamed("it ended", [dead], logs))
    assert "web is exited, exit code 1; its last lines:\n    no such file" in said
    assert f"cure: cat {logs}/*-web-*.log" in said


SICK = {
    "Id": "db",
    "Config": {"Labels": {"com.docker.compose.service": "db"}},
    "State": {
        "Status": "running",
        "Health": {
            "Status": "unhealthy",
            "Log": [
                {"ExitCode": 0, "Output": "ok"},
                {"ExitCode": 1, "Output": "ERROR 1130 (HY000):\nHost not allowed\n"},
            ],
        },
    },
}


def test_what_the_health_check_itself_printed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blame, "docker", lambda *_: Answer(0, "", ""))
    said = str(blame.blamed("not ready within 90 s", [state_of(SICK)], tmp_path / "logs"))
    told = "db is running, its healthcheck says unhealthy; the last check ended with 1: ERROR 1130 (HY000): / Host not allowed"
    assert told in said


def test_a_health_check_that_printed_nothing_says_so_and_one_that_is_well_nothing() -> None:
    def checked(status: str, code: int) -> str:
        return state_of({"State": {"Health": {"Status": status, "Log": [{"ExitCode": code, "Output": ""}]}}}).checked

    assert checked("unhealthy", 1) == "ended with 1 and printed nothing"
    assert checked("healthy", 0) == checked("starting", 0) == ""


def test_lines_that_say_the_same_are_one_and_the_first_error_is_told_before_them() -> None:
    aborted = [f"09:04:{i % 60:02} {i} [Warning] Aborted connection {i} to db: 'unconnected'" for i in range(400)]
    calm = [f"step {letter}" for letter in "abcdefghijklmnop"]
    words = last_words(["starting", "ERROR 1064 (42000) at line 3: in your SQL syntax", *calm, *aborted])
    first, last = words.split("its last lines:\n")
    assert first.strip() == "its first error:\n    ERROR 1064 (42000) at line 3: in your SQL syntax"
    assert last.splitlines()[-1] == f"    {aborted[-1]}   (400 lines like it)"
    assert last.splitlines()[-2] == "    step p"


def test_an_error_among_the_last_lines_is_told_once_and_no_lines_tell_nothing() -> None:
    assert last_words(["ERROR: no such table", "bye"]) == "its last lines:\n    ERROR: no such table\n    bye"
    assert last_words([]) == ""


CADDY = '{"level":"LEVEL","logger":"http.log.access.log0","msg":"handled request","request":{"method":"GET","uri":"/HERE"},"status":STATUS}'


def caddy(here: str, status: int = 200) -> str:
    level = "error" if status >= 500 else "info"
    return CADDY.replace("LEVEL", level).replace("HERE", here).replace("STATUS", str(status))


@pytest.mark.parametrize(
    "access",
    [
        [caddy(letter) for letter in "abcdefghijklmnopqrstuvwxyz"],
        [f'10.0.0.2 - - [30/Nov/2026] "GET /{letter} HTTP/1.1" 200 12' for letter in "abcdefghijklmnopqrstuvwxyz"],
        [f'127.0.0.1 -  30/Nov/2026 "GET /{letter}" 200' for letter in "abcdefghijklmnopqrstuvwxyz"],
    ],
)
def test_requests_that_were_well_answered_do_not_hide_why_it_did_not_start(access: list[str]) -> None:
    words = last_words(["starting", "FATAL: no such role", *access, "GET / failed after 200 ms"])
    assert words.splitlines() == [
        "its last lines:",
        "    starting",
        "    FATAL: no such role",
        "    GET / failed after 200 ms",
        "  left out: 26 requests that it answered well",
    ]
    assert last_words(access) == "left out: 26 requests that it answered well"


def test_requests_that_were_refused_are_one_line_and_no_longer_than_a_person_reads() -> None:
    words = last_words([*(caddy(letter, 502) for letter in "abcdef"), caddy("g" * 2000, 404)])
    first, second = words.splitlines()[1:]
    assert first.endswith('"uri":"/f"},"status":502}   (6 lines like it)')
    assert second.endswith("gggg…")
    assert len(second) < 450


def test_the_last_error_is_told_too_where_other_lines_follow_it() -> None:
    calm = [f"step {letter}" for letter in "abcdefghijklmnop"]
    words = last_words(["ERROR: no such table", *calm, "ERROR: cannot bind", *calm])
    assert words.startswith(
        "its first error:\n    ERROR: no such table\n  its last error:\n    ERROR: cannot bind\n  its last lines:\n    step b\n"
    )


def test_both_streams_are_read_in_the_order_in_which_they_were_written() -> None:
    out, err = "2026-11-30T09:00:00.1Z a\n2026-11-30T09:00:00.3Z c\n", "2026-11-30T09:00:00.2Z b\n"
    assert in_order(f"{out}\n{err}") == ["a", "b", "c"]
