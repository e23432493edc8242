"""``gridproof data check``: how each file of a study is read, every error, the calendar; a single file."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.support.command import gridproof

STUDY = """name: small
market: {calendar: px, periods: 252}
series:
  px: {file: px.csv, field: Close, date: Date}
  rate: {file: rate.csv, field: v, release: usable_from, missing: drop}
legs: {px: px, cash: {interest: 0.02}}
signals:
  t: {value: 'pct_change(rate, window)', window: 3, latch: {on_above: 0.0}}
rule: {px: t, cash: otherwise}
window: {from: 2020-03-16}
"""
DAYS = pd.bdate_range("2020-03-02", periods=260)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    prices = [f'{day:%d/%m/%Y};"3.{100 + at}"' for at, day in enumerate(DAYS)]
    (tmp_path / "px.csv").write_text("Date;Close\n" + "\n".join(prices) + "\n", encoding="utf-8")
    rates = [f"{day:%Y%m%d},{'--' if at == 5 else at},{day:%Y/%m/%d}" for at, day in enumerate(DAYS)]
    (tmp_path / "rate.csv").write_text("date,v,usable_from\n" + "\n".join(rates) + "\n", encoding="utf-8")
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_each_file_is_one_line(folder: Path) -> None:
    lines = gridproof("data", "check", folder / "study.yaml", "--data", folder).stdout.splitlines()
    assert lines[0].startswith("read px (px.csv): 260 values, 2020-03-02 to 2021-02-26; dates DD/MM/YYYY; ")
    assert lines[1].startswith(
        "read rate (rate.csv): 259 values, 2020-03-02 to 2021-02-26; dates YYYYMMDD; missing: 1 × --"
    )
    assert lines[2].split() == ["file", "series", "needed", "by", "first", "last", "rows", "current", "until"]
    shown = ["px.csv", "Close", "small:", "px", "2020-03-02", "2021-02-26", "260", "2021-03-03", "ok"]
    assert lines[3].split() == shown
    calendar = "calendar (px): 260 days, 2020-03-02 to 2021-02-26, 262 rows a year; periods: 252"
    assert lines[5] == f"study small, {calendar}"


def test_every_error_is_shown(folder: Path) -> None:
    replace(folder / "px.csv", "02/03/2020", "31/02/2020")
    replace(folder / "rate.csv", "20200303,1,", "20200303,closed,")
    done = gridproof("data", "check", folder / "study.yaml", "--data", folder, expect=1)
    assert "got 31/02/2020 at px.csv:2" in done.stdout
    assert "got 'closed' at rate.csv:3" in done.stdout
    record = json.loads(gridproof("data", "check", folder / "study.yaml", "--data", folder, "--json", expect=1).stdout)
    assert len(record["errors"]) == 2
    assert record["targets"][0]["calendar"] is None
    assert [one["state"] for one in record["files"]] == ["unreadable", "unreadable"]


def test_a_release_column_is_checked(folder: Path) -> None:
    replace(folder / "rate.csv", "2020/03/03", "2020-13-03")
    done = gridproof("data", "check", folder / "study.yaml", "--data", folder, expect=1)
    assert "2020-13-03 at rate.csv:3" in done.stdout
    replace(folder / "study.yaml", "usable_from", "usable")
    done = gridproof("data", "check", folder / "study.yaml", "--data", folder, expect=1)
    assert "a release that names a column needs that date column in the file" in done.stdout


def test_a_single_file(folder: Path) -> None:
    lines = gridproof("data", "check", "rate.csv", "--data", folder).stdout.splitlines()
    assert lines[0].startswith("rate.csv: 260 rows; ")
    assert lines[1].startswith("  date: dates YYYYMMDD, 2020-03-02 to 2021-02-26, or numbers: 260 from 2.02003e+07")
    assert lines[2] == "  v: numbers: 259 from 0 to 259, missing: 1 × --"
    assert lines[3] == "  usable_from: dates YYYY/MM/DD, 2020-03-02 to 2021-02-26"
    assert "must exist" in gridproof("data", "check", "none.csv", "--data", folder, expect=2).stderr


def test_a_shipped_study(folder: Path) -> None:
    assert "study us-demo, calendar (sp500): 5,031 days" in gridproof("data", "check", "us-demo").stdout


MONITOR = """name: week
market: {calendar: px, periods: 252}
series:
  px: {file: px.csv, field: Close, date: Date}
  rate: {file: rate.csv, field: v, release: usable_from, missing: drop}
  other: {file: other.csv, field: v}
