"""tools/prepare on machines that lack something: one apt line, exit code 4, nothing made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PREPARE = Path(__file__).parents[2] / "tools" / "prepare"


class Machine:
    """A checkout with the script in it, and a path with nothing but what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "bin"
        for made in (self.path, folder / "tools"):
            made.mkdir()
        shutil.copy(PREPARE, folder / "tools" / "prepare")
        for name in ("sh", "dirname", "cat", "rm", "mkdir"):
            (self.path / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")

    def has(self, name: str, *, version: tuple[int, int], venv: bool) -> None:
        """A fake Python that answers the script's questions about its version and its venv module."""
        program = self.path / name
        program.write_text(
            "#!/bin/sh\n"
            f'case "$*" in --version) echo Python {version[0]}.{version[1]};;\n'
            f"*ensurepip*) exit {0 if venv and version >= (3, 11) else 1};;\n"
            f"*version_info*) exit {0 if version >= (3, 11) else 1};;\n"
            '*) echo fake python ran: "$@" >&2; exit 9;; esac\n'
        )
        program.chmod(0o755)

    def prepare(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.folder / "tools" / "prepare")],
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_any_python_one_apt_line_names_it(machine: Machine) -> None:
    done = machine.prepare()
    assert done.returncode == 4
    assert "cure:    apt-get install -y make python3 python3-venv\n" in done.stderr
    assert not (machine.folder / ".venv").exists()


def test_without_the_venv_module_one_apt_line_names_it(machine: Machine) -> None:
    machine.has("python3", version=(3, 11), venv=False)
    done = machine.prepare()
    assert done.returncode == 4
    assert done.stderr.count("apt-get") == 1
    assert "apt-get install -y make python3-venv\n" in done.stderr


def test_a_python_that_is_too_old_is_named_with_a_newer_one_to_install(machine: Machine) -> None:
    machine.has("python3", version=(3, 10), venv=True)
    done = machine.prepare()
    assert done.returncode == 4
    assert "Python 3.10 is too old" in done.stderr
    assert "python3.11 python3.11-venv" in done.stderr


def test_a_newer_python_beside_an_old_default_is_taken(machine: Machine) -> None:
    machine.has("python3", version=(3, 10), venv=True)
    machine.has("python3.12", version=(3, 12), venv=True)
    done = machine.prepare()
    assert "fake python ran: -m venv --clear .venv" in done.stderr


def test_a_failure_in_the_middle_ends_it(machine: Machine) -> None:
    machine.has("python3", version=(3, 13), venv=True)
    assert machine.prepare().returncode == 9


def test_a_venv_that_is_a_link_to_another_checkouts_is_left_as_it_is(machine: Machine) -> None:
    """`venv --clear` follows a link: it emptied the other one."""
    machine.has("python3", version=(3, 13), venv=True)
    others = machine.folder / "others" / ".venv"
    others.mkdir(parents=True)
    (others / ".place").write_text(str(others.parent))
    (machine.folder / ".venv").symlink_to(others)
    done = machine.prepare()
    assert "fake python ran: -m venv --clear .venv" in done.stderr
    assert not (machine.folder / ".venv").is_symlink()
    assert (others / ".place").exists()
