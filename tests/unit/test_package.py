"""What is installed: everything that the code reads beside itself is in the wheel."""

from __future__ import annotations

import tomllib
from glob import glob
from pathlib import Path

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "harness"


def test_every_file_beside_the_code_is_in_the_package() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = setuptools["package-data"]["harness"]
    packed = {HARNESS / name for pattern in patterns for name in glob(pattern, root_dir=HARNESS, recursive=True)}
    beside = {
        path
        for path in HARNESS.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts
    }
    assert beside, "there is a schema at the least"
    assert {str(path.relative_to(HARNESS)) for path in beside - packed} == set()


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in HARNESS.rglob("*.py")}
    assert {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()} == set()
