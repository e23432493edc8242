"""A table read from a market file: its cells, the place of each row in the file, and how the file was understood."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gridproof.kernels.arrays import Ints

LINE, ROW = ":", " row "


@dataclass(frozen=True, slots=True)
class Table:
    """The n rows of a market file, in the order of the file.

    ``file``: the file as the study names it. ``cells``: the columns, named uniquely. Cells of text files are text,
    stripped, '' where empty; cells of Parquet and Excel files have the types that are stored. ``rows``: (n,) int64, the
    line of each row in a text file, else the number of the row in the file or sheet, from 1. ``layout``: how the file
    was understood, in words. ``unit``: what stands between the file and the number of a row in ``place``.
    """

    file: str
    cells: pd.DataFrame
    rows: Ints
    layout: tuple[str, ...] = ()
    unit: str = LINE

    def place(self, position: int) -> str:
        """Returns the place of the row at a position: FILE:LINE, FILE row N, or FILE sheet NAME row N."""
        return f"{self.file}{self.unit}{int(self.rows[position])}"
