"""The page's template kept as Python made of it: the same page with and without, also where nothing can be kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from harness.report.html.compiled import BesideTheTemplate


def page(folder: Path, template: str) -> str:
    environment = Environment(
        loader=DictLoader({"page": template}), autoescape=True, bytecode_cache=BesideTheTemplate(folder)
    )
    return environment.get_template("page").render(word="<b>")


def test_what_is_kept_is_used_until_the_template_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "__pycache__"
    assert page(folder, "{{ word }}!") == "&lt;b&gt;!"
    (kept,) = folder.iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(Environment, "_generate", lambda *args, **kwargs: pytest.fail("compiled again"))
        assert page(folder, "{{ word }}!") == "&lt;b&gt;!"
    assert page(folder, "{{ word }}?") == "&lt;b&gt;?"
    assert list(folder.iterdir()) == [kept], "of one template one is kept"


@pytest.mark.parametrize("content", [b"", b"not what it should be", b"j2"])
def test_a_file_that_is_damaged_is_made_anew(tmp_path: Path, content: bytes) -> None:
    page(tmp_path, "{{ word }}")
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(content)
    assert page(tmp_path, "{{ word }}") == "&lt;b&gt;"
    assert kept.read_bytes() == whole


def test_where_nothing_can_be_written_the_page_is_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert page(tmp_path / "file", "{{ word }}") == "&lt;b&gt;"
