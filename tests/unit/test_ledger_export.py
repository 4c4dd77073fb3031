"""`drill export`: the ledger as CSV, and as Parquet."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.export import COLUMNS, command, write_csv, write_parquet
from harness.errors import CannotRun, UsageError
from harness.ledger import rows_of
from harness.ledger.layout import OK
from harness.ledger.writing import Writer


def test_each_row_is_a_line_and_what_did_not_happen_is_empty() -> None:
    rows = rows_of(
        [
            {"at_s": 1.0, "late_ms": 2, "took_ms": 20, "endpoint": "GET /x", "version": "v1", "size": 5},
            {"at_s": 2.0, "outcome": "dropped"},
            {"at_s": 3.0, "took_ms": None, "aside": True},
        ]
    )
    file = io.StringIO()
    write_csv(rows, file)

    lines = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [line["state"] for line in lines] == ["done", "done", "sent"]
    first = lines[0]
    assert (first["intended_s"], first["sent_s"], first["done_s"]) == ("1.000000", "1.002000", "1.022000")
    assert (first["latency_ms"], first["service_ms"]) == ("22.000", "20.000")
    assert (first["endpoint"], first["outcome"], first["version"], first["size"]) == ("GET /x", "ok", "v1", "5")
    assert (lines[1]["endpoint"], lines[1]["sent_s"], lines[1]["outcome"]) == ("", "", "dropped")
    assert (lines[2]["done_s"], lines[2]["aside"]) == ("", "1")


def test_a_run_is_exported_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "ledger", "ab12cd34", 0, 0)
    row = writer.due(1000, 1)
    writer.done(row, row, 10, writer.number("endpoint", "GET /x"), 200, 0, OK, 0, 0)

    printed = CliRunner().invoke(command, [str(tmp_path)])
    assert printed.output.count("\n") == 2
    assert "GET /x" in printed.output
    CliRunner().invoke(command, [str(tmp_path), "-o", str(tmp_path / "rows.csv")])
    assert (tmp_path / "rows.csv").read_text() == printed.output


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, form: str) -> None:
    Writer(tmp_path / "ledger", "ab12cd34", 0, 0).close()
    words = [str(tmp_path), "--format", form, "-o", str(tmp_path / "none" / "x")]
    with pytest.raises(UsageError, match=r"none/x cannot be written: .*No such file or directory"):
        CliRunner().invoke(command, words, catch_exceptions=False, standalone_mode=False)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_name_of_any_characters_is_written(tmp_path: Path, form: str) -> None:
    from pyarrow import parquet

    writer = Writer(tmp_path / "ledger", "ab12cd34", 0, 0)
    row = writer.due(1000, 1)
    writer.done(row, row, 10, writer.number("endpoint", "GET /ü\udcff"), 200, 0, OK, 0, 0)
    file = tmp_path / "x"
    CliRunner().invoke(command, [str(tmp_path), "--format", form, "-o", str(file)], catch_exceptions=False)
    if form == "csv":
        (line,) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    else:
        (line,) = parquet.read_table(file).to_pylist()
    assert line["endpoint"] == "GET /ü\\udcff"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    Writer(tmp_path / "ledger", "ab12cd34", 0, 0).close()
    line = f"set -o pipefail; {sys.executable} -m harness export {tmp_path} | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run"):
        CliRunner().invoke(command, [str(tmp_path)], catch_exceptions=False, standalone_mode=False)


ENTRIES = (
    {"at_s": 1.0, "late_ms": 2, "took_ms": 20, "endpoint": "GET /x", "version": "v1", "size": 5},
    {"at_s": 2.0, "outcome": "dropped"},
    {"at_s": 3.0, "took_ms": None, "aside": True},
)


def test_parquet_holds_the_same_columns_typed_and_null_where_nothing_happened(tmp_path: Path) -> None:
    from pyarrow import parquet

    write_parquet(rows_of(ENTRIES), tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert tuple(table.column_names) == COLUMNS
    first, dropped, open_ = table.to_pylist()
    assert (first["intended_s"], first["latency_ms"], first["endpoint"], first["status"]) == (1.0, 22.0, "GET /x", 200)
    assert (dropped["sent_s"], dropped["outcome"], dropped["status"], dropped["endpoint"]) == (
        None,
        "dropped",
        None,
        "",
    )
    assert (open_["done_s"], open_["aside"], open_["state"]) == (None, True, "sent")


def test_parquet_says_the_same_as_csv_row_by_row(tmp_path: Path) -> None:
    from pyarrow import parquet

    file = io.StringIO()
    write_csv(rows_of(ENTRIES), file)
    write_parquet(rows_of(ENTRIES), tmp_path / "rows.parquet")
    for written, row in zip(
        csv.DictReader(io.StringIO(file.getvalue())),
        parquet.read_table(tmp_path / "rows.parquet").to_pylist(),
        strict=True,
    ):
        for column, value in row.items():
            shown = "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
            text = written[column]
            assert float(text) == pytest.approx(value, abs=1e-6) if isinstance(value, float) else text == shown


def test_a_ledger_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    from pyarrow import parquet

    write_parquet(rows_of(()), tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").num_rows == 0


def test_without_pyarrow_parquet_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CannotRun, match=r"cure: pip install 'drill-harness\[parquet\]'"):
        write_parquet(rows_of(ENTRIES), tmp_path / "rows.parquet")
    assert not (tmp_path / "rows.parquet").exists()


def test_parquet_wants_a_file(tmp_path: Path) -> None:
    Writer(tmp_path / "ledger", "ab12cd34", 0, 0).close()
    with pytest.raises(UsageError, match="-o"):
        CliRunner().invoke(
            command, [str(tmp_path), "--format", "parquet"], catch_exceptions=False, standalone_mode=False
        )
