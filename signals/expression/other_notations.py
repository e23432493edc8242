"""What Python, pandas and the formula languages of trading software write, and what an expression writes for it."""

from __future__ import annotations

import ast

_NAMES = {
    "lag": "shift delay ref",
    "diff": "delta change mom",
    "pct_change": "roc returns",
    "mean": "ma sma avg average rolling_mean",
    "ema": "ewm ewma expma",
    "std": "stddev stdev rolling_std",
    "max": "highest hhv rolling_max ts_max",
    "min": "lowest llv rolling_min ts_min",
    "percentile": "rank percentrank ts_rank",
    "corr": "correl correlation",
    "cov": "covariance",
    "slope": "linreg",
    "where": "iff iif",
    "crosses_above": "cross crossover",
    "crosses_below": "crossunder",
    "since": "barslast barssince",
    "ffill": "fillna",
}
# The operator of the language by another name of it, in lower case.
OTHER_NAMES = {other: name for name, others in _NAMES.items() for other in others.split()}

# What to write for a construct of Python that an expression does not have.
OTHER_SIGNS: dict[type, str] = {
    ast.BitXor: "Write ** for a power",
    ast.BitAnd: "Write and",
    ast.BitOr: "Write or",
    ast.Invert: "Write not",
    ast.Subscript: "Write lag(x, n) for the value n days ago",
    ast.IfExp: "Write where(condition, a, b)",
}

# What to write for a character.
_CHARACTERS = {"≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-"}


def syntax_remedy(text: str, column: int, problem: str) -> str:
    """Returns the remedy for a text that Python cannot parse. ``column``: where, from 0; ``problem``: what it says."""
    sign = text[column : column + 1]
    if text.count("(") > text.count(")"):
        return "Close the parenthesis; between braces, an expression with a comma needs quotes"
    if "decimal literal" in problem:
        return "A duration is a number and y, m, w or d, such as 6m"
    if sign in _CHARACTERS:
        return f"Write {_CHARACTERS[sign]}"
    if sign == "=" or "'=='" in problem:
        return "Write == to compare"
    return "Correct it there"
