"""Price limits of the exchanges, on real cases: dates, prices and boards as they were."""

from __future__ import annotations

import numpy as np
import pytest

import gridproof as gp
from gridproof.signals.data.price_limits import board_of, limit_prices, lot_sizes


def limits(
    code: str, day: str, previous: float, special: bool = False, days_before: int | None = None
) -> tuple[float, float]:
    """The limits of one stock on a day that is so many trading days after its listing; None: listed long before."""
    dates = np.arange(np.datetime64(day) - 20, np.datetime64(day) + 1)
    listed = -1 if days_before is None else 20 - days_before
    up, down = limit_prices([code], dates, np.array([listed]), np.full((21, 1), previous), np.full((21, 1), special))
    return up[-1, 0], down[-1, 0]


@pytest.mark.parametrize(
    ("code", "day", "previous", "special", "up", "down"),
    [
        # LeEco fell by the limit from its resumption on: 13.80, 12.42, 11.18, 10.06.
        ("300104.SZ", "2018-01-24", 15.33, False, 16.86, 13.80),
        ("300104.SZ", "2018-01-25", 13.80, False, 15.18, 12.42),
        ("300104.SZ", "2018-01-26", 12.42, False, 13.66, 11.18),
        ("300104.SZ", "2018-01-29", 11.18, False, 12.30, 10.06),
        # The last and the first day around ChiNext's wider limit, also under ST.
        ("300104.SZ", "2020-08-21", 10.00, False, 11.00, 9.00),
        ("300104.SZ", "2020-08-24", 10.00, False, 12.00, 8.00),
        ("300104.SZ", "2020-08-24", 10.00, True, 12.00, 8.00),
        # Special treatment: 5% on the main boards, 10% from July 2026 on; on ChiNext it never counted.
        ("600401.SH", "2016-04-28", 2.76, True, 2.90, 2.62),
        ("000001", "2026-07-03", 10.00, True, 10.50, 9.50),
        ("000001", "2026-07-06", 10.00, True, 11.00, 9.00),
        ("300104", "2019-01-04", 10.00, True, 11.00, 9.00),
        ("688001.SH", "2019-08-01", 30.03, False, 36.04, 24.02),
        ("sz000001", "1998-04-21", 10.00, True, 11.00, 9.00),
        ("000001", "1996-12-13", 10.00, False, np.inf, 0.0),
        ("830001.BJ", "2022-01-04", 10.00, False, 13.00, 7.00),
        # Halves of a cent are rounded up: 10.05 × 1.1 = 11.055 and 10.05 × 0.9 = 9.045.
        ("600000", "2015-06-26", 10.05, False, 11.06, 9.05),
        # At least one cent from the close before.
        ("600001", "2005-01-04", 0.04, False, 0.05, 0.03),
    ],
)  # fmt: skip
def test_limits_of_a_day(code: str, day: str, previous: float, special: bool, up: float, down: float) -> None:
    assert limits(code, day, previous, special) == (up, down)


@pytest.mark.parametrize(
    ("code", "day", "age", "up", "down"),
    [
        ("600000", "2010-06-01", 0, np.inf, 0.0),
        ("600000", "2010-06-01", 1, 11.0, 9.0),
        ("603000", "2016-06-01", 0, 14.4, 6.4),  # from the issue price
        ("603000", "2016-06-01", 1, 11.0, 9.0),
        ("300900", "2020-08-24", 0, np.inf, 0.0),
        ("300900", "2020-09-10", 4, np.inf, 0.0),
        ("300900", "2020-09-10", 5, 12.0, 8.0),
        ("300800", "2020-08-24", 4, 12.0, 8.0),  # listed before the rule
        ("600000", "2023-05-09", 4, np.inf, 0.0),
        ("600000", "2023-04-12", 4, 11.0, 9.0),  # listed on 8 April, before the rule
        ("688001", "2019-08-01", 4, np.inf, 0.0),
        ("688001", "2019-08-12", 5, 12.0, 8.0),
        ("920001", "2023-01-04", 0, np.inf, 0.0),
        ("920001", "2023-01-04", 1, 13.0, 7.0),
    ],
)
def test_first_days_of_a_listing(code: str, day: str, age: int, up: float, down: float) -> None:
    assert limits(code, day, 10.0, days_before=age) == (up, down)


def test_an_unknown_close_before_makes_the_limit_unknown() -> None:
    assert np.isnan(limits("600000", "2015-06-26", np.nan)).all()
    assert limits("600000", "2010-06-01", np.nan, days_before=0) == (np.inf, 0.0)


def test_boards_and_lots() -> None:
    assert board_of("SH688981").name == "STAR"
    assert lot_sizes(["600519.SH", "688981", "2"]).tolist() == [100, 200, 100]
    for code in ("900901.SH", "AAPL", "600519.SH.1", "110001.SH"):
        with pytest.raises(gp.InputError, match="price limits and lots follow from the board"):
            board_of(code)
    day, before = np.array(["2015-06-26"], dtype="datetime64[D]"), np.array([[10.0, 10.0]])
    up, down = limit_prices(["900901", "600000"], day, np.full(2, -1), before, np.zeros((1, 2), dtype=bool))
    np.testing.assert_array_equal([up[0], down[0]], [[np.nan, 11.0], [np.nan, 9.0]])


@pytest.mark.parametrize(
    ("code", "special", "percent"), [("600000", False, 10), ("600000", True, 5), ("300001", False, 20)]
)
def test_every_price_is_rounded_half_up(code: str, special: bool, percent: int) -> None:
    """All closes from 0.10 to 500 yuan, against whole numbers."""
    cents = np.arange(10, 50_001)
    day, shape = np.array(["2021-03-01"], dtype="datetime64[D]"), (1, len(cents))
    codes, before = [code] * len(cents), (cents / 100.0)[None]
    up, down = limit_prices(codes, day, np.full(len(cents), -1), before, np.full(shape, special))
    for found, factor in ((up, 100 + percent), (down, 100 - percent)):
        product = cents * factor
        exact = product // 100 + (product % 100 >= 50)
        np.testing.assert_array_equal(found[0], np.where(exact == cents, cents + np.sign(factor - 100), exact) / 100.0)
