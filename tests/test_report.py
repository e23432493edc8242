"""The report of a synthetic run: what must be on the page, in every shape a run can take."""

from __future__ import annotations

import itertools
import json
import math
import pathlib
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from gridproof.results import figures
from gridproof.results.report import number, share, write_report

AXES: dict[str, list[Any]] = {
    "rate.window": [60, 120, 180, 243, 300],
    "rate.on": [round(0.10 + 0.02 * k, 2) for k in range(21)],
    "rate.off": [round(-0.40 + 0.02 * k, 2) for k in range(21)],
    "crowd.window": [20, 60, 120],
    "crowd.on": [0.6, 0.7, 0.8, 0.9],
    "execution.fill": ["close", "next close"],
}
BASE = {"rate.window": 243, "rate.on": 0.3, "rate.off": -0.2, "crowd.window": 60, "crowd.on": 0.8}
BASE |= {"execution.fill": "close"}
BEST = {**BASE, "rate.window": 180, "rate.on": 0.26, "crowd.on": 0.7}


def metrics(returns: np.ndarray, weights: dict[str, float]) -> dict[str, Any]:
    nav = np.cumprod(1 + returns)
    drawdown = float(drawdown_of(nav).min())
    volatility = float(returns.std(ddof=1) * math.sqrt(243))
    cagr = float(nav[-1] ** (243 / len(returns)) - 1)
    return {
        "total_return": float(nav[-1] - 1),
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": float(returns.mean()) * 243 / volatility if volatility > 1e-9 else None,
        "sortino": None,
        "max_drawdown": drawdown,
        "calmar": cagr / abs(drawdown) if drawdown else None,
        "skewness": -0.31,
        "kurtosis": 6.2,
        "switches": 123,
        "turnover": 14.2,
        "exposure": 1.0 - weights["cash"],
        "exposure_by_leg": weights,
    }


def drawdown_of(nav: np.ndarray) -> np.ndarray:
    return nav / np.maximum(np.maximum.accumulate(nav), 1.0) - 1


