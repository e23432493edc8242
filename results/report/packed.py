"""Large parts of the page as compressed text: plotly.js, and the data of the figures.

The page unpacks them with the browser's DecompressionStream (Chrome 80, Firefox 113, Safari 16.4).
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from typing import Any

import markupsafe
from plotly.offline.offline import get_plotlyjs

from gridproof.results.report.figures import Figure
from gridproof.results.texts.markup import translate_figure
from gridproof.results.texts.translation import Language


class FigureSet:
    """The figures of one page by the id of their place, in the order in which the template names them."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.figures: dict[str, Figure] = {}

    def add(self, name: str, figure: Figure) -> str:
        """Keeps the figure; returns the empty string, as a template shows what it calls."""
        self.figures[name] = translate_figure(figure, self.language)
        return ""

    def packed(self) -> markupsafe.Markup:
        """All figures as one JSON object, packed. Where a trace's ``x`` is a number, it is that one of ``axes``."""
        axes: dict[tuple[Any, ...], int] = {}
        figures = {name: _on_shared_axes(figure, axes) for name, figure in self.figures.items()}
        record = {"axes": list(axes), **figures}
        return pack(json.dumps(record, allow_nan=False, ensure_ascii=False, separators=(",", ":")))


def _on_shared_axes(figure: Figure, axes: dict[tuple[Any, ...], int]) -> Figure:
    """The figure with the number of each long list ``x`` in ``axes``, to which new ones are added.

    The curves of a page have the same days, which gzip would pack anew for each: they are longer than its window.
    """
    traces = [
        one | {"x": axes.setdefault(tuple(one["x"]), len(axes))} if _long(one.get("x")) else one
        for one in figure.get("data", ())
    ]
    return figure | {"data": traces} if traces else figure


def _long(values: object) -> bool:
    return isinstance(values, list) and len(values) > 100


def pack(text: str) -> markupsafe.Markup:
    """gzip and base64: the same text gives the same bytes, and nothing in it needs to be escaped."""
    return markupsafe.Markup(base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode())


def unpack(text: str) -> str:
    """The text of ``pack``."""
    return gzip.decompress(base64.b64decode(text)).decode("utf-8")


@cache
def packed_plotly() -> markupsafe.Markup:
    """plotly.js, packed once in a process."""
    return pack(get_plotlyjs())
