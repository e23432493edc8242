"""TDX .day files: 32 bytes a day, and the scale of their prices."""

from __future__ import annotations

import struct

import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.tdx_day import read_tdx_day


def bars(scale: int, volume: int = 1000, amount: float = 3005.0 * 1000, days: int = 5) -> bytes:
    """Prices about 3,005."""
    rows = b""
    for day in range(2, 2 + days):
        prices = [int(price * scale) for price in (3001 + day, 3010 + day, 2990 + day, 3000.25 + day)]
        rows += struct.pack("<IIIIIfII", 20200300 + day, *prices, amount, volume, 0)
    return rows


def test_an_index_is_in_hundredths() -> None:
    table = read_tdx_day(bars(100, amount=1e8, volume=7), "sh000300.day", "here")
    assert table.cells["close"].tolist() == [3000.25 + day for day in range(2, 7)]
    assert table.cells["date"].dt.strftime("%Y%m%d").tolist() == [f"2020030{day}" for day in range(2, 7)]
    assert table.cells["volume"].tolist() == [7] * 5
    assert table.layout == ("TDX daily bars", "prices / 100, as sh000300")
    assert table.place(4) == "sh000300.day row 5"


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("sh600000", 100),
        ("sh510300", 1000),
        ("SZ159915", 1000),
        ("sz000001", 100),
        ("bj430047", 100),
        ("sh900901", 1000),
    ],
)
def test_the_scale_follows_from_the_code_and_agrees_with_what_was_traded(name: str, scale: int) -> None:
    table = read_tdx_day(bars(scale), f"folder/{name}.day", "here")
    assert table.cells["close"].iloc[0] == 3002.25
    with pytest.raises(InputError, match=r"are stored in (hundredths|thousandths); got .* by amount / volume"):
        read_tdx_day(bars(1100 - scale), f"folder/{name}.day", "here")


def test_without_a_code_what_was_traded_tells_the_scale_or_it_is_an_error() -> None:
    assert read_tdx_day(bars(1000), "fund.day", "here").layout[1] == "prices / 1,000, by amount / volume"
    with pytest.raises(InputError, match=r"the name of a .day file tells in what its prices are stored"):
        read_tdx_day(bars(100, amount=1e8, volume=7), "index.day", "here")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (bars(100)[:-1], "159 bytes in sh000300.day"),
        (bars(100) + struct.pack("<IIIIIfII", 20201399, 1, 1, 1, 1, 1.0, 1, 0), "at sh000300.day row 6"),
        (bars(100) + struct.pack("<IIIIIfII", 20200310, 5, 4, 3, 4, 1.0, 1, 0), "at sh000300.day row 6"),
        (struct.pack("<IffffIIf", 20200310, 4.0, 5.0, 3.0, 4.0, 1, 1, 0.0), "holds futures"),
    ],
)
def test_other_bytes_are_an_error(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_tdx_day(data, "sh000300.day", "here")
    assert message in str(error.value)