def write_run(
    folder: pathlib.Path,
    *,
    days: int = 400,
    published: bool = True,
    axes: dict[str, list[Any]] = AXES,
    best: dict[str, Any] = BEST,
    change: dict[str, Any] | None = None,
) -> pathlib.Path:
    """A finished run's folder with made-up but coherent numbers, the same on every call."""
    random = np.random.default_rng(7)
    chosen = {who: {name: cell[name] for name in axes} for who, cell in (("base", BASE), ("best", best))}
    cut = int(days * 0.88) if published else days
    parts = {"in_sample": slice(0, cut)} | ({"after_publication": slice(cut, days)} if published else {})
    dates = pd.bdate_range("2008-01-02", periods=days)
    legs = {"small": random.normal(0.0008, 0.017, days), "value": random.normal(0.0004, 0.013, days)}
    legs["cash"] = np.full(days, 0.00006)
    segment = np.where(np.arange(days) < cut, "in_sample", "after_publication")
    frame: dict[str, Any] = {"date": dates, "segment": segment}
    hold = {}
    for leg, returns in legs.items():
        frame[f"hold.{leg}.nav"] = np.cumprod(1 + returns)
        weights = {name: float(name == leg) for name in legs}
        hold[leg] = {"after_publication": None} | {
            key: metrics(returns[p], weights) for key, p in parts.items()
        }
    found = {}
    for who, drift in (("base", 0.0007), ("best", 0.0007 if chosen["base"] == chosen["best"] else 0.001)):
        state = np.cumsum(np.random.default_rng(int(drift * 1e4)).random(days) < 0.02) % 3
        picked = np.choose(state, [legs["small"], legs["cash"], legs["value"]]) + drift * (state != 1)
        nav = np.cumprod(1 + picked)
        frame |= {f"{who}.leg": np.array(["small", "cash", "value"])[state], f"{who}.return": picked}
        frame |= {f"{who}.cost": 0.0, f"{who}.nav": nav, f"{who}.drawdown": drawdown_of(nav)}
        if who == "base":
            frame |= {"base.state.rate": (state == 1) * 1, "base.state.crowd": (state != 0) * 1}
        weights = {"small": 0.4, "value": 0.218, "cash": 0.382}
        found[who] = {"parameters": chosen[who], "after_publication": None}
        found[who] |= {key: metrics(picked[part], weights) for key, part in parts.items()}
        found[who] |= {
            "index": 99 if drift == 0.001 else 11,
            "percentile": 99.9996 if drift == 0.001 else 97.2,
        }
        found[who]["percentile_after_publication"] = 51.3 if published else None
    pd.DataFrame(frame).to_parquet(folder / "curves.parquet")
    write_top(folder, axes, found)
    write_surfaces(folder, axes, random)

    variants = math.prod(len(values) for values in axes.values())
    sharpe = [found[who]["in_sample"]["sharpe"] for who in ("base", "best")]
    objective = np.append(random.normal(sharpe[0] - 0.3, 0.16, variants), sharpe)[-variants:]
    counts, edges = np.histogram(objective.clip(max=max(sharpe)), bins=60)
    window: dict[str, Any] = {"from": str(dates[0].date()), "to": str(dates[-1].date())}
    window["published"] = str(dates[cut].date()) if published else None
    window |= {"days_in_sample": cut, "days_after_publication": days - cut}
    summary = {
        "study": "rate-crowd",
        "title": "Yield and crowding: small caps or cash",
        "variants": variants,
        "evaluated": variants,
        "sample": None,
        "distinct": max(1, variants // 7),
        "backend": "cpu",
        "code": "1a2b3c4",
        "data_hash": "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        "objective": "sharpe",
        "periods_per_year": 243,
        "window": window,
        "rule": ["cash: rate and crowd", "value: crowd", "small: otherwise"],
        "legs": list(legs),
        "axes": [{"name": name, "values": axes[name], "base": BASE[name]} for name in axes],
        "base": found["base"],
        "best": found["best"] | {"equal": 137},
        "hold": hold,
        "histogram": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "below": 12,
            "above": 0,
            "undefined": 3,
        },
        "variants_stored": True,
        "notes": ["The yield <b>series</b> starts in 2006."],
    }
    (folder / "summary.json").write_text(json.dumps(summary | (change or {})), encoding="utf-8")
    return folder


def write_top(folder: pathlib.Path, axes: dict[str, list[Any]], found: dict[str, Any]) -> None:
    rows = []
    for rank in range(1, 31):
        who = "base" if rank == 4 else "best"
        cell = {name: values[rank % len(values)] for name, values in axes.items()}
        row = {"rank": rank, "index": 100 + rank, "equal": 2 * rank} | cell
        if rank in (1, 4):
            row |= found[who]["parameters"] | {"index": found[who]["index"]}
        numbers = {k: v for k, v in found[who]["in_sample"].items() if k != "exposure_by_leg"}
        after = found[who]["after_publication"] or {}
        rows.append(row | numbers | {f"after.{name}": after[name] for name in numbers if name in after})
    pd.DataFrame(rows).to_parquet(folder / "top.parquet")


def write_surfaces(folder: pathlib.Path, axes: dict[str, list[Any]], random: np.random.Generator) -> None:
    blocks = []
    for x, y in itertools.combinations([name for name in axes if len(axes[name]) > 1], 2):
        row, column = (part.ravel() for part in np.mgrid[0 : len(axes[y]), 0 : len(axes[x])])
        far = [
            (row - axes[y].index(BASE[y])) / len(axes[y]),
            (column - axes[x].index(BASE[x])) / len(axes[x]),
        ]
        value = 1.3 - 1.2 * np.hypot(*far) + random.normal(0, 0.05, row.size)
        value[(row == 0) & (column < 2)] = np.nan
        block = {"x_axis": x, "y_axis": y, "x_index": column, "y_index": row, "base": value, "count": 9}
        block |= {"x": [str(axes[x][i]) for i in column], "y": [str(axes[y][i]) for i in row]}
        block |= {"mean": 0.5 + value / 4, "mean_square": value**2, "max": value + 0.3}
        blocks.append(pd.DataFrame(block))
    if blocks:
        pd.concat(blocks).to_parquet(folder / "surfaces.parquet")


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def page_of(folder: pathlib.Path) -> str:
    """The report without plotly's own text, which would match almost anything."""
    text = write_report(folder).read_text(encoding="utf-8")
    start, end = text.index("<script>/**"), text.index("<script>\nconst drawFigure")
    return text[:start] + text[end:]


