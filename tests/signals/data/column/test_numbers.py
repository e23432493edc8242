"""Cells as numbers: every notation comes back, and what is ambiguous is an error."""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.numbers import NumberColumn, parse_numbers


def read(cells: Any) -> NumberColumn:
    return parse_numbers(pd.Series(cells, name="v"), lambda position: f"file:{position + 2}", "study")


def fault(cells: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(cells)
    return str(raised.value)


NONE = math.nan


@pytest.mark.parametrize(
    ("cells", "values", "form"),
    [
        (["1.5", "-2", "1e3", ".5", "+3"], [1.5, -2, 1000, 0.5, 3], ""),
        ([1.5, NONE], [1.5, NONE], ""),
        ([1, 2], [1, 2], ""),
        (pd.array([1, None], dtype="Int64"), [1, NONE], ""),
        ([decimal.Decimal("1.25"), None], [1.25, NONE], ""),
        (["3,158.84", "999.5"], [3158.84, 999.5], "thousands separated by commas"),
        (["1,234,567", "12"], [1234567, 12], "thousands separated by commas"),
        (["12,34,567", "999"], [1234567, 999], "thousands separated by commas, as in India"),
        (["1 234.5", "2"], [1234.5, 2], "thousands separated by spaces"),
        (["1\u202f234,5", "2,25"], [1234.5, 2.25], "decimal commas, thousands separated by spaces"),
        (["1'234.5", "2.5"], [1234.5, 2.5], "thousands separated by apostrophes"),
        (["1.234.567,89", "1,0"], [1234567.89, 1], "decimal commas, thousands separated by points"),
        (["1,0823", "1,0911"], [1.0823, 1.0911], "decimal commas"),
        (["0,985", "0,991"], [0.985, 0.991], "decimal commas"),
        (["5%", "-3.125%", "0"], [0.05, -0.03125, 0], "% = 0.01"),
        (["4‰"], [0.004], "‰ = 0.001"),
        (["1.5亿", "9800万", "5300"], [1.5e8, 9.8e7, 5300], "万 = 10,000, 亿 = 100,000,000"),
        (["1.5万亿"], [1.5e12], "万亿 = 10^12"),
        (["1.5亿元"], [1.5e8], "亿 = 100,000,000, currency ¥"),
        (["41.15K", "3M", "2.5B", "1T"], [41150, 3e6, 2.5e9, 1e12],
         "K = 1,000, M = 1,000,000, B = 10^9, T = 10^12"),
        (["¥1,234.50", "-¥2"], [1234.5, -2], "thousands separated by commas, currency ¥"),
        (["$1.2", "$-3"], [1.2, -3], "currency $"),
        (["(1,234.5)", "5.0"], [-1234.5, 5], "thousands separated by commas, negative in parentheses"),
        (["１２．５", "−3"], [12.5, -3], ""),
        (["'5", '="6"'], [5, 6], ""),
        (["", "2.91"], [NONE, 2.91], ""),
        ([".", "2.91", "."], [NONE, 2.91, NONE], "missing: 2 × ."),
        (["--", "N/A", "1"], [NONE, NONE, 1], "missing: 1 × --, 1 × N/A"),
        (["停牌", "#DIV/0!", "None", "—", "3%"], [NONE, NONE, NONE, NONE, 0.03],
         "% = 0.01, missing: 1 × 停牌, 1 × #DIV/0!, 1 × None, 1 × —"),
        (["1.234", "2.345%"], None, "% behind every value or behind none; got 1.234 at file:2"),
        (["1,5", "10", "15", "20"], None, "decimal commas must stand in most numbers"),
        (["1,234", "2,345"], None, "one meaning (here 1234 or 1.234); got '1,234' at file:2"),
        (["12,345", "987"], None, "one meaning"),
        (["1,23,456", "1,234,567"], None, "written in one way"),
        (["3158.84", "158,840"], None, "'158,840' at file:3"),
        (["1,082.5", "1082.5", "1,082.5", "1,083.5"], None, "written in one way"),
        (["1,082.5", "31,58.84"], None, "'31,58.84' at file:3"),
        (["1.5", "12,5"], None, "'12,5' at file:3"),
        (["1.2.3"], None, "written in one way"),
        (["5%", "4‰"], None, "behind every value or behind none"),
        (["$1", "€2"], None, "one currency; got $ and €, the latter at file:3"),
        (["1", "inf"], None, "finite; got inf at file:3"),
        (["1", "∞"], None, "numbers; got '∞' at file:3"),
        ([1.0, math.inf], None, "finite; got inf at file:3"),
        (["1e400"], None, "finite"),
        (["x"], None, "numbers; got 'x' at file:2"),
        (["1_000"], None, "numbers"),
        (["0x10"], None, "numbers"),
        (["2020-01-02"], None, "numbers"),
        (["12 Mo"], None, "numbers"),
        (["1-"], None, "numbers"),
        (["--1"], None, "numbers"),
        (["(-1)"], None, "numbers"),
        (["(1"], None, "numbers"),
        (["True"], None, "numbers"),
        ([True, False], None, "true and false"),
        ([1, True], None, "numbers"),
        (pd.to_datetime(["2020-01-01"]), None, "dates"),
        ([datetime.date(2020, 1, 1)], None, "numbers"),
        ([b"1"], None, "numbers"),
        ([[1.0], [2.0]], None, "numbers"),
        ([{"a": 1}], None, "numbers"),
        ([1 + 2j], None, "numbers"),
    ],
)  # fmt: skip
def test_a_notation_is_understood_and_stated_or_refused(cells: Any, values: list[float] | None, form: str) -> None:
    if values is None:
        assert form in fault(cells)
        return
    column = read(cells)
    np.testing.assert_array_equal(column.values, values)
    assert column.form == form


_PRINTED = {
    "plain": "{:.4f}".format,
    "commas": "{:,.4f}".format,
    "European": lambda value: f"{value:,.4f}".translate(str.maketrans(",.", ".,")),
    "spaces": lambda value: f"{value:,.4f}".replace(",", " "),
    "Swiss": lambda value: f"{value:,.4f}".replace(",", "'"),
    "full width": lambda value: f"{value:.4f}".translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789.-"}),
    "parentheses": lambda value: f"({-value:,.4f})" if value < 0 else f"{value:,.4f}",
}


@settings(max_examples=40)
@given(
    st.lists(st.integers(-(10**11), 10**11).map(lambda whole: whole / 10_000), min_size=1, max_size=20),
    st.sampled_from(sorted(_PRINTED)),
)
def test_printed_numbers_come_back(values: list[float], notation: str) -> None:
    np.testing.assert_array_equal(read([_PRINTED[notation](value) for value in values]).values, values)


@settings(max_examples=60)
@given(
    st.integers(0, 5),
    st.integers(0, 8),
    st.sampled_from([*"0123456789,.-+ %eEKx万()'", "delete"]),
    st.sampled_from(["plain", "commas"]),
)
def test_a_damaged_cell_is_a_valid_number_or_an_error(row: int, at: int, sign: str, notation: str) -> None:
    values = [1234.5678, 2345.6789, 999.25, 12345.5, 3158.84, 1082.1]
    cells = [_PRINTED[notation](value) for value in values]
    text = cells[row]
    at = min(at, len(text) - 1)
    cells[row] = text[:at] + ("" if sign == "delete" else sign) + text[at + (sign == "delete") :]
    try:
        found = read(cells).values
    except InputError:
        return
    np.testing.assert_array_equal(np.delete(found, row), np.delete(values, row))
    plain = cells[row].strip().strip("'").replace(",", "").replace("e", "E")
    for unit, power in (("K", "E3"), ("万", "E4")):
        plain = plain.replace(unit, power)
    assert found[row] == float(plain.replace(" ", ""))


def test_plain_numbers_are_read_as_pandas_reads_them() -> None:
    values = np.random.default_rng(0).standard_normal(2000) * 10.0 ** np.arange(-10, 10).repeat(100)
    np.testing.assert_array_equal(read([repr(float(value)) for value in values]).values, values)
