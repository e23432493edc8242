"""The panels of daily performance on the page, and the map whose axes the reader chooses."""

from __future__ import annotations

import json
import pathlib
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.performance.positions import list_positions
from gridproof.results.report.axis import read_axes
from gridproof.results.report.figures import LEG_COLOURS, leg_colours
from gridproof.results.report.heatmaps import split_pairs
from gridproof.results.report.packed import FigureSet, pack, unpack
from gridproof.results.report.sections.positions import positions_section
from gridproof.results.report.surface_explorer import surface_explorer
from tests.support.page import figures_of, page_of, table_of, words_of
from tests.support.run_folder import write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(folder: pathlib.Path) -> str:
    return page_of(folder)


@pytest.fixture(scope="module")
def curves(folder: pathlib.Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "curves.parquet").set_index("date")


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:z.{digits}f}%".replace("-", "−")


def benchmark_returns(curves: pd.DataFrame) -> pd.Series[float]:
    nav = curves["hold.small.nav"]
    return nav / nav.shift(fill_value=1.0) - 1


def test_months_and_years_are_those_of_the_curve(page: str, curves: pd.DataFrame) -> None:
    rows = table_of(page, "Calendar years and months")
    assert [row[0] for row in rows] == ["2008", "2009 *"]
    months = (1 + curves["base.return"]).resample("ME").prod() - 1
    assert rows[0][1:13] == [percent(value) for value in months.iloc[:12]]
    assert rows[1][12] == percent(months.iloc[23]) if len(months) > 23 else rows[1][12] == ""
    for row, year in zip(rows, (2008, 2009), strict=True):
        part = curves[pd.DatetimeIndex(curves.index).year == year]
        own = float((1 + part["base.return"]).prod() - 1)
        other = float((1 + benchmark_returns(curves).loc[part.index]).prod() - 1)
        assert row[13:] == [percent(own), percent(other), percent(own - other)]


def test_the_benchmark_is_the_leg_with_the_highest_sharpe_ratio(page: str, folder: pathlib.Path) -> None:
    held = json.loads((folder / "summary.json").read_text())["hold"]
    ratios = {leg: held[leg]["in_sample"]["sharpe"] for leg in ("small", "value")}
    assert max(ratios, key=ratios.get) == "small"  # type: ignore[arg-type]
    assert "<h3>Against holding small</h3>" in page


def test_alpha_and_beta_are_those_of_a_plain_fit(page: str, curves: pd.DataFrame) -> None:
    rows = table_of(page, "Against holding small")
    inside = (curves["segment"] == "in_sample").to_numpy()
    own, other = curves["base.return"][inside] - 0.01 / 243, benchmark_returns(curves)[inside] - 0.01 / 243
    beta, alpha = np.polyfit(other, own, 1)
    assert rows[0][0] == "Base, in sample"
    assert rows[0][1] == percent(alpha * 243)
    assert rows[0][3] == f"{beta:.2f}".replace("-", "−")
    assert [row[0] for row in rows] == ["Base, in sample", "Best, in sample", "Base, after publication",
                                        "Best, after publication"]  # fmt: skip


def test_drawdowns_begin_with_the_deepest(page: str, curves: pd.DataFrame) -> None:
    rows = table_of(page, "Worst drawdowns of the base")
    depth = curves["base.drawdown"]
    assert rows[0][0] == percent(depth.min())
    assert rows[0][2] == f"{depth.idxmin():%Y-%m-%d}"
    assert len(rows) <= 10


def test_every_position_is_listed(page: str, curves: pd.DataFrame) -> None:
    count = int((curves["base.leg"] != curves["base.leg"].shift()).sum())
    assert f"All positions ({count}), the latest first" in words_of(page)
    rows = table_of(page, "Positions of the base")
    assert sum(int(row[1]) for row in rows) == count


def test_levels_of_a_signal_with_what_followed(page: str, curves: pd.DataFrame) -> None:
    rows = table_of(page, "Returns after each level of the signals")
    known = curves["base.value.rate"].notna()
    assert [row[0] for row in rows] == ["rate", "", "", "", ""]
    assert sum(int(row[2]) for row in rows) == int(known.sum())
    following = benchmark_returns(curves).shift(-1)[known & (curves["base.value.rate"].rank(pct=True) <= 0.2)]
    assert rows[0][3] == percent(following.mean(), 2)


