"""Warnings about the data reach whoever calls, once, at the caller's own line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import gridproof as gp
from tests.support.observers import Heard
from tests.support.tiny import prices, tiny_study, write_tiny

SAID = "risk_free of 0.2 is 20% a year; if 0.2% a year is meant, write 0.002"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_tiny(tmp_path, prices(seed=1))


def caught(work: Callable[[], object]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        work()
    return found


@pytest.mark.parametrize(
    "work",
    [
        lambda study, data: gp.point(study, data=data),
        lambda study, data: gp.run(study, data, out=data / "runs", backend="reference", verdict=False),
        lambda study, data: gp.search(
            study, 1, data, out=data / "runs", backend="reference", verdict=False, sampler="random"
        ),
    ],
    ids=["point", "run", "search"],
)
def test_a_silent_call_warns_once_at_the_callers_line(work: Callable[[gp.Study, Path], object], data: Path) -> None:
    study = tiny_study(risk_free=0.2, signal={"window": [10, 20]}, base={"up.window": 20})
    found = caught(lambda: work(study, data))
    assert [str(one.message) for one in found] == [SAID]
    assert found[0].category is gp.DataWarning
    assert found[0].filename == __file__


def test_points_in_a_loop_warn_once(data: Path) -> None:
    study = tiny_study(risk_free=0.2)
    found = caught(lambda: [gp.point(study, {"execution.lag": lag}, data) for lag in (1, 2, 3)])
    assert [str(one.message) for one in found] == [SAID]


def test_what_is_shown_as_a_notice_is_no_python_warning_too(data: Path) -> None:
    heard, study = Heard(), tiny_study(risk_free=0.2)
    found = caught(lambda: gp.run(study, data, out=data, backend="reference", verdict=False, observer=heard))
    assert not found
    assert f"warning: {SAID}" in heard.notices


def test_an_observer_without_notices_leaves_the_warning_to_python(data: Path) -> None:
    observer, study = gp.RunObserver(), tiny_study(risk_free=0.2)
    found = caught(lambda: gp.run(study, data, out=data, backend="reference", verdict=False, observer=observer))
    assert [str(one.message) for one in found] == [SAID]
