"""Which legs' prices a rule reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.series_spec import SeriesSpec
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict.own_price import prices_read, same_rows
from tests.support.demo import small_plan, small_study

MARKET = market_of(small_study())


def legs_read(study: Study, market: Market) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.leg for one in prices_read(build_plan(study, market, resolve("cpu")), market)))


def test_which_legs_prices_are_read() -> None:
    study = small_study()
    assert legs_read(study, MARKET) == ("nasdaq", "sp500")
    assert {one.correlation for one in prices_read(small_plan(), MARKET) if one.leg == one.series} == {None}
    high = {"high": {"file": "arch:nasdaq", "field": "High"}}
    raw = study.document.raw
    signals = {"rate": raw["signals"]["rate"], "level": {"when": "high > lag(high, 5)"}}
    changed = {
        "series": raw["series"] | high,
        "signals": signals,
        "rule": {"cash": "rate", "nasdaq": "level", "sp500": "otherwise"},
    }
    base = {name: value for name, value in raw["base"].items() if name.split(".")[0] not in ("trend", "fork")}
    without = {name: value for name, value in raw.items() if name != "values"}
    other = load_study(without | changed | {"base": base})
    assert legs_read(other, market_of(other)) == ("nasdaq",)
    only = {"signals": {"rate": raw["signals"]["rate"]}, "rule": {"cash": "rate", "nasdaq": "otherwise"}}
    alone = load_study(without | {"base": base} | only)
    assert legs_read(alone, MARKET) == ()


def test_a_leg_is_recognised_however_its_rows_are_named() -> None:
    def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return same_rows(SeriesSpec(field="close", **one), SeriesSpec(field="open", **other))

    one = {"file": "prices/all.csv", "code": "A"}
    assert same(one, one)
    assert same(one, {**one, "file": "./prices/../prices/all.csv"})
    assert same(one, {"file": "prices/all.csv", "where": {"ticker": "A"}})
    assert not same(one, {**one, "code": "B"})
    assert not same(one, {**one, "file": "prices/other.csv"})
    assert not same({"file": "a.xlsx", "sheet": "one"}, {"file": "a.xlsx", "sheet": "two"})


@pytest.mark.parametrize(
    ("beside", "months", "found"), [(0.0, 0, True), (0.3, 0, True), (0.3, 1, True), (0.7, 0, False), (0.0, 3, False)]
)
def test_a_legs_price_in_another_file_is_recognised_by_its_changes(
    tmp_path: Path, beside: float, months: int, found: bool
) -> None:
    """beside: what else moves the other series, in deviations of the leg. months: from row to row; 0: daily."""
    rng = np.random.default_rng(1)
    days = np.busday_offset("2000-01-03", np.arange(2600), roll="forward")
    leg, noise = rng.normal(0.0003, 0.01, (2, len(days)))
    ends = np.flatnonzero(np.diff(days.astype("M8[M]").astype(int) // max(1, months), append=0))
    for name, changes, kept in (
        ("leg", leg, np.arange(len(days))),
        ("other", leg + beside * noise, ends if months else np.arange(len(days))),
    ):
        prices = 100.0 * np.exp(np.cumsum(changes))
        rows = [f"{day},{price:.6f}" for day, price in zip(days[kept], prices[kept], strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["date,close", *rows]))
    study = load_study(
        {
            "name": "rows",
            "market": {"path": str(tmp_path), "calendar": "leg"},
            "window": {"from": "2002-01-07", "published": "2009-06-01"},
            "series": {
                "leg": {"file": "leg.csv", "field": "close"},
                "other": {"file": "other.csv", "field": "close"} | ({"release": "5 calendar days"} if months else {}),
            },
            "values": {"smooth": "lag(other, 1)"},
            "signals": {"one": {"when": "smooth > lag(smooth, 5)"}},
            "legs": {"held": "leg", "cash": {"interest": 0.02}},
            "rule": {"held": "one", "cash": "otherwise"},
            "execution": {"lag": 1, "cost": 0.001},
        }
    )
    market = market_of(study)
    read = prices_read(build_plan(study, market, resolve("cpu")), market)
    assert [(one.leg, one.series) for one in read] == [("held", "other")] * found
    if found:
        assert read[0].correlation == pytest.approx(1.0 / np.hypot(1.0, beside), abs=0.02)
