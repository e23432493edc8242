"""The formulas of a leg's selection on a market."""

from __future__ import annotations

from gridproof.signals.data.market import Market
from gridproof.signals.expression.panel import PanelValues
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.study import Leg, Study


def panel_values(study: Study, leg: Leg, market: Market, window: Window) -> PanelValues:
    """The formulas of a leg's selection on the days of the panel up to the end of the window."""
    assert leg.selection is not None
    periods, releases = study.spec.market.periods, leg.selection.releases
    where = study.where("legs", leg.name, "select")
    return PanelValues(study.graph, market, window.last, periods, releases, where)
