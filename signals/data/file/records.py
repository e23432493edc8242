"""The records of a delimited text: where each begins and ends, its line, and its number of fields."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Ints
from gridproof.kernels.errors import InputError

# Where two of them divide the lines equally well, the first is it: the later ones also stand within cells.
DELIMITERS = {"\t": "tab-separated", "|": "separated by |", ";": "semicolon-separated", ",": "comma-separated"}

_SAMPLE = 1 << 16  # bytes in which the delimiter is found
_NEWLINE, _QUOTE = 10, 34


@dataclass(frozen=True, slots=True)
class Records:
    """The n records of a text: its lines, except that a line break in quotes does not end a record.

    ``text``: UTF-8 bytes. ``starts``, ``stops``: (n,) int64, the bytes of each record, without its line break.
    ``lines``: (n,) int64, the number of the line on which it begins. ``fields``: (n,) int64, 0 for an empty line.
    """

    text: bytes
    delimiter: str
    starts: Ints
    stops: Ints
    lines: Ints
    fields: Ints

    def cells(self, record: int) -> list[str]:
        """Returns the cells of a record, stripped, without quotes."""
        line = self.text[self.starts[record] : self.stops[record]].decode()
        row = next(csv.reader(io.StringIO(line, newline=""), delimiter=self.delimiter, skipinitialspace=True), [])
        return [" ".join(cell.split()) for cell in row]


def find_delimiter(text: bytes) -> str | None:
    """Returns the delimiter that divides most lines of the text's start into the same number of fields.

    None if no delimiter divides at least half of them.
    """
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    if match := re.match(rb"sep=([,;|\t])\s*\n", text, re.IGNORECASE):
        return match[1].decode()
    best, most = None, 0.0
    for delimiter in DELIMITERS:
        mark = delimiter.encode()
        if mark in b"\t|;" and 0 < sample.count(mark) == sample.count(b"," + mark):
            continue  # the blank after a comma
        fields = _scan(sample, delimiter).fields
        fields = fields[fields > 0]
        counts = np.bincount(fields, minlength=3)[2:] if len(fields) else np.zeros(1)
        share = float(counts.max()) / max(1, len(fields))
        if share >= 0.5 and share > most:
            best, most = delimiter, share
    return best


def split_records(text: bytes, delimiter: str, file: str, where: str) -> Records:
    """Returns the records of a text. Raises InputError if a quotation mark stands inside a field or is not closed."""
    mark = re.escape(delimiter.encode())
    if b'="' in text:  # a text that spreadsheets must not take for a number
        text = re.sub(rb"(^|" + mark + rb'|\n)="([^"\n]*)"', rb'\1"\2"', text)
    if b'"' in text:
        text = re.sub(rb"(?<=" + mark + rb') +(?=")', b"", text)
        text = re.sub(rb'(?<=") +(?=' + mark + rb"|\n)", b"", text)
        _check_quotes(text, delimiter, file, where)
    return _scan(text, delimiter)


def _scan(text: bytes, delimiter: str) -> Records:
    buffer = np.frombuffer(text, np.uint8)
    quoted = b'"' in text
    marked: Bools = buffer == _NEWLINE
    marked |= buffer == ord(delimiter)
    if quoted:
        marked |= buffer == _QUOTE
    marks = np.flatnonzero(marked)  # line breaks, delimiters and quotation marks, in order
    kinds = buffer[marks]
    breaks = marks[kinds == _NEWLINE]
    if quoted:
        outside = (np.cumsum(kinds == _QUOTE) % 2 == 0) & (kinds != _QUOTE)
        marks, kinds = marks[outside], kinds[outside]
    ends = np.flatnonzero(kinds == _NEWLINE)
    fields = np.diff(ends, prepend=-1)
    starts = np.concatenate([[0], marks[ends] + 1])
    stops = np.concatenate([marks[ends], [len(text)]])
    fields = np.concatenate([fields, [len(marks) - (int(ends[-1]) + 1 if len(ends) else 0) + 1]])
    if starts[-1] == len(text):
        starts, stops, fields = starts[:-1], stops[:-1], fields[:-1]
    short = np.flatnonzero((fields == 1) & (stops - starts < _SAMPLE))
    blank = [not text[starts[record] : stops[record]].strip() for record in short.tolist()]
    fields[short[np.array(blank, dtype=np.bool_)]] = 0
    lines = np.arange(1, len(starts) + 1) if not quoted else np.searchsorted(breaks, starts) + 1
    return Records(text, delimiter, starts, stops, lines.astype(np.int64), fields)


def _check_quotes(text: bytes, delimiter: str, file: str, where: str) -> None:
    """A quotation mark opens a field at its start, closes it at its end, or stands twice within it."""
    buffer = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(buffer == _QUOTE)
    edges = np.array([_NEWLINE, ord(delimiter)], dtype=np.uint8)
    odd = len(quotes) % 2
    wrong = _first_wrong(buffer, quotes[: len(quotes) - odd], edges)
    if wrong is None and not odd:
        return
    position = int(quotes[-1]) if wrong is None else wrong
    rule = "a quotation mark must be closed" if wrong is None else "a quotation mark must enclose a whole field"
    remedy = "Close or remove it" if wrong is None else "Write it twice within a field in quotes, or remove it"
    line = text.count(b"\n", 0, position) + 1
    raise InputError(rule, f"{'one open' if wrong is None else 'one inside'} at {file}:{line}", where, remedy)


def _first_wrong(buffer: Array, quotes: Ints, edges: Array) -> int | None:
    opening, closing = quotes[0::2], quotes[1::2]
    doubled = np.zeros(len(opening), dtype=np.bool_)
    doubled[1:] = opening[1:] == closing[:-1] + 1
    before = np.isin(buffer[np.maximum(opening - 1, 0)], edges) | (opening == 0) | doubled
    after = np.isin(buffer[np.minimum(closing + 1, len(buffer) - 1)], edges) | (closing == len(buffer) - 1)
    after[:-1] |= doubled[1:]
    wrong = np.concatenate([opening[~before], closing[~after]])
    return int(wrong.min()) if len(wrong) else None
