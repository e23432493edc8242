"""factors.json: what a factor study measured, as records that the page and users read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.results.run.record import number
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.factors.data import FactorData
from gridproof.sweeps.factors.measures import FactorMeasures
from gridproof.sweeps.factors.panel_window import PanelWindow
from gridproof.sweeps.factors.spec import ALL, NONE, FactorStudySpec
from gridproof.sweeps.factors.study import FactorStudy
from gridproof.sweeps.factors.variant import FactorVariant

FORMAT = 1
_SHOWN = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown")
# Below this share of days with a portfolio a warning is given.
_FEW = 0.5


def variant_record(index: int, variant: FactorVariant, found: FactorMeasures, spec: FactorStudySpec) -> dict[str, Any]:
    """What was measured of one variant. Undefined numbers are None."""
    periods = spec.market.periods
    horizons = []
    for place, days in enumerate(spec.horizons):
        test, series = found.ic_test(place, days), found.ic[place]
        known = series[~np.isnan(series)]
        spread = float(known.std(ddof=1)) if len(known) > 1 else np.nan
        horizons.append(
            {
                "days": days,
                "observations": test.observations,
                **_numbers(
                    ic_mean=test.mean,
                    ic_std=spread,
                    icir=test.mean / spread if spread > 0.0 else np.nan,
                    t=test.t,
                    positive=float((known > 0.0).mean()) if len(known) else np.nan,
                ),
                "forward": [number(value) for value in found.forward[place]],
            }
        )
    gross, net = np.nan_to_num(found.long_short, nan=0.0), found.net(spec.cost)
    held = ~np.isnan(found.long_short)
    members = found.universe > 0
    coverage = found.stocks[members] / found.universe[members]
    days = len(net)
    return {
        "variant": index,
        "label": label(variant, spec),
        "factor": variant.factor,
        "parameters": dict(variant.parameters),
        "universe": variant.universe.name,
        "neutral": variant.control.label,
        "note": _note(found, held),
        "horizons": horizons,
        "quantiles": [number(_cagr(found.portfolios.returns[:, one], periods)) for one in range(spec.quantiles)],
        "gross": _metrics(gross, periods),
        "net": _metrics(net, periods),
        "days_held": int(held.sum()),
        **_numbers(
            turnover=float(found.traded.sum()) / 4.0 * periods / days,
            rank_autocorrelation=_mean(found.rank_autocorrelation),
            stocks=_mean(found.stocks.astype(np.float64)),
            coverage=_mean(coverage),
        ),
    }


def label(variant: FactorVariant, spec: FactorStudySpec) -> str:
    """A variant in words: "reversal, n 20, neutral to industry"."""
    parts = [variant.factor, variant.settings]
    if len(spec.universe) > 1 or variant.universe.name != ALL:
        parts.append(f"in {variant.universe.name}")
    if variant.control.label != NONE:
        parts.append(f"neutral to {variant.control.label}")
    return ", ".join(part for part in parts if part)


def study_record(
    study: FactorStudy, data: FactorData, window: PanelWindow, variants: Sequence[dict[str, Any]],
    verdict: dict[str, Any] | None, styles: dict[str, Any] | None, warnings: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    spec, panel = study.spec, data.panel
    return {
        "format": FORMAT,
        "study": study.name,
        "title": spec.title,
        "notes": spec.notes,
        "panel": {"file": panel.file, "rows": len(panel.place), "stocks": len(panel.codes), "digest": panel.digest},
        "window": {"from": str(window.dates[0]), "to": str(window.dates[-1]), "days": len(window.dates)},
        "formulas": {name: one.value for name, one in spec.factors.items()},
        "universe": dict(spec.universe),
        "settings": {
            "horizons": list(spec.horizons),
            "quantiles": spec.quantiles,
            "every": spec.every,
            "lag": spec.lag,
            "cost": spec.cost,
            "periods": spec.market.periods,
        },
        "variants": list(variants),
        "verdict": verdict,
        "styles": styles,
        "warnings": list(warnings),
        "code": code_digest(),
    }


def _note(found: FactorMeasures, held: Any) -> str:
    """What is wrong with a variant, in words; empty where nothing is."""
    if not found.stocks.any():
        return (
            "nothing can be measured: the factor is unknown for all stocks, or what neutralises it explains it wholly"
        )
    if held.mean() < _FEW:
        return f"both end quantiles hold stocks on {held.sum():,} of {len(held):,} days only; on others nothing is held"
    return ""


def _metrics(returns: Floats, periods: float) -> dict[str, float | None]:
    values = dict(zip(METRICS, measure_returns(returns, periods, 0.0), strict=False))
    return {name: number(float(values[name])) for name in _SHOWN}


def _cagr(returns: Floats, periods: float) -> float:
    known = returns[~np.isnan(returns)]
    return float(np.prod(1.0 + known) ** (periods / len(known)) - 1.0) if len(known) else np.nan


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _numbers(**numbers: float) -> dict[str, float | None]:
    return {name: number(value) for name, value in numbers.items()}
