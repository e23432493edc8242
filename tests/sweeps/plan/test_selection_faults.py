"""Faults of selections and of their panels are errors that say where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.study.study import load_study
from tests.support.selections import DAYS, long_table, planned, raw, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("selections") / "data", long_table())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lowest": "ranks(cap)"}, "an operator must be in the catalogue; got ranks"),
        ({"lowest": "caps"}, "a name is a series, a value or a parameter; got caps. Did you mean cap"),
        ({"where": "units"}, r"has the values 1 \(true\), 0 \(false\) and -1"),
        ({"where": "cap"}, "a condition is true or false"),
        ({"highest": "cap"}, "the lowest or the highest of one ranking; got both"),
        ({"lowest": None}, "the lowest or the highest of one ranking; got neither"),
        ({"offset": [0, 3]}, "every offset of small must be below every interval"),
        ({"where": "st == 5"}, "a selection needs a stock in its universe at every close"),
        ({"count": [0, 3]}, "small.count must be at least 1"),
        ({"count": ["11/10"]}, "small.count must be an integer, a share of the universe such as 10%, or a part"),
        ({"count": ["0%"]}, "small.count must be an integer, a share of the universe such as 10%, or a part"),
        ({"count": [2.5]}, "small.count must be an integer, a share of the universe such as 10%, or a part"),
    ],
)
def test_faults_of_a_selection(change: dict[str, Any], message: str, folder: Path) -> None:
    with pytest.raises(gp.InputError, match=message):
        planned(load_study(raw(**change)), folder)


def test_faults_of_a_panel(folder: Path, tmp_path: Path) -> None:
    study = raw()
    without = {key: value for key, value in study.items() if key != "panel"}
    with pytest.raises(gp.InputError, match="needs the panel from which it selects"):
        load_study(without)
    unused = {**study, "legs": {"small": "index", "cash": {"interest": 0.0}}, "base": {"up.n": 3, "lag": 1}}
    with pytest.raises(gp.InputError, match="a panel is read for a leg with select"):
        load_study(unused)
    with pytest.raises(gp.InputError, match="a panel needs the field close"):
        load_study({**study, "panel": {"file": "panel.parquet", "fields": {"cap": "cap", "st": "st"}}})
    unknown = {**study, "panel": {**study["panel"], "fields": {**study["panel"]["fields"], "cap": "clos"}}}
    with pytest.raises(gp.InputError, match="must have the columns that a panel names"):
        planned(load_study(unknown), folder)
    table = pd.read_parquet(folder / "panel.parquet")
    with pytest.raises(gp.InputError, match="the days of the panel must be those of the calendar"):
        planned(load_study(study), write(tmp_path / "short", table[table.date != DAYS[40]]))
    with pytest.raises(gp.InputError, match="a leg with select: has no series"):
        load_study({**study, "legs": {**study["legs"], "small": {**study["legs"]["small"], "series": "index"}}})


def test_too_many_selections_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridproof.sweeps.plan.payoff.MAX_PAYOFF_VALUES", 5_000)
    with pytest.raises(gp.InputError, match="must have at most 41 settings in this window; got 96"):
        planned(load_study(raw()), folder)


def test_unknown_keys_name_the_nearest() -> None:
    with pytest.raises(
        gp.InputError, match=r"select\.cuont: a key of a selection is .*; got cuont\. Did you mean count"
    ):
        load_study(raw(cuont=3))
    written = raw()
    written["panel"]["feilds"] = {}
    with pytest.raises(gp.InputError, match=r"got feilds\. Did you mean fields"):
        load_study(written)
