"""The heat maps of the page."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import ReportAxis
from gridproof.results.report.heatmaps import block_mean, map_note, surface_figure
from tests.support.page import (
    figures_of,
    page_of,
)
from tests.support.run_folder import AXES, BASE, rewrite_summary, write_run


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def map_of(page: str, heading: str) -> dict[str, Any]:
    which = re.findall(r"<h3>(\S+ against \S+)</h3>", page).index(heading) + 1
    figure: dict[str, Any] = figures_of(page)[f"figure-map-{which}"]
    return figure


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


def test_one_axis_has_no_pair_to_show(tmp_path: pathlib.Path) -> None:
    write_run(tmp_path, axes={"rate.on_above": AXES["rate.on_above"]})
    assert "No surfaces: fewer than two axes have more than one value." in page_of(tmp_path)


def test_sample_is_named_and_means_of_few_are_blank(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary.update(sample=1000, evaluated=1000, evaluated_choices=1000))
    page = page_of(run)
    assert "of the 1,000 choices drawn from 17,640." in page
    assert "each cell is the mean of 9 to 9 sampled variants; cells with fewer than 10 variants are blank." in page


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
