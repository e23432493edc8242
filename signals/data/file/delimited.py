"""Delimited text: bytes to a table of cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from gridproof.kernels.arrays import Bools, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.encoding import decode
from gridproof.signals.data.file.header import label_columns
from gridproof.signals.data.file.outline import DEPTH, Outline, Sheet, left_out, plural
from gridproof.signals.data.file.records import DELIMITERS, Records, find_delimiter, split_records
from gridproof.signals.data.file.table import LINE, Table

_BLOCK = 1 << 24  # bytes that Arrow parses at a time


def read_delimited(data: bytes, file: str, where: str) -> Table:
    """Read a delimited text. Raises InputError where a row would be lost, a column shifted, or a cell misread."""
    text, encoding = decode(data, file, where)
    if not text.strip():
        raise InputError("a market file must not be empty", f"only empty lines in {file}", where, "Fetch it again")
    delimiter = find_delimiter(text)
    if delimiter is None:
        first = text.lstrip().split(b"\n", 1)[0].decode()[:60]
        raise InputError(
            "the fields of a text file are separated by comma, semicolon, tab or |",
            f"{first!r} in {file}",
            where,
            "Write one of them between the fields of each row",
        )
    records = split_records(text, delimiter, file, where)
    if text[:4].lower() == b"sep=":
        records.fields[0] = 0  # Excel's line that names the delimiter
    counts = np.bincount(records.fields, minlength=3)
    counts[:2] = 0
    width = len(counts) - 1 - int(counts[::-1].argmax()) if counts.any() else 1
    outline = _outline(records, width, file, where)
    kept = _body(records, outline, width, file, where)
    cells, rows = _parse(records, kept, width), records.lines[kept]
    return _table(cells, rows, outline, [encoding, DELIMITERS[delimiter]], records, file, where)


def _outline(records: Records, width: int, file: str, where: str) -> Outline:
    count = len(records.starts)
    ends = {*range(min(count, DEPTH)), *range(max(0, count - DEPTH), count)}
    rows = {index: records.cells(index) if records.fields[index] else [] for index in sorted(ends)}
    return Sheet(rows, count, width, lambda index: f"{file}:{records.lines[index]}", where).outline()


def _body(records: Records, outline: Outline, width: int, file: str, where: str) -> Bools:
    """Returns which records are rows of data. Raises InputError if one has more or fewer fields than the others."""
    kept: Bools = records.fields > 0
    kept[: outline.first] = False
    kept[outline.stop :] = False
    for record in np.flatnonzero(kept & (records.fields != width)).tolist():
        if not any(records.cells(record)):
            kept[record] = False
            continue
        last = record == len(records.fields) - 1 and not records.text.endswith(b"\n")
        raise InputError(
            "each row of a text file must have the same number of fields",
            f"{records.fields[record]} at {file}:{records.lines[record]}, {width} in the others",
            where,
            "The file is cut there; fetch it again"
            if last
            else "Complete or remove that row, and put quotes around a cell that holds the delimiter",
        )
    return kept


def _parse(records: Records, kept: Bools, width: int) -> pa.Table:
    """Returns the cells of the records kept, as text, stripped."""
    chosen = np.flatnonzero(kept)
    low, high = records.starts[chosen[0]], records.stops[chosen[-1]]
    text = memoryview(records.text)[low:high]
    left_out = np.flatnonzero(~kept[chosen[0] : chosen[-1] + 1]) + chosen[0]
    if (records.stops[left_out] > records.starts[left_out]).any():
        text = memoryview(b"\n".join(records.text[records.starts[each] : records.stops[each]] for each in chosen))
    names = [str(column) for column in range(width)]
    table = csv.read_csv(
        pa.py_buffer(text),
        csv.ReadOptions(column_names=names, block_size=_BLOCK),
        csv.ParseOptions(delimiter=records.delimiter, newlines_in_values=b'"' in records.text),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[], check_utf8=False
        ),
    )
    assert table.num_rows == len(chosen), "Arrow and records count the same rows"
    blanks = (blank for blank in b" \t\v\f" if blank != ord(records.delimiter))
    padded = not records.text.isascii() or any(blank in records.text for blank in blanks)
    guarded = b"'" in records.text or b'"="' in records.text
    return pa.table([_stripped(column, padded, guarded) for column in table.columns], names)


def _stripped(column: pa.ChunkedArray, padded: bool, guarded: bool) -> pa.ChunkedArray:
    """Strip the cells, and take from them what guards a code from spreadsheets: '000300 and ="000300"."""
    if padded:
        column = pc.utf8_trim_whitespace(column)
    if guarded and pc.any(pc.starts_with(column, "'")).as_py():
        column = pc.replace_substring_regex(column, "^'", "")
    if guarded and pc.any(pc.starts_with(column, '="')).as_py():
        column = pc.replace_substring_regex(column, '^="(.*)"$', r"\1")
    return column


def _table(
    cells: pa.Table, rows: Ints, outline: Outline, layout: list[str], records: Records, file: str, where: str
) -> Table:
    width = cells.num_columns
    headers = [[str(cell) for cell in row] for row in outline.headers]
    named = len(headers[0]) if headers else width
    blank = [_is_blank(column) for column in cells.columns]
    for column in range(named, width):
        if not blank[column]:
            row = int(pc.index(pc.not_equal(cells.column(column), ""), True).as_py())
            raise InputError(
                "each field of a row must have a name in the header",
                f"{width} fields at {file}:{rows[row]}, {named} names in the header",
                where,
                "Add the missing name to the header, or remove what is superfluous in the rows",
            )
    for column in range(width, named):
        if any(row[column] for row in headers):
            raise InputError(
                "each name of the header must have a field in the rows",
                f"{named} names in the header, {width} fields at {file}:{rows[0]}",
                where,
                "Complete the rows, or remove the name",
            )
    headers = [[*row[:width], *[""] * (width - named)] for row in headers]
    used = [column for column in range(width) if any(row[column] for row in headers) or not blank[column]]
    labels = label_columns([tuple(row) for row in headers], width)
    frame = cells.to_pandas().iloc[:, used]
    frame.columns = pd.Index([labels[column] for column in used])
    empty = _empty_rows(frame)
    if empty.any():
        frame, rows = frame[~empty].reset_index(drop=True), rows[~empty]
    layout += left_out(outline, lambda index: ", ".join(filter(None, records.cells(index))))
    if len(used) < width:
        layout.append(f"{plural(width - len(used), 'empty column')} left out")
    if not records.text.endswith(b"\n"):
        layout.append("no line break after the last line")  # as in a file that was cut
    if empty.any():
        layout.append(f"{plural(int(empty.sum()), 'empty row')} left out")
    return Table(
        file, frame, rows, tuple(layout), tuple(tuple(row[column] for column in used) for row in headers), LINE
    )


def _is_blank(column: pa.ChunkedArray) -> bool:
    return not pc.any(pc.not_equal(column, "")).as_py()


def _empty_rows(frame: pd.DataFrame) -> Bools:
    """Returns which rows have no cell that is filled."""
    empty: Bools = (frame.iloc[:, 0] == "").to_numpy(dtype=np.bool_, copy=True)
    positions = np.flatnonzero(empty)
    empty[positions] = (frame.iloc[positions] == "").all(axis=1).to_numpy()
    return empty
