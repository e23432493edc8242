"""Readings of a date against plain pandas, as they were on it, stale and missing ones, the vote and the distance."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.results.monitor.page import render, table_csv
from gridproof.results.monitor.record import ReadingRecord
from gridproof.sweeps.monitor.run import Readings
from tests.support.market import MARKET_SERIES, write_market

MONITOR: dict[str, Any] = {
    "name": "small",
    "market": {"calendar": "index", "periods": 260},
    "series": MARKET_SERIES,
    "groups": {"timing": {"title": "Timing", "title_zh": "择时"}},
    "readings": {
        "rise": {
            "title": "Yield, change over 60 days", "title_zh": "利率变化",
            "value": "pct_change(y10, n)", "n": [40, 60, 80], "unit": "percent", "group": "timing",
            "latch": {"on_above": [0.05, 0.1, 0.2], "off_below": [-0.1, -0.05, 0.0]},
            "percentile": "1y", "states": {"on": "out", "off": "invested", "on_zh": "离场", "off_zh": "持有"},
        },
        "above": {"title": "Above its mean", "when": "index > mean(index, 20)", "unit": "index", "group": "timing"},
        "ratio": {"title": "Ratio", "value": "index / other", "percentile": "all", "printed": {"2021-03-05": 1.5}},
        "index": {"title": "Index", "value": "index", "unit": "index"},
        "money": {"title": "M1", "value": "m1"},
    },
    "base": {"rise.n": 60, "rise.on_above": 0.1, "rise.off_below": -0.05},
}  # fmt: skip
ON = "2021-10-15"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    return folder


def reading(readings: Readings, name: str) -> ReadingRecord:
    return next(one for one in readings.record["readings"] if one["name"] == name)


def cut(folder: Path, day: str, target: Path) -> Path:
    """The files of a market without the rows after a day."""
    for name, column in (("index.csv", "date"), ("yield.csv", "date"), ("money.csv", "month")):
        table = pd.read_csv(folder / name, dtype=str)
        table[table[column] <= day].to_csv(target / name, index=False)
    return target


def closes(folder: Path, code: str) -> pd.Series:
    table = pd.read_csv(folder / "index.csv", dtype={"code": str}, parse_dates=["date"])
    return table[table["code"] == code].set_index("date")["close"]


def latched(values: pd.Series, on: float, off: float) -> pd.Series:
    state, states = False, []
    for value in values:
        state = value > on or (state and not value < off)
        states.append(state)
    return pd.Series(states, index=values.index)


def test_values_changes_percentiles_and_states_are_those_of_pandas(folder: Path) -> None:
    readings = gp.monitor(MONITOR, data=folder, on=ON)
    day = pd.Timestamp(ON)
    y10 = pd.read_csv(folder / "yield.csv", parse_dates=["date"]).set_index("date")["y10"].shift(1)
    rise = (y10 / y10.shift(60) - 1)[:day]
    found = reading(readings, "rise")
    assert found["value"] == pytest.approx(rise.iloc[-1], rel=1e-9)
    assert found["week"] == pytest.approx(rise.iloc[-1] - rise[: day - pd.Timedelta(days=7)].iloc[-1], rel=1e-9)
    assert found["month"] == pytest.approx(rise.iloc[-1] - rise[: day - pd.DateOffset(months=1)].iloc[-1], rel=1e-9)
    assert found["percentile"] == pytest.approx((rise.iloc[-260:] <= rise.iloc[-1]).mean())
    states = latched(rise.dropna(), 0.1, -0.05)
    changes = states.index[states != states.shift()]
    assert found["state"] is not None
    assert found["state"]["name"] == ("out" if states.iloc[-1] else "invested")
    assert found["state"]["since"] == str(changes[-1].date())
    assert found["state"]["days"] == len(states[changes[-1] :])
    index, other = closes(folder, "000300")[:day], closes(folder, "000852")[:day]
    assert reading(readings, "index")["week"] == pytest.approx(index.iloc[-1] / index.iloc[-6] - 1, rel=1e-9)
    ratio = reading(readings, "ratio")
    assert ratio["percentile"] == pytest.approx((index / other <= (index / other).iloc[-1]).mean())
    assert ratio["printed"] == [
        {"date": "2021-03-05", "what": "value", "printed": 1.5,
         "ours": pytest.approx((index / other)["2021-03-05"], rel=1e-9)}
    ]  # fmt: skip
    assert reading(readings, "above")["value"] == index.iloc[-1]
    months = pd.read_csv(folder / "money.csv", parse_dates=["month", "usable_from"])
    assert reading(readings, "money")["value"] == months[months["usable_from"] <= day]["m1"].iloc[-1]


def test_as_of_a_past_date_all_bytes_are_those_of_files_cut_at_that_date(folder: Path, tmp_path: Path) -> None:
    days = closes(folder, "000300").index
    for at in np.linspace(120, len(days) - 3, 20).astype(int):
        day = str(days[at].date())
        target = tmp_path / day
        target.mkdir()
        whole = gp.monitor(MONITOR, data=folder, on=day, since="2020-03-02")
        early = gp.monitor(MONITOR, data=cut(folder, day, target), since="2020-03-02")
        assert early.record == whole.record
        assert render(early.record) == render(whole.record)
        assert table_csv(early.record) == table_csv(whole.record)


def test_a_stale_input_is_a_dash_with_its_last_value_never_a_number_of_today(folder: Path, tmp_path: Path) -> None:
    cut(folder, "2022-12-31", tmp_path)
    table = pd.read_csv(tmp_path / "yield.csv", dtype=str)
    table[table["date"] <= "2021-09-30"].to_csv(tmp_path / "yield.csv", index=False)
    found = reading(gp.monitor(MONITOR, data=tmp_path, on=ON), "rise")
    assert (found["status"], found["value"], found["state"], found["vote"]) == ("stale", None, None, None)
    assert found["inputs"][0]["dated"] == "2021-09-30"
    assert found["inputs"][0]["until"] == "2021-10-06"  # known on the next trading day, and three more
    assert found["last_date"] == "2021-10-06"
    assert "y10 (2021-09-30)" in str(found["why"])
    named = gp.monitor({**MONITOR, "names_zh": {"y10": "国债"}}, data=tmp_path, on=ON)
    assert "国债（2021-09-30）" in str(reading(named, "rise")["why_zh"])
    assert "国债：最新数据2021-09-30" in re.sub(r"</?span[^>]*>", "", render(named.record, "zh"))
    before = gp.monitor(MONITOR, data=tmp_path, on="2021-10-06")
    assert reading(before, "rise")["status"] == "current"
    history = gp.monitor(MONITOR, data=tmp_path, on=ON).history("2021-09-20")
    rise = history[history["reading"] == "rise"]
    assert rise["current"].tolist() == [True, True, False, False]
    assert rise["value"].isna().tolist() == [False, False, True, True]


def test_how_long_a_value_counts_as_current_can_be_said(folder: Path, tmp_path: Path) -> None:
    cut(folder, "2022-12-31", tmp_path)
    table = pd.read_csv(tmp_path / "yield.csv", dtype=str)
    table[table["date"] <= "2021-10-08"].to_csv(tmp_path / "yield.csv", index=False)
    assert reading(gp.monitor(MONITOR, data=tmp_path, on=ON), "rise")["status"] == "stale"
    allowed = {**MONITOR, "current": {"y10": 5}}
    assert reading(gp.monitor(allowed, data=tmp_path, on=ON), "rise")["status"] == "current"
    with pytest.raises(gp.InputError, match="current names series of the readings; got bonds"):
        gp.monitor({**MONITOR, "current": {"bonds": 5}}, data=folder)


def test_a_missing_or_broken_file_concerns_its_readings_alone(folder: Path, tmp_path: Path) -> None:
    cut(folder, "2022-12-31", tmp_path)
    (tmp_path / "yield.csv").unlink()
    (tmp_path / "money.csv").write_text("month,usable_from,m1\n2020-01-31,2020-02-17,much\n")
    readings = gp.monitor(MONITOR, data=tmp_path, on=ON)
    rise, money = reading(readings, "rise"), reading(readings, "money")
    assert (rise["status"], money["status"]) == ("missing", "missing")
    assert "yield.csv" in str(rise["why"])
    assert "找不到序列的文件" in str(rise["why_zh"])
    assert "应为数值，却是" in str(money["why_zh"])
    assert "much" in str(money["why"])
    assert [reading(readings, name)["status"] for name in ("above", "ratio", "index")] == ["current"] * 3
    assert "5 readings: 3 current, 2 without data." in render(readings.record)


def test_a_calendar_that_ends_before_the_date_makes_all_stale(folder: Path) -> None:
    readings = gp.monitor(MONITOR, data=folder, on="2023-01-31")
    assert {one["status"] for one in readings.record["readings"]} == {"stale"}
    assert readings.table["value"].isna().all()


def test_the_vote_counts_every_variant_and_the_map_averages_the_others(folder: Path) -> None:
    vote = reading(gp.monitor(MONITOR, data=folder, on=ON), "rise")["vote"]
    assert vote is not None
    y10 = pd.read_csv(folder / "yield.csv", parse_dates=["date"]).set_index("date")["y10"].shift(1)
    on = {}
    for n, above, below in itertools.product([40, 60, 80], [0.05, 0.1, 0.2], [-0.1, -0.05, 0.0]):
        values = (y10 / y10.shift(n) - 1)[:ON].dropna()
        on[f"{n} {above} {below}"] = bool(latched(values, above, below).iloc[-1])
    assert vote["variants"] == 27
    assert vote["share_on"]["rise"] == pytest.approx(np.mean(list(on.values())))
    assert vote["base_on"]["rise"] == on["60 0.1 -0.05"]
    place = {"rise.n": 0, "rise.on_above": 1, "rise.off_below": 2}
    x, y = place[str(vote["x_axis"])], place[str(vote["y_axis"])]
    for row, y_value in zip(vote["map"], vote["y_values"], strict=True):
        for share, x_value in zip(row, vote["x_values"], strict=True):
            chosen = [state for key, state in on.items()
                      if key.split()[x] == str(x_value) and key.split()[y] == str(y_value)]  # fmt: skip
            assert share == pytest.approx(np.mean(chosen))


def test_the_state_changes_where_the_underlying_passes_the_level_given(folder: Path, tmp_path: Path) -> None:
    found = reading(gp.monitor(MONITOR, data=folder, on=ON), "rise")
    distance, state = found["distance"], found["state"]
    assert distance is not None
    assert state is not None
    assert found["value"] is not None
    assert distance["distance"] == pytest.approx(distance["level"] - found["value"])
    level = distance["underlying_level"]
    assert level is not None
    assert not state["on"]
    assert distance["distance"] > 0.0
    for factor, changed in ((0.999, False), (1.001, True)):
        cut(folder, ON, tmp_path)
        table = pd.read_csv(tmp_path / "yield.csv")
        table.loc[table.index[-2], "y10"] = level * factor  # known on the day itself
        table.to_csv(tmp_path / "yield.csv", index=False)
        after = reading(gp.monitor(MONITOR, data=tmp_path, on=ON), "rise")["state"]
        assert after is not None
        assert (after["on"] != state["on"]) == changed


def test_states_that_changed_since_a_date_are_named(folder: Path) -> None:
    readings = gp.monitor(MONITOR, data=folder, on=ON, since="2021-03-05")
    then = {one["name"]: one["state"] for one in gp.monitor(MONITOR, data=folder, on="2021-03-05").record["readings"]}
    now = {one["name"]: one["state"] for one in readings.record["readings"]}
    different = [name for name, state in now.items() if state and then[name] and state["on"] != then[name]["on"]]
    assert different
    assert [each["name"] for each in readings.record["changed"]] == different


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"on": "2021-13-01"}, "a date is valid and of the form YYYY-MM-DD; got 2021-13-01"),
        ({"on": "2019-12-31"}, "a monitor needs two trading days"),
        ({"on": ON, "since": ON}, "since is before the date of the readings"),
        ({"lang": "fr"}, "lang must be en or zh; got fr"),
    ],
)
def test_what_cannot_be_asked_is_one_line(folder: Path, keys: dict[str, str], error: str) -> None:
    with pytest.raises(gp.InputError) as found:
        gp.monitor(MONITOR, data=folder, **keys)
    assert error in str(found.value)


def test_a_monthly_series_needs_its_release_as_in_a_study(folder: Path) -> None:
    series = {**MONITOR["series"], "m1": {"file": "money.csv", "date": "month", "field": "m1"}}
    found = reading(gp.monitor({**MONITOR, "series": series}, data=folder, on=ON), "money")
    assert (found["status"], found["value"]) == ("failed", None)
    assert "a monthly or slower series needs its release; got no release of m1" in str(found["why"])


def test_a_reading_is_stale_where_its_calendar_ended_though_its_series_would_be_current(
    folder: Path, tmp_path: Path
) -> None:
    cut(folder, "2021-09-15", tmp_path)  # the value of August, known on 17 September, is current for 28 days more
    shutil.copy(folder / "money.csv", tmp_path)
    found = reading(gp.monitor(MONITOR, data=tmp_path, on="2021-10-01"), "money")
    assert (found["status"], found["value"]) == ("stale", None)
    assert "index (2021-09-15)" in str(found["why"])


def test_a_percentile_says_when_its_window_is_not_full(folder: Path) -> None:
    readings = {**MONITOR["readings"], "level": {"title": "Level", "value": "index", "percentile": "3y"}}
    found = gp.monitor({**MONITOR, "readings": readings}, data=folder, on=ON)
    level = reading(found, "level")
    assert (level["percentile_days"], level["percentile_short"]) == (len(closes(folder, "000300")[:ON]), True)
    assert f"{level['percentile_days']} days, all there are" in render(found.record)
    assert not reading(found, "rise")["percentile_short"]


def test_the_year_of_a_monitor_must_fit_its_calendar_as_that_of_a_study(folder: Path) -> None:
    market = {"calendar": "index", "periods": 365}
    with pytest.raises(gp.InputError, match=r"market\.periods must fit the calendar"):
        gp.monitor({**MONITOR, "market": market}, data=folder, on=ON)


def test_a_stale_reading_is_not_among_those_that_changed(folder: Path, tmp_path: Path) -> None:
    cut(folder, "2022-12-31", tmp_path)
    table = pd.read_csv(tmp_path / "yield.csv", dtype=str)
    table[table["date"] <= "2021-09-30"].to_csv(tmp_path / "yield.csv", index=False)
    changed = gp.monitor(MONITOR, data=tmp_path, on=ON, since="2021-03-05").record["changed"]
    assert "rise" not in [each["name"] for each in changed]
