"""Random studies with every key of execution, weights and selections together, beside an account in plain Python: run,
point, positions, search and verdict of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.results.ledger.ledger import ledger_rows
from gridproof.results.performance.positions import list_positions
from gridproof.results.run.stress_record import BreakEvenCost
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Points, evaluate_point
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict.break_even import break_even_costs
from gridproof.sweeps.verdict.daily_variant import variants_by_day
from gridproof.sweeps.verdict.stress import stress
from tests.support.every_key import DrawnStudy, draw, draw_searched
from tests.support.plain_account import LEGS, PERIODS, Expected
from tests.support.plain_selection import write_market

CLOSE = 1e-9


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("every"))


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(
        np.array(found, dtype=np.float64), np.array(expected, dtype=np.float64), rtol=CLOSE, atol=CLOSE
    )


def metrics_in_order(one: Expected) -> list[list[float]]:
    """By segment; a ratio to a standard deviation or fall of 0 is undefined."""
    segments = [one.metrics] if one.after is None else [one.metrics, one.after]
    return [[each[name] for name in METRICS] for each in segments]


class Compared:
    """A drawn study, and the plain account of each of its variants."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = np.random.default_rng(seed)
        self.drawn: DrawnStudy = draw(self.rng)
        raw = self.drawn.swept
        study = load_study(raw)
        imposed = [axis.name for axis in study.space.axes if axis.name in study.environment and len(axis.values) > 1]
        if imposed and self.rng.random() < 0.5:
            raw["choices"] = imposed[: int(self.rng.integers(1, len(imposed) + 1))]
        self.study: Study = load_study(raw)
        self.market: Market = gp.load_market(self.study, folder)
        self.parameters = [self.study.space.parameters(at) for at in range(self.study.space.size)]
        self.plain = [self.drawn.expected(one) for one in self.parameters]
        self.metrics = np.array([metrics_in_order(one) for one in self.plain])  # (V, S, 12)

    def check_grid(self) -> None:
        """Every variant, by the form that a run takes."""
        plan = build_plan(self.study, self.market, resolve("cpu"))
        close(evaluated(plan), self.metrics)

    def check_point(self) -> None:
        """One variant by day, and its positions with why they ended."""
        at = int(self.rng.integers(len(self.plain)))
        point, plain = evaluate_point(self.study, self.market, self.parameters[at]), self.plain[at]
        close(point.curve[[f"weight.{leg}" for leg in LEGS]], plain.weights)
        close(point.curve["return"], plain.returns)
        close(point.curve["cost"], plain.costs)
        close(point.curve["traded"], plain.traded)
        segments = [point.in_sample] if point.after_publication is None else [point.in_sample, point.after_publication]
        close([[segment[name] for name in METRICS] for segment in segments], self.metrics[at])
        days = point.curve.index
        held = pd.Series(point.held, index=days)
        wanted, position = (
            None if names is None else pd.Series(names, index=days) for names in (point.wanted, point.position)
        )
        positions = list_positions(held, point.curve["return"], point.curve["return"], wanted, position)
        assert len(positions) == len(plain.ends) + 1
        if wanted is not None:
            assert positions["end"].tolist() == [*plain.ends, "still held"]
        grown = (1.0 + point.curve["return"]).prod()
        assert (1.0 + positions["return"]).prod() == pytest.approx(grown, rel=CLOSE)

    def check_search(self) -> None:
        """Every variant as a search evaluates it; in sample it sees no later day."""
        context = SearchContext(self.study, self.market, resolve("cpu"))
        base, environment = self.study.base, self.study.environment
        inside = [at for at, one in enumerate(self.parameters) if all(one[name] == base[name] for name in environment)]
        columns = {
            name: np.array([self.parameters[at][name] for at in inside], dtype=object)
            for name in self.study.space.names
        }
        close(context.evaluate_points(context.layout, columns)[..., : len(METRICS)], self.metrics[inside])
        found = context.evaluate_points(context.in_sample, columns)
        close(found[:, :, : len(METRICS)], self.metrics[inside][:, :1])

    def check_stress(self) -> None:
        """One variant under later execution and other costs; the cost at which it only matches each holding; and the
        variants one step away."""
        at, plan = int(self.rng.integers(len(self.plain))), build_plan(self.study, self.market, resolve("cpu"))
        parameters, points = self.parameters[at], Points(self.study, self.market)
        evaluation = GridEvaluation(whole_grid(plan), resolve("cpu").bind(plan.problem), points)
        variant = variants_by_day(plan)[at]
        found = stress(evaluation, variant, points.at(parameters), at)
        for key in ("lag", "cost"):
            for row in found[key]:  # type: ignore[literal-required]
                expected = self.drawn.expected(parameters, **{key: row["value"]}).metrics
                close([row["sharpe"], row["cagr"]], [expected["sharpe"], expected["cagr"]])
        space, around = self.study.space, []
        digits = space.digits(np.array([at]))[0]
        for place, axis in enumerate(space.axes):
            for step in () if axis.name in self.study.environment else (-1, 1):
                if 0 <= digits[place] + step < len(axis.values):
                    moved = digits.copy()
                    moved[place] += step
                    around.append(self.metrics[space.index(moved), 0, METRICS.index("sharpe")])
        around = [one for one in around if np.isfinite(one)]
        expected = [min(around), float(np.median(around)), max(around)] if around else [None] * 3
        close([found["neighbours"][name] for name in ("worst", "median", "best")], expected)

    def check_break_even(self) -> None:
        """One variant, against each holding."""
        at, plan = int(self.rng.integers(len(self.plain))), build_plan(self.study, self.market, resolve("cpu"))
        variant = variants_by_day(plan)[at]
        # A mix is held with the weights of the base.
        own = {name: self.study.base[name] for name, (path, _) in self.drawn.axes.items() if path[0] == "mixes"}
        alone = self.drawn.expected(self.parameters[at] | own).alone
        for row in break_even_costs(variant):
            self.check_cost(replace(self.plain[at], alone=alone), variant.days, row)

    def check_cost(self, plain: Expected, days: int, row: BreakEvenCost) -> None:
        """Under that cost, in place of all costs, what is held earns what the holding earns."""
        free, name = 0.01 / PERIODS, row["against"].removeprefix("hold ")
        weights = np.array([fund[0] for fund in plain.held[:days]]).mean(axis=0)
        alone = {**plain.alone, "cash": np.full(len(plain.returns), free)} if row["against"] == "cash" else plain.alone
        if row["against"].startswith("constant mix"):
            excess = sum(weight * (plain.alone[leg][:days] - free) for weight, leg in zip(weights, LEGS, strict=True))
            alone = {name: excess + free}
        if name not in alone:
            assert name == "all sleeves"
            return
        holding = alone[name][:days]
        gross, traded = plain.gross[:days], plain.traded[:days]

        def total(returns: np.ndarray) -> float:
            return float(np.log1p(returns).sum())

        def sharpe(returns: np.ndarray) -> float:
            return float((returns - free).mean() / returns.std()) if returns.std() > 1e-12 else 0.0

        for cost, measure in ((row["total_return"], total), (row["sharpe"], sharpe)):
            if cost is not None and 0.0 < cost < 0.2:
                assert measure((1.0 + gross) * (1.0 - cost * traded) - 1.0) == pytest.approx(measure(holding), abs=1e-9)
            elif cost == 0.0:
                assert measure(gross) <= measure(holding) + 1e-9

    def check_run(self, out: Path, folder: Path, **options: Any) -> gp.Run:
        """Base and best with their curves, and the ledger."""
        run = gp.run(self.study, folder, out=out, **options)
        sharpe, space = self.metrics[:, 0, METRICS.index("sharpe")], self.study.space
        choices = choices_of(self.study)
        numbers = choices.whole_index(np.arange(choices.size)).tolist()
        best = self.parameters.index(run.summary["best"]["parameters"])
        curves = pd.read_parquet(run.folder / "curves.parquet")
        for name, at in (("base", space.base_index), ("best", best)):
            close([run.summary[name]["in_sample"][metric] for metric in METRICS], self.metrics[at, 0])
            close(curves[f"{name}.return"], self.plain[at].returns)
        assert best in numbers
        assert sharpe[best] == pytest.approx(np.nanmax(sharpe[numbers]), rel=CLOSE, abs=CLOSE)
        [row] = ledger_rows(out / "ledger")
        assert row.distinct == space.size
        return run