readings:
  level: {title: Level, value: px}
  rate: {title: Rate, value: rate}
  study: {title: Signal, study: study.yaml, signal: t}
"""


def test_a_monitor_needs_what_its_readings_name(folder: Path) -> None:
    (folder / "week.yml").write_text(MONITOR, encoding="utf-8")
    record = json.loads(gridproof("data", "check", folder / "week.yml", "--data", folder, "--json").stdout)
    assert [one["file"] for one in record["files"]] == ["px.csv", "rate.csv"]
    assert record["files"][1]["needed_by"] == ["week: rate"]
    assert record["errors"] == []
    done = gridproof("data", "check", folder / "week.yml", "--data", folder, "--on", "2021-03-05", expect=1)
    assert "rate of 2021-02-26, current until 2021-03-03, on 2021-03-05" in done.stdout
    assert "stale" in done.stdout
    replace(folder / "week.yml", "value: px}", "value: px / other}")
    record = json.loads(gridproof("data", "check", folder / "week.yml", "--data", folder, "--json", expect=1).stdout)
    assert [one["state"] for one in record["files"]] == ["ok", "ok", "missing"]
    assert len(record["errors"]) == 1


def test_a_folder_has_its_studies_and_monitors(folder: Path) -> None:
    (folder / "week.yml").write_text(MONITOR, encoding="utf-8")
    (folder / "more.csv").write_text("date,v\n2020-03-02,1\n", encoding="utf-8")
    record = json.loads(gridproof("data", "check", folder, "--json").stdout)
    assert [one["name"] for one in record["targets"]] == ["small", "week"]
    assert record["files"][0]["needed_by"] == ["small: px", "week: px"]
    assert record["not_needed"] == ["more.csv"]
    assert record["not_checked"]["microcap-index"].startswith("no ")
    (folder / "px.csv").unlink()
    done = gridproof("data", "check", folder, expect=1)
    assert "missing" in done.stdout
    assert "the file of a series must exist" in done.stdout


def test_a_target_is_known(folder: Path) -> None:
    assert "did you mean" in gridproof("data", "check", "us-dem", expect=2).stderr.lower()
    assert "one folder" in gridproof("data", "check", folder, "--data", folder, expect=2).stderr


MODEL = """models:
  held:
    positions: {funds: {file: funds.parquet, field: ret}, indices: {file: idx.parquet, field: close}, from: 2020-06-01}
"""


def test_the_files_of_a_model_are_needed(folder: Path) -> None:
    text = MONITOR.replace("readings:", "  share: {model: held, field: total}\n" + MODEL + "readings:")
    text = text.replace("  level:", "  share: {title: Held, value: share}\n  level:")
    (folder / "week.yml").write_text(text, encoding="utf-8")
    days = pd.DataFrame({"date": DAYS, "code": "801010", "close": 1.0})
    days.to_parquet(folder / "idx.parquet")
    record = json.loads(gridproof("data", "check", folder / "week.yml", "--data", folder, "--json", expect=1).stdout)
    found = {one["file"]: one["state"] for one in record["files"]}
    assert (found["funds.parquet"], found["idx.parquet"]) == ("missing", "ok")
    assert "funds.parquet" in record["errors"][0]


def test_import_and_check_of_a_file_are_chinese(tmp_path: Path) -> None:
    rows = ",ts_code,trade_date,close,pct_chg,vol\n0,000300.SH,20240104,3347.05,-0.92,10\n"
    (tmp_path / "index.csv").write_text(rows)
    said = gridproof("data", "import", "tushare", tmp_path / "index.csv", "--out", tmp_path, "--lang", "zh").stdout
    assert [line for line in said.splitlines() if line.isascii()] == [
        "  trade_date: date",
        "  ts_code: code",
        "  close: close",
    ]
    assert "index.parquet：1行，2024-01-04至2024-01-04，1个代码" in said
    assert "  pct_chg：pct_change（由%换算为小数）" in said
    assert "价格复权：未知；未测：需要日期、代码" in said
    said = gridproof("data", "check", tmp_path / "index.csv", "--lang", "zh").stdout
    assert not any(line.isascii() for line in said.splitlines())
