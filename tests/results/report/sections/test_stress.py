"""The section of stress tests."""

from __future__ import annotations

import pathlib

import pytest

from tests.support.page import (
    figures_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_stress_values_stand_in_ascending_order(run: pathlib.Path) -> None:
    record = statistics_of(run)
    for who, days in (("base", (60, 45, 90)), ("best", (67, 52))):
        points = [
            {"value": f"{day} calendar days", "sharpe": day / 100, "cagr": 0.1, "base": day == 60} for day in days
        ]
        record["stress"][who]["release"] = [{"signal": "rate", "values": points}]
    figure = figures_of(render_statistics(run, record))["figure-stress"]
    panels = {key: part for key, part in figure["layout"].items() if key.startswith("xaxis")}
    panel = next(key for key, part in panels.items() if "release" in part["title"]["text"])
    assert figure["layout"][panel]["categoryarray"] == ["45", "52", "60", "67", "90"]
    assert figure["layout"][panel]["title"]["text"] == "release of rate, calendar days"
    lines = [line for line in figure["data"] if line["xaxis"] == panel.replace("axis", "")]
    assert [line["x"] for line in lines] == [["45", "60", "90"], ["52", "67"]]
    assert lines[0]["y"] == [0.45, 0.6, 0.9]
    assert lines[0]["marker"]["size"] == [6, 11, 6]
