"""The outline of a sheet of cells: the lines before the header, the header rows, the rows of data, the notes below."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gridproof.kernels.errors import InputError

Cell: TypeAlias = object  # text, or a number or date of a workbook
Row: TypeAlias = Sequence[Cell]

DEPTH = 200  # rows at each end of a file within which header and notes are looked for

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"(?:19|20)\d\d"
# Whatever may be a date, by its shape; which date it is, the column's parser decides.
_DATE = re.compile(
    rf"{_YEAR}(?:0[1-9]|1[0-2])(?:[0-3]\d(?:\d{{4}}|\d{{6}}|[T ].*)?)?"  # 20050104, 200501, 20050104150000
    rf"|\d{{10}}|\d{{13}}|\d{{16}}|\d{{19}}"  # seconds to nanoseconds since 1970
    rf"|{_YEAR}[-/.]\d\d?(?:[-/.]\d\d?)?(?:[T ].*)?"
    rf"|\d\d?[-/.]\d\d?[-/.]\d{{2,4}}(?:[T ].*)?|\d\d?[-/]{_YEAR}"
    rf"|{_YEAR}[年第].*|{_YEAR}[-\s]?[QWMH]\d\d?|Q[1-4][-/\s]?{_YEAR}"
    rf"|(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s*\d\d?(?:,?\s+\d{{2,4}})?|{_MONTH}[-/,\s]+\d{{2,4}}"
    rf"|(?:[a-z]{{3,9}},?\s+)?\d\d?[-/\s]{_MONTH}(?:[-/,\s]+\d{{2,4}})?(?:[T ].*)?|\d{{2,4}}[-/\s]{_MONTH}[-/\s]\d\d?",
    re.IGNORECASE,
)
_WEAK_DATE = re.compile(rf"{_YEAR}(?:\.0)?|[2-5]\d{{4}}(?:\.0)?")  # a year, or the number of a day in Excel
_NUMBER = re.compile(r"[-+(]?\s*[$¥￥€£]?\s*\.?\d[\d,.\s]*(?:[eE][-+]?\d+)?\s*(?:[%KMBT万亿]|万亿)?\)?", re.IGNORECASE)
_NOTE = re.compile(
    r"[\s*#(（【\[<>/-]*(?:数据来源|资料来源|信息来源|来源|数据|资料|注|备注|附注|说明|声明|免责|提示|制表|制作|更新|导出|下载|版权|"
    r"单位|口径|频率|统计局|共\s*\d+\s*[条行]|\d+\s+rows?\b|(?:data )?(?:source|provided|supplied)|notes?\b|n\.b\.|"
    r"copyright|©|disclaimer|downloaded|exported|generated|created|updated|last update|retrieved|"
    r"powered by|all rights|terms of|for more|see |https?:|www\.|end of|eof\b|footnote|this (?:data|file|series))"
    r"|[*#※].*",
    re.IGNORECASE,
)


def is_empty(cell: Cell) -> bool:
    return cell is None or cell == ""


def filled(row: Row) -> list[Cell]:
    """Returns the cells of a row that are not empty."""
    return [cell for cell in row if not is_empty(cell)]


def is_date(cell: Cell, *, weak: bool = False) -> bool:
    """Whether a cell has the shape of a date. ``weak``: also a year, or the number of a day in Excel."""
    if isinstance(cell, datetime.date):
        return True
    if isinstance(cell, bool) or is_empty(cell):
        return False
    text = _plain(cell)
    return bool(_DATE.fullmatch(text) or (weak and _WEAK_DATE.fullmatch(text)))


def is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return bool(_NUMBER.fullmatch(_plain(cell)))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _plain(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip().lstrip("'")


@dataclass(frozen=True, slots=True)
class Outline:
    """``headers``: the header rows, none if the file has no header. ``first``, ``stop``: the rows of data.

    ``before``: rows above the data that are left out. ``notes``: rows below the data that are left out.
    ``dates``: the column whose cells look like dates, or None.
    """

    headers: tuple[Row, ...]
    first: int
    stop: int
    before: tuple[int, ...]
    notes: tuple[int, ...]
    dates: int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows at both ends of a sheet of cells.

    ``rows``: the first and the last DEPTH rows, by index; an empty row has no cells. ``count``: of all rows.
    ``width``: the cells of a row of data. ``place``: returns the place of a row, and ``where`` is the place in the
    study, both for errors.
    """

    rows: Mapping[int, Row]
    count: int
    width: int
    place: Callable[[int], str]
    where: str

    def outline(self) -> Outline:
        """Find the header, the data and the notes.

        The data begins with the first row that has a date in the column of dates. The header is the block of rows
        directly above. Below the data only empty rows and notes are left out: a source, a copyright, or text after an
        empty row. Raises InputError if dates run across the sheet, if there is no row of data, or if a row between the
        header and the data has numbers but no date.
        """
        column, weak = self._date_column()
        if column is None:
            body = [index for index in self._full() if len(filled(self.rows[index])) > 1] or self._full()
            data = body[1:]
        else:
            data = [index for index, row in self.rows.items() if self._is_data(row, column, weak)]
        if not data:
            got = f"only a header at {self.place(self._full()[0])}" if self._full() else "none"
            raise InputError("a market file must have rows of data", got, self.where, "Complete the file")
        first = data[0]
        if first >= DEPTH and self.count > 2 * DEPTH:
            rule, remedy = f"the data must begin within the first {DEPTH} rows", "Remove the text above the header"
            raise InputError(rule, f"no date before {self.place(first)}", self.where, remedy)
        headers = self._headers(first)
        notes = self._notes(data[-1])
        above = range(first)
        before = tuple(index for index in above if index not in headers and filled(self.rows[index]))
        self._check_above(before)
        stop = notes[0] if notes else self.count
        return Outline(tuple(self.rows[index] for index in headers), first, stop, before, notes, column)

    def _full(self) -> list[int]:
        return [index for index, row in self.rows.items() if len(row) == self.width and filled(row)]

    def _is_data(self, row: Row, column: int, weak: bool) -> bool:
        """Whether a row has a date in the column of dates; a title of one cell that is a date is no row of data."""
        whole = len(row) == self.width or len(filled(row)) > 1
        return whole and len(row) > column and is_date(row[column], weak=weak)

    def _date_column(self) -> tuple[int | None, bool]:
        """Returns the first column of dates, else that with most dates; and whether they are years or days' numbers."""
        full = self._full()
        for weak in (False, True):
            counts = [
                sum(is_date(self.rows[index][column], weak=weak) for index in full) for column in range(self.width)
            ]
            most = max(counts, default=0)
            across = max(full, key=lambda index: sum(map(is_date, self.rows[index])), default=None)
            if most == 1 and across is not None and sum(map(is_date, self.rows[across])) > 2 and len(full) > 1:
                raise InputError(
                    "each row of a market file is a date",
                    f"dates side by side at {self.place(across)}",
                    self.where,
                    "Transpose the table: a row for each date, a column for each series",
                )
            if most and most >= 0.3 * len(full):
                return counts.index(most), weak
        return None, False

    def _headers(self, first: int) -> tuple[int, ...]:
        """Returns the header rows, from above: those of the block over the first row of data that name columns."""
        bottom = first - 1
        while bottom >= 0 and not filled(self.rows[bottom]):
            bottom -= 1
        if bottom < 0:
            return ()
        top = bottom
        while top > 0 and filled(self.rows[top - 1]):
            top -= 1
        block = range(top, bottom + 1)
        named = [index for index in block if names_columns(self.rows[index])]
        if not named:
            raise InputError(
                "the row above the data must be the header",
                f"{' '.join(map(str, filled(self.rows[bottom])))[:40]!r} at {self.place(bottom)}",
                self.where,
                "Write a name for each column there, or remove the text above the data",
            )
        lowest = named[-1]
        width = len(self.rows[lowest])
        start = lowest
        while start - 1 in named and len(self.rows[start - 1]) == width:
            start -= 1
        headers = tuple(index for index in range(start, bottom + 1) if len(self.rows[index]) == width)
        for index in range(start + 1, bottom + 1):
            row = self.rows[index]
            below = [later for later in named if later > index and not any(map(is_number, self.rows[later]))]
            if any(map(is_number, row)) and not below:
                rule, remedy = "a row below the header must have a date", "Correct or remove that row"
                raise InputError(rule, f"none at {self.place(index)}", self.where, remedy)
        return headers

    def _check_above(self, before: Sequence[int]) -> None:
        """Raises InputError if several rows above the header have numbers in columns of the data: another table."""
        rows = [index for index in before if len(self.rows[index]) == self.width]
        tabular = [index for index in rows if any(map(is_number, self.rows[index][1:]))]
        if len(tabular) > 1:
            rule, remedy = "a market file holds one table", "Remove the rows of the other table"
            raise InputError(rule, f"another above the header, at {self.place(tabular[0])}", self.where, remedy)

    def _notes(self, last: int) -> tuple[int, ...]:
        """Returns the notes below the last row of data; ``last``: the last row known to have a date."""
        if last < self.count - DEPTH and self.count > 2 * DEPTH:
            return ()
        notes: list[int] = []
        gap = False
        for index in range(last + 1, self.count):
            row = self.rows[index]
            if not filled(row):
                gap = True
            elif is_note(row, self.width, after_gap=gap):
                notes.append(index)
            else:
                notes.clear()
        return tuple(notes)


