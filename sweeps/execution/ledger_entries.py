"""Ledger entries: a variant is its strategy in canonical form and a value for each parameter, constant ones too."""

from __future__ import annotations

from pathlib import Path

from gridproof.results.ledger.ledger import LedgerHeader, TrialAxis
from gridproof.signals.synthetic.market import market_name
from gridproof.sweeps.execution.canonical_parts import Parameter
from gridproof.sweeps.execution.canonical_rule import chosen_legs
from gridproof.sweeps.execution.canonical_strategy import CanonicalStrategy, canonical_strategy
from gridproof.sweeps.study.study import Study


def market_identity(study: Study, folder: Path | None) -> str:
    """Identifies what is traded: file, code and field of the series of the legs that the rule may choose, and what the
    stocks of a panel are worth.

    The length of the series and the signals make no difference. A synthetic market in ``folder`` uses the names of
    real files, so its own name is added.
    """
    chosen = chosen_legs(study)
    traded = {_series_text(study, leg.series) for leg in chosen if leg.series is not None}
    panels = [leg.selection.panel for leg in chosen if leg.selection is not None]
    traded |= {f"{one.source}: {one.formulas.graph.text(one.close)}" for one in panels}
    synthetic = market_name(folder) if folder is not None else None
    return " + ".join([*([synthetic] if synthetic else []), *sorted(traded)]) or "cash"


def trials_of(study: Study, folder: Path | None, run: str) -> LedgerHeader:
    """The ledger header of a study's variants. run: name of the run's folder. folder: that of the market's files."""
    strategy = canonical_strategy(study)
    axes = tuple(trial_axes(study, strategy))
    return LedgerHeader(run, study.name, market_identity(study, folder), strategy.text, axes)


def trial_axes(study: Study, strategy: CanonicalStrategy) -> list[TrialAxis]:
    """The study's axes, then its constant parameters."""
    fixed = {name: value for name, value in strategy.parameters.items() if not isinstance(value, Parameter)}
    named: dict[str, list[str]] = {}
    for name, value in strategy.parameters.items():
        if isinstance(value, Parameter):
            named.setdefault(study.space.owners[value.parameter], []).append(name)
    axes = [TrialAxis(tuple(named[axis.name]), strategy.values(axis, named[axis.name])) for axis in study.space.axes]
    return axes + [TrialAxis((name,), (value,)) for name, value in fixed.items()]


def _series_text(study: Study, name: str) -> str:
    one = study.spec.series[name]
    if one.model is not None:
        return f"{one.model}.{one.field}"
    return f"{one.file}[{one.code}].{one.field}" if one.code is not None else f"{one.file}.{one.field}"
