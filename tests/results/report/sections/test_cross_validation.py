"""The figure of the walk-forward."""

from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd
import pytest

from tests.support.page import (
    figures_of,
    page_of,
    values_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_page import statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_walk_forward_stands_beside_base_and_legs_over_its_own_days(run: pathlib.Path) -> None:
    figure = figures_of(page_of(run))["figure-walk"]
    assert [line["name"] for line in figure["data"]] == [
        "hold small",
        "hold value",
        "hold cash",
        "base",
        "constant mix of its weights",
        "walk-forward",
    ]
    record = statistics_of(run)["walk_forward"]
    curves = pd.read_parquet(run / "curves.parquet")
    first = (curves["date"].dt.strftime("%Y-%m-%d") == record["curve"]["date"][0]).idxmax()
    expected = curves["base.nav"].to_numpy()[first:] / curves["base.nav"][first - 1]
    drawn = values_of(figure["data"][3]["y"], "<f4")
    np.testing.assert_allclose(drawn, expected, rtol=4e-5)  # figures round to 14 bits
    starts = [shape["x0"] for shape in figure["layout"]["shapes"] if shape["line"]["width"] == 1]
    assert {fold["test_from"] for fold in record["folds"]} <= set(starts)