def test_page_holds_every_surface_for_the_reader_to_choose(folder: pathlib.Path) -> None:
    table = pd.read_parquet(folder / "surfaces.parquet")
    axes = read_axes(json.loads((folder / "summary.json").read_text()))
    data = surface_explorer(split_pairs(table), axes, BY_NAME["sharpe"])
    assert data is not None
    assert [one["key"] for one in data["shown"]] == ["base", "mean", "max", "base.cagr", "base.max_drawdown"]
    for pair in data["pairs"]:
        block = table[(table["x_axis"] == pair["x"]) & (table["y_axis"] == pair["y"])]
        wide = len(axes[pair["x"]].values)
        for row in (block.iloc[0], block.iloc[-1], block.iloc[len(block) // 2]):
            for key in ("base", "base.cagr"):
                shown = pair["cells"][key][int(row["y_index"]) * wide + int(row["x_index"])]
                assert shown is None if np.isnan(row[key]) else shown == pytest.approx(row[key], rel=1e-3)
    assert len(data["pairs"]) == table.groupby(["x_axis", "y_axis"]).ngroups
    assert data["left_out"] == []


def test_pairs_beyond_the_room_of_the_page_are_named(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridproof.results.report.surface_explorer.MOST", 60)
    page = words_of(page_of(folder))
    assert "Too large for the page:" in page
    assert re.search(r"Too large for the page: .*rate\.on_above, rate\.off_below", page)


def test_packed_text_comes_back() -> None:
    text = '</script> "é" 30% 样本外'
    assert unpack(str(pack(text))) == text
    assert "<" not in pack(text)


def test_steps_of_a_weight_have_shades_of_one_colour_the_larger_the_darker() -> None:
    colours = leg_colours(
        ["small", "cash", "aimed 1", "aimed 0.5", "aimed 1.5 × 0.25", "aimed 1.5", "large × 0.5", "large"]
    )
    assert (colours["small"], colours["aimed 1.5"], colours["large"]) == LEG_COLOURS[:3]
    light = [
        sum(int(colours[name][at : at + 2], 16) for at in (1, 3, 5))
        for name in ("aimed 1.5 × 0.25", "aimed 0.5", "aimed 1", "aimed 1.5")
    ]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == 4
    assert colours["large × 0.5"] not in LEG_COLOURS


def test_positions_of_steps_are_in_the_order_of_the_weight() -> None:
    days = pd.date_range("2020-01-01", periods=6, name="date")
    held = pd.Series(["small", "aimed 1", "aimed 0.5", "small", "aimed 1.5", "aimed 1"], index=days)
    zero = pd.Series(0.0, index=days)
    table = list_positions(held, zero, zero)
    performance = SimpleNamespace(positions=lambda: table, benchmark_name="small")
    weights = {f"aimed {step}": {"small": float(step), "cash": 1.0 - float(step)} for step in ("0.5", "1", "1.5")}
    found = positions_section(performance, weights)["legs"]  # type: ignore[arg-type]
    assert [row[0] for row in found] == [
        "small",
        "50% small, 50% cash",
        "100% small, 0% cash",
        "150% small, −50% cash",
    ]
    assert [row[1] for row in found] == ["2", "1", "2", "1"]


def test_traces_share_their_days() -> None:
    """Each list of days is packed once, whatever the number of traces; short lists stay where they are."""
    days = [str(day) for day in np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-07-01"))]
    figures = FigureSet("en")
    figures.add("one", {"data": [{"x": days, "y": [1]}, {"x": days}, {"x": ["a", "b"]}], "layout": {}})
    figures.add("two", {"data": [{"x": days[1:]}, {"z": [2]}], "layout": {}})
    packed = figures.packed()
    record = json.loads(unpack(str(packed)))
    assert record["axes"] == [days, days[1:]]
    assert [trace.get("x") for trace in record["one"]["data"]] == [0, 0, ["a", "b"]]
    found = figures_of(f'<script type="text/plain" id="figures">{packed}</script>')
    assert found["one"]["data"] == [{"x": days, "y": [1]}, {"x": days}, {"x": ["a", "b"]}]
    assert found["two"]["data"] == [{"x": days[1:]}, {"z": [2]}]
