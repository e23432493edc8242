"""A small sweep over a signal, window × thresholds, and the placebo of its largest active t over all shifts at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.fft import irfft, rfft

from benchmarks.calibration.markets import PERIODS, eligible
from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.jit import jit
from gridproof.results.conclusion import LEVEL
from gridproof.results.run.conclusion_record import ChoicesPlaceboRecord
from gridproof.results.statistics.own_past import unanticipated_returns
from gridproof.results.statistics.sequential import SequentialPValue, sequential_p_value

WINDOWS = (20, 40, 60, 90, 120, 160, 200, 250)
# In standard deviations of a random walk's change over the window: out above the one, back in below the other.
OUT_ABOVE = (0.0, 0.3, 0.6, 0.9)
IN_BELOW = (-0.6, -0.2)

_SHIFTS, _ENOUGH, _OF_SIGNS = 999, 50, 16


def choose(series: Floats) -> Floats:
    """(V, T) weights of the first allocation, 0 or 1: a row for each window and pair of thresholds.

    series: (longest window + T,), known before the day's return. Equal rows, and those that switch too rarely for a
    test of timing, are left out.
    """
    longest = WINDOWS[-1]
    rows = [latched_changes(series[longest - window :], window, *pair)
            for window, pair in product(WINDOWS, product(OUT_ABOVE, IN_BELOW))]  # fmt: skip
    different = {row.astype(np.bool_).tobytes(): row for row in rows}
    return np.array([row for row in different.values() if eligible(row.astype(np.int64))])


def latched_changes(series: Floats, window: int, above: float, below: float) -> Floats:
    """(T,) 1, or 0 from above the one threshold to below the other. series: (window + T,)."""
    change = (series[window:] - series[:-window]) / (np.diff(series).std() * np.sqrt(window))
    weights = np.empty(len(change))
    _latch(change, above, below, weights)
    return weights


@jit(nogil=True)
def _latch(change: Floats, above: float, below: float, weights: Floats) -> None:
    state = 1.0
    for day in range(len(change)):
        if change[day] > above:
            state = 0.0
        elif change[day] < below:
            state = 1.0
        weights[day] = state


def follow(returns: Floats, window: int, side: int, apart: float, effect: float) -> Floats:
    """(T,) weights, 0 or 1, that follow (side 1) or lean against (−1) the change over so many days before.

    returns: (window + T,); ``effect`` × (weight − ½) is added in place to those of the days with a weight. Changes are
    compared with ±``apart`` standard deviations of a random walk's.
    """
    weights = np.empty(len(returns) - window)
    _follow(returns, window, side, apart * returns[:-1].std() * np.sqrt(window), effect, weights)
    return weights


@jit(nogil=True)
def _follow(returns: Floats, window: int, side: int, above: float, effect: float, weights: Floats) -> None:
    state, change = 1.0, 0.0
    for day in range(window):
        change += returns[day]
    for day in range(len(weights)):
        if side * change > above:
            state = 1.0
        elif side * change < -above:
            state = 0.0
        weights[day] = state
        returns[window + day] += effect * (state - 0.5)
        change += returns[window + day] - returns[day]


@dataclass(frozen=True)
class Shifted:
    """V choices under all T shifts: Σ(w − w̄)(r − r̄) and the root of its sum of squares, (V, T) float32 each.

    In standard deviations of r.
    """

    sums: Array
    roots: Array


def shift_choices(weights: Floats, spectrum: Array, difference: Floats) -> Shifted:
    """weights: (V, T) 0 or 1. spectrum: of them. difference: (T,) what the first allocation earns more a day."""
    days = len(difference)
    centred = ((difference - difference.mean()) / difference.std()).astype(np.float32)
    mean = weights.mean(axis=1, keepdims=True, dtype=np.float32)
    sums = irfft(spectrum * rfft(centred), n=days, axis=1)
    squares = irfft(spectrum * rfft(centred**2), n=days, axis=1)
    return Shifted(sums, np.sqrt((1.0 - 2.0 * mean) * squares + mean**2 * (centred**2).sum()))


@dataclass(frozen=True)
class Found:
    record: ChoicesPlaceboRecord
    best: int  # the choice with the highest Sharpe ratio
    single: float  # the p-value of its shift test, as if it had not been chosen


def placebo(weights: Floats, returns: Floats, rng: np.random.Generator, own_price: bool = False) -> Found:
    """The placebo of a verdict's Search (``sweeps.verdict.search_placebo``). returns: (T, 2) of the two allocations."""
    days = len(returns)
    difference = returns[:, 0] - returns[:, 1]
    totals = weights @ difference + returns[:, 1].sum()
    squares = weights @ (difference * (difference + 2.0 * returns[:, 1])) + (returns[:, 1] ** 2).sum()
    best = int((totals / np.sqrt(squares - totals**2 / days)).argmax())
    spectrum = np.conj(rfft(weights.astype(np.float32), axis=1))
    nothing = np.zeros(len(weights))
    values = _turned(weights, spectrum, difference, nothing, own_price)
    observed, tie = float(values[:, 0].max()), 1e-4
    drawn = rng.permutation(np.arange(1, days))[:_SHIFTS]

    def p_value(apart: Floats, added: Floats, sign: float) -> SequentialPValue:
        """apart: (T,) what is turned. added: (V,) to each sum. sign: 1 counts shifts above ``observed``, −1 below."""
        reached = np.zeros(0, dtype=np.bool_)
        size = _OF_SIGNS if own_price else _SHIFTS
        while len(reached) < len(drawn) and reached.sum() < _ENOUGH:
            batch = drawn[len(reached) : len(reached) + size]
            signs = rng.choice([-1.0, 1.0], days) if own_price else np.ones(days)
            maxima = _turned(weights, spectrum, (apart - apart.mean()) * signs, added, own_price).max(axis=0)[batch]
            reached = np.concatenate([reached, sign * (maxima - observed) >= -tie])
        return sequential_p_value(reached, _ENOUGH)

    found = p_value(difference, nothing, 1.0)
    record: ChoicesPlaceboRecord = {
        "null": "signs" if own_price else "shifts",
        "choices": len(weights),
        "sampled": False,
        "shifts": found.placebos,
        "seed": 0,
        "observed": observed,
        "at_least": found.reached,
        "p_value": found.p_value,
        "p_with_effect": None,
    }
    if found.p_value > LEVEL:
        active = weights - weights.mean(axis=1, keepdims=True)
        effect = difference.std() / np.sqrt(PERIODS) * active[best]
        added = _gains(weights, effect) if own_price else active @ effect
        record["p_with_effect"] = p_value(difference - effect, added, -1.0).p_value
    return Found(record, best, float((values[best] >= values[best, 0] - tie).mean()))


def _turned(weights: Floats, spectrum: Array, difference: Floats, added: Floats, own_price: bool) -> Floats:
    """(V, T) the active t of each choice under every shift. added: (V,) to each sum."""
    if own_price:
        earned, constant = unanticipated_returns((difference - difference.mean())[:, None])
        # The shifts leave the mean out.
        added = added + constant + weights.sum(axis=1) * earned.mean()
        difference = earned[:, 0]
    found = shift_choices(weights, spectrum, difference)
    t_values: Floats = (found.sums + (added / difference.std())[:, None]) / found.roots
    return t_values


def _gains(weights: Floats, difference: Floats) -> Floats:
    """(V,) what the timing of each choice earns. difference: (T,) as for ``shift_choices``."""
    earned, constant = unanticipated_returns(difference[:, None])
    gains: Floats = weights @ earned[:, 0] + constant
    return gains
