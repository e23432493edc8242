"""The boards of a monitor: tables, directions, months with releases, and paths, against plain pandas."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import yaml

import gridproof as gp
from gridproof.results.monitor.page import render
from gridproof.results.monitor.record import BoardRecord
from gridproof.sweeps.monitor.monitor import load_monitor, shipped_monitors
from gridproof.sweeps.monitor.schema import monitor_schema
from tests.support.market import MARKET_SERIES, write_market
from tests.support.schemas import validate

MONITOR: dict[str, Any] = {
    "name": "small",
    "market": {"calendar": "index", "periods": 260},
    "series": MARKET_SERIES,
    "groups": {"first": {"title": "First & best", "title_zh": "首组"}},
    "readings": {"index": {"title": "Index", "value": "index", "unit": "index"}},
    "boards": {
        "returns": {
            "title": "Returns", "title_zh": "涨跌幅",
            "columns": {"week": {"title": "Week", "value": "pct_change(x, 5)"},
                        "excess": {"title": "Excess", "value": "pct_change(x, 5) - pct_change(index, 5)"}},
            "assets": {"stocks": {"title": "Stocks", "title_zh": "股票"}, "bonds": {"title": "Bonds"}},
            "rows": {"other": {"title": "Other", "x": "other", "group": "first", "moves": {"stocks": "up"}},
                     "both": {"title": "Both", "x": ["index", "other"], "moves": {"stocks": "up", "bonds": "down"}}},
        },
        "changes": {  # of consensus: the change of a week in percentage points
            "title": "Changes", "columns": {"week": {"title": "Week", "value": "diff(x, 5)", "unit": "number"}},
            "rows": {"y10": {"title": "Yield", "x": "y10"}},
        },
        "months": {"title": "Months", "months": 4, "rows": {"m1": {"title": "M1", "title_zh": "货币", "x": "m1"}}},
        "styles": {"title": "Styles", "path": {
            "across": {"title": "Other less index", "value": "pct_change(other, 20) - pct_change(index, 20)"},
            "up": {"title": "Index", "value": "pct_change(index, 20)"}, "weeks": 5}},
    },
}  # fmt: skip
ON = "2021-10-15"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder)
    return folder


def boards(found: Any) -> dict[str, BoardRecord]:
    return {one["name"]: one for one in found.record["boards"]}


def closes(folder: Path, code: str) -> pd.Series:
    table = pd.read_csv(folder / "index.csv", dtype={"code": str}, parse_dates=["date"])
    return table[table["code"] == code].set_index("date")["close"]


def test_cells_directions_months_and_paths_are_those_of_pandas(folder: Path) -> None:
    record = boards(gp.monitor(MONITOR, data=folder, on=ON))
    index, other = closes(folder, "000300")[:ON], closes(folder, "000852")[:ON]
    week, own = other.iloc[-1] / other.iloc[-6] - 1, index.iloc[-1] / index.iloc[-6] - 1
    of_other, both = record["returns"]["rows"]
    assert [cell["value"] for cell in of_other["cells"]] == pytest.approx([week, week - own], rel=1e-9)
    assert [cell["value"] for cell in both["cells"]] == pytest.approx([(week + own) / 2, (week - own) / 2], rel=1e-9)
    sign = 1 if week > 0 else -1
    assert of_other["directions"] == [sign, None]
    sign = 1 if week + own > 0 else -1
    assert both["directions"] == [sign, -sign]
    y10 = pd.read_csv(folder / "yield.csv", parse_dates=["date"]).set_index("date")["y10"].shift(1)[:ON]
    assert record["changes"]["rows"][0]["cells"][0]["value"] == pytest.approx(y10.iloc[-1] - y10.iloc[-6], rel=1e-9)
    money = pd.read_csv(folder / "money.csv", parse_dates=["month", "usable_from"])
    known = money[money["usable_from"] <= ON].set_index("month")["m1"]
    months = pd.period_range("2021-07", "2021-10", freq="M")
    expected = [known[known.index.to_period("M") == month] for month in months]
    cells = [cell["value"] for cell in record["months"]["rows"][0]["cells"]]
    assert cells == [None if part.empty else part.iloc[0] for part in expected]
    path = record["styles"]["path"]
    assert len(path) == 5
    for day, across, up in path:
        at = index.index.get_loc(pd.Timestamp(day))
        rise = index.iloc[at] / index.iloc[at - 20] - 1
        assert up == pytest.approx(rise, rel=1e-9)
        assert across == pytest.approx(other.iloc[at] / other.iloc[at - 20] - 1 - rise, rel=1e-9)


def test_releases_of_the_week_past_and_expected(folder: Path) -> None:
    money = pd.read_csv(folder / "money.csv", parse_dates=["month", "usable_from"])
    row = money[money["usable_from"] >= "2021-09-01"].iloc[0]
    after = str((row["usable_from"] + pd.offsets.BDay(1)).date())
    (release,) = boards(gp.monitor(MONITOR, data=folder, on=after))["months"]["releases"]
    assert (release["value"], release["next"], release["month"]) == (row["m1"], False, str(row["month"].date())[:7])
    before = str((row["usable_from"] - pd.offsets.BDay(3)).date())
    (release,) = boards(gp.monitor(MONITOR, data=folder, on=before))["months"]["releases"]
    assert (release["value"], release["next"], release["month"]) == (None, True, str(row["month"].date())[:7])
    assert abs(pd.Timestamp(release["date"]) - row["usable_from"]) <= pd.Timedelta(days=4)


def test_as_of_a_past_date_the_boards_are_those_of_files_cut_at_that_date(folder: Path, tmp_path: Path) -> None:
    for day in ("2020-09-18", "2021-05-12", "2021-10-29"):
        target = tmp_path / day
        target.mkdir()
        for name, column in (("index.csv", "date"), ("yield.csv", "date"), ("money.csv", "month")):
            table = pd.read_csv(folder / name, dtype=str)
            table[table[column] <= day].to_csv(target / name, index=False)
        whole, early = gp.monitor(MONITOR, data=folder, on=day), gp.monitor(MONITOR, data=target)
        assert early.record == whole.record
        assert render(early.record, "zh") == render(whole.record, "zh")


def test_the_page_shows_boards_and_what_is_not_current_in_them(folder: Path, tmp_path: Path) -> None:
    found = gp.monitor(MONITOR, data=folder, on=ON).record
    page, chinese = render(found), render(found, "zh")
    assert page.count("<h2>Returns</h2>") == page.count("First &amp; best") == 1
    assert page.count('class="path"') == 1
    assert "涨跌幅" in chinese
    assert "股票" in chinese
    for name in ("index.csv", "money.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    table = pd.read_csv(folder / "yield.csv", dtype=str)
    table[table["date"] <= "2021-09-30"].to_csv(tmp_path / "yield.csv", index=False)
    old = gp.monitor(MONITOR, data=tmp_path, on=ON)
    (row,) = boards(old)["changes"]["rows"]
    assert (row["cells"][0]["value"], row["why"], row["why_zh"]) == (None, "not current: y10", "未更新：y10")
    (tmp_path / "yield.csv").unlink()
    (row,) = boards(gp.monitor(MONITOR, data=tmp_path, on=ON))["changes"]["rows"]
    assert (row["cells"][0]["value"], row["why"]) == (None, "not current: y10")


def changed(board: str, **keys: Any) -> dict[str, Any]:
    raw = copy.deepcopy(MONITOR)
    raw["boards"][board] |= keys
    return raw


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (changed("returns", months=3), "a board has columns and rows, months and rows, or a path; got columns, rows"),
        (changed("months", rows={}), "a board has columns and rows, months and rows, or a path; got months"),
        (changed("months", rows={"a": {"title": "A", "x": "index / other"}}), "x is a series where a board has months"),
        (changed("changes", rows={"a": {"title": "A", "x": "y1"}}), "boards.changes.rows.a"),
        (changed("changes", rows={"a": {"title": "A", "x": "y10", "group": "last"}}), "group is a key of groups"),
        (changed("changes", rows={"a": {"title": "A", "x": "y10", "moves": {"oil": "up"}}}),
         "moves names assets of the board; got oil"),
        (changed("styles", path={"across": {"title": "A", "value": "index"}, "up": {"title": "B", "value": "indx"}}),
         "Did you mean index"),
    ],
)  # fmt: skip
def test_what_a_board_may_not_have_is_one_line(raw: dict[str, Any], error: str) -> None:
    with pytest.raises(gp.InputError) as found:
        load_monitor(raw)
    assert error in str(found.value)
    assert "\n" not in str(found.value)


def test_the_schema_accepts_the_shipped_monitors_and_rejects_slips() -> None:
    schema = monitor_schema()
    for name in shipped_monitors():
        raw = load_monitor(name).document.raw
        validate(raw, schema)
        slip = copy.deepcopy(raw)
        slip["groups"] = {"a": {"titel": "A"}}
        with pytest.raises(jsonschema.ValidationError):
            validate(slip, schema)


def test_an_own_operator_that_looks_ahead_on_the_monitors_data_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import numpy as np\nfrom gridproof.operators import operator, series\n\n\n"
        "@operator(series())\ndef peek(x):\n    '''Looks ahead in a series of more than 400 values.'''\n"
        "    return np.append(x[1:], x[-1:]) if len(x) > 400 else x.copy()\n"
    )
    readings = {"peek": {"title": "Peek", "value": "peek(index)"}, "index": {"title": "I", "value": "index"}}
    raw = {**MONITOR, "boards": {}, "operators": "own.py", "readings": readings}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    peek, index = gp.monitor(tmp_path / "small.yaml", data=folder, on=ON).record["readings"]
    assert (peek["status"], index["status"]) == ("failed", "current")
    assert "peek" in str(peek["why"])
    assert "只能使用截至该日的数据" in str(peek["why_zh"])
