"""Builds the package with its examples: `compose/`, `drills/` and `dashboards/` are carried along as `harness/carried`, from
where `drill init --example` copies them. Everything else stands in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("compose", "drills", "dashboards")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache")


class WithExamples(build_py):
    """The usual build, and the examples beside it; an editable install finds them in the checkout itself."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        place = Path(self.build_lib, "harness", "carried")
        shutil.rmtree(place, ignore_errors=True)
        for name in CARRIED:
            shutil.copytree(Path(__file__).parent / name, place / name, ignore=LEFT_OUT)


setup(cmdclass={"build_py": WithExamples})
