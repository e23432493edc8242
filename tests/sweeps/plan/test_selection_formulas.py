"""Formulas of selections: operators over time, series, named values, and parameters, which are axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.execution.ledger_entries import trials_of
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict.own_price import prices_read
from tests.support.selections import long_table, planned, raw, returns_of, write

BASE = {"small.n": 2, "small.floor": 4.0, "small.ratio": 0.9, "trend.k": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("formulas") / "data", long_table())


def study_of(**select: Any) -> Study:
    written = raw()
    one = {**written["legs"]["small"]["select"], "count": [2, 3], "every": 1, "offset": 0, **select}
    written["legs"]["small"] = {"select": {key: value for key, value in one.items() if value is not None}}
    written["execution"] = {"lag": 1, "cost": 0.0}
    written["values"] = {
        "trend": {"value": "pct_change(ffill(keep(close, traded), all), k)", "k": [3, 6]},
        "score": "neutralize(trend, close)",
    }
    named = any(name in str(text) for text in select.values() for name in written["values"])
    used = {f"small.{key}" for key in select} | ({"trend.k"} if named else set())
    written["base"] = {"up.n": 3, "small.count": 3, **{name: value for name, value in BASE.items() if name in used}}
    return load_study(written)


@pytest.fixture(scope="module")
def swept() -> Study:
    return study_of(
        where="mean(close, n) > floor and index > ratio * mean(index, 2)", n=[2, 4], floor=[2.0, 4.0],
        ratio=[0.9, 0.95], lowest=None, highest="trend",
    )  # fmt: skip


def test_parameters_are_axes_and_choices(swept: Study) -> None:
    assert {"small.n", "small.floor", "small.ratio", "trend.k"} < set(swept.space.names)
    assert not {"small.n", "small.floor", "small.ratio", "trend.k"} & set(swept.environment)
    assert swept.space.size == 2 * 2 * 2 * 2 * 2 * 2
    assert [type(value) for value in swept.space.values_of("small.floor")] == [float, float]


def test_each_choice_is_the_formula_with_its_numbers(swept: Study, folder: Path) -> None:
    plan, seen = planned(swept, folder), set()
    for n in (2, 4):
        for floor in (2.0, 4.0):
            for k in (3, 6):
                text = f"mean(close, {n}) > {floor} and index > 0.9 * mean(index, 2)"
                alone = study_of(where=text, lowest=None, highest=f"pct_change(ffill(keep(close, traded), all), {k})")
                found = returns_of(plan, small_n=n, small_floor=floor, trend_k=k)
                expected = returns_of(planned(alone.set({"small.count": 3}), folder))
                np.testing.assert_array_equal(found, expected)
                seen.add(found.tobytes())
    assert len(seen) >= 6


def test_a_common_part_is_computed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gridproof.signals.data.panel.panel import Panel

    read: list[str] = []
    column = Panel.column
    monkeypatch.setattr(Panel, "column", lambda panel, name: read.append(name) or column(panel, name))
    planned(study_of(where="mean(close, n) > 1.0", n=[2, 3, 4, 5], lowest="mean(close, n)"), folder)
    assert read.count("close") == 1


def test_the_ledger_counts_each_value_of_a_parameter(swept: Study) -> None:
    axes = trials_of(swept, None, "run").axes
    names = {name: axis.values for axis in axes for name in axis.names}
    number = next(name.split(".")[1] for name in names if name.endswith("select.floor"))
    assert names[f"leg.{number}.select.floor"] == swept.space.values_of("small.floor")
    assert names[f"leg.{number}.select.trend.k"] == swept.space.values_of("trend.k")


def test_formulas_in_the_same_words_with_other_parameters_are_different(folder: Path) -> None:
    words = "pct_change(ffill(keep(close, traded), all), n)"
    written = {**study_of().document.raw}
    written["values"] = {"fast": {"value": words, "n": 2}, "slow": {"value": words, "n": 8}}
    written["legs"]["small"]["select"]["lowest"] = ["fast", "slow"]
    written["base"]["small.lowest"] = "fast"
    study = load_study(written)
    plan = planned(study, folder)
    for name, days in (("fast", 2), ("slow", 8)):
        alone = study_of(lowest=words.replace("n)", f"{days})"))
        np.testing.assert_array_equal(returns_of(plan, small_lowest=name), returns_of(planned(alone, folder)))
    assert (returns_of(plan, small_lowest="fast") != returns_of(plan, small_lowest="slow")).any()

    def ranked(name: str) -> Any:
        return next(axis.values for axis in trials_of(study, None, "run").axes if name in axis.names[0])

    assert len(set(ranked("ranking"))) == 2


def test_other_names_of_a_leg_or_a_series_make_no_other_variant(swept: Study) -> None:
    text = yaml.safe_dump(swept.document.raw, sort_keys=False)
    renamed = load_study(
        yaml.safe_load(text.replace("small", "tiny").replace("index", "level").replace("level.", "index."))
    )
    one, other = trials_of(swept, None, "run"), trials_of(renamed, None, "run")
    assert (one.strategy, one.axes) == (other.strategy, other.axes)


def test_legs_in_the_same_words_with_other_parameters_are_different(folder: Path) -> None:
    written, words = raw(), "mean(close, n) / mean(close, m)"
    select = {"lowest": words, "count": 3, "every": 1}
    written["legs"] = {
        "one": {"select": {**select, "n": 2, "m": 9}}, "two": {"select": {**select, "m": 2, "n": 9}},
        "cash": {"interest": 0.0},
    }  # fmt: skip
    written |= {"rule": {"one": "up", "otherwise": "two"}, "base": {"up.n": 3}, "execution": {"lag": 1, "cost": 0.0}}
    returns = planned(load_study(written), folder).problem.returns[0]
    expected = returns_of(planned(study_of(where="all", lowest="mean(close, 9) / mean(close, 2)", count=3), folder))
    np.testing.assert_array_equal(returns[1], expected)
    assert (returns[0] != returns[1]).any()


def test_a_ranking_is_over_the_universe_of_its_selection(folder: Path) -> None:
    def returns(**select: Any) -> Any:
        plan = planned(study_of(where="st == 0 and close > 2", lowest=None, **select), folder)
        return returns_of(plan)

    own = returns(highest="neutralize(trend, close)")
    np.testing.assert_array_equal(own, returns(highest="neutralize(trend, close, where=st == 0 and close > 2)"))
    assert (own != returns(highest="neutralize(trend, close, where=close > 0)")).any()
    named = study_of(where="st == 0 and close > 2", lowest=None, highest="score")
    assert named.set({}).document.raw["legs"]["small"]["select"]["highest"] == "score"
    np.testing.assert_array_equal(own, returns_of(planned(named, folder), trend_k=3))


def test_the_share_of_stocks_above_their_mean_is_a_signal(folder: Path) -> None:
    written = raw()
    written["values"] = {"breadth": {"value": "share(close > mean(close, n))", "n": [3, 5]}}
    written["signals"] = {"up": {"value": "breadth", "latch": {"on_above": 0.5, "off_below": 0.4}}}
    written["legs"] = {"index": "index", "cash": {"interest": 0.0}}
    written["rule"] = {"index": "up", "cash": "otherwise"}
    written["base"] = {"breadth.n": 3, "lag": 1, "execution.cost": 0.0}
    written["execution"]["cost"] = [0.0, 0.001]
    study = load_study(written)
    market = market_of(study, folder)
    curve = evaluate_point(study, market).curve
    table = pd.read_parquet(folder / "panel.parquet")
    closes = (table.close * table.factor).groupby([table.date, table.code]).first().unstack()
    average = closes.rolling(3).mean()
    priced = (closes > 0) & average.notna()
    breadth = ((closes > average) & priced).sum(axis=1) / priced.sum(axis=1)
    np.testing.assert_allclose(curve["up.value"], breadth.loc[curve.index], rtol=1e-12)
    assert 0 < curve["up.state"].sum() < len(curve)
    assert {"breadth.n"} < set(study.space.names)
    assert "panel.parquet" in trials_of(study, None, "run").strategy
    with pytest.raises(gp.InputError, match="a signal has one value a day"):
        load_study({**written, "signals": {"up": {"when": "close > 2"}}, "base": {}})
    with pytest.raises(gp.InputError, match="a panel is read for a leg with select:, or for a signal"):
        load_study({**written, "values": {}, "signals": {"up": {"when": "index > 2"}}, "base": {}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"window": 5},
            "a key of a selection is .*, or a parameter that its expression names; got window. Use window in",
        ),
        ({"where": "mean(close, n) > 1", "n": [0, 2]}, "small.n must be at least 1"),
        ({"where": "mean(close, n) > 1", "n": None}, "a name is a series, a value or a parameter; got n"),
        (
            {"where": "close > 1 and close", "close": 3},
            "a parameter has a name of its own; got close, which is a field",
        ),
        ({"where": "mean(close, 2)"}, "a condition is true or false"),
        ({"lowest": "close + lag(index, n)", "n": {"same_as": "up.n"}}, "cannot be tied to an axis of a signal"),
        ({"where": "close > cost", "cost": 1.0}, "an axis name must be unique"),
    ],
)
def test_faults_of_parameters(change: dict[str, Any], message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        study_of(**change)


def test_names_of_fields_values_series_and_signals_do_not_mix() -> None:
    def changed(**parts: Any) -> dict[str, Any]:
        return {**raw(), **parts}

    with pytest.raises(
        gp.InputError, match="a field of the panel has a name of its own; got index, which is a series too"
    ):
        load_study(changed(panel={**raw()["panel"], "fields": {"close": "close", "index": "shares"}}))
    with pytest.raises(gp.InputError, match="a signal has one value a day"):
        load_study(changed(signals={"up": {"when": "close > mean(close, n)", "n": [3, 8]}}))
    both = raw()
    both["values"] = {"trend": {"value": "mean(index, n)", "n": [3, 8]}}
    both["signals"] = {"up": {"when": "index > trend"}}
    both["legs"]["small"]["select"]["lowest"] = "close / trend"
    with pytest.raises(gp.InputError, match="a parameter of a named value is one of signals or one of selections"):
        load_study(both)


def test_an_operator_of_the_study_works_on_stocks(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from gridproof.operators import operator, series\n\n"
        "@operator(series())\n"
        "def twice(x):\n    '''2x. Unknown stays unknown.'''\n    return 2.0 * x\n"
    )
    written = {**study_of().document.raw}
    written["operators"] = "own.py"
    written["legs"]["small"]["select"]["lowest"] = "twice(cap)"
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    own = load_study(tmp_path / "own.yaml")
    np.testing.assert_array_equal(returns_of(planned(own, folder)), returns_of(planned(study_of(), folder)))


def test_the_ledger_notices_changed_operators_of_a_selection(tmp_path: Path) -> None:
    text = "from gridproof.operators import operator, series\n\n"
    text += "@operator(series())\ndef twice(x):\n    '''2x. Unknown stays unknown.'''\n    return 2.0 * x\n"
    written: dict[str, Any] = {**study_of().document.raw, "operators": "own.py"}
    formulas = {"where": "twice(close) > 2", "lowest": "twice(cap)", "weights": "twice(units)"}
    written["legs"]["small"]["select"] |= formulas
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(written, sort_keys=False))

    def values(version: str) -> dict[str, Any]:
        (tmp_path / "own.py").write_text(text + version)
        axes = trials_of(load_study(tmp_path / "own.yaml"), None, "run").axes
        return {name.split(".")[-1]: axis.values for axis in axes for name in axis.names}

    before, after = values(""), values("# another version\n")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"where", "ranking", "weights"}
    assert values("") == before


@pytest.mark.parametrize("first", [True, False])
def test_tied_formulas_have_the_releases_and_parameters_of_their_owners(folder: Path, first: bool) -> None:
    """Whether the leg with the formulas stands first or last."""
    written = raw()
    written["series"]["late"] = {**written["series"]["index"], "release": "15 calendar days"}
    written["values"] = {"mom": {"value": "pct_change(ffill(keep(close, traded), all), n)", "n": [3, 6]}}
    size = {"count": 3, "every": 1, "offset": 0}
    own = {"select": {"where": "units * late > 1000", "lowest": "mom", **size}}
    tied = {"select": {"where": {"same_as": "small.where"}, "lowest": {"same_as": "small.lowest"}, **size}}
    legs = {"small": own, "twin": tied}
    written["legs"] = {**(legs if first else dict(reversed(legs.items()))), "cash": {"interest": 0.0}}
    written["rule"] = {"small": "up", "twin": "not up", "cash": "otherwise"}
    written["execution"] = {"lag": 1, "cost": 0.0}
    written["base"] = {"up.n": 3, "mom.n": 6}
    study = load_study(written)
    small, twin = (next(leg for leg in study.legs if leg.name == name) for name in legs)
    assert small.selection is not None
    assert twin.selection is not None
    assert twin.selection.releases == small.selection.releases
    assert list(twin.selection.releases) == ["late"]
    assert twin.selection.parameters == ("mom.n",)
    returns = planned(study, folder).problem.returns
    names = [leg.name for leg in study.legs]
    np.testing.assert_array_equal(returns[:, names.index("twin")], returns[:, names.index("small")])
    assert (returns[0, names.index("twin")] != returns[1, names.index("twin")]).any()


def test_a_signal_of_the_panel_reads_the_price_of_the_legs_that_select_from_it(folder: Path) -> None:
    written = raw()
    written["signals"] = {"up": {"when": "total(close, weight=units) > lag(total(close, weight=units), n)", "n": 3}}
    del written["base"]["up.n"]
    study = load_study(written)
    market = market_of(study, folder)
    read = prices_read(build_plan(study, market, resolve("reference")), market)
    assert [one.record() for one in read] == [{"leg": "small", "series": "panel", "correlation": None}]
    written["legs"]["small"] = "index"
    written["base"] = {"lag": 1, "execution.cost": 0.001}
    other = load_study(written)
    market = market_of(other, folder)
    assert prices_read(build_plan(other, market, resolve("reference")), market) == ()
