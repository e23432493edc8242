"""Mutations of a market file as a table: rows, columns, cells, encodings, delimiters and forms of dates."""

from __future__ import annotations

import csv
import io
from datetime import date
from random import Random

CELLS = (
    "", " ", "nan", "NaN", "NULL", "--", "-", "N/A", "#N/A", "inf", "-inf", "0", "-1", "1e308", "1e-308",
    "1,234.5", "12.3%", "1.5万", "3亿", "2.5K", "abc", "５", "1.2.3", "1 234", "(5.0)", "−3", "0x10",
    "1_000", "9" * 400, "true", "=1+1", "12:00", "2020-02-30", "20200102", "2020/1/2", "02/01/2020",
    "2020-01-02 15:00", "2020-01-02T23:30Z", "1577923200", "1577923200000", "2020年1月2日", "2020-01",
    "Jan 02, 2020", '"', "a\nb",
)  # fmt: skip
_FORMS = ("%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%b %d, %Y", "%Y年%m月%d日",
          "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 23:00:00+00:00", "%y-%m-%d", "%Y.%m.%d")  # fmt: skip

Rows = list[list[str]]


def mutate_table(data: bytes, rng: Random) -> tuple[str, bytes]:
    """What was done, in words, and the file after it."""
    rows = [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if row]
    kind = rng.choice(("rows", "columns", "cells", "cells", "dates", "whole"))
    if kind == "whole":
        return _whole(data, rows, rng)
    what = {"rows": _rows, "columns": _columns, "cells": _cells, "dates": _dates}[kind](rows, rng)
    return what, _text(rows).encode()


def _text(rows: Rows, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(rows)
    return file.getvalue()


def _rows(rows: Rows, rng: Random) -> str:
    at, other = rng.randrange(1, len(rows)), rng.randrange(1, len(rows))
    what = rng.choice(("removed", "doubled", "moved to the end", "cut short", "lengthened", "emptied", "all reversed",
                       "all shuffled", "a range removed", "the header doubled", "a note before", "a note after",
                       "a total after", "all lengthened", "all data removed", "blank rows between"))  # fmt: skip
    width = len(rows[0])
    if what == "removed":
        del rows[at]
    elif what == "doubled":
        rows.insert(other, list(rows[at]))
    elif what == "moved to the end":
        rows.append(rows.pop(at))
    elif what == "cut short":
        rows[at] = rows[at][: rng.randrange(1, width)]
    elif what == "lengthened":
        rows[at] = [*rows[at], rng.choice(CELLS)]
    elif what == "emptied":
        rows[at] = [""] * width
    elif what == "all reversed":
        rows[1:] = rows[:0:-1]
    elif what == "all shuffled":
        rest = rows[1:]
        rng.shuffle(rest)
        rows[1:] = rest
    elif what == "a range removed":
        del rows[min(at, other) : max(at, other)]
    elif what == "the header doubled":
        rows.insert(at, list(rows[0]))
    elif what == "a note before":
        rows.insert(0, ["source: somebody"])
    elif what == "a note after":
        rows.append(["source: somebody, all rights reserved"])
    elif what == "a total after":
        rows.append(["total", *["1234.5"] * (width - 1)])
    elif what == "all lengthened":
        rows[1:] = [[*row, ""] for row in rows[1:]]
    elif what == "all data removed":
        del rows[1:]
    else:
        rows[1:] = [line for row in rows[1:] for line in (row, [""] * width)]
    return f"row {at + 1} {what}" if "all" not in what else f"rows {what}"


def _columns(rows: Rows, rng: Random) -> str:
    width = len(rows[0])
    at, other = rng.randrange(width), rng.randrange(width)
    what = rng.choice(("removed", "doubled", "doubled under another name", "swapped with its name", "names swapped",
                       "renamed", "in capitals", "spaces around its name", "an index in front", "emptied",
                       "shifted by a row"))  # fmt: skip
    if what == "swapped with its name":
        for row in rows:
            row[at], row[other] = row[other], row[at]
    elif what == "names swapped":
        rows[0][at], rows[0][other] = rows[0][other], rows[0][at]
    elif what == "renamed":
        rows[0][at] = rng.choice(("x", "", "Date", "收盘", "close ", "1"))
    elif what == "in capitals":
        rows[0][at] = rows[0][at].upper()
    elif what == "spaces around its name":
        rows[0][at] = f"  {rows[0][at]} "
    elif what == "shifted by a row":
        values = [row[at] for row in rows[1:]]
        for row, value in zip(rows[1:], values[-1:] + values[:-1], strict=True):
            row[at] = value
    else:
        for number, row in enumerate(rows):
            if what == "removed":
                del row[at]
            elif what == "doubled":
                row.append(row[at])
            elif what == "doubled under another name":
                row.append(row[at] if number else "other")
            elif what == "an index in front":
                row.insert(0, str(number - 1) if number else "")
            elif number:
                row[at] = ""
    return f"column {at + 1} {what}"


def _cells(rows: Rows, rng: Random) -> str:
    column, said = rng.randrange(len(rows[0])), []
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(1, len(rows))
        value = rng.choice(CELLS)
        if rng.random() < 0.3:
            value = _disguised(rows[at][column], rng)
        rows[at][column] = value
        said.append(f"row {at + 1} column {column + 1} becomes {value[:30]!r}")
    return ", ".join(said)


def _disguised(cell: str, rng: Random) -> str:
    return rng.choice((f"{cell}0", f"-{cell}", f" {cell} ", cell * 2, cell.replace(".", ","), cell[:-1]))


def _dates(rows: Rows, rng: Random) -> str:
    form, column = rng.choice(_FORMS), 0
    for row in rows[1:]:
        row[column] = date.fromisoformat(row[column]).strftime(form)
    return f"all dates as {form}"


def _whole(data: bytes, rows: Rows, rng: Random) -> tuple[str, bytes]:
    text = data.decode()
    commas = [rows[0], *([cell.replace(".", ",") for cell in row] for row in rows[1:])]
    chinese = [[*rows[0], "备注"], *([*row, "无"] for row in rows[1:])]
    forms = {
        "with a BOM": b"\xef\xbb\xbf" + data,
        "as UTF-16": text.encode("utf-16"),
        "as UTF-16 without BOM": text.encode("utf-16-le"),
        "as GB18030 with a Chinese column": _text(chinese).encode("gb18030"),
        "as Latin-1 with an accent": _text([[*rows[0], "é"], *([*row, "ü"] for row in rows[1:])]).encode("latin-1"),
        "with CRLF": text.replace("\n", "\r\n").encode(),
        "with CR": text.replace("\n", "\r").encode(),
        "with tabs": _text(rows, "\t").encode(),
        "with semicolons": _text(rows, ";").encode(),
        "with semicolons and decimal commas": _text(commas, ";").encode(),
        "with bars": _text(rows, "|").encode(),
        "all quoted": _text(rows, quoting=csv.QUOTE_ALL).encode(),
        "with spaces after commas": text.replace(",", ", ").encode(),
        "with a trailing comma on all rows": text.replace("\n", ",\n").encode(),
        "without a header": _text(rows[1:]).encode(),
        "without the last line end": data.rstrip(b"\n"),
        "with empty lines at the end": data + b"\n\n\n",
        "with two headers": _text([rows[0], ["unit"] * len(rows[0]), *rows[1:]]).encode(),
        "with a comment": b"# a comment\n" + data,
        "transposed": _text([list(column) for column in zip(*rows, strict=True)]).encode(),
    }  # fmt: skip
    what = rng.choice(list(forms))
    return what, forms[what]
