"""The embedded study, narrowed to some hundred variants."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.study import Study, build_study, load_study

SMALL = {
    "rate.window": 12,
    "rate.on_above": [0.05, 0.10],
    "rate.off_below": [-0.10, 0.0],
    "baa.release": ["30 calendar days", "45 calendar days"],
    "trend.window": [60, 240],
    "fork.window": [20, 30, 40],
    "execution.cost": [0.0, 0.001],
    "window.from": "2009-01-02",
}


@cache
def small_study() -> Study:
    return load_study("us-demo").set(SMALL)


def small_file(folder: Path) -> Path:
    """The study as a file of its own."""
    path = folder / "small.yaml"
    path.write_text(small_study().to_yaml())
    return path


@cache
def small_plan(backend: str = "cpu") -> Plan:
    return build_plan(small_study(), market_of(small_study()), resolve(backend))


@cache
def tied_study() -> Study:
    """Two signals of one series share its release, and a window is tied to another's."""
    study = small_study()
    raw = study.document.raw | {
        "signals": study.document.raw["signals"]
        | {
            "level": {
                "value": "baa / mean(baa, window) - 1",
                "window": {"same_as": "rate.window"},
                "latch": {"on_above": [0.0, 0.02]},
            }
        },
        "rule": {
            "cash": "rate and level and not fork.small",
            "nasdaq": "fork.small or (trend and not fork.large)",
            "hold": "otherwise",
        },
    }
    raw |= {"base": raw["base"] | {"level.on_above": 0.0, "rate.window": 12}}
    return build_study(Document("tied.yaml", raw, {})).set({"rate.window": [9, 12]})


@cache
def tied_plan(backend: str = "cpu") -> Plan:
    return build_plan(tied_study(), market_of(tied_study()), resolve(backend))
