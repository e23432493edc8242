"""The haircut of Sharpe ratios for the number of variants tested: Harvey, Liu, *Backtesting* (2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from gridproof.kernels.arrays import Floats
from gridproof.results.statistics.inputs import require


@dataclass(frozen=True)
class Haircut:
    """One adjustment. Arrays are (V,), in the order of the variants."""

    p_value: Floats  # adjusted, two-sided
    sharpe: Floats  # per observation: the one that would have this p-value as a single test
    haircut: Floats  # 1 − adjusted / observed, 0 to 1; NaN for a Sharpe ratio of 0


@dataclass(frozen=True)
class HaircutSharpe:
    tests: int  # variants with a defined Sharpe ratio
    p_value: Floats  # (V,) of each as a single test, two-sided
    bonferroni: Haircut
    holm: Haircut
    bhy: Haircut


def haircut_sharpe(sharpe: npt.ArrayLike, observations: int) -> HaircutSharpe:
    """Sharpe ratios of all V variants of a sweep, adjusted for V tests. O(V log V).

    sharpe: (V,) per observation (daily). observations: T ≥ 2. A ratio becomes t = SR·√T and, by Student's t with T − 1
    degrees, a two-sided p-value; the adjusted p-value becomes a ratio again, with the sign it had. Bonferroni and Holm
    bound the chance of one false discovery, BHY (Benjamini, Yekutieli 2001, valid under any dependence) the share of
    false ones: min over j ≥ i of M·c(M)/j·p₍ⱼ₎, c(M) = Σ 1/j. The paper of 2015 leaves the largest p-value out of the
    last step, so a sweep with equal p-values would not be adjusted at all; here it is included.

    NaN (an undefined Sharpe ratio) does not count as a test and stays NaN; infinite ones raise InputError. A p-value
    below the smallest float is not adjusted.

    >>> found = haircut_sharpe([0.10, 0.05, 0.02], 1250)
    >>> found.bonferroni.p_value.round(4).tolist(), found.holm.sharpe.round(3).tolist()
    ([0.0013, 0.232, 1.0], [0.091, 0.04, 0.02])
    """
    ratio = np.asarray(sharpe, dtype=np.float64)
    where = "haircut_sharpe"
    shaped = ratio.ndim == 1 and ratio.size > 0 and not np.isinf(ratio).any()
    rule = "must be (V,), finite or NaN"
    require(shaped, rule, f"shape {ratio.shape}", f"{where}: sharpe", "Give one Sharpe ratio a variant")
    require(
        observations > 1, "there must be at least two days", observations, f"{where}: observations", "Give more days"
    )
    defined = np.flatnonzero(~np.isnan(ratio))
    single = np.full(len(ratio), np.nan)
    single[defined] = 2.0 * stdtr(observations - 1.0, -np.abs(ratio[defined]) * np.sqrt(observations))
    order = defined[np.argsort(single[defined], kind="stable")]
    ascending, tests = single[order], len(order)
    place = np.arange(1, tests + 1)
    harmonic = (1.0 / place).sum()
    adjusted = {
        "bonferroni": tests * ascending,
        "holm": np.maximum.accumulate((tests - place + 1) * ascending),
        "bhy": np.minimum.accumulate((tests * harmonic / place * ascending)[::-1])[::-1],
    }
    cut = {name: _cut(np.minimum(values, 1.0), order, ratio, observations) for name, values in adjusted.items()}
    return HaircutSharpe(tests, single, **cut)


def _cut(ascending: Floats, order: npt.NDArray[np.intp], ratio: Floats, observations: int) -> Haircut:
    p_value = np.full(len(ratio), np.nan)
    p_value[order] = ascending
    left = np.where(np.isnan(ratio), np.nan, 0.0)
    open_ones = p_value < 1.0
    size = np.abs(stdtrit(observations - 1.0, p_value[open_ones] / 2.0)) / np.sqrt(observations)
    left[open_ones] = np.sign(ratio[open_ones]) * np.minimum(size, np.abs(ratio[open_ones]))
    haircut = 1.0 - left / np.where(ratio == 0.0, np.nan, ratio)
    return Haircut(p_value, left, haircut)
