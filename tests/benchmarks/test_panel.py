"""The benchmark of the panel compares its answers and reports each figure."""

from __future__ import annotations

import importlib.util

from benchmarks import panel


def test_a_small_case_is_compared_and_timed() -> None:
    report = panel.measure(panel.made_up(120, 40), most=20, repeats=1)
    for name in ("ranking", "all_counts_daily", "plain_loop", "variants_seconds", "rank_ic", "regression"):
        assert report[name] > 0.0
    assert report["variants"] == 4 * 2 * 26 * 3 * 17
    assert ("ratio_alphalens" in report) == (importlib.util.find_spec("alphalens") is not None)
