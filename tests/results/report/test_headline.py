"""The sentences at the top of the page, and those that compare base and best."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from gridproof.results.report.headline import look_ahead_gain
from tests.support.page import (
    page_of,
    words_of,
)
from tests.support.run_folder import rewrite_summary, write_run


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def test_headline_says_in_words_how_the_base_stands(run: pathlib.Path) -> None:
    page = page_of(run)
    assert "Base variant: Sharpe ratio" in page
    assert "in sample, better than 97.2% of the 17,640 choices (2,520 distinct)." in page
    assert "After publication (from 2009-05-08): Sharpe ratio" in page
    assert "better than 51.3% of the same choices." in page
    assert "Best choice in sample: Sharpe ratio" in page


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


def test_without_publication_everything_is_in_sample(tmp_path: pathlib.Path) -> None:
    page = page_of(write_run(tmp_path, published=False))
    assert "names no publication date" in page
    assert "figure-after" not in page
    assert "After publication" not in page
    assert "Base variant: Sharpe ratio" in page
    assert "ublished variant" not in page
    assert "The base was published" not in page


def test_null_metrics_become_dashes(run: pathlib.Path) -> None:
    def undefine(summary: dict[str, Any]) -> None:
        for one in (summary["base"], summary["best"], *summary["hold"].values()):
            for key in ("in_sample", "after_publication"):
                one[key] |= dict.fromkeys(one[key].keys() - {"exposure_by_leg"})
        summary["base"] |= {"percentile": None, "percentile_after_publication": None}
        summary["histogram"] = {"edges": [0, 1], "counts": [0], "below": 0, "above": 0, "undefined": 52920}

    rewrite_summary(run, undefine)
    page = page_of(run)
    assert "Sharpe ratio –, CAGR – in sample. It has no rank among the 17,640 choices" in page
    assert "No histogram: the Sharpe ratio is undefined for every variant." in page
    assert "nan" not in words_of(page).lower()
