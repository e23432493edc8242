"""The lines of a ledger file: one JSON object each, with a checksum of it and of all lines before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError

FORMAT = 2

# Files of this format have no checksums.
_WITHOUT_CHECKSUMS = 1
_DIGITS = 16  # of SHA-256, in hex
_REMEDY = "Restore the file, or delete it and run its study again"


def ledger_line(record: dict[str, Any], before: str) -> tuple[str, str]:
    """Returns the line of a record, and its checksum. before: the checksum of the line above, empty for the first."""
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    checksum = _checksum(text.encode(), before)
    return f'{text[:-1]},"sum":"{checksum}"}}\n', checksum


def ledger_text(records: list[dict[str, Any]]) -> tuple[str, str]:
    """Returns the lines of a whole file, and the checksum of the last."""
    lines, checksum = [], ""
    for record in records:
        line, checksum = ledger_line(record, checksum)
        lines.append(line)
    return "".join(lines), checksum


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yields the number and the record of each whole line, the header first.

    A last line without its line end is left out: a process that was killed leaves it, or one is writing. Raises
    InputError where anything else is not as it was written. Files of the first format have no checksums; their lines
    must be JSON.
    """
    *lines, rest = path.read_bytes().split(b"\n")
    if rest and (rest[:1] not in b"{[" or b"\0" in rest):
        where = f"{path}:{len(lines) + 1}"
        raise InputError("a ledger file must consist of JSON lines", repr(rest[:20]), where, _REMEDY)
    checksum, checked, expected = "", True, 0
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise unreadable(path, number, error) from error
        if number == 1:
            checked = not (isinstance(record, dict) and record.get("ledger") == _WITHOUT_CHECKSUMS)
        if checked:
            checksum = _verified(line, checksum, f"{path}:{number}")
            expected = record.get("lines", 0) if number == 1 else expected
        yield number, record
    if len(lines) < expected:
        rule = "a ledger file must have the lines that its first line counts"
        raise InputError(rule, f"{len(lines)} of {expected}", str(path), _REMEDY)


def is_cut_off(path: Path) -> bool:
    """Whether the last line of a file lacks its end, or the file is empty."""
    return not path.read_bytes().endswith(b"\n")


def unreadable(path: Path, number: int, error: Exception) -> InputError:
    """The error of a line whose record is none of the ledger's."""
    value = f"{type(error).__name__}: {error}"
    return InputError("a ledger line must be a valid record", value, f"{path}:{number}", _REMEDY)


def _verified(line: bytes, before: str, where: str) -> str:
    """Returns the checksum of a line. Raises InputError where it is not the one that the line states."""
    text, mark, stated = line.rpartition(b',"sum":"')
    checksum = _checksum(text + b"}", before)
    if not mark or stated != f'{checksum}"}}'.encode():
        rule = "a ledger line must be as it was written"
        raise InputError(rule, "another checksum" if mark else "no checksum", where, _REMEDY)
    return checksum


def _checksum(text: bytes, before: str) -> str:
    return hashlib.sha256(before.encode() + text).hexdigest()[:_DIGITS]
