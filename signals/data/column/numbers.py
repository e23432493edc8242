"""Cells as numbers: thousands separators, decimal commas, units such as % and 万, and tokens that mean no value."""

from __future__ import annotations

import decimal
import numbers
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.cells import Distinct, distinct, plain
from gridproof.signals.data.column.notation import UNITS, Amount, choose_notation, split_amount

# Text that means no value, in lower case. Vendors write it in place of a number.
MISSING = frozenset(
    (
        *("", "-", "--", "---", "----", ".", "..", "...", "…", "……", "*", "/"),
        *("na", "n/a", "n.a.", "n.a", "nan", "nat", "none", "null", "nil", "<na>", "nd"),
        *("#n/a", "#n/a n/a", "#na", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
        *("停牌", "暂无", "暂无数据", "无", "空", "缺失", "未公布"),
    )
)


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """``values``: (n,) float64, NaN where missing. ``form``: how the cells were understood, '' for plain numbers."""

    values: Floats
    form: str


def parse_numbers(cells: pd.Series[Any], place: Callable[[int], str], where: str) -> NumberColumn:
    """Returns a column as float64. ``place``: the place of a position in the file; ``where``: the place in the study.

    A unit is a factor: '%' 0.01, '万' 10,000, '亿' 10^8, K, M, B, T. The notation (decimal point or comma, thousands
    separator) is that under which every cell is a number; plain numbers have a decimal point. Raises InputError if a
    cell is neither a number nor a token for a missing value, if it is infinite, or if several notations fit and give
    different numbers.

    >>> import pandas as pd
    >>> parse_numbers(pd.Series(["3,158.84", "--", "999.5"]), str, "study")
    NumberColumn(values=array([3158.84,     nan,  999.5 ]), form='thousands separated by commas, missing: 1 × --')
    """
    if pd.api.types.is_bool_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        held = "true and false" if pd.api.types.is_bool_dtype(cells) else "dates"
        raise _not_numbers(held, f"column {cells.name}", where)
    if pd.api.types.is_complex_dtype(cells) or pd.api.types.is_timedelta64_dtype(cells):
        raise _not_numbers(str(cells.iloc[0]), place(0), where)
    values = pd.to_numeric(cells.map(_refuse_objects), errors="coerce") if _holds_objects(cells) else None
    if values is None:
        values = pd.to_numeric(cells, errors="coerce")
    plain_values = _nearest_numbers(cells, values.to_numpy(dtype=np.float64, na_value=np.nan))
    infinite = np.flatnonzero(np.isinf(plain_values))
    if len(infinite):
        value = cells.iloc[infinite[0]]
        remedy = "Correct it, or leave it empty where there is no value"
        raise InputError("values must be finite", f"{value} at {place(int(infinite[0]))}", where, remedy)
    rest = np.flatnonzero(np.isnan(plain_values) & cells.notna().to_numpy())
    if not len(rest):
        return NumberColumn(plain_values, "")
    return _read_carefully(cells, plain_values.copy(), rest, place, where)


def _holds_objects(cells: pd.Series[Any]) -> bool:
    return cells.dtype == object and pd.api.types.infer_dtype(cells, skipna=True) not in ("string", "empty")


def _nearest_numbers(cells: pd.Series[Any], values: Floats) -> Floats:
    """Texts as the nearest float64, which pandas before 3.1 misses in the last bits. values: what pandas gives."""
    if not (pd.api.types.is_object_dtype(cells) or pd.api.types.is_string_dtype(cells)):
        return values
    known = np.flatnonzero(~np.isnan(values))
    nearest = values.copy()
    nearest[known] = [float(cell) for cell in cells.iloc[known]]
    return nearest


def _refuse_objects(value: object) -> object:
    """Returns a cell that is a number, text or missing as it is; text for anything else, which is then no number."""
    known = isinstance(value, str | numbers.Real | decimal.Decimal) and not isinstance(value, bool | np.bool_)
    return value if known or value is None or value is pd.NaT or value is pd.NA else str(value)


def _not_numbers(value: str, at: str, where: str) -> InputError:
    remedy = "Correct it, or leave it empty where there is no value"
    return InputError("values must be numbers", f"{value} at {at}", where, remedy)


def _read_carefully(
    cells: pd.Series[Any], values: Floats, rest: Ints, place: Callable[[int], str], where: str
) -> NumberColumn:
    """Returns the numbers of a column of which the cells at the positions ``rest`` are no plain numbers."""
    column = distinct(cells.iloc[rest])
    texts = [plain(text) for text in column.texts]
    tokens = [text.lower() in MISSING for text in texts]
    counts = Counter(column.codes.tolist())
    missing = {column.texts[code]: counts[code] for code in range(len(texts)) if tokens[code] and texts[code]}
    notes = [f"missing: {', '.join(f'{count:,} × {token}' for token, count in missing.items())}"] if missing else []
    if all(tokens):
        return NumberColumn(values, ", ".join(notes))
    amounts: dict[int, Amount] = {}
    for code, text in enumerate(texts):
        if tokens[code]:
            continue
        amount = split_amount(text)
        if amount is None:
            at = place(int(rest[column.first[code]]))
            raise _not_numbers(repr(column.texts[code]), at, where)
        amounts[code] = amount
    others = np.setdiff1d(np.arange(len(cells)), rest)
    others = others[~np.isnan(values[others])]
    _check_units(amounts, column, cells, values, others, rest, place, where)
    # Cells that are plain numbers on their own are read in the notation of the column, too.
    plain_cells = distinct(cells.iloc[others])
    plain_texts = [plain(text) for text in plain_cells.texts]
    bodies = [amount.body for amount in amounts.values()]
    weights = np.bincount(plain_cells.codes, minlength=len(plain_texts)).tolist() if plain_texts else []
    found = choose_notation(bodies + plain_texts, [counts[code] for code in amounts] + weights)
    if found.fault is not None:
        index = found.fault
        code = list(amounts)[index] if index < len(bodies) else -1
        position = rest[column.first[code]] if code >= 0 else others[plain_cells.first[index - len(bodies)]]
        text = str(cells.iloc[int(position)])
        raise InputError(found.rule, f"{text!r} at {place(int(position))}", where, found.remedy)
    table = np.full(len(texts), np.nan)
    for code, amount in amounts.items():
        table[code] = amount.value(found.numeral(amount.body))
    values[rest] = table[column.codes]
    if found.changes_plain:
        values[others] = np.array([float(found.numeral(text)) for text in plain_texts])[plain_cells.codes]
    units = sorted({amount.unit for amount in amounts.values() if amount.unit}, key=list(UNITS).index)
    notes = [
        *([found.words] if found.words else []),
        *(f"{unit} = {UNITS[unit][1]}" for unit in units),
        *sorted({f"currency {amount.currency}" for amount in amounts.values() if amount.currency}),
        *(["negative in parentheses"] if any(amount.parentheses for amount in amounts.values()) else []),
        *notes,
    ]
    return NumberColumn(values, ", ".join(notes))


def _check_units(
    amounts: dict[int, Amount],
    column: Distinct,
    cells: pd.Series[Any],
    values: Floats,
    others: Ints,
    rest: Ints,
    place: Callable[[int], str],
    where: str,
) -> None:
    """Raises InputError if some values have % (or ‰) and others not, or if several currencies occur."""
    shares = [code for code, amount in amounts.items() if amount.unit in ("%", "‰")]
    if shares:
        sign = amounts[shares[0]].unit
        bare = [int(rest[column.first[code]]) for code in amounts if amounts[code].unit != sign]
        bare += [int(position) for position in others[values[others] != 0][:1]]
        if bare:
            value = f"{cells.iloc[min(bare)]} at {place(min(bare))}, and {column.texts[shares[0]]}"
            remedy = f"Write {sign} behind every value, or behind none"
            raise InputError(f"a column has {sign} behind every value or behind none", value, where, remedy)
    currencies = sorted({amount.currency for amount in amounts.values() if amount.currency})
    if len(currencies) > 1:
        code = next(code for code, amount in amounts.items() if amount.currency == currencies[1])
        at = place(int(rest[column.first[code]]))
        raise InputError(
            "a column must be in one currency", f"{' and '.join(currencies)}, the latter at {at}", where, "Split it"
        )
