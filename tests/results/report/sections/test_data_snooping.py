"""The section on data snooping, and quantiles of histograms."""

from __future__ import annotations

import pathlib

import hypothesis.strategies as st
import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given

from gridproof.results.report.sections.data_snooping import quantile, share_at_least
from tests.support.page import (
    figures_of,
    page_of,
    words_of,
)
from tests.support.run_folder import BASE, rewrite_summary, write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_null_maximum_has_a_figure_of_its_own_under_another_objective(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary.update(objective="cagr"))
    drawn = figures_of(page_of(run))
    assert "figure-null" in drawn
    assert "yaxis2" not in drawn["figure-histogram"]["layout"]
    go.Figure(drawn["figure-null"])


def test_base_that_is_best_is_compared_with_chance_once(tmp_path: pathlib.Path) -> None:
    text = words_of(page_of(write_statistics(write_run(tmp_path, best=BASE))))
    assert "is reached in" in text
    assert "The base was not chosen as the best" not in text


def test_null_distribution_and_placebo_are_within_the_axis(run: pathlib.Path) -> None:
    record = statistics_of(run)
    figure = figures_of(page_of(run))["figure-histogram"]
    low, high = figure["layout"]["xaxis"]["range"]
    null, placebo = record["data_snooping"]["null_best_sharpe"], record["data_snooping"]["placebo"]
    assert low < min(null["edges"][0], *placebo["best"])
    assert high > max(null["edges"][-1], *placebo["best"])
    assert figure["data"][1]["yaxis"] == "y2"
    assert figure["layout"]["yaxis3"]["ticktext"][0] == "best of each<br>placebo sweep"


def test_without_a_null_distribution_only_the_histogram_is_drawn(run: pathlib.Path) -> None:
    figure = figures_of(render_statistics(run, statistics_of(run) | {"data_snooping": None, "shift": None}))[
        "figure-histogram"
    ]
    assert len(figure["data"]) == 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any), st.floats(0.001, 0.999))
def test_quantile_and_share_of_a_histogram_are_inverse(counts: list[int], level: float) -> None:
    histogram = {"edges": [0.5 * place - 1 for place in range(len(counts) + 1)], "counts": counts}
    value = quantile(histogram, level)
    assert value is not None
    share = share_at_least(histogram, value)
    assert share == pytest.approx(1 - level, abs=1e-9)


def test_quantile_of_a_histogram_agrees_with_its_data() -> None:
    data = np.random.default_rng(5).normal(1.0, 0.2, 20_000)
    counts, edges = np.histogram(data, bins=200)
    histogram = {"edges": edges.tolist(), "counts": counts.tolist()}
    for level in (0.05, 0.5, 0.95):
        assert quantile(histogram, level) == pytest.approx(np.quantile(data, level), abs=0.01)
    assert share_at_least(histogram, 1.2) == pytest.approx((data >= 1.2).mean(), abs=0.005)
    assert share_at_least(histogram, 9.0) == 0.0
    assert share_at_least(histogram, -9.0) == 1.0
    assert quantile({"edges": [0, 1], "counts": [0]}, 0.5) is None
