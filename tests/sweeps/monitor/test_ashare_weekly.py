"""The weekly monitor on the real series, beside what the reports print."""

from __future__ import annotations

import pytest

import gridproof as gp
from tests.support.real_data import ASHARE, needs_ashare


@needs_ashare
def test_the_readings_of_24_october_2025_are_near_the_printed_ones() -> None:
    record = gp.monitor("ashare-weekly", data=ASHARE, on="2025-10-24").record
    by_name = {one["name"]: one for one in record["readings"]}
    # Wind's own index: the same figures. The return printed for CSI 300 and others is that of another span of days.
    for name, digits in (("slope_micro", 4), ("week_micro", 4), ("growth_dividend", 3), ("week_telecom", 2)):
        (printed,) = by_name[name]["printed"]
        assert printed["ours"] is not None
        assert round(printed["ours"], digits) == pytest.approx(round(float(printed["printed"]), digits))
    assert by_name["rate"]["state"] is not None
    assert by_name["rate"]["state"]["name"] == "invested"
    assert by_name["crowding"]["state"] is not None
    assert by_name["crowding"]["state"]["name"] == "not crowded"
    assert by_name["crowd_micro"]["status"] == "stale"
    assert by_name["nowcast_2024"]["status"] == "unavailable"
    # The report prints positions by industries of CITIC, its own sample of funds and method.
    assert by_name["held"]["value"] == pytest.approx(0.88, abs=0.04)
    (printed,) = by_name["held_medicine"]["printed"]
    assert printed["ours"] == pytest.approx(float(printed["printed"]), abs=0.05)
    statuses = [one["status"] for one in record["readings"]]
    assert (statuses.count("current"), statuses.count("failed")) == (53, 0)
    boards = {one["name"]: one for one in record["boards"]}
    weeks = {row["title"]: row["cells"][0]["value"] for row in boards["returns"]["rows"]}
    assert weeks["Telecom"] == pytest.approx(0.1156, abs=0.0002)
    assert weeks["Wind Micro-cap"] == pytest.approx(0.0649, abs=0.0001)
    assert {row["title"]: row["why"] for row in boards["flows"]["rows"]} == {"All": "not current: north"}
    assert len(boards["quadrant"]["path"]) == 12
    assert {each["title"] for each in boards["macro"]["releases"]} == {
        "Exports, %", "Industrial output, %", "Retail sales, %"
    }  # fmt: skip
