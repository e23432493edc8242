"""Numbers in heat maps stand out from their cells."""

from __future__ import annotations

import pathlib
import re

import numpy as np

from gridproof.results.report.cell_colours import SCALE, cell_colour, contrast, luminance, number_colours
from tests.support.page import figures_of, page_of
from tests.support.run_folder import write_run

_LIGHT = {"#000000": 0.0, "#ffffff": 1.0}


def test_black_or_white_stands_out_from_every_colour_of_the_scale() -> None:
    values = np.linspace(-0.4, 0.9, 1001).tolist()
    for value, chosen in zip(values, number_colours(values, (-0.4, 0.9)), strict=True):
        assert contrast(luminance(cell_colour(value, (-0.4, 0.9))), _LIGHT[chosen]) >= 4.5


def test_colours_of_the_scale_are_those_of_the_cells() -> None:
    for share, text in SCALE:
        parts = [int(str(text)[at : at + 2], 16) for at in (1, 3, 5)]
        np.testing.assert_allclose(cell_colour(float(share), (0.0, 1.0)), parts, atol=1e-9)
    np.testing.assert_allclose(cell_colour(0.5 / 9, (0.0, 1.0)), [70.0, 20.5, 102.0])


def test_numbers_of_the_page_stand_out_and_are_those_of_the_cells(tmp_path: pathlib.Path) -> None:
    figures = figures_of(page_of(write_run(tmp_path)))
    seen = 0
    for name, figure in figures.items():
        if not re.fullmatch(r"figure-map-\d+", name):
            continue
        maps = {one["xaxis"]: one for one in figure["data"] if one["type"] == "heatmap"}
        for numbers in (one for one in figure["data"] if one["type"] == "scatter"):
            limits = maps[numbers["xaxis"]]["zmin"], maps[numbers["xaxis"]]["zmax"]
            for text, colour in zip(numbers["text"], numbers["textfont"]["color"], strict=True):
                value = float(text.replace("−", "-"))
                assert contrast(luminance(cell_colour(value, limits)), _LIGHT[colour]) >= 4.4  # of rounded values
                seen += 1
    assert seen > 30