def figures_of(page: str) -> dict[str, Any]:
    found = re.findall(r'drawFigure\("([\w-]+)", (\{.*\})\);</script>', page)
    return {name: json.loads(text) for name, text in found}


def test_headline_says_in_words_how_the_base_stands(run: pathlib.Path) -> None:
    page = page_of(run)
    assert "The published cell: Sharpe" in page
    assert "better than 97.2\u00a0% of 52,920 variants (7,560 distinct) in sample." in page
    assert "After publication (from 2009-05-08): Sharpe" in page
    assert "better than 51.3\u00a0% of them." in page
    assert "The best variant in sample: Sharpe" in page


def test_page_is_one_file_that_loads_nothing(run: pathlib.Path) -> None:
    text = write_report(run).read_text(encoding="utf-8")
    assert len(re.findall(r"\* plotly\.js v\d", text)) == 1
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", page_of(run))
    assert "<link" not in page_of(run)
    assert 'src="http' not in text
    assert sorted(path.name for path in run.iterdir() if "report" in path.name) == ["report.html"]


def test_same_folder_gives_same_bytes(run: pathlib.Path) -> None:
    first = write_report(run).read_bytes()
    (run / "timing.json").write_text('{"seconds": 3}')
    assert write_report(run).read_bytes() == first


def test_figures_are_valid_plotly_and_follow_the_order_of_the_page(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    assert list(drawn) == [
        "figure-curves",
        "figure-after",
        "figure-histogram",
        *(f"figure-map-{k}" for k in range(1, 7)),
    ]
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values


def test_base_and_best_are_marked_in_histogram_and_maps(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    texts = [note["text"] for note in drawn["figure-histogram"]["layout"]["annotations"]]
    assert [text.split()[0] for text in texts] == ["base", "best"]
    for name, figure in drawn.items():
        if "map" in name:
            outlines = [
                (s["type"], s["line"].get("dash")) for s in figure["layout"]["shapes"] if "dash" in s["line"]
            ]
            assert outlines == [("rect", "solid"), ("circle", "dot")] * 2
    assert "The best also differs from the base in" in page_of(run)


def test_maps_show_true_values_and_mark_the_base_cell(run: pathlib.Path) -> None:
    page = page_of(run)
    which = re.findall(r"<h3>(\S+) against (\S+)</h3>", page).index(("rate.off", "rate.on")) + 1
    figure = figures_of(page)[f"figure-map-{which}"]
    assert figure["data"][0]["x"] == [f"{value:g}" for value in AXES["rate.on"]]
    mark = next(shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect")
    x = mark.get("xanchor", (mark["x0"] + mark["x1"]) / 2)
    assert figure["data"][0]["x"][round(x)] == "0.3"


def test_best_is_solid_where_only_the_two_axes_differ(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, best={**BASE, "rate.on": 0.4, "rate.off": -0.3})
    page = page_of(tmp_path)
    which = re.findall(r"<h3>(\S+) against (\S+)</h3>", page).index(("rate.off", "rate.on")) + 1
    shapes = figures_of(page)[f"figure-map-{which}"]["layout"]["shapes"]
    assert {
        shape["line"]["dash"] for shape in shapes if shape["type"] == "circle" and "dash" in shape["line"]
    } == {"solid"}


def test_top_table_marks_the_base_and_stops_at_twenty(run: pathlib.Path) -> None:
    page = page_of(run)
    assert page.count('<tr class="isbase">') == 1
    assert "4 (base)" in page
    assert "The first 20 of 30 rows" in page


def test_text_from_the_study_is_escaped(run: pathlib.Path) -> None:
    assert "The yield &lt;b&gt;series&lt;/b&gt; starts in 2006." in page_of(run)


def test_without_publication_everything_is_in_sample(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, published=False))
    assert "names no publication date" in page
    assert "figure-after" not in page
    assert "After publication" not in page


def test_publication_after_the_last_day_is_said(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, published=False)
    summary = json.loads((tmp_path / "summary.json").read_text())
    summary["window"]["published"] = "2030-01-01"
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    assert "No day of the window lies after publication (2030-01-01)." in page_of(tmp_path)


def test_one_axis_needs_no_surfaces(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, axes={"rate.on": AXES["rate.on"]}))
    assert not (tmp_path / "surfaces.parquet").exists()
    assert "there is no pair to show" in page


def test_base_that_is_best_is_drawn_once(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, best=BASE))
    drawn = figures_of(page)
    assert "No variant beats it in sample." in page
    names = [trace["name"] for trace in drawn["figure-curves"]["data"] if trace["yaxis"] == "y"]
    assert names == ["hold small", "hold value", "hold cash", "base = best"]
    assert len(drawn["figure-histogram"]["layout"]["annotations"]) == 1


