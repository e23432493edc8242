"""The verdict over factor variants of which some are known late or seldom."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.results.report.factors.wording import survival
from gridproof.sweeps.factors.verdict import judge

DAYS = 1200


def drawn(first: int, mean: float = 0.0, variants: int = 2) -> Floats:
    """(DAYS, variants): the first half have returns on all days, the others from a day on."""
    net = np.random.default_rng(5).normal(mean, 0.01, (DAYS, variants))
    net[:first, variants // 2 :] = 0.0
    return net


@pytest.mark.parametrize("first", [900, 1100])
def test_a_factor_known_late_leaves_the_verdict_whole(first: int) -> None:
    found, rows = judge(drawn(first), 2, 243)
    assert found["tested"] == 2
    assert 0.0 < found["threshold"] < 2.0
    assert all(0.01 < row["deflated_sharpe"] < 0.99 for row in rows)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("all_late", [False, True])
def test_the_variance_is_that_over_all_days(all_late: bool) -> None:
    """Without skill a Sharpe ratio over T days has a variance near 1 / T, however many have returns."""
    net = drawn(1000, variants=60)
    found, _ = judge(net[:, 30:] if all_late else net, 60, 243)
    assert 0.7 < found["null_variance"] * DAYS < 1.2


def test_skill_is_seen_beside_a_factor_known_late() -> None:
    _, rows = judge(drawn(900, 0.002), 2, 243)
    assert all(row["deflated_sharpe"] > 0.9 for row in rows)


def test_a_variant_with_few_returns_is_not_tested() -> None:
    found, rows = judge(drawn(DAYS - 30), 2, 243)
    assert (found["tested"], found["best"]) == (1, 0)
    assert [row["untested"] for row in rows] == [None, "returns on 30 days, 60 are needed"]
    assert rows[1]["superior"] is None
    assert survival(rows[1], found) == "It is not tested: returns on 30 days, 60 are needed."
    assert judge(drawn(DAYS - 30)[:, 1:], 1, 243)[0]["why"] == "returns on 30 days, 60 are needed"
