"""The export of a vendor as a tidy table: what was read of it, and what was done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.vendor.vocabulary import PRICES, UNITS

Adjustment: TypeAlias = Literal["none", "forward", "back"]
# The columns that tell rows apart.
DATE, STAMP, CODE = "date", "datetime", "code"


@dataclass
class VendorTable:
    """``frame``: n rows of ``date`` or ``datetime`` (datetime64), ``code`` (text, where known), numbers in float64 and
    texts. ``place``: of each row in its file. ``columns``: by the vendor's name what became of a column. ``dropped``:
    rows left out, by reason. ``adjustment``: as the file states it, None where it does not.
    """

    file: str
    frame: pd.DataFrame
    place: Callable[[int], str]
    columns: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    adjustment: Adjustment | None = None
    rows: int = 0  # that the file has

    @property
    def keys(self) -> list[str]:
        return keys_of(self.frame)


def keys_of(frame: pd.DataFrame) -> list[str]:
    """The columns of a tidy table that tell its rows apart."""
    return [name for name in (DATE, STAMP, CODE) if name in frame.columns]


def scaled(values: Floats, power: int) -> Floats:
    """Returns (n,) values times a power of ten, each the number nearest to the decimal product.

    >>> import numpy as np
    >>> scaled(np.array([460697.377, 3.5e-05, np.nan]), 3)
    array([4.60697377e+08, 3.50000000e-02,            nan])
    """
    if not power:
        return values
    return np.array([float(Decimal(repr(value)).scaleb(power)) for value in values.tolist()])


def convert(values: Floats, unit: str, form: str) -> tuple[Floats, str]:
    """Returns values in yuan, shares or fractions, and in words what was done.

    ``form``: how the cells were written; where they state the unit themselves they are converted already.
    """
    found = UNITS.get(unit)
    if found is None:
        return values, f"in {unit}" if unit else form
    if " = " in form:
        return values, f"{form}; in {found.base}"
    return scaled(values, found.power), f"from {unit} to {found.base}" if found.power else f"in {found.base}"


def sorted_once(table: VendorTable) -> VendorTable:
    """The table sorted by date and code, without rows that repeat another.

    Raises InputError where two rows of the same date and code differ.
    """
    frame, keys = table.frame, table.keys
    rest = [name for name in frame.columns if name not in keys]
    again = frame.duplicated(keys, keep="first").to_numpy()
    if again.any():
        whole = frame.duplicated(keep="first").to_numpy()
        differing = np.flatnonzero(again & ~whole)
        if len(differing):
            raise _conflict(table, int(differing[0]), rest)
        table.dropped["repeats another row"] = int(again.sum())
    order = np.flatnonzero(~again)
    ordered = frame.iloc[order].reset_index(drop=True)
    positions = np.lexsort([_sortable(ordered[name]) for name in reversed(keys)])
    if not (np.diff(positions) > 0).all():
        table.notes.append("sorted by date")
    kept = order[positions]
    place = table.place
    frame = ordered.iloc[positions].reset_index(drop=True)
    return VendorTable(table.file, frame, lambda row: place(int(kept[row])), table.columns, table.dropped, table.notes,
                       table.adjustment, table.rows)  # fmt: skip


def _sortable(cells: pd.Series[Any]) -> Array:
    return cells.to_numpy() if cells.dtype.kind == "M" else pd.factorize(cells, sort=True)[0]


def _conflict(table: VendorTable, row: int, rest: Sequence[str]) -> InputError:
    frame, keys = table.frame, table.keys
    same = (frame[keys] == frame[keys].iloc[row]).all(axis=1).to_numpy()
    first = int(np.flatnonzero(same)[0])
    before, after = frame.iloc[first], frame.iloc[row]
    name = next(name for name in rest if not equal_cells(frame[name].iloc[[first]], frame[name].iloc[[row]])[0])
    what = f"{name} {before[name]} at {table.place(first)} and {after[name]} at {table.place(row)}"
    rule = f"{shown(frame, row)} has one row"
    return InputError(
        rule, what, table.file, "Remove one of them, or import the files of several codes with their codes"
    )


def shown(frame: pd.DataFrame, row: int) -> str:
    """A row's code and date in words."""
    moment = frame[DATE if DATE in frame.columns else STAMP].iloc[row]
    text = f"{moment:%Y-%m-%d}" if DATE in frame.columns else f"{moment}"
    return f"{frame[CODE].iloc[row]} on {text}" if CODE in frame.columns else text


def equal_cells(one: pd.Series[Any], other: pd.Series[Any]) -> Bools:
    """Returns (n,) bool: whether cells are equal, or both missing."""
    equal: Bools = (one.to_numpy() == other.to_numpy()) | (one.isna().to_numpy() & other.isna().to_numpy())
    return equal


def check_prices(table: VendorTable) -> None:
    """Leaves out prices of 0 on days without trading. Raises InputError where another price is 0 or less.

    Such a price is none, or a vendor subtracted dividends from the past.
    """
    frame = table.frame
    volume = frame["volume"].to_numpy() if "volume" in frame.columns else np.full(len(frame), np.nan)
    for name in PRICES:
        if name not in frame.columns:
            continue
        values = frame[name].to_numpy(copy=True)
        halted = (values == 0) & ~(volume > 0)
        if halted.any():
            table.notes.append(f"{name}: {int(halted.sum())} × 0 without trading, no value")
            values[halted] = np.nan
            frame[name] = values
        wrong = np.flatnonzero(values <= 0)
        if len(wrong):
            row = int(wrong[0])
            more = f", {len(wrong)} such rows" if len(wrong) > 1 else ""
            raise InputError(
                "a price is above 0; past prices from which dividends were subtracted can be below, with wrong returns",
                f"{name} {values[row]:g}, {shown(frame, row)}, at {table.place(row)}{more}",
                table.file,
                "Export prices without adjustment and the adjustment factor, or prices adjusted by factors",
            )
