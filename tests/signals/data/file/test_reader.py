"""The format of a market file: by its name, and compared with its first bytes."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import FORMATS, read_table

CSV = b"date,close\n2020-03-02,3\n2020-03-03,4\n"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("a.csv", CSV)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a.Txt", "a.tsv", "a.csv.gz", "A.TXT.GZ"])
def test_text_of_any_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(CSV, mtime=0) if name.lower().endswith(".gz") else CSV)
    table = read_table(name, tmp_path, "here")
    assert table.cells["close"].tolist() == ["3", "4"]
    assert table.place(1) == f"{name}:3"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"PAR1....PAR1", "which is a Parquet file. Rename it to .parquet"),
        ("a.csv", gzip.compress(CSV, mtime=0), "which is a gzip file. Rename it to .csv.gz"),
        ("a.csv", archive(), "which is a zip archive. Unpack it and name the file inside"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook (.xls). Rename it to .xls"),
        ("a.csv", b"<!DOCTYPE html><html>404</html>", "which is a page of HTML. Fetch the data itself"),
        ("a.csv", b"\xef\xbb\xbf\n <?xml version='1.0'?>", "which is an XML document"),
        ("a.csv", b'{"error": "rate limit"}', "which is a JSON document"),
        ("a.csv", b'[{"date": "2020-03-02"}]', "which is a JSON document"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "which is a pointer of Git LFS"),
        ("a.csv", b"\x80\x04\x95abc", "which is a Python pickle"),
        ("a.csv", b"404: Not Found", "separated by comma, semicolon, tab or |; got '404: Not Found'"),
        ("a.csv", b"", "a market file must not be empty; got 0 bytes in a.csv"),
        ("a.xls", b"<html><table></table></html>", "which is a page of HTML"),
        ("a.parquet", CSV, "ends in .parquet is Parquet; got a.parquet, which is not. Rename it to .csv"),
        ("a.csv.gz", CSV, "is compressed by gzip; got a.csv.gz, which is not"),
        ("a.csv.gz", gzip.compress(archive(), mtime=0), "which is a zip archive"),
        ("a.csv.gz", gzip.compress(CSV * 50, mtime=0)[:-6], "must be readable"),
        ("a.json", b"{}", "a market file is one of .csv,"),
    ],
)
def test_another_format_is_named(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as error:
        read_table(name, tmp_path, "here")
    assert message in str(error.value)
    assert str(error.value).startswith("here: ")


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "index_daily.csv").write_bytes(CSV)
    with pytest.raises(InputError, match=r"Correct the name to index_daily.csv, or give the folder"):
        read_table("index_dayly.csv", tmp_path, "here")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="the file of a series must exist"):
        read_table("folder.csv", tmp_path, "here")


def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path) -> None:
    for name in ("a" * 300 + ".csv", "a\0b.csv"):
        with pytest.raises(InputError, match=r"^here: "):
            read_table(name, tmp_path, "here")


def test_only_a_workbook_has_sheets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    with pytest.raises(InputError, match="only a workbook has sheets"):
        read_table("a.csv", tmp_path, "here", "S")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    first = read_table("a.csv", tmp_path, "here")
    assert read_table("a.csv", tmp_path, "elsewhere") is first
    (tmp_path / "a.csv").write_bytes(CSV + b"2020-03-04,5\n")
    assert len(read_table("a.csv", tmp_path, "here").rows) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=120), st.sampled_from(FORMATS), st.integers(0, len(CSV)), st.booleans())
def test_any_bytes_are_a_table_or_one_line(tmp_path: Path, data: bytes, ending: str, cut: int, amid: bool) -> None:
    data = CSV[:cut] + data + CSV[cut:] if amid else data
    (tmp_path / f"a{ending}").write_bytes(gzip.compress(data, mtime=0) if ending.endswith(".gz") else data)
    try:
        table = read_table(f"a{ending}", tmp_path, "here")
    except InputError:
        return
    assert len(table.rows) == len(table.cells)
    assert len(set(table.cells.columns)) == table.cells.shape[1]
