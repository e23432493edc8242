"""The statistics of a sweep as functions of plain arrays."""

from __future__ import annotations

from gridproof.results.statistics.active_returns import active_returns, linearised_sharpe_difference
from gridproof.results.statistics.bootstrap import optimal_block_length, stationary_bootstrap_indices
from gridproof.results.statistics.deflation import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    implied_trials,
)
from gridproof.results.statistics.haircut import haircut_sharpe
from gridproof.results.statistics.overfitting import (
    probability_of_backtest_overfitting,
    probability_of_backtest_overfitting_from_sums,
)
from gridproof.results.statistics.plateau import cliff, plateau
from gridproof.results.statistics.sensitivity import functional_anova, sobol_indices_from_grid
from gridproof.results.statistics.sequential import sequential_p_value
from gridproof.results.statistics.sharpe import minimum_track_record_length, probabilistic_sharpe, sharpe_interval
from gridproof.results.statistics.sharpe_difference import joint_upper_bounds, sharpe_difference_test
from gridproof.results.statistics.shift import circular_shift_test, subperiod_test
from gridproof.results.statistics.sign_flips import sign_flip_effect, sign_flip_test
from gridproof.results.statistics.splits import combinatorial_paths, combinatorial_purged_splits, walk_forward
from gridproof.results.statistics.superior_predictive_ability import (
    reality_check,
    stepwise_multiple_test,
    superior_predictive_ability,
)
from gridproof.results.statistics.timing_effect import timing_effect

__all__ = [
    "active_returns",
    "circular_shift_test",
    "cliff",
    "combinatorial_paths",
    "combinatorial_purged_splits",
    "deflated_sharpe",
    "effective_trials",
    "expected_maximum_sharpe",
    "functional_anova",
    "haircut_sharpe",
    "implied_trials",
    "joint_upper_bounds",
    "linearised_sharpe_difference",
    "minimum_track_record_length",
    "optimal_block_length",
    "plateau",
    "probabilistic_sharpe",
    "probability_of_backtest_overfitting",
    "probability_of_backtest_overfitting_from_sums",
    "reality_check",
    "sequential_p_value",
    "sharpe_difference_test",
    "sharpe_interval",
    "sign_flip_effect",
    "sign_flip_test",
    "sobol_indices_from_grid",
    "stationary_bootstrap_indices",
    "stepwise_multiple_test",
    "subperiod_test",
    "superior_predictive_ability",
    "timing_effect",
    "walk_forward",
]
