"""The colours of the cells of a heat map, and of the numbers in them: black or white, whichever stands out more."""

from __future__ import annotations

from collections.abc import Sequence

# Viridis at equal distances, red, green and blue. Between two of them plotly interpolates, as ``cell_colour`` does.
_VIRIDIS = (
    (68, 1, 84), (72, 40, 120), (62, 73, 137), (49, 104, 142), (38, 130, 142),
    (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37),
)  # fmt: skip
# The same as plotly takes it: pairs of a share of the range and a colour. By daylight and in the dark alike.
SCALE = [
    [place / (len(_VIRIDIS) - 1), "#" + "".join(f"{part:02x}" for part in colour)]
    for place, colour in enumerate(_VIRIDIS)
]
BLACK, WHITE = "#000000", "#ffffff"

Colour = tuple[float, float, float]


def cell_colour(value: float, limits: tuple[float, float]) -> Colour:
    """The colour of a cell, red, green and blue from 0 to 255. limits: the values of the first and the last colour."""
    share = min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0) if limits[1] > limits[0] else 0.5
    place = share * (len(_VIRIDIS) - 1)
    low = min(int(place), len(_VIRIDIS) - 2)
    part = place - low
    red, green, blue = (a + (b - a) * part for a, b in zip(_VIRIDIS[low], _VIRIDIS[low + 1], strict=True))
    return red, green, blue


def number_colours(values: Sequence[float], limits: tuple[float, float]) -> list[str]:
    """For the number in each cell BLACK or WHITE. One of them has a contrast of at least 4.58 with any colour."""
    lights = [luminance(cell_colour(value, limits)) for value in values]
    return [BLACK if contrast(light, 0.0) >= contrast(light, 1.0) else WHITE for light in lights]


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 for black and 1 for white, as WCAG 2 defines it."""
    parts = [part / 255.0 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    """The contrast of two luminances, from 1 to 21."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)
