"""Placebos counted one after another: the published rule, and its validity by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.sequential import sequential_p_value


def test_what_is_drawn_later_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    reached = rng.random(999) < 0.3
    stopped = sequential_p_value(reached, 50)
    assert stopped.p_value == 50 / stopped.placebos
    assert reached[: stopped.placebos].sum() == 50
    assert reached[stopped.placebos - 1]
    for cut in (stopped.placebos, stopped.placebos + 1, 500):
        assert sequential_p_value(reached[:cut], 50) == stopped


def test_the_decision_at_5_percent_is_that_of_all_placebos() -> None:
    """The 50th of 999 may be the last one: 50 / 999 is above 5%, as (1 + 50) / 1000 is."""
    for count in range(46, 54):
        for seed in range(20):
            reached = np.random.default_rng(seed).permutation(np.arange(999) < count)
            assert (sequential_p_value(reached, 50).p_value <= 0.05) == ((1 + count) / 1000 <= 0.05)


def test_p_is_valid_at_every_level() -> None:
    """Observed and placebos from one distribution: p is at most α in a share α of cases or less."""
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(4000):
        drawn = rng.normal(size=100)
        p_values.append(sequential_p_value(drawn[1:] >= drawn[0], 5).p_value)
    for level in (0.02, 0.05, 0.1, 0.25, 0.5, 0.8):
        share = np.mean(np.array(p_values) <= level)
        assert share <= level + 3 * np.sqrt(level * (1 - level) / 4000)


def test_none_and_nonsense() -> None:
    assert sequential_p_value(np.zeros(0, dtype=bool), 5).p_value == 1.0
    with pytest.raises(InputError, match=r"enough: must be at least 1; got 0"):
        sequential_p_value(np.ones(3, dtype=bool), 0)
