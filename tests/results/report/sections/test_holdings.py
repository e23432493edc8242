"""Base and best beside holding, at the top of the page."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pandas as pd
import pytest

from gridproof.results.report.curves import with_mix
from gridproof.results.report.sections.holdings import holding_sentence, holdings_section
from tests.support.page import figures_of, page_of, words_of
from tests.support.run_folder import write_run
from tests.support.statistics_page import statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_the_sentence_names_what_holding_made_before_any_evidence(run: pathlib.Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    made = {leg: held["in_sample"]["cagr"] for leg, held in summary["hold"].items() if leg != "cash"}
    best = max(made, key=lambda leg: made[leg])
    sentence = holding_sentence(summary).replace("−", "-")
    assert sentence.startswith(f"In sample, holding {best} made {100 * made[best]:.1f}% a year")
    assert f"the rule {100 * summary['base']['in_sample']['cagr']:.1f}%" in sentence
    page = words_of(page_of(run)).replace("−", "-")
    assert page.index(sentence) < page.index("Timing: does the base switch") < page.index("Evidence by question")


def test_every_leg_and_the_mix_stand_beside_base_and_best(run: pathlib.Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    section = holdings_section(summary, statistics_of(run))
    legs = [f"Hold {leg}" for leg in summary["legs"]]
    assert [name for name, _, _ in section["rows"]] == ["Base", "Best choice", *legs, "Constant mix"]
    assert [len(cells) for _, groups, _ in section["rows"] for cells in groups] == [4] * 2 * len(section["rows"])
    assert "Constant mix" not in [name for name, _, _ in holdings_section(summary, None)["rows"]]


def test_without_a_verdict_holding_comes_first_too(run: pathlib.Path) -> None:
    (run / "statistics.json").unlink()
    page = words_of(page_of(run))
    assert page.index("In sample, holding ") < page.index("Base variant:") < page.index("Hold small")


def test_the_mix_has_the_mean_weights_of_each_segment() -> None:
    legs, held = ["index", "cash"], ["index", "cash", "index", "index", "cash", "cash"]
    index = np.array([0.1, -0.05, 0.2, 0.1, -0.1, 0.3])
    curves = pd.DataFrame(
        {
            "segment": ["in_sample"] * 4 + ["after_publication"] * 2,
            "base.leg": held,
            "hold.index.nav": np.cumprod(1 + index),
            "hold.cash.nav": np.ones(6),
        }
    )
    weights = np.array([0.75] * 4 + [0.0] * 2)
    mixed = with_mix(curves, legs)
    np.testing.assert_allclose(mixed["constant mix.nav"], np.cumprod(1 + weights * index))
    assert "constant mix.nav" not in with_mix(curves.assign(**{"base.leg": "index"}), legs)


def test_curves_years_and_paths_draw_the_mix(run: pathlib.Path) -> None:
    figures = figures_of(page_of(run))
    for name in ("figure-curves", "figure-paths"):
        assert "constant mix" in [line.get("name") for line in figures[name]["data"]]
    assert "constant mix of its weights" in [line["name"] for line in figures["figure-walk"]["data"]]
    assert {"base", "best", "hold small"} <= {line["name"] for line in figures["figure-years"]["data"]}
