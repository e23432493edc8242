"""Models in a monitor: their columns are series, as they were known; and the one line for what a model may not have."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gridproof as gp
from gridproof.results.monitor.page import render
from gridproof.sweeps.monitor.monitor import load_monitor
from tests.support.funds import PLANTED, write_funds

MODEL: dict[str, Any] = {
    "funds": {"file": "funds.parquet", "field": "percent",
              "members": {"file": "list.csv", "where": {"kind": ["active"]}}},
    "unit": 0.01,
    "indices": {"file": "indices.parquet", "field": "close"},
    "window": 20, "every": 5, "from": "2021-02-01",
}  # fmt: skip
MONITOR: dict[str, Any] = {
    "name": "held",
    "market": {"calendar": "index", "periods": 260},
    "series": {
        "index": {"file": "index.csv", "field": "close"},
        "held": {"model": "funds", "field": "total", "release": "1 day"},
        "first": {"model": "funds", "field": "10", "release": "1 day"},
    },
    "models": {"funds": {"positions": MODEL}},
    "readings": {
        "held": {"title": "Held", "value": "held", "unit": "percent"},
        "first": {"title": "First", "value": "where(smooth == 1, first, mean(first, 10))", "smooth": [1, 10],
                  "latch": {"on_above": 0.4}, "unit": "percent"},
    },
    "base": {"first.smooth": 1},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_readings_of_a_model_have_the_planted_positions_and_no_later_day_changes_them(tmp_path: Path) -> None:
    (tmp_path / "cut").mkdir()
    write_funds(tmp_path)
    found = gp.monitor(MONITOR, data=tmp_path, on="2021-09-30")
    values = found.table["value"]
    assert values["held"] == pytest.approx(PLANTED.sum(), abs=1e-6)
    assert values["first"] == pytest.approx(PLANTED[0], abs=1e-6)
    first = next(one for one in found.record["readings"] if one["name"] == "first")
    assert first["vote"] is not None
    assert (first["vote"]["variants"], first["vote"]["share_on"]["first"]) == (2, 1.0)
    day = "2021-05-28"
    whole = gp.monitor(MONITOR, data=tmp_path, on=day)
    early = gp.monitor(MONITOR, data=write_funds(tmp_path / "cut", day))
    assert whole.table["value"]["first"] == pytest.approx(PLANTED[2], abs=1e-6)
    assert early.record == whole.record
    assert render(early.record) == render(whole.record)


def test_a_model_without_its_file_concerns_its_readings_alone_and_an_old_one_is_stale(tmp_path: Path) -> None:
    write_funds(tmp_path)
    readings = {**MONITOR["readings"], "index": {"title": "Index", "value": "index"}}
    table = pd.read_parquet(tmp_path / "funds.parquet")
    table[table["date"] < "2021-08-01"].to_parquet(tmp_path / "funds.parquet", index=False)
    old = gp.monitor({**MONITOR, "readings": readings}, data=tmp_path, on="2021-09-30")
    assert old.table["status"].to_dict() == {"held": "stale", "first": "stale", "index": "current"}
    (tmp_path / "funds.parquet").unlink()
    found = gp.monitor({**MONITOR, "readings": readings}, data=tmp_path, on="2021-09-30")
    assert found.table["status"].to_dict() == {"held": "missing", "first": "missing", "index": "current"}
    assert "funds.parquet" in str(found.record["readings"][0]["why"])


def changed(path: str, value: Any, top: str = "models") -> dict[str, Any]:
    """The monitor with one key, such as funds.positions.window, set to a value."""
    raw = copy.deepcopy(MONITOR)
    place = raw[top]
    *keys, last = path.split(".")
    for key in keys:
        place = place[key]
    if value is None:
        place.pop(last)
    else:
        place[last] = value
    return raw


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (changed("held.model", "fund", "series"), "model names a key of models; got fund. Did you mean funds"),
        (changed("held.file", "a.csv", "series"), "a series of a model has model, field and release; got file"),
        (changed("index.file", None, "series"), "missing key `file`"),
        (changed("funds.positions", None), "a model has positions: or nowcast:; got neither"),
        (changed("funds.positions.window", 1), "window must be at least 2"),
        (changed("funds.positions.windows", 1), "unknown key; got windows. Did you mean window"),
        (changed("funds.nowcast", {"target": "held", "indicators": ["index"], "from": "2021-01-01"}), "got both"),
        (changed("funds", {"nowcast": {"target": "held", "indicators": ["index"], "from": "2021-01-01"}}),
         "a nowcast names series of files, each once; got held"),
        (changed("funds", {"nowcast": {"target": "index", "indicators": ["index"], "from": "2021-01-01"}}),
         "a nowcast names series of files, each once; got index"),
    ],
)  # fmt: skip
def test_what_a_model_may_not_have_is_one_line(raw: dict[str, Any], error: str) -> None:
    with pytest.raises(gp.InputError) as found:
        load_monitor(raw)
    assert error in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("held.field", "99", "field names a column of the model funds; got 99. Its columns are total, 10, 20, 30"),
        ("unit", 1.0, "the returns of funds are shares of 1 after unit"),
        ("from", "2030-01-01", "a model has estimates from the day under from on; got 2030-01-01, after the last day"),
        ("indices.codes", ["10", "40"], "has the codes that a model uses; got 40"),
    ],
)
def test_what_a_model_finds_wrong_in_the_files_is_why_its_readings_have_no_data(
    tmp_path: Path, path: str, value: Any, error: str
) -> None:
    raw = changed(path, value, "series") if path == "held.field" else changed(f"funds.positions.{path}", value)
    found = gp.monitor(raw, data=write_funds(tmp_path), on="2021-09-30").record["readings"][0]
    assert found["status"] == "missing"
    assert error in str(found["why"])