def names_columns(row: Row) -> bool:
    """Whether a row names columns: several cells are filled, or one that is not the first."""
    cells = filled(row)
    return len(cells) > 1 or (len(cells) == 1 and is_empty(row[0]))


def is_note(row: Row, width: int, *, after_gap: bool) -> bool:
    """Whether a row is a note: it begins as notes do, or is one cell of text after an empty row; and has no numbers."""
    cells = filled(row)
    if is_empty(row[0]) or not isinstance(cells[0], str) or is_date(cells[0]) or is_number(cells[0]):
        return False
    if len(row) == width and any(map(is_number, cells[1:])):
        return False
    return bool(_NOTE.match(cells[0])) or (after_gap and len(cells) == 1 and not cells[0][0].isdigit())


def left_out(outline: Outline, text: Callable[[int], str]) -> list[str]:
    """Returns in words how a sheet was understood: its header, and what is left out. ``text``: of a row."""
    count = len(outline.headers)
    words = [] if count == 1 else [f"{count} header rows" if count else "no header: columns are numbered from 1"]
    for name, rows in (("above the header", outline.before), ("below the data", outline.notes)):
        if rows:
            words.append(f"{plural(len(rows), 'line')} {name} left out: {text(rows[0])[:30]}{'…' if rows[1:] else ''}")
    return words


def plural(count: int, name: str) -> str:
    return f"{count} {name}{'s' * (count != 1)}"
