"""A table read from a market file: its cells, the place of each row in the file, and how the file was understood."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.header import texts_of

LINE, ROW = ":", " row "


@dataclass(frozen=True, slots=True)
class Table:
    """The n rows of a market file, in the order of the file.

    ``file``: the file as the study names it. ``cells``: the columns, named uniquely. Cells of text files are text,
    stripped, '' where empty; cells of Parquet and Excel files have the types that are stored. ``rows``: (n,) int64, the
    line of each row in a text file, else the number of the row in the file or sheet, from 1. ``layout``: how the file
    was understood, in words. ``headers``: the header rows, one name for each column. ``unit``: what stands between the
    file and the number of a row in ``place``.
    """

    file: str
    cells: pd.DataFrame
    rows: Ints
    layout: tuple[str, ...] = ()
    headers: tuple[tuple[str, ...], ...] = ()
    unit: str = LINE

    def place(self, position: int) -> str:
        """Returns the place of the row at a position: FILE:LINE, FILE row N, or FILE sheet NAME row N."""
        return f"{self.file}{self.unit}{int(self.rows[position])}"

    def column(self, name: str, where: str) -> str:
        """Returns the column of ``cells`` that a series names.

        A column has the names of all header rows, and those joined by " / ". Raises InputError if no column has that
        name, or several have it.
        """
        found = self.find(name)
        if len(found) == 1:
            return found[0]
        if found:
            remedy = f"Write {' or '.join(repr(column) for column in found[:6])}, or rename one"
            rule = f"{self.file} must have a column of that name once"
            raise InputError(rule, f"{name!r} {len(found)} times", where, remedy)
        columns = [str(column) for column in self.cells.columns]
        raise InputError(
            f"the file {self.file} must have the column that a series names",
            name,
            where,
            f"Its columns are {', '.join(columns[:40])}{nearest(name, columns)}",
        )

    def find(self, name: str) -> list[str]:
        """Returns the columns of ``cells`` that have a name, as ``column`` understands it."""
        columns = [str(column) for column in self.cells.columns]
        if name in columns:
            return [name]
        texts = texts_of(self.headers) or [[] for _ in columns]
        wanted = " ".join(name.split())
        return [
            column
            for column, names in zip(columns, texts, strict=True)
            if wanted in (*names, " / ".join(names)) or (not wanted and not names)
        ]

    def take(self, kept: Bools) -> Table:
        """Returns the table of the rows for which ``kept``, (n,) bool, is true."""
        if kept.all():
            return self
        positions = np.flatnonzero(kept)
        return replace(self, cells=self.cells.iloc[positions], rows=self.rows[positions])


def nearest(name: str, columns: list[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), [column.casefold() for column in columns], 1, 0.8)
    if not near or len(columns) < 4:
        return ""
    return f"; the nearest is {next(column for column in columns if column.casefold() == near[0])!r}"
