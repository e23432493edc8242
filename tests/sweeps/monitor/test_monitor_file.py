"""A monitor file: what it may have, and the one line for what it may not."""

from __future__ import annotations

from typing import Any

import pytest

import gridproof as gp
from gridproof.sweeps.monitor.monitor import load_monitor, shipped_monitors

MARKET: dict[str, Any] = {
    "name": "small",
    "market": {"calendar": "index", "periods": 260},
    "series": {
        "index": {"file": "index.csv", "code": "000300", "field": "close"},
        "y10": {"file": "yield.csv", "field": "y10", "release": "1 day"},
    },
}


def with_reading(**keys: Any) -> dict[str, Any]:
    return {**MARKET, "readings": {"one": {"title": "One", **keys}}}


@pytest.mark.parametrize("name", shipped_monitors())
def test_shipped_monitors_are_valid_and_name_known_groups(name: str) -> None:
    monitor = load_monitor(name)
    assert len(monitor.readings) == len(monitor.spec.readings) > 5
    assert all(reading.spec.title_zh for reading in monitor.readings)


def test_readings_keep_the_order_of_the_file_and_studies_are_loaded_once() -> None:
    monitor = load_monitor("us-demo")
    assert [reading.name for reading in monitor.readings] == list(monitor.spec.readings)
    assert len({id(reading.study) for reading in monitor.readings if reading.study}) == 1


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({**MARKET, "readings": {}}, "a monitor needs readings; got none"),
        (MARKET, "missing key `readings`"),
        (with_reading(), "a signal has value: with a latch, or when:; got neither"),
        (with_reading(value="index", unit="percents"), "unit must be 'percent', 'number', 'index' or 'count'"),
        (with_reading(value="indx"), "indx"),
        (with_reading(value="mean(index, n)"), "n"),
        (with_reading(value="index", percentile="six years"), "percentile is a duration or all; got six years"),
        (with_reading(value="index", group="macro"), "group is a key of groups; got macro"),
        (with_reading(value="index", underlying="y10"), "underlying is a series of the reading's expression; got y10"),
        (with_reading(value="index", states={"on": "a", "off": "b"}), "states name the states of a latch or of when:"),
        (with_reading(signal="rate", value="index"), "signal names one of a study; got rate"),
        (with_reading(study="us-demo"), "signal names one of the signals of the study; got none"),
        (with_reading(study="us-demo", signal="rats"), "got rats. Did you mean rate"),
        (with_reading(study="us-dem", signal="rate"), "a file beside the monitor, or a shipped study; got us-dem"),
        (with_reading(study="us-demo", signal="rate", value="index"), "a signal of a study or has an expression"),
        (with_reading(value="mean(index, n)", n=[20, 60]), "base must give a value for every axis"),
        ({**with_reading(value="index"), "legs": {}}, "unknown key; got legs"),
        ({**with_reading(value="index"), "market": {"calendar": "indx"}}, "whose dates are the trading days; got indx"),
    ],
)  # fmt: skip
def test_what_a_monitor_may_not_have_is_one_line(raw: dict[str, Any], error: str) -> None:
    with pytest.raises(gp.InputError) as found:
        load_monitor(raw)
    assert error in str(found.value)
    assert "\n" not in str(found.value)


def test_an_unknown_monitor_is_named_with_the_nearest() -> None:
    with pytest.raises(gp.InputError, match=r"a file or a shipped monitor; got us-dem\. Did you mean us-demo"):
        load_monitor("us-dem")


def test_a_signal_of_a_panel_is_no_reading() -> None:
    raw = with_reading(value="average(close)")
    with pytest.raises(gp.InputError, match="close"):
        load_monitor(raw)
