"""The colours of the page by daylight and in the dark; printed, it has the colours of daylight."""

from __future__ import annotations

from gridproof.results.report.figures import (
    BAR,
    BEST,
    EDGE,
    FAINT,
    INK,
    LEG_COLOURS,
    MIX_COLOUR,
    NULL,
    PAPER,
    SOFT,
    TICK,
)

# The variables of the style sheet.
PAGE = {
    "paper": PAPER,
    "ink": INK,
    "soft": SOFT,
    "same": "#6a6a64",
    "line": "#d9d9d4",
    "row": "#ecece8",
    "edge": "#a8a8a2",
    "faint": "#f4f4f2",
    "base": "#f1f1ed",
    "best": BEST,
    "pass": "#2c6e40",
    "bar": BAR,
    "shade": "#c4c4be",
    "null": NULL,
}

_DARK_LEGS = ("#7ba7d9", "#d79b3c", "#6cb57e", "#ad98d1", "#57b5b7", "#cb94bb", "#c39b84")
# What stands for a colour where the screen is dark, on the page and in its figures. Other colours stay.
DARK = {
    PAPER: "#17171a",
    INK: "#e9e9e4",
    SOFT: "#a9a9a3",
    PAGE["same"]: "#92928c",
    PAGE["line"]: "#3c3c41",
    PAGE["row"]: "#2b2b30",
    PAGE["edge"]: "#66666b",
    PAGE["faint"]: "#222226",
    PAGE["base"]: "#26262b",
    PAGE["shade"]: "#47474d",
    BEST: "#f0796d",
    PAGE["pass"]: "#78c78f",
    BAR: "#5a6879",
    NULL: "#b49fe0",
    FAINT: "#333338",
    TICK: "#5c5c61",
    EDGE: "#85857f",
    MIX_COLOUR: "#c9c9c3",
    "#c9d5e3": "#3f5168",
    "#f1f1ee": "#26262b",
    "#6f7479": "#9a9fa5",
    "#55554f": "#b0b0aa",
    "rgba(90,90,80,0.09)": "rgba(210,210,200,0.09)",
    "rgba(106,81,163,0.5)": "rgba(180,159,224,0.5)",
    "rgba(106,81,163,0.22)": "rgba(180,159,224,0.25)",
} | dict(zip(LEG_COLOURS, _DARK_LEGS, strict=True))
