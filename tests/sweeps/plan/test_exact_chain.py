"""From a file to states: no value or state depends on later rows, and none on how the work is cut.

Every operator of the language stands once in a study, as does every expression of the studies that are installed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market, load_market
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.argument import REQUIRED, Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.synthetic.market import draw_market, write_market
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.plan.signal_values import evaluator_of, releases_of
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.plan.window import find_window
from gridproof.sweeps.study.shipped import shipped_names
from gridproof.sweeps.study.study import Study, load_study
from tests.support.real_data import ASHARE

DAYS = pd.bdate_range("2018-01-01", periods=420)
CUT = 330  # the last day that both markets share
# The scalar arguments in the calls below, where any value of their kind does not do.
SCALARS = {"bucket": "150", "buckets": "4", "q": "0.3", "multiple": "2", "low": "90", "high": "110", "exponent": "2"}


def argument(one: Argument, at: int) -> str:
    if one.kind == "series":
        return ("x", "y", "z")[at % 3]
    if one.kind == "boolean":
        return "x > lag(x, 1)"
    if one.kind == "choice":
        return one.choices[0]
    if one.kind == "date":
        return "2018-02-01"
    return SCALARS.get(one.name, str(max(3, int(one.least or 0)) + 2 * at))


def call_of(operator: Operator, swept: str | None = None) -> str:
    """A call of an operator with its required arguments; that called ``swept`` is the parameter n."""
    given = [
        "n" if one.name == swept else argument(one, at)
        for at, one in enumerate(operator.arguments)
        if one.default == REQUIRED
    ]
    return f"{operator.name}({', '.join(given)})"


def study_of(text: str, windows: tuple[int, ...] = (5,)) -> Study:
    condition = text if len(windows) > 1 else f"{text} + 0 * n"
    return load_study(
        {
            "name": "chain",
            "market": {"calendar": "x", "periods": 252},
            "series": {name: {"file": f"{name}.csv", "field": "v", "release": release}
                       for name, release in (("x", 0), ("y", "1 day"), ("z", 0), ("m", "20 calendar days"))},
            "legs": {"stock": "x", "cash": {"interest": 0.0}},
            "values": {"v": {"value": condition, "n": list(windows)}},
            "signals": {"s": {"value": "v", "missing": "off", "latch": {"on_above": 0}}},
            "rule": {"stock": "s", "cash": "otherwise"},
            "window": {"from": str(DAYS[60].date())},
            "base": {"v.n": windows[0]} if len(windows) > 1 else {},
        }
    )  # fmt: skip


@cache
def files(future: int, days: int, earlier: int, folder: Any) -> None:
    """x, y, z by day and m by month. ``future``: seed of the rows after CUT; ``days``: how many rows there are.

    ``earlier``: how many rows before the first one, which only a longer past has.
    """
    folder.mkdir()
    index = (
        DAYS[:days]
        if not earlier
        else pd.bdate_range(end=DAYS[0] - pd.Timedelta(days=1), periods=earlier).union(DAYS[:days])
    )
    for number, name in enumerate(("x", "y", "z")):
        steps = np.random.default_rng(number).normal(0.0, 0.02, len(DAYS))
        steps[CUT + 1 :] = np.random.default_rng(100 + 7 * future + number).normal(0.0, 0.02, len(DAYS) - CUT - 1)
        level = 100.0 * np.exp(np.cumsum(steps))[:days]
        before = 90.0 * np.exp(np.random.default_rng(50 + number).normal(0.0, 0.02, earlier).cumsum())
        values = pd.Series(np.concatenate([before, level]).round(4), index=index, name="v")
        values.rename_axis("date").to_csv(folder / f"{name}.csv")
    months = pd.date_range("2017-01-31", index[-1], freq="ME")
    pd.Series(100.0 + np.arange(len(months)) % 7, index=months, name="v").rename_axis("date").to_csv(folder / "m.csv")


@pytest.fixture(scope="module")
def markets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Market]:
    folder, study = tmp_path_factory.mktemp("chain"), study_of("mean(x, 5)")
    found = {}
    for name, kind in {
        "now": (0, 420, 0),
        "other": (1, 420, 0),
        "short": (0, CUT + 1, 0),
        "long": (0, 420, 90),
    }.items():
        files(*kind, folder / name)
        found[name] = load_market(study.sources(), "x", folder / name)
    return found


def values_of(study: Study, market: Market, swept: bool = False) -> list[Floats]:
    """The value of every signal at the base, (T,) float64 each, computed alone or with all windows of the grid."""
    evaluator, found = evaluator_of(study, market, len(market.calendar) - 1, swept), []
    for signal in study.signals:
        parameters = {axis: study.base[study.space.owners[axis]] for axis in signal.parameters}
        releases = releases_of(study, signal, study.base)
        found += [evaluator.daily(at, parameters, releases, "here") for at in signal.nodes]
    return found


def assert_bits(now: Floats, other: Floats, what: str) -> None:
    assert now.tobytes() == other.tobytes(), what


NAMES = list(OPERATORS.operators)


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_from_a_file_to_its_value(name: str, markets: dict[str, Market]) -> None:
    operator = OPERATORS.operators[name]
    text = call_of(operator)
    if operator.result == "boolean":
        text = f"where({text}, 1, 0)"
    if not any(one.is_array for one in operator.arguments):
        text = f"{text} + 0 * x"
    study = study_of(text)
    (now,) = values_of(study, markets["now"])
    assert np.isfinite(now[: CUT + 1]).any(), text
    assert_bits(now[: CUT + 1], values_of(study, markets["other"])[0][: CUT + 1], "later rows show")
    # Without the rows of the next week and month, the calendar does not know that these have ended.
    until = CUT + 1 - (25 if operator.ahead else 0)
    assert_bits(now[:until], values_of(study, markets["short"])[0][:until], "the number of rows shows")
    if not operator.history:
        longer = values_of(study, markets["long"])[0][90:]
        assert_bits(now[40:], longer[40:], "rows before the window show")


@pytest.mark.parametrize("name", [name for name in NAMES if OPERATORS.operators[name].many is not None])
def test_every_window_is_the_same_alone_and_with_others(name: str, markets: dict[str, Market]) -> None:
    text = call_of(OPERATORS.operators[name], OPERATORS.operators[name].many)
    study = study_of(text, (5, 8, 21))
    alone, together = values_of(study, markets["now"], False), values_of(study, markets["now"], True)
    assert_bits(alone[0], together[0], text)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with made-up series under the names of the files that the installed studies read."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_market(folder, draw_market(0, 0.0))
    return folder


def expressions(study: Study) -> set[str]:
    """The signals of a study without the values of their parameters."""
    signals: dict[str, Any] = study.document.raw.get("signals", {})
    return {str((one.get("value"), one.get("when"), sorted(one.get("latch", {})))) for one in signals.values()}


@cache
def plain_expressions() -> set[str]:
    """The signals of all installed studies without a panel."""
    studies = [gp.load_study(name) for name in shipped_names()]
    return {text for study in studies if not study.panel for text in expressions(study)}


@pytest.mark.parametrize("name", shipped_names())
def test_every_installed_expression(name: str, synthetic: Any) -> None:
    study = gp.load_study(name)
    if not study.signals:
        pytest.skip("the study has no signals")
    if study.panel and expressions(study) <= plain_expressions():
        pytest.skip("studies without a panel have all its signals")
    for folder in (ASHARE, synthetic, None):
        try:
            market = market_of(study, folder)
            point = evaluate_point(study, market)
            break
        except gp.InputError as error:
            reason = str(error)
    else:
        pytest.skip(f"neither the made-up market nor ../shared/data has its data: {reason}")
    window = find_window(study, market)
    check_expressions(study, market, point, window.first + window.days * 2 // 3)


def check_expressions(study: Study, market: Market, point: Point, cut: int) -> None:
    """Other values after a day, and the windows of the grid together, change no value before. point: on the market."""
    rng, last = np.random.default_rng(0), market.calendar[cut]
    series = {}
    for name, one in market.series.items():
        later = one.dates > last
        values = np.where(later, one.values * rng.uniform(0.8, 1.2, len(one.values)), one.values)
        series[name] = replace(one, values=values)
    other = replace(market, series=series)
    now, changed, swept = (
        values_of(study, each, many) for each, many in ((market, False), (other, False), (market, True))
    )
    for before, after, together in zip(now, changed, swept, strict=True):
        assert np.isfinite(before[: cut + 1]).any()
        assert_bits(before[: cut + 1], after[: cut + 1], "later rows show")
        assert_bits(before, together, "the windows of the grid show")
    first, second = (
        each.curve.filter(regex=r"\.state$|^weight\.")[:last] for each in (point, evaluate_point(study, other))
    )
    assert first.to_numpy().tobytes() == second.to_numpy().tobytes()
    assert (first != first.iloc[0]).to_numpy().any()
