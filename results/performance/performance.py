"""The daily returns that the page's panels measure: base, best, and the benchmark of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridproof.results.performance.months import daily_returns
from gridproof.results.performance.positions import list_positions
from gridproof.results.run.record import Record


@dataclass(frozen=True)
class Performance:
    """Daily returns by date, (T,) each, after cost. benchmark: the leg held throughout with the highest Sharpe ratio in
    sample, without cash; the first leg where none has one. after: whether each day is after publication, (T,).
    wanted: what the rule chose for each day, and position: what was held of it, all or a part; None where nothing keeps
    a position from following the rule."""

    base: pd.Series[Any]
    best: pd.Series[Any]
    held: pd.Series[Any]
    benchmark: pd.Series[Any]
    benchmark_name: str
    after: np.ndarray[Any, Any]
    periods: float
    risk_free: float
    curves: pd.DataFrame
    wanted: pd.Series[Any] | None = None
    position: pd.Series[Any] | None = None

    def positions(self) -> pd.DataFrame:
        """The positions of the base, see ``positions.list_positions``."""
        return list_positions(self.held, self.base, self.benchmark, self.wanted, self.position)

    def segments(self) -> list[tuple[str, np.ndarray[Any, Any]]]:
        """(title, days) of each segment that has days."""
        parts = [("In sample", ~self.after), ("After publication", self.after)]
        return [(title, inside) for title, inside in parts if inside.any()]


def read_performance(curves: pd.DataFrame, summary: Record) -> Performance:
    """curves: curves.parquet, with its column of dates."""
    dated = curves.set_index("date")
    name = benchmark_of(summary)
    return Performance(
        base=dated["base.return"],
        best=dated["best.return"],
        held=dated["base.leg"],
        benchmark=daily_returns(dated[f"hold.{name}.nav"]),
        benchmark_name=name,
        after=(dated["segment"] == "after_publication").to_numpy(),
        periods=float(summary["periods_per_year"]),
        risk_free=float(summary["risk_free"]),
        curves=dated,
        wanted=dated.get("base.wanted"),
        position=dated.get("base.position"),
    )


def benchmark_of(summary: Record) -> str:
    """The leg with which the page compares the base."""
    legs = [leg for leg in summary["legs"] if leg != "cash"] or list(summary["legs"])
    ratios = {leg: summary["hold"][leg]["in_sample"]["sharpe"] for leg in legs}
    known = [leg for leg in legs if ratios[leg] is not None]
    return str(max(known, key=lambda leg: float(ratios[leg])) if known else legs[0])
