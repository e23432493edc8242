"""A stage's share, rate and time left, at times that are given."""

from __future__ import annotations

import pytest

from gridproof.sweeps.progress.stage import Stage, duration


def stage(name: str = "sweep", first: int = 0) -> Stage:
    return Stage(name, began=100.0, first=first, updated=100.0)


def test_time_left_follows_the_rate_of_this_call_and_counts_down() -> None:
    sweep = stage(first=400)
    sweep.update(100.0, 400, 1000)
    assert sweep.seconds_left(105.0) is None, "nothing is known before the first unit"
    sweep.update(110.0, 600, 1000)
    assert sweep.seconds_left(110.0) == pytest.approx(20.0), "200 in 10 s, 400 to go; the first 400 do not count"
    assert sweep.seconds_left(118.0) == pytest.approx(12.0), "the clock goes on without a report"
    assert sweep.seconds_left(131.0) is None, "an estimate that has passed is not shown"
    assert sweep.rate() == "20 variants/s"


def test_a_line_says_share_count_rate_and_time_left() -> None:
    sweep = stage()
    sweep.update(104.0, 97_977, 217_728, "best 0.9")
    assert sweep.line(104.0, "2 nodes") == (
        "sweep: 44%, 97,977 of 217,728 variants, 24,494 variants/s, 5 s left, best 0.9, 2 nodes"
    )
    sweep.update(110.0, 217_728, 217_728)
    assert sweep.finished
    assert sweep.line(110.0) == "sweep: 100%, 217,728 of 217,728 variants, 21,773 variants/s"


def test_a_stage_whose_total_is_not_known_says_how_long_it_has_run() -> None:
    compiling = stage("compiling kernels")
    assert compiling.line(100.1) == "compiling kernels"
    assert compiling.line(107.0) == "compiling kernels: 7 s so far"
    compiling.update(108.0, 12, 0)
    assert (compiling.share, compiling.finished) == (None, False)
    assert compiling.line(120.0) == "compiling kernels: 12 done, 20 s so far"


def test_share_is_not_100_percent_before_the_end() -> None:
    sweep = stage()
    sweep.update(101.0, 999, 1000)
    assert sweep.line(101.0).startswith("sweep: 99%,")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (18.2, "18 s"), (99.4, "99 s"), (180.0, "3 min"), (7500.0, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
