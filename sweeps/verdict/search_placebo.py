"""Whether the best choice is more than luck among so many: all choices under the same circular shifts of the market."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools
from gridproof.kernels.cpu.placebo_maxima import active_t_maxima
from gridproof.kernels.metrics import METRICS
from gridproof.results.conclusion import FEWEST_SWITCHES, LARGEST_WEIGHT
from gridproof.results.run.conclusion_record import ChoicesPlaceboRecord, EffectRecord
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.strategy_statistics import number

# Shifts at most, and at a time. After so many that reach the observed maximum p is above 5 %, whatever follows.
_SHIFTS, _AT_ONCE = 999, 128
_ENOUGH = 50


def search_placebo(population: Population, best: EffectRecord, observer: RunObserver) -> ChoicesPlaceboRecord:
    """The largest active t of all choices, observed and under random circular shifts of the returns.

    The positions stay as they are; the market's returns are turned by the same number of days for every choice. Shifts
    are drawn without replacement. p = (1 + #) / (K + 1); the test stops early where p can no longer be 5 % or less.
    best: the timing effect of the best choice.
    """
    days = population.days
    eligible = eligible_choices(population)
    drawn = np.random.default_rng(SEED).permutation(np.arange(1, days))[:_SHIFTS]
    record: ChoicesPlaceboRecord = {
        "choices": int(eligible.sum()),
        "sampled": bool(population.sampled),
        "shifts": 0,
        "seed": SEED,
        "observed": None,
        "at_least": 0,
        "p_value": None,
        "upper": best["upper"],
        "volatility": best["volatility"],
    }
    if not eligible.any() or not len(drawn):
        return record
    observed, reached, done = -np.inf, 0, 0
    while done < len(drawn) and reached < _ENOUGH:
        batch = drawn[done : done + _AT_ONCE - 1]
        shifts = np.concatenate([[0], batch])  # shift 0, the observed sweep, is evaluated beside every batch
        maxima = np.full(len(shifts), -np.inf)
        for first, periods in population.holding_periods():
            chosen = eligible[first : first + len(periods.execution)]
            maxima = np.maximum(maxima, active_t_maxima(population.plan.problem, periods, shifts, chosen))
        observed = float(maxima[0])
        reached += int((maxima[1:] >= observed).sum())
        done += len(batch)
        observer.progress("verdict: placebo of the search", done, len(drawn), done)
    observer.progress("verdict: placebo of the search", len(drawn), len(drawn), len(drawn))
    record["shifts"], record["observed"], record["at_least"] = done, number(observed), reached
    record["p_value"] = (1 + reached) / (done + 1)
    return record


def eligible_choices(population: Population) -> Bools:
    """(J,) whether a choice switches often enough, and leaves its main allocation often enough, to have a timing."""
    metrics = population.metrics[:, 0]
    switches = metrics[:, METRICS.index("switches")]
    largest = metrics[:, len(METRICS) :].max(axis=1)
    eligible: Bools = (switches >= FEWEST_SWITCHES) & (largest <= LARGEST_WEIGHT)
    return eligible
