"""Colours, fonts, axes and arrays that the report's figures share.

A figure is a plotly.js description, ``{"data": [...], "layout": {...}}``, built without plotly: equal inputs give equal
bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gridproof.results.performance.part_names import whole_and_share

Figure = dict[str, Any]

INK, BEST, FAINT = "#1c1c1e", "#b3392f", "#e4e4e0"
NULL, SOFT = "#6a51a3", "#5d5d58"
PAPER, BAR, TICK, EDGE = "#fdfdfc", "#b9c3cf", "#b5b5b0", "#8a8a85"
MIX_COLOUR = "#3d3d3a"
LEG_COLOURS = ("#4d78a8", "#d79b3c", "#5f9e6e", "#8a74ae", "#4fa3a5", "#b07aa1", "#9c755f")
FONT = {"family": '"Helvetica Neue", "Liberation Sans", Arial, sans-serif', "size": 12, "color": INK}


def base64_array(values: npt.ArrayLike, dtype: str = "<f4") -> dict[str, str]:
    """An array of one or two dimensions in plotly's base64 form.

    float32 values are rounded to 14 bits behind the leading one (a relative error below 4e-5, more than a screen can
    show), so that they compress well.
    """
    array = np.ascontiguousarray(values, dtype=dtype)
    if dtype == "<f4":
        array = ((array.view("<u4") + np.uint32(1 << 8)) & np.uint32(0xFFFFFE00)).view("<f4")
    packed = {"dtype": dtype.lstrip("<"), "bdata": base64.b64encode(array.tobytes()).decode()}
    return packed if array.ndim == 1 else packed | {"shape": ", ".join(map(str, array.shape))}


def thinned(days: int, most: int = 1500) -> npt.NDArray[np.int64]:
    """Positions of about ``most`` evenly spaced days, the first and the last included: a screen shows no more."""
    return np.unique(np.append(np.arange(0, days, max(1, days // most)), days - 1))


def leg_colours(legs: Sequence[str]) -> dict[str, str]:
    """One colour for each leg, in every figure; cash is grey. Steps of one weight have shades of one colour.

    The larger the weight, the darker its shade.
    """
    families = list(dict.fromkeys(allocation_order(leg)[0] for leg in legs if leg != "cash"))
    found = {"cash": "#a9a9a4"}
    for number, family in enumerate(families):
        steps = sorted(
            (leg for leg in legs if leg != "cash" and allocation_order(leg)[0] == family), key=allocation_order
        )
        for place, leg in enumerate(steps):
            found[leg] = tinted(LEG_COLOURS[number % len(LEG_COLOURS)], (place + 1) / len(steps))
    return found


def allocation_order(name: str) -> tuple[str, float]:
    """The mix of an allocation and its step, by which allocations are sorted: ("targeted", 0.9); of several weights the
    first. A leg has step 1, and a part of either so much of it: ("targeted", 0.45)."""
    whole, share = whole_and_share(name)
    family, _, step = whole.rpartition(" ")
    try:
        return (family, float(step.partition("/")[0]) * share) if family else (whole, share)
    except ValueError:
        return whole, share


def tinted(colour: str, share: float) -> str:
    """A colour on light grey: all of it for a share of 1, a sixth for 0."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    strength = (1.0 + 5.0 * share) / 6.0
    return "#" + "".join(f"{round(232 + (part - 232) * strength):02x}" for part in parts)


def layout(height: int, margin: dict[str, int]) -> Figure:
    clear = "rgba(0,0,0,0)"
    return {"font": FONT, "height": height, "margin": margin, "paper_bgcolor": clear, "plot_bgcolor": clear}


def axis(text: str = "") -> Figure:
    lines = {"gridcolor": FAINT, "tickcolor": TICK, "zeroline": False, "ticks": "outside", "ticklen": 4}
    return lines | {"title": {"text": text, "font": {"size": 12}, "standoff": 8}}
