"""Factor variants in the ledger: each that was ever measured on a panel counts once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gridproof.results.ledger.file import LedgerFile, LedgerHeader
from gridproof.results.ledger.ledger import LEDGER_FOLDER, ledger_total
from gridproof.results.ledger.ranges import TrialAxis
from gridproof.sweeps.factors.study import FactorStudy
from gridproof.sweeps.factors.variant import FactorVariant

_STRATEGY = "factor long-short"


def record_trials(study: FactorStudy, variants: Sequence[FactorVariant], folder: Path) -> int:
    """Record variants of a study, whose folder this is. Returns how many were ever tried on its panel.

    The panel is the market: its file and what a stock is worth. A variant is the same whatever its names: the whole
    identity of the panel, the days of a year, the formulas in the columns of the file, the universe, what it is
    neutralised by, and how the portfolios are formed.
    """
    panel = study.panel
    market = f"{panel.source}: {panel.text(panel.close)}"
    names = tuple(dict.fromkeys(_canonical(study, one) for one in variants))
    header = LedgerHeader(folder.name, study.name, market, _STRATEGY, (TrialAxis(("variant",), names),))
    ledger = folder.parent / LEDGER_FOLDER
    if names:
        LedgerFile(ledger, header).add_range(0, len(names))
    return ledger_total(ledger, market) if ledger.is_dir() else 0


def _canonical(study: FactorStudy, one: FactorVariant) -> str:
    panel, spec = study.panel, study.spec
    named = [spec.groups[name] for name in one.control.groups]
    groups = [[each.file, each.code, each.field] if each.file else [spec.panel.file, each.field] for each in named]
    controls = [panel.text(node) for node in one.control.exposures]
    return json.dumps(
        [
            panel.identity, float(spec.market.periods), panel.text(one.node), panel.text(one.universe.condition),
            groups, sorted(map(str, controls)), spec.quantiles, spec.every, spec.lag, spec.cost,
            spec.window.from_.isoformat(),
        ],
        ensure_ascii=False,
    )  # fmt: skip
