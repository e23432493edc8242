"""The page of a run: one file with valid figures, in every shape that a run can take."""

from __future__ import annotations

import json
import pathlib
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.histogram import histogram_figure
from gridproof.results.report.packed import unpack
from gridproof.results.report.report import write_report
from tests.support.page import (
    figures_of,
    headings_of,
    loads_nothing,
    page_of,
    values_of,
    words_of,
)
from tests.support.run_folder import BASE, rewrite_summary, write_run
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def test_page_is_one_file_that_loads_nothing(run: pathlib.Path) -> None:
    text = write_report(run).read_text(encoding="utf-8")
    packed = re.findall(r'<script type="text/plain" id="plotly-js">(.*?)</script>', text)
    assert [len(re.findall(r"\* plotly\.js v\d", unpack(one))) for one in packed] == [1]
    assert len(text) < 3_000_000
    assert loads_nothing(page_of(run))
    assert [path.name for path in run.iterdir() if "report" in path.name] == ["report.html"]


def test_same_folder_gives_same_bytes(run: pathlib.Path) -> None:
    first = write_report(run).read_bytes()
    (run / "timing.json").write_text('{"seconds": 3}')
    assert write_report(run).read_bytes() == first


def test_figures_are_valid_plotly_and_follow_the_order_of_the_page(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    first = ["figure-first", "figure-rank", "figure-curves", "figure-after"]
    assert list(drawn)[:7] == [*first, "figure-relative", "figure-rolling", "figure-histogram"]
    assert list(drawn)[7:] == [f"figure-map-{k}" for k in range(1, 7)]
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


def test_text_from_the_study_is_escaped(run: pathlib.Path) -> None:
    assert "The yield &lt;b&gt;series&lt;/b&gt; starts in 2006." in page_of(run)


def test_base_that_is_best_is_drawn_once(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, best=BASE))
    assert "No choice has a higher Sharpe ratio in sample." in page
    assert "From base to best" not in page
    names = [line["name"] for line in figures_of(page)["figure-curves"]["data"] if line["yaxis"] == "y"]
    assert names == ["hold small", "hold value", "hold cash", "constant mix", "base = best"]


def test_single_variant_renders(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, axes={"rate.on_above": [0.3]}, best=BASE)
    flat = {"edges": [1.2, 1.2], "counts": [1], "below": 0, "above": 0, "undefined": 0}
    rewrite_summary(tmp_path, lambda summary: summary.update(histogram=flat))
    page = page_of(tmp_path)
    assert "in sample. No other variant was evaluated." in page
    assert "rate.on_above 0.3" in page
    assert "figure-histogram" not in figures_of(page)
    assert "figure-rank" not in figures_of(page)


def test_page_of_one_variant_speaks_of_no_choice(tmp_path: pathlib.Path) -> None:
    write_statistics(write_run(tmp_path, axes={name: [value] for name, value in BASE.items()}, best=BASE))
    rewrite_summary(tmp_path, lambda summary: summary.update(choices=1, evaluated_choices=1))
    page = page_of(tmp_path)
    text = words_of(page)
    for absent in ("better than 50", "Better than", "Best choice", "placebo sweep", "The best variants", "1 tests"):
        assert absent not in text, absent
    assert "3. Tests of the one variant" in headings_of(page)
    assert text.count("Not applicable: one variant was evaluated.") == 2
    names = [line["name"] for line in figures_of(page)["figure-first"]["data"] if line["yaxis"] == "y"]
    assert names == ["hold small", "base"]


def test_unfinished_folder_is_refused(run: pathlib.Path) -> None:
    (run / "curves.parquet").unlink()
    with pytest.raises(InputError, match=r"a finished run's folder must contain curves\.parquet"):
        write_report(run)


def test_dominant_bar_is_cut_and_says_its_height() -> None:
    bars = {"edges": [0, 1, 2, 3], "counts": [10, 900, 20]}
    figure = histogram_figure(bars, [("base 1.2", 1.2, "#000000", "solid")], BY_NAME["sharpe"])
    assert figure is not None
    assert figure["layout"]["yaxis"]["range"] == [0, 25]
    assert figure["layout"]["annotations"][-1]["text"].strip() == "↑ 900"


def test_a_folder_of_another_version_is_one_clear_error(tmp_path: pathlib.Path) -> None:
    folder = write_run(tmp_path)
    file = folder / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8"))
    del summary["risk_free"], summary["periods_per_year"]
    file.write_text(json.dumps(summary), encoding="utf-8")
    said = r"summary\.json: a run must be of this version of gridproof; got a summary without periods_per_year, risk"
    with pytest.raises(InputError, match=said):
        write_report(folder)


def test_few_choices_have_few_bars_and_many_have_all_bins() -> None:
    """Thin bars are lost on paper: of n choices about two bars for each of √n, twenty at least; none is lost."""
    for total, bars in ((72, 20), (100, 20), (2_500, 100), (10_000, 200), (10**9, 200)):
        counts = [0] * 200
        for place in range(200):
            counts[place] = total // 200 + (place < total % 200)
        edges = np.linspace(-1.0, 1.0, 201)
        figure = histogram_figure({"edges": edges.tolist(), "counts": counts}, [], BY_NAME["sharpe"])
        assert figure is not None
        (trace,) = figure["data"]
        assert sum(values_of(trace["y"])) == total
        assert len(values_of(trace["y"])) == bars
        assert sum(values_of(trace["width"])) == pytest.approx(2.0)
