"""The report of a synthetic run: what must be on the page, in every shape a run can take."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import ReportAxis
from gridproof.results.report.headline import look_ahead_gain
from gridproof.results.report.heatmaps import block_mean, map_note, surface_figure
from gridproof.results.report.histogram import histogram_figure
from gridproof.results.report.number_format import format_percentile, format_value
from gridproof.results.report.report import write_report
from tests.support.page import figures_of, loads_nothing, page_of
from tests.support.run_folder import AXES, BASE, rewrite_summary, write_run


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def map_of(page: str, heading: str) -> dict[str, Any]:
    which = re.findall(r"<h3>(\S+ against \S+)</h3>", page).index(heading) + 1
    figure: dict[str, Any] = figures_of(page)[f"figure-map-{which}"]
    return figure


def test_headline_says_in_words_how_the_base_stands(run: pathlib.Path) -> None:
    page = page_of(run)
    assert "Published variant: Sharpe ratio" in page
    assert "in sample, better than 97.2% of the 52,920 variants (7,560 distinct)." in page
    assert "After publication (from 2009-05-08): Sharpe ratio" in page
    assert "better than 51.3% of the same variants." in page
    assert "Best variant in sample: Sharpe ratio" in page


def test_favourable_conditions_of_the_best_are_named_with_their_effect(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary["base"]["in_sample"].update(sharpe=0.1))
    page = page_of(run)
    assert ", with execution.cost 0 instead of 0.001; after publication" in page
    assert "From base to best: execution.cost 0.001 → 0, rate.window 243 → 180, rate.on_above" in page
    assert re.search(
        r"With execution\.cost 0 alone, the base&#39;s Sharpe ratio would be \d\.\d\d instead of 0\.10", page
    )


def test_favourable_conditions_without_effect_stay_out_of_the_headline(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary["base"]["in_sample"].update(sharpe=9.0))
    page = page_of(run)
    assert "instead of 0.001" not in page
    assert "With execution.cost 0 alone, the base&#39;s Sharpe ratio would not be higher." in page


def test_look_ahead_is_explained_where_the_base_has_turning_points(run: pathlib.Path) -> None:
    assert "turning point" not in page_of(run)
    base = {"hindsight": {"sharpe": 1.5, "cagr": 0.4}, "in_sample": {"sharpe": 1.2, "cagr": 0.3}}
    rewrite_summary(run, lambda summary: summary["base"].update(hindsight=base["hindsight"]))
    assert "which cannot be traded), the base would have Sharpe ratio 1.50 and CAGR 40.0% in sample" in page_of(run)
    assert look_ahead_gain(base).endswith("of 1.20 and 30.0%. Look-ahead would add 0.30 to the Sharpe ratio.")
    base["in_sample"]["sharpe"] = 1.6
    assert look_ahead_gain(base).endswith("Look-ahead would add nothing to the Sharpe ratio.")


def test_page_is_one_file_that_loads_nothing(run: pathlib.Path) -> None:
    text = write_report(run).read_text(encoding="utf-8")
    assert len(re.findall(r"\* plotly\.js v\d", text)) == 1
    assert loads_nothing(page_of(run))
    assert [path.name for path in run.iterdir() if "report" in path.name] == ["report.html"]


def test_same_folder_gives_same_bytes(run: pathlib.Path) -> None:
    first = write_report(run).read_bytes()
    (run / "timing.json").write_text('{"seconds": 3}')
    assert write_report(run).read_bytes() == first


def test_figures_are_valid_plotly_and_follow_the_order_of_the_page(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    assert list(drawn)[:3] == ["figure-curves", "figure-after", "figure-histogram"]
    assert list(drawn)[3:] == [f"figure-map-{k}" for k in range(1, 7)]
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values


def test_base_and_best_are_marked_in_histogram_and_maps(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    texts = [note["text"] for note in drawn["figure-histogram"]["layout"]["annotations"]]
    assert [text.split()[0] for text in texts[:2]] == ["base", "best"]
    for figure in (figure for name, figure in drawn.items() if "map" in name):
        marks = [shape for shape in figure["layout"]["shapes"] if "dash" in shape["line"]]
        outlines = [(mark["type"], mark["line"]["dash"]) for mark in marks]
        assert outlines == [("rect", "solid"), ("circle", "dot")] * 2


def test_maps_show_true_values_and_mark_the_base_cell(run: pathlib.Path) -> None:
    figure = map_of(page_of(run), "rate.off_below against rate.on_above")
    assert figure["data"][0]["x"] == [f"{value:g}" for value in AXES["rate.on_above"]]
    mark = next(shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect")
    assert figure["data"][0]["x"][mark["xanchor"]] == "0.3"
    assert figure["data"][0]["y"][mark["yanchor"]] == "−0.2"


def test_longer_axis_lies_flat_and_few_values_make_a_low_map(run: pathlib.Path) -> None:
    page = page_of(run)
    low, full = (map_of(page, f"rate.{y} against rate.on_above") for y in ("window", "off_below"))
    assert len(low["data"][0]["x"]) == 21
    assert low["layout"]["height"] < full["layout"]["height"]


def test_best_is_solid_where_only_the_two_axes_differ(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, best={**BASE, "rate.on_above": 0.4, "rate.off_below": -0.3})
    shapes = map_of(page_of(tmp_path), "rate.off_below against rate.on_above")["layout"]["shapes"]
    dashes = {shape["line"].get("dash", "solid") for shape in shapes if shape["type"] == "circle"}
    assert dashes == {"solid"}


def test_top_table_marks_the_base_and_stops_at_twenty(run: pathlib.Path) -> None:
    page = page_of(run)
    assert page.count('<tr class="isbase"><td>4 (base)</td>') == page.count('isbase">') == 1
    assert "The first 20 of 30 rows" in page


def test_top_table_names_once_what_all_rows_share(run: pathlib.Path) -> None:
    top = pd.read_parquet(run / "top.parquet")
    top.assign(**{"execution.cost": 0.0, "crowd.on_above": 0.8}).to_parquet(run / "top.parquet")
    page = page_of(run)
    assert "All of these have crowd.on_above 0.8 (as the base), execution.cost 0 (base 0.001)." in page
    assert "crowd.<wbr>on_" not in page


def test_shared_units_are_written_once(run: pathlib.Path) -> None:
    assert "30, 45, 60 calendar days" in page_of(run)
    assert 'release <span class="unit">calendar days</span>' in page_of(run)


def test_text_from_the_study_is_escaped(run: pathlib.Path) -> None:
    assert "The yield &lt;b&gt;series&lt;/b&gt; starts in 2006." in page_of(run)


def test_without_publication_everything_is_in_sample(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, published=False))
    assert "names no publication date" in page
    assert "figure-after" not in page
    assert "After publication" not in page
    assert "Base variant: Sharpe ratio" in page
    assert "ublished variant" not in page
    assert "The base was published" not in page


def test_one_axis_has_no_pair_to_show(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, axes={"rate.on_above": AXES["rate.on_above"]})
    assert "No surfaces: fewer than two axes have more than one value." in page_of(tmp_path)


def test_base_that_is_best_is_drawn_once(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, best=BASE))
    assert "No variant has a higher Sharpe ratio in sample." in page
    assert "From base to best" not in page
    names = [line["name"] for line in figures_of(page)["figure-curves"]["data"] if line["yaxis"] == "y"]
    assert names == ["hold small", "hold value", "hold cash", "base = best"]


def test_single_variant_renders(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, axes={"rate.on_above": [0.3]}, best=BASE)
    flat = {"edges": [1.2, 1.2], "counts": [1], "below": 0, "above": 0, "undefined": 0}
    rewrite_summary(tmp_path, lambda summary: summary.update(histogram=flat))
    page = page_of(tmp_path)
    assert "in sample. No other variant was evaluated." in page
    assert "rate.on_above 0.3" in page
    go.Figure(figures_of(page)["figure-histogram"])


def test_null_metrics_become_dashes(run: pathlib.Path) -> None:
    def undefine(summary: dict[str, Any]) -> None:
        for one in (summary["base"], summary["best"], *summary["hold"].values()):
            for key in ("in_sample", "after_publication"):
                one[key] |= dict.fromkeys(one[key].keys() - {"exposure_by_leg"})
        summary["base"] |= {"percentile": None, "percentile_after_publication": None}
        summary["histogram"] = {"edges": [0, 1], "counts": [0], "below": 0, "above": 0, "undefined": 52920}

    rewrite_summary(run, undefine)
    page = page_of(run)
    assert "Sharpe ratio –, CAGR – in sample. It has no rank among the 52,920 variants" in page
    assert "No histogram: the Sharpe ratio is undefined for every variant." in page
    assert "nan" not in re.sub(r"drawFigure\(.*\);", "", page).lower()


def test_sample_is_named_and_means_of_few_are_blank(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary.update(sample=1000, evaluated=1000))
    page = page_of(run)
    assert "of the 1,000 variants drawn from 52,920." in page
    assert "each cell is the mean of 9 to 9 sampled variants; cells with fewer than 10 variants are blank." in page


def test_unfinished_folder_is_refused(run: pathlib.Path) -> None:
    (run / "curves.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"not a finished run: missing file curves\.parquet"):
        write_report(run)


def test_numbers_keep_their_meaning_when_shortened() -> None:
    assert format_value(0.38, "percent") == "38.0%"
    assert format_value(-0.00001, "ratio") == "0.00"
    assert format_value(-0.1234, "percent") == "−12.3%"
    assert format_value(-3.2e15, "ratio") == "<−9,999"
    assert format_value(float("nan"), "count") == format_value(None, "ratio") == "–"
    assert format_percentile(97.2) == "97.2%"
    assert format_percentile(99.9996) == "99.9996%"
    assert format_percentile(100.0) == "100.0%"


def test_dominant_bar_is_cut_and_says_its_height() -> None:
    bars = {"edges": [0, 1, 2, 3], "counts": [10, 900, 20]}
    figure = histogram_figure(bars, [("base 1.2", 1.2, "#000000", "solid")], BY_NAME["sharpe"])
    assert figure is not None
    assert figure["layout"]["yaxis"]["range"] == [0, 25]
    assert figure["layout"]["annotations"][-1]["text"].strip() == "↑ 900"


def test_block_mean_ignores_what_is_undefined() -> None:
    matrix = np.arange(12, dtype=float).reshape(3, 4)
    matrix[0, 0] = matrix[2, 3] = matrix[2, 2] = np.nan
    expected = [[(1 + 4 + 5) / 3, (2 + 3 + 6 + 7) / 4], [8.5, np.nan]]
    np.testing.assert_array_equal(block_mean(matrix, (2, 2)), expected)


def test_large_surface_is_merged_and_says_so() -> None:
    size = 1001
    block = pd.DataFrame({"x_axis": "a.on", "y_axis": "a.off", "x_index": np.arange(size), "y_index": 0})
    block["base"] = block["mean"] = np.linspace(0, 1, size)
    texts = tuple(str(k) for k in range(size))
    axes = {
        "a.on": ReportAxis("a.on", texts, texts, "", 900, 900),
        "a.off": ReportAxis("a.off", (1, 2), ("1", "2"), "", 0, 0),
    }
    figure = surface_figure(block, axes, (0.0, 1.0), BY_NAME["sharpe"])
    assert map_note(block, axes, sampled=False) == "Each cell is the mean over 3 values of a.on."
    assert figure["data"][0]["x"][:2] == ["0 to 2", "3 to 5"]
    assert figure["layout"]["shapes"][0]["xanchor"] == 300
