"""The page of a monitor, its CSV and its texts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd

import gridproof as gp
from gridproof.results.monitor.number_format import format_change, format_share, format_value
from gridproof.results.monitor.page import render, table_csv
from gridproof.results.monitor.sparkline import sparkline
from gridproof.results.monitor.texts import text
from tests.support.command import gridproof


def test_numbers_are_written_in_their_unit() -> None:
    assert [format_value(value, "percent") for value in (0.0034, 0.381, None)] == ["0.34%", "38.1%", "–"]
    assert format_value(2506.850098, "index") == "2,506.85"
    assert format_value(-0.5, "number") == "−0.50"
    assert format_change(0.0045, "percent", "zh") == "+0.45 pct"
    assert format_change(-0.092, "index", "en") == "−9.2%"
    assert [format_share(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0%", "<1%", "50%", ">99%", "100%"]


def test_a_sparkline_breaks_at_unknown_values_and_marks_the_days_that_are_on() -> None:
    svg = sparkline([("a", 1.0, False), ("b", 2.0, True), ("c", None, True), ("d", -1.0, False), ("e", 1.5, True)])
    assert svg.count("<polyline") == 2
    assert svg.count('class="on"') == 2
    assert svg.count('class="zero"') == 1
    assert sparkline([("a", 1.0, None)]) == ""


def test_the_command_writes_page_json_csv_and_history(tmp_path: Path) -> None:
    ended = gridproof("monitor", "us-demo", "--out", tmp_path, "--lang", "zh", "--history", "2018-06-01")
    assert "标普500" in ended.stdout
    folder = tmp_path / "us-demo-2018-12-31"
    page = (folder / "readings.html").read_text()
    assert page.startswith("<!doctype html>")
    assert 'lang="zh-CN"' in page
    assert "http" not in page.replace("http://www.w3.org", "")
    record = json.loads((folder / "readings.json").read_text())
    rows = list(csv.DictReader(io.StringIO((folder / "readings.csv").read_text())))
    assert [row["name"] for row in rows] == [one["name"] for one in record["readings"]]
    assert float(rows[0]["value"]) == record["readings"][0]["value"]
    history = pd.read_parquet(folder / "history.parquet")
    weeks = history[history["reading"] == "sp500"]
    assert len(weeks) == 32  # 1 June to 31 December
    assert weeks["value"].iloc[-1] == next(one for one in record["readings"] if one["name"] == "sp500")["value"]


def test_a_title_with_signs_of_html_is_shown_as_text() -> None:
    record = gp.monitor("us-demo").record
    record["readings"][0]["title"] = "<b>bold</b> & more"
    page = render(record)
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "<b>bold" not in page
    assert "<b>bold</b> & more" in table_csv(record)


def test_a_warning_stands_under_the_group_of_its_readings_and_a_reason_takes_the_row() -> None:
    record = gp.monitor("us-demo").record
    one = record["readings"][0]
    one["status"], one["value"], one["why"], one["why_zh"] = "missing", None, "no file", "没有文件"
    record["warnings"] = [{"readings": [one["name"]], "text": "few funds", "text_zh": "基金很少"}]
    page, chinese = render(record), render(record, "zh")
    assert page.count("Warning: few funds.") == 1
    assert chinese.count("注意：基金很少。") == 1
    assert '<td class="left why" colspan="7">no file</td>' in page
    assert "没有文件" in chinese


def test_one_of_something_is_singular() -> None:
    assert text("count", "en", total=1, current=1) == "1 reading: 1 current"
    assert text("days", "en", days=21) == "21 days"
    assert text("window_y", "en", number=1) == "1 year"
