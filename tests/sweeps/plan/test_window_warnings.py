"""The warning about windows that count the days of weekly or monthly values, and where it is silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from tests.support.command import gridproof
from tests.support.page import page_of, words_of
from tests.support.tiny import prices, tiny_study

SERIES: dict[str, dict[str, str] | None] = {
    "y": None,
    "px": {"file": "px.csv", "field": "v"},
    "m1": {"file": "monthly.csv", "field": "a", "release": "20 calendar days"},
    "m2": {"file": "monthly.csv", "field": "b", "release": "20 calendar days"},
    "q": {"file": "quarterly.csv", "field": "v", "release": "40 calendar days"},
    "w": {"file": "weekly.csv", "field": "v", "release": "1 day"},
}
BY_MONTH, BY_WEEK = "write monthly(…) around them to count months", "write weekly(…) around them to count weeks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paces")
    random = np.random.default_rng(5)

    def write(name: str, days: pd.DatetimeIndex, *columns: str) -> None:
        values = {column: 50.0 + random.normal(0.0, 1.0, len(days)) for column in columns}
        pd.DataFrame(values, index=days).rename_axis("date").to_csv(folder / f"{name}.csv")

    prices().rename("v").rename_axis("date").to_csv(folder / "px.csv")
    write("monthly", pd.date_range("2016-01-31", "2021-05-31", freq="ME"), "a", "b")
    write("quarterly", pd.date_range("2014-03-31", "2021-03-31", freq="QE"), "v")
    write("weekly", pd.date_range("2018-06-01", "2021-06-25", freq="W-FRI"), "v")
    return folder


def warnings_of(folder: Path, formula: str, **more: object) -> list[str]:
    signal = {"value": f"({formula}) * 1.0", "latch": {"on_above": 0.0}, "missing": "off", **more}
    study = tiny_study(series=SERIES, legs={"stock": "px"}, signals={"up": signal}, window={"from": "2020-03-02"})
    return [text for text in gp.load_market(study, folder).remarks if "counts trading days" in text]


@pytest.mark.parametrize(
    ("formula", "named", "change", "remedy"),
    [
        ("mean(m1 - m2, 3)", "mean(m1 - m2, 3)", "monthly", BY_MONTH),
        ("mean(m1 - m2, n)", "mean(m1 - m2, n)", "monthly", BY_MONTH),
        ("diff(m1 / m2, 1)", "diff(m1 / m2, 1)", "monthly", BY_MONTH),
        ("lag(ema(m1 - m2, 5), 20)", "ema(m1 - m2, 5)", "monthly", BY_MONTH),
        ("corr(m1, m2, 12)", "corr(m1, m2, 12)", "monthly", BY_MONTH),
        ("sum(m1 > m2, 6)", "sum(m1 > m2, 6)", "monthly", BY_MONTH),
        ("mean(m1 - q, 4)", "mean(m1 - q, 4)", "monthly", BY_MONTH),
        ("mean(monthly(px) - monthly(m1), 4)", "", "", ""),
        ("mean(monthly(px) - weekly(px), 4)", "mean(monthly(px) - weekly(px), 4)", "weekly", BY_WEEK),
        ("mean(w, 4)", "mean(w, 4)", "weekly", BY_WEEK),
        ("mean(m1 - w, 4)", "mean(m1 - w, 4)", "weekly", BY_WEEK),
    ],
)  # fmt: skip
def test_windows_over_slow_values_are_named(folder: Path, formula: str, named: str, change: str, remedy: str) -> None:
    more = {"n": 5} if ", n)" in formula else {}
    found = warnings_of(folder, formula, **more)
    if not named:
        assert found == []
        return
    expected = f"{named} counts trading days of values that change {change}: {remedy}, or daily(…) if days are meant"
    assert [text.removeprefix("up: ") for text in found] == [expected]


@pytest.mark.parametrize(
    "formula",
    [
        "mean(m1, 3)",
        "mean(m1, 3) - mean(m2, 3)",
        "mean(m1 - 2.0, 3)",
        "mean(monthly(m1 - m2), 12)",
        "mean(daily(m1 - m2), 60)",
        "mean(weekly(w), 4)",
        "mean(daily(w), 20)",
        "mean(px * m1, 20)",
        "mean(m1 - m2, 1y)",
        "percentile(m1 - m2, all)",
        "mean(px, 20)",
        "abs(m1 - m2)",
        "mean(q, 2) + mean(m1, 2)",
        "mean(weekly(px), 4)",
    ],
)
def test_what_is_meant_is_no_warning(folder: Path, formula: str) -> None:
    assert warnings_of(folder, formula) == []


def test_a_calendar_that_is_weekly_counts_its_own_rows(folder: Path) -> None:
    series = {**dict.fromkeys(("y", "px"), None), **{name: SERIES[name] for name in ("m1", "w")}}
    signal = {"value": "mean(m1 - w, 4)", "latch": {"on_above": 0.0}, "missing": "off"}
    market = {"calendar": "w", "periods": 52}
    study = tiny_study(
        series=series, legs={"stock": "w"}, signals={"up": signal}, window={"from": "2020-03-06"}, market=market
    )
    assert not any("counts" in text for text in gp.load_market(study, folder).remarks)


def test_terminal_and_page_show_it_in_both_languages(folder: Path, tmp_path: Path) -> None:
    signal = {"value": "mean(m1 - m2, 3)", "latch": {"on_above": 0.0}, "missing": "off"}
    study = tiny_study(series=SERIES, legs={"stock": "px"}, signals={"up": signal}, window={"from": "2020-03-02"})
    file = tmp_path / "slow.yaml"
    file.write_text(study.to_yaml())
    words = "up: mean(m1 - m2, 3) counts trading days of values that change monthly: write monthly(…)"
    said = gridproof("run", file, "--data", folder, "--out", tmp_path / "runs", "--no-verdict")
    assert words in " ".join((said.stdout + said.stderr).split())
    (run,) = (tmp_path / "runs").glob("tiny-*")
    assert words in words_of(page_of(run))
    chinese = gridproof("data", "check", file, "--data", folder, "--lang", "zh").stdout
    assert "up：mean(m1 - m2, 3)的窗口按交易日计数，而其数值只按月度变动" in chinese
