"""The checkout's releases: each says who it is by a version of its own, and writes a receipt."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

APP = Path(__file__).parents[2] / "compose" / "checkout" / "app"
RELEASES = sorted(path.name for path in (APP / "releases").iterdir() if (path / "__init__.py").is_file())


def release(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setitem(sys.modules, "checkout", ModuleType("checkout"))
    segments = ModuleType("checkout.segments")
    monkeypatch.setitem(sys.modules, "checkout.segments", segments)
    monkeypatch.setattr(sys.modules["checkout"], "segments", segments, raising=False)
    spec = importlib.util.spec_from_file_location(f"release_{name}", APP / "releases" / name / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_two_call_themselves_by_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [release(name, monkeypatch).VERSION for name in RELEASES]
    assert len(RELEASES) >= 10
    assert sorted(set(versions)) == sorted(versions)


@pytest.mark.parametrize("name", RELEASES)
def test_each_writes_a_receipt_of_what_it_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = release(name, monkeypatch)
    assert list(inspect.signature(module.receipt).parameters) == ["provider", "charge", "items"]
    assert module.VERSION in (module.__doc__ or "")
