"""Runs beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from gridproof.results.conclusion import QUESTIONS
from gridproof.results.run.run import Run

_METRICS = ("sharpe", "cagr", "volatility", "max_drawdown", "switches")


def compare(runs: Iterable[Run]) -> pd.DataFrame:
    """Compare finished runs: a row for each, in the order given.

    Parameters
    ----------
    runs
        Finished runs, of one study or of several.

    Returns
    -------
    pandas.DataFrame
        Indexed by the name of each run's folder: ``study``, ``variants``, ``choices``, ``percentile`` of the base
        among the choices (0 to 100), metrics of base and best in sample (``base.sharpe``, ``best.sharpe`` ...) and of
        the base after publication (``after.sharpe`` ...), and the answers to the four questions (``timing``,
        ``worth``, ``search``, ``since``). Returns, volatility and drawdown are fractions. NaN or None: undefined, or
        not computed.

    Raises
    ------
    InputError
        A folder holds no finished run.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> few = study.set(study.base | {"trend.window": [60, 120, 240], "fork.window": [10, 20]})
    >>> run = gp.run(few, backend="reference", verdict=False)
    >>> gp.compare([run])["variants"].tolist()
    [6]
    """
    rows = [_row(run) for run in runs]
    table = pd.DataFrame(rows)
    return table.set_index("run") if rows else table


def _row(run: Run) -> dict[str, Any]:
    summary, conclusion = run.summary, run.conclusion
    row: dict[str, Any] = {"run": run.folder.name}
    row |= {name: summary[name] for name in ("study", "variants", "choices")}
    row["percentile"] = summary["base"]["percentile"]
    for prefix, who, segment in (
        ("base", "base", "in_sample"),
        ("best", "best", "in_sample"),
        ("after", "base", "after_publication"),
    ):
        metrics = summary[who][segment] or {}
        row |= {f"{prefix}.{name}": metrics.get(name) for name in _METRICS}
    return row | {question: (conclusion.get(question) or {}).get("answer") for question in QUESTIONS}