def test_single_variant_renders(tmp_path: pathlib.Path) -> None:
    flat = {"edges": [1.2, 1.2], "counts": [1], "below": 0, "above": 0, "undefined": 0}
    page = page_of(write_run(tmp_path, axes={"rate.on": [0.3]}, best=BASE, change={"histogram": flat}))
    assert "it is the only variant tried." in page
    go.Figure(figures_of(page)["figure-histogram"])


def test_null_metrics_become_dashes(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    for one in (summary["base"], summary["best"], *summary["hold"].values()):
        for key in ("in_sample", "after_publication"):
            one[key] = dict.fromkeys(one[key])
        one["percentile"] = one["percentile_after_publication"] = None
    summary["histogram"] = {"edges": [0, 1], "counts": [0], "below": 0, "above": 0, "undefined": 52920}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    page = page_of(tmp_path)
    assert "The published cell: Sharpe –, CAGR – in sample; it has no place among 52,920 variants" in page
    assert "No variant has a defined Sharpe" in page
    assert "nan" not in re.sub(r"drawFigure\(.*\);", "", page).lower()


def test_sample_is_named_in_the_headline(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, change={"sample": 1000, "evaluated": 1000, "distinct": 950}))
    assert "of 1,000 variants sampled from 52,920 (950 distinct)" in page


def test_unfinished_folder_is_refused(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path)
    (tmp_path / "curves.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"is not a finished run: it has no curves\.parquet"):
        write_report(tmp_path)


def test_numbers_keep_their_meaning_when_shortened() -> None:
    assert number(0.38, "percent") == "38.0\u00a0%"
    assert number(-0.00001, "ratio") == "0.00"
    assert number(-0.1234, "percent") == "−12.3\u00a0%"
    assert number(-3.2e15, "ratio") == "<\u2009−9,999"
    assert number(float("nan"), "count") == number(None, "ratio") == "–"
    assert share(97.2) == "97.2\u00a0%"
    assert share(99.9996) == "99.9996\u00a0%"
    assert share(100.0) == "100.0\u00a0%"


def test_block_mean_ignores_what_is_undefined() -> None:
    matrix = np.arange(12, dtype=float).reshape(3, 4)
    matrix[0, 0] = matrix[2, 3] = np.nan
    matrix[2, 2] = np.nan
    expected = [[(1 + 4 + 5) / 3, (2 + 3 + 6 + 7) / 4], [8.5, np.nan]]
    np.testing.assert_array_equal(figures.block_mean(matrix, (2, 2)), expected)


def test_large_surface_is_merged_and_says_so() -> None:
    size = 1001
    block = pd.DataFrame({"x_axis": "a.on", "y_axis": "a.off", "x_index": np.arange(size), "y_index": 0})
    block["base"] = block["mean"] = np.linspace(0, 1, size)
    axes = {"a.on": [str(k) for k in range(size)], "a.off": ["1", "2"]}
    cells = [({"a.on": "900", "a.off": "1"}, "rect", "solid")]
    figure, merged = figures.surface_figure(block, axes, cells, (0.0, 1.0), "Sharpe", ".2f")
    assert merged == "Each cell is the mean of a block of 3 × 1 values."
    assert figure["data"][0]["x"][:2] == ["0 to 2", "3 to 5"]
    assert figure["layout"]["shapes"][0]["xanchor"] == 300
