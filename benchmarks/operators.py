"""Operators under many windows against pandas: ``python -m benchmarks.operators [--json]``.

31 series of 5,000 days under 500 windows each. pandas computes a few of the windows, spread over all, and the ratio is
that of the time a window. Both use one core; the values are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators import OPERATORS

SERIES, DAYS, WINDOWS, OF_PANDAS = 31, 5_000, 500, 3
PANDAS: dict[str, Callable[[pd.Series, int], pd.Series]] = {
    "percentile": lambda x, n: x.rolling(n).rank(method="max", pct=True),
    "zscore": lambda x, n: (x - x.rolling(n).mean()) / x.rolling(n).std(),
    "std": lambda x, n: x.rolling(n).std(),
    "max": lambda x, n: x.rolling(n).max(),
    "corr": lambda x, n: x.rolling(n).corr(x.shift(1)),
}


def ours(name: str, x: Floats, windows: Ints) -> Floats:
    """(K, T) float64: the operator under all windows, in one pass."""
    arrays = (x, np.append(np.nan, x[:-1])) if name == "corr" else (x,)
    with np.errstate(divide="ignore", invalid="ignore"):
        return OPERATORS.operators[name].function(*arrays, windows, None, 0)


def measure(series: int, days: int, windows: int, repeats: int) -> dict[str, Any]:
    """CPU seconds of all series under all windows, of pandas as extrapolated, and their ratio, by operator."""
    rng = np.random.default_rng(0)
    levels = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (series, days)), axis=1))
    lengths = np.arange(2, windows + 2)
    few = lengths[np.linspace(0, windows - 1, OF_PANDAS).astype(int)]
    report: dict[str, Any] = {"series": series, "days": days, "windows": windows}
    for name, pandas in PANDAS.items():
        for n in few:
            # Two values leave pandas' deviation a residue of older ones.
            expected = pandas(pd.Series(levels[0]), int(n)).to_numpy()
            np.testing.assert_allclose(ours(name, levels[0], np.array([n]))[0], expected, rtol=1e-6, atol=1e-6)
        turns = [
            (
                _seconds(lambda name=name: [ours(name, x, lengths) for x in levels]),
                _seconds(lambda pandas=pandas: [pandas(pd.Series(x), int(n)) for x in levels[:2] for n in few]),
            )
            for _ in range(repeats)
        ]
        scaled = [(own, other * series * windows / (min(2, series) * len(few))) for own, other in turns]
        report[name] = {
            "seconds": median(own for own, _ in scaled),
            "pandas_seconds": median(other for _, other in scaled),
            "ratio": median(other / own for own, other in scaled),
        }
    return report


def _seconds(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operators", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    report = measure(SERIES, DAYS, WINDOWS, repeats=3)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{SERIES} series, {DAYS} days, {WINDOWS} windows each; CPU seconds")
    for name in PANDAS:
        row = report[name]
        print(f"{name:12} {row['seconds']:8.2f}   pandas {row['pandas_seconds']:8.1f}   ratio {row['ratio']:6.1f}")


if __name__ == "__main__":
    main()
