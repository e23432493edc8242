"""Intraday bars: how their stamps are read, the day that each belongs to, and the days that lack bars."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.data.bars import bars_a_day
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.data.release import Release
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Observations, Source

SESSION = ("09:30", "11:30", "13:00", "15:00")
DAYS = ("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09")


def stamps_of(days: tuple[str, ...] = DAYS, times: tuple[str, ...] = SESSION) -> list[str]:
    return [f"{day} {time}:00" for day in days for time in times]


def write(folder: Path, stamps: list[str], name: str = "bars.csv") -> Path:
    lines = [f"{stamp},{100 + number}" for number, stamp in enumerate(stamps)]
    (folder / name).write_text("time,close\n" + "\n".join(lines) + "\n")
    days = sorted({"2024-01-03", *DAYS, "2024-01-10"})
    (folder / "days.csv").write_text("date,close\n" + "\n".join(f"{day},1" for day in days) + "\n")
    return folder


def source(file: str = "bars.csv", close: str = "15:00", **keys: str) -> Source:
    return Source("bars", file, "close", date="time", day_close=close, where="s.yaml:3 series.bars", **keys)  # type: ignore[arg-type]


def market_of(folder: Path, close: str = "15:00") -> Market:
    return load_market([Source("days", "days.csv", "close"), source(close=close)], "days", folder)


FORMS = {
    "ISO": ("%Y-%m-%d %H:%M:%S", {}),
    "with a T, to the minute": ("%Y-%m-%dT%H:%M", {}),
    "slashes": ("%Y/%m/%d %H:%M", {}),
    "TDX": ("%Y/%m/%d-%H:%M", {}),
    "12 digits": ("%Y%m%d%H%M", {}),
    "14 digits": ("%Y%m%d%H%M%S", {}),
    "Chinese": ("%Y年%m月%d日 %H:%M:%S", {}),
    "declared": ("%d.%m.%Y %Hh%M", {"date_format": "%d.%m.%Y %Hh%M"}),
    "with a zone": ("%Y-%m-%d %H:%M:%S+08:00", {"time_zone": "Asia/Shanghai"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_stamp_is_the_same_moment(form: str, tmp_path: Path) -> None:
    written, keys = FORMS[form]
    moments = pd.to_datetime(stamps_of())
    bars = read(source(**keys), write(tmp_path, moments.strftime(written).tolist()))
    assert bars.stamps is not None
    assert (bars.stamps == moments.to_numpy()).all()
    assert (bars.dates == moments.to_numpy().astype("datetime64[D]")).all()


def test_utc_stamps_become_local_times(tmp_path: Path) -> None:
    moments = pd.to_datetime(stamps_of()).tz_localize("Asia/Shanghai").tz_convert("UTC")
    bars = read(source(time_zone="Asia/Shanghai"), write(tmp_path, moments.strftime("%Y-%m-%d %H:%M:%SZ").tolist()))
    assert bars.stamps is not None
    assert (bars.stamps == pd.to_datetime(stamps_of()).to_numpy()).all()
    frame = pd.DataFrame({"time": moments, "close": np.arange(100.0, 116.0)})
    frame.to_parquet(tmp_path / "bars.parquet")
    stored = read(source("bars.parquet", time_zone="Asia/Shanghai"), tmp_path)
    assert stored.stamps is not None
    assert (stored.stamps == bars.stamps).all()


@pytest.mark.parametrize(
    ("stamps", "keys", "rule"),
    [
        (["2024-01-04", "2024-01-05"], {}, "every bar has a date and a time of day"),
        (["2024-01-04 09:30", "2024-01-04 25:00"], {}, "every bar has a date and a time of day"),
        (["2024-01-04 00:00", "2024-01-05 00:00"], {}, "intraday bars have a time of day"),
        (["2024-01-04 09:30", "2024-01-04 09:30"], {}, "in order and given once"),
        (["2024-01-04 09:30", "2024-01-04 09:31+08:00"], {}, "all stamps of a column state their zone"),
        (["2024-01-04 09:30Z", "2024-01-04 09:31Z"], {}, "need the zone of the market"),
        (["2024-01-04 09:30", "2024-01-04 09:31"], {"time_zone": "Asia/Shanghai"}, "convert"),
        (["2024-01-04 09:30", "2024-01-04 09:31"], {"close": "3pm"}, "day_close is a time of day"),
        (["2024-01-04 09:30", "2024-02-30 09:31"], {}, "a date must be a day of the calendar"),
    ],
)
def test_what_is_no_series_of_bars(stamps: list[str], keys: dict[str, str], rule: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rule):
        read(source(**keys), write(tmp_path, stamps))


def test_a_bar_after_the_close_belongs_to_the_next_trading_day(tmp_path: Path) -> None:
    night = ["2024-01-04 21:00", "2024-01-05 01:00", "2024-01-05 15:00", "2024-01-05 21:00", "2024-01-06 01:00"]
    market = market_of(write(tmp_path, [*night, "2024-01-08 15:00"]))
    days = market.calendar[market.known("bars", Release())]
    assert days.astype(str).tolist() == ["2024-01-05"] * 3 + ["2024-01-08"] * 3
    assert market.closes("bars")[2] == 102  # of 5 January, at 15:00
    later = market.calendar[market.known("bars", Release.parse("1 day", ""))]
    assert later.astype(str).tolist() == ["2024-01-08"] * 3 + ["2024-01-09"] * 3


def test_an_earlier_close_leaves_the_last_hour_to_the_next_day(tmp_path: Path) -> None:
    market = market_of(write(tmp_path, stamps_of()), close="14:30")
    assert market.aligned("bars", Release())[1:5].tolist() == [102, 106, 110, 114]


def test_days_that_lack_bars_are_named(tmp_path: Path) -> None:
    stamps = [stamp for stamp in stamps_of() if stamp not in ("2024-01-05 11:30:00", "2024-01-05 13:00:00")]
    stamps = [stamp for stamp in stamps if not stamp.startswith("2024-01-08")]
    market = market_of(write(tmp_path, stamps))
    assert market.series["bars"].warnings == (
        "1 of 3 trading days have fewer bars than the usual 4, the first 2024-01-05 with 2",
        "1 trading days from 2024-01-04 to 2024-01-09 have no bar, the first 2024-01-08",
    )
    assert market_of(write(tmp_path, stamps_of())).warnings == ()


def test_a_last_day_that_has_not_ended_is_left_out(tmp_path: Path) -> None:
    market = market_of(write(tmp_path, stamps_of()[:-1]))
    assert "the last day, 2024-01-09, has bars until 13:00 only" in market.warnings[0]
    assert market.series["bars"].dates[-1] == np.datetime64("2024-01-08")
    assert market.aligned("bars", Release())[4] == 111  # what was known on the day before


def test_a_short_day_within_the_file_has_ended(tmp_path: Path) -> None:
    stamps = [stamp for stamp in stamps_of() if stamp != "2024-01-08 15:00:00"]
    market = market_of(write(tmp_path, stamps))
    assert market.closes("bars")[3] == 110


def test_bars_can_be_the_calendar_unless_they_have_a_night_session(tmp_path: Path) -> None:
    folder = write(tmp_path, stamps_of()[:-2])
    market = load_market([source()], "bars", folder)
    assert market.calendar.astype(str).tolist() == list(DAYS[:3])
    with pytest.raises(InputError, match="no bars after the close"):
        load_market([source(close="13:30")], "bars", folder)


def test_the_bars_of_a_day_are_counted_on_the_first_days() -> None:
    days = pd.bdate_range("2024-01-01", periods=60).to_numpy().astype("datetime64[D]")
    counts = np.where(np.arange(60) < 20, 4, 9)

    def bars(until: int) -> Observations:
        dates = np.repeat(days[:until], counts[:until])
        return Observations(source(), dates, np.ones(len(dates)), {}, stamps=dates.astype("datetime64[s]"))

    assert bars_a_day(bars(20), days) == bars_a_day(bars(60), days) == 4


def test_the_digest_of_a_market_depends_on_the_stamps(tmp_path: Path) -> None:
    first = market_of(write(tmp_path, stamps_of())).digest()
    again = market_of(write(tmp_path, stamps_of(times=("09:31", "11:30", "13:00", "15:00")))).digest()
    assert first != again


# The number of bars, and the most memory that the process had in KiB; what getrusage says begins with the parent's.
READER = """
import re, sys
from pathlib import Path
from gridproof.signals.data.market import load_market
from gridproof.signals.data.source import Source

source = Source("bars", "bars.parquet", "close", date="time", day_close="15:00")
market = load_market([source], "bars", Path(sys.argv[1]))
most = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(len(market.series["bars"].values), most)
"""


def test_six_years_of_minutes_fit_a_gibibyte(tmp_path: Path) -> None:
    days = pd.bdate_range("2016-01-01", "2021-12-31").to_numpy().astype("datetime64[m]")
    minutes = np.r_[571:691, 781:901].astype("timedelta64[m]")
    stamps = (days[:, None] + minutes).ravel()
    frame = pd.DataFrame({"time": stamps, "close": np.linspace(4000.0, 5000.0, len(stamps))})
    frame.to_parquet(tmp_path / "bars.parquet")
    reader = [sys.executable, "-c", READER, str(tmp_path)]
    count, kib = map(int, subprocess.run(reader, capture_output=True, text=True, check=True).stdout.split())
    assert count == len(stamps) > 370_000
    assert kib < 2**20, "memory of the whole process"
