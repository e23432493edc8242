"""An axis of a finished study as the report's reader sees it: its values as text, where base and best lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridproof.results.axis_range import AxisRange
from gridproof.results.report.number_format import minus
from gridproof.results.run.record import Record


@dataclass(frozen=True)
class ReportAxis:
    """``texts``: the values without the unit they share ("30", "45" for 30 and 45 calendar days).

    ``range``: the range that the record gives; where it gives none, evenly spaced values are recognised.
    """

    name: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    unit: str
    base: int  # position among the values
    best: int
    range: AxisRange | None = None

    @property
    def varied(self) -> bool:
        return len(self.values) > 1

    @property
    def differs(self) -> bool:
        return self.base != self.best

    @property
    def title(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def is_trading_condition(self) -> bool:
        """Whether the axis is a condition of trading (cost, lag, release), which is better the lower it is."""
        return self.name in ("execution.lag", "execution.cost") or self.name.endswith(".release")

    @property
    def favours_best(self) -> bool:
        """Whether the best trades under a more favourable condition here: lower cost, shorter lag, earlier release."""
        base, best = (_parse(self.texts[position]) for position in (self.base, self.best))
        return self.is_trading_condition and base is not None and best is not None and best < base

    def text(self, position: int) -> str:
        return f"{self.texts[position]} {self.unit}".rstrip()

    def span(self) -> str:
        """Up to six values: all of them. More: the first, the last and the spacing."""
        words = ", ".join(self.texts)
        if len(self.texts) > 6:
            words = f"{self.texts[0]} to {self.texts[-1]}"
            spread = self.range or AxisRange.of(self.values)
            if spread is not None and spread.scale == "log":
                words += f", {len(self.values)} values, log scale"
            elif spread is not None:
                gap = (spread.last - spread.first) / (spread.size - 1)
                words += f", step {plain(round(gap, 9))}"
            elif all(isinstance(value, int | float) for value in self.values):
                words += ", uneven steps"
        return f"{words} {self.unit}".rstrip()


def read_axes(summary: Record) -> dict[str, ReportAxis]:
    """The axes of summary.json by name, in the order of the grid."""
    axes = {}
    for record in summary["axes"]:
        name, values = record["name"], tuple(record["values"])
        best = summary["best"]["parameters"][name]
        span = AxisRange.read(record["range"]) if "range" in record else None
        base = values.index(record["base"])
        axes[name] = ReportAxis(name, values, *split_units(values), base, values.index(best), span)
    return axes


def plain(value: Any) -> str:
    """A value as text: 0.3 for 0.30, 5 for 5.0, else as it is."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return minus(text) if isinstance(value, int | float) else text


def split_units(values: tuple[Any, ...]) -> tuple[tuple[str, ...], str]:
    """Values as texts and the unit that all of them share, empty if none."""
    texts = tuple(plain(value) for value in values)
    parts = [text.partition(" ") for text in texts]
    units = {unit for _, _, unit in parts}
    if len(units) == 1 and units != {""} and all(first.isdigit() for first, _, _ in parts):
        return tuple(first for first, _, _ in parts), units.pop()
    return texts, ""


def _parse(text: str) -> float | None:
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        return None
