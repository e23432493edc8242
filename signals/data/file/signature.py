"""The format of a file by its first bytes, in words, where it is none of delimited text."""

from __future__ import annotations

import io
import zipfile

PARQUET, XLSX, XLS, ODS, ZIP, GZIP = (
    "a Parquet file",
    "an Excel workbook (.xlsx)",
    "an Excel workbook (.xls)",
    "an OpenDocument spreadsheet (.ods)",
    "a zip archive",
    "a gzip file",
)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", PARQUET),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", XLS),
    (b"\x1f\x8b", GZIP),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"%PDF", "a PDF document"),
    (b"ARROW1", "a Feather file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"ORC", "an ORC file"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself (git lfs pull fetches it)"),
)


def identify(data: bytes) -> str | None:
    """Returns what a file is, in words, or None where it may be delimited text."""
    for magic, words in _MAGIC:
        if data.startswith(magic):
            return words
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(data)
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<div")):
        return "a page of HTML"
    if start.startswith((b"<?xml", b"<!doctype", b"<error")):
        return "an XML document"
    if start.startswith(b"{") or (start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"[", b'"', b"]")):
        return "a JSON document"
    return None


def _of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "a damaged zip archive"
    if any(name.startswith("xl/") for name in names):
        return XLSX
    return ODS if "content.xml" in names else ZIP
