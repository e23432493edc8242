"""What "two backends agree" means, with its tolerances."""

from __future__ import annotations

import numpy as np

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.metrics import METRICS, WIDTH
from gridproof.kernels.problem import Box, Jobs, Problem

# A daily return is at most about this, and so is what moments are taken about.
_LARGEST = 0.1
# A moment of order k from raw sums is only good to this times (largest return / standard deviation)^k.
_LOST = 1e-14
_ORDERS = {"volatility": 2, "sharpe": 2, "skewness": 3, "kurtosis": 4}
# A daily return is good to this, and so is the root mean square of those below the risk-free rate.
_RETURN = 4e-15
# Variants of a box that the reference evaluates: it needs about a millisecond for each.
_SAMPLE = 40


def assert_agree(actual: Floats, expected: Floats) -> None:
    """Metrics agree to 1e-9, relative or of one; the moments less closely where the days of a segment hardly differ,
    and the Sortino ratio where losses are as small as the digits of a return.

    expected: of random problems, 243 days a year; its volatility says how many digits raw sums keep. Undefined values
    must be undefined on both sides.
    """
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    allowed = np.full(actual.shape, 1e-9)
    daily = expected[..., METRICS.index("volatility")] / np.sqrt(243.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = np.nan_to_num(_LARGEST / daily, posinf=0.0)  # without volatility the moments are undefined or 0
    for name, order in _ORDERS.items():
        allowed[..., METRICS.index(name)] += _LOST * condition**order
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe, sortino = (expected[..., METRICS.index(name)] for name in ("sharpe", "sortino"))
        downside = daily * np.abs(sharpe / sortino)
        allowed[..., METRICS.index("sortino")] += np.nan_to_num(_RETURN / downside, posinf=0.0)
    with np.errstate(invalid="ignore"):
        difference = np.abs(actual - expected) / np.maximum(np.abs(expected), 1.0)
    wrong = np.argwhere(difference > allowed)
    if len(wrong):
        at = tuple(wrong[0])
        name = METRICS[at[-1]] if at[-1] < WIDTH else f"share of days in allocation {at[-1] - WIDTH}"
        raise AssertionError(
            f"{len(wrong)} metrics differ, the first {name} at {at}: {actual[at]} for {expected[at]}, "
            f"{difference[at]:.1e} where {allowed[at]:.1e} is allowed"
        )


def assert_box_agrees(problem: Problem, box: Box, actual: Floats, rng: np.random.Generator) -> None:
    """Metrics of all variants of a box agree with the compiled scan of the list, and some with the reference."""
    jobs = box.jobs()
    assert_agree(actual, cpu.evaluate(problem, jobs))
    chosen = rng.permutation(len(box))[:_SAMPLE]
    cells = len(box.executions)
    few = Jobs(jobs.rows[chosen // cells], np.arange(len(chosen) + 1, dtype=np.int64), jobs.execution[chosen])
    assert_agree(actual[chosen], reference.evaluate(problem, few))