def evaluated(plan: Plan) -> np.ndarray:
    """(V, S, 12) of every variant in the order of the grid."""
    grid = whole_grid(plan)
    found = np.empty((plan.study.space.size, plan.problem.segments, len(METRICS)))
    evaluate = resolve("cpu").bind(plan.problem)
    for number in range(grid.pieces):
        piece = grid.piece(number)
        found[piece.variants] = evaluate(piece.work)[piece.job_of][..., : len(METRICS)]
    return found


def every_check(seed: int, market: Path, out: Path) -> None:
    one = Compared(seed, market)
    one.check_grid()
    one.check_point()
    one.check_search()
    one.check_break_even()
    one.check_run(out, market, verdict=False)


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
@pytest.mark.parametrize("seed", range(5))
def test_a_random_study_is_an_account_in_plain_python(market: Path, tmp_path: Path, seed: int) -> None:
    every_check(seed, market, tmp_path)


@pytest.mark.slow("test_a_random_study_is_an_account_in_plain_python draws a few of these studies")
@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_random_studies_are_accounts_in_plain_python(market: Path, tmp_path: Path, seed: int) -> None:
    every_check(seed, market, tmp_path)


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_the_stress_of_a_random_study_is_the_plain_account_under_these_terms(market: Path) -> None:
    Compared(13, market).check_stress()


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
@pytest.mark.parametrize("seed", [3, 11])
def test_what_a_search_finds_between_the_values_is_the_plain_account(market: Path, tmp_path: Path, seed: int) -> None:
    """All terms are choices. A search that was stopped goes on."""
    drawn = draw_searched(np.random.default_rng(seed))
    several = load_study(drawn.swept).environment
    study = load_study(drawn.swept | {"choices": [name for name in several if name in drawn.axes]})
    options: dict[str, Any] = {"points": 3, "sampler": "random", "verdict": False}
    run = gp.search(study, 9, market, out=tmp_path / "whole", **options)
    found = run.search["best"]
    expected = drawn.expected(found["chosen"]).metrics
    close([found["metrics"][name] for name in METRICS], [expected[name] for name in METRICS])
    close([run.summary["base"]["in_sample"][name] for name in METRICS], [expected[name] for name in METRICS])
    best = run.summary["best"]
    expected = drawn.expected(found["chosen"] | best["parameters"]).metrics
    close([best["in_sample"][name] for name in METRICS], [expected[name] for name in METRICS])
    trials = pd.read_parquet(run.folder / "trials.parquet")
    continuous = [name for name, (_, given) in drawn.axes.items() if isinstance(given, dict)]
    assert any(trials[name].nunique() > 2 for name in continuous)
    [row] = ledger_rows(tmp_path / "whole" / "ledger")
    assert row.distinct >= trials["cells"].sum() - len(trials)
    gp.search(study, 3, market, out=tmp_path / "parts", **options)
    again = gp.search(study, 9, market, out=tmp_path / "parts", **options)
    assert len(pd.read_parquet(again.folder / "trials.parquet")) == 9
    assert again.search["cells"] > 0
