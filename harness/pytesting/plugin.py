"""What pytest loads in every session of a Python that has drill: options, a marker and a fixture, and nothing heavy.

Off unless `--drill-run` is given; what it then needs is imported then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.pytesting.run import DrillRun

SUFFIXES = (".yaml", ".yml")
TOGETHER = ("no", "loadfile", "loadscope")
"""Ways of pytest-xdist that give the items of one file to one process; in several, each would run the drill."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("drill", "drills: rehearsals of a Compose project")
    group.addoption(
        "--drill-run",
        action="store_true",
        help="Collect drill files (*.yaml), run each once, and report its expectations.",
    )
    group.addoption(
        "--drill-judge",
        action="store_true",
        help="With --drill-run: run nothing; judge the last run of each drill again.",
    )
    group.addoption(
        "--drill-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="Given to `drill run` as it is: --drill-option=--candidate=shop:2. May be repeated.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drill: an expectation of a drill (pytest --drill-run)")
    if not config.getoption("--drill-run"):
        if config.getoption("--drill-judge"):
            raise pytest.UsageError("--drill-judge says where the results come from; give --drill-run, too")
        return
    if config.getoption("dist", "no") not in TOGETHER:
        raise pytest.UsageError("--drill-run: a drill's expectations are of one run; give --dist loadfile")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in SUFFIXES or not parent.config.getoption("--drill-run"):
        return None
    from harness.pytesting.items import DrillFile, is_drill

    if not is_drill(file_path):
        return None
    made: pytest.Collector = DrillFile.from_parent(parent, path=file_path)
    return made


@pytest.fixture(scope="session")
def drill_run(request: pytest.FixtureRequest) -> Callable[..., DrillRun]:
    """Runs a drill by its name or file, once in a session, and returns its DrillRun; skips where --drill-run is not given."""
    if not request.config.getoption("--drill-run"):
        pytest.skip("drills are run with --drill-run only")
    from harness.pytesting.run import Runner

    return Runner.of(request.config).result
