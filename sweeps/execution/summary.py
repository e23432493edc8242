"""The summary of a finished sweep: its counts, base and best, holding, ranks and histogram."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from gridproof.kernels.aggregate.surfaces import several_pairs
from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.results.axis_range import AxisRange, Value
from gridproof.results.run.record import metrics_record
from gridproof.results.run.store import ROWS_KEPT
from gridproof.results.run.summary_record import (
    ENTRY,
    NAV,
    AxisRecord,
    DataRecord,
    HistogramRecord,
    MetricsRecord,
    PointRecord,
    RunSummary,
    SegmentsRecord,
    SeriesRecord,
    WholeGridRecord,
)
from gridproof.results.run.tally import EQUAL, EVALUATED, UNDEFINED, Tally, percentile
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.execution.summary_rule import record_definitions
from gridproof.sweeps.execution.summary_tables import tabulate_curves, tabulate_surfaces, tabulate_top
from gridproof.sweeps.execution.tile import TallyScale
from gridproof.sweeps.plan.accounts import compare_accounts
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Point
from gridproof.sweeps.study.execution_keys import watches_nav
from gridproof.sweeps.study.held import by_leg, drifts, holdings
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import Study


def write_summary(
    context: RunContext, evaluation: GridEvaluation, tally: Tally, scale: TallyScale, sample: int | None
) -> RunSummary:
    """Write top, surfaces and curves. Returns the summary.

    Base and best are evaluated by the reference too, and the best once more as a list. Raises RuntimeError where the
    backend disagrees with it or with itself.
    """
    plan, grid, store, observer = evaluation.plan, evaluation.grid, context.store, context.observer
    if sample is None:
        check_base(tally, scale)
    study, window, choices = plan.study, plan.window, choices_of(plan.study)
    mine = tally.among_choices
    observer.progress("summary", 0, 3)
    top = tabulate_top(evaluation, mine, choices)
    store.write_table("top.parquet", top)
    observer.progress("summary", 1, 3, 1)
    store.write_table("surfaces.parquet", tabulate_surfaces(evaluation, tally, sample is not None))
    observer.progress("summary", 2, 3, 2)
    base_index = study.space.base_index
    best_index = int(mine.best_index[0]) if len(mine.best_index) else base_index
    points = {"base": evaluation.point(base_index), "best": evaluation.point(best_index)}
    holds = {name: hold_returns(plan, number) for name, number in holdings(study).items()}
    store.write_table("curves.parquet", tabulate_curves(plan, points, holds))
    observer.progress("summary", 3, 3, 3)
    days = plan.days
    published = None if window.published is None else window.published - window.first
    record: RunSummary = {
        "study": study.name,
        "title": study.spec.title,
        "variants": study.space.size,
        "evaluated": grid.size,
        "sample": sample,
        "distinct": plan.distinct(),
        "choices": choices.size,
        "evaluated_choices": int(mine.counters[EVALUATED]),
        "distinct_choices": plan.distinct(choices),
        "environment": {name: study.base[name] for name in study.environment},
        "declared": study.spec.declared,
        "distinct_paths": plan.distinct_paths,
        "backend": context.backend.name,
        "code": code_digest(),
        "data_hash": context.market.digest(),
        "data": _data_record(context.market),
        "objective": study.spec.objective,
        "periods_per_year": study.spec.market.periods,
        "risk_free": study.spec.risk_free,
        "window": {
            "from": str(days[0]),
            "to": str(days[-1]),
            "published": None if published is None else str(days[published]),
            "days_in_sample": window.days if published is None else published,
            "days_after_publication": 0 if published is None else window.days - published,
        },
        "rule": study.rule_lines(),
        "definitions": record_definitions(study, points["best"].parameters),
        "legs": list(holds),
        "axes": [
            _axis_record(axis, axis.values[digit], axis.name not in study.environment)
            for axis, digit in zip(study.space.axes, study.space.base, strict=True)
        ],
        "base": {
            **_point_record(points["base"], base_index),
            "percentile": percentile(mine.counters, scale.base[0]),
            "percentile_after_publication": _percentile_after(mine, scale, published),
        },
        "best": {
            **_point_record(points["best"], best_index),
            "equal": int(top["equal"].iloc[0]) if len(top) else 1,
        },
        "hold": {name: _segments(metrics, study) for name, (_, metrics) in holds.items()},
        "selections": {
            "base": compare_accounts(study.at(points["base"].parameters), context.market),
            "best": compare_accounts(study.at(points["best"].parameters), context.market),
        },
        "histogram": _histogram(mine, scale),
        "whole_grid": None
        if tally.choices is None or sample is not None
        else _whole_grid(evaluation, tally, scale, published),
        "variants_stored": grid.size <= ROWS_KEPT,
        "notes": [*study.spec.notes, *_omitted_surfaces(plan, tally)],
    }
    reasons = {NAV: watches_nav(study.space), ENTRY: drifts(study)}
    if any(reasons.values()):
        record["kernel"] = "daily"
        record["kernel_for"] = [reason for reason, holds in reasons.items() if holds]
    return record


def check_base(tally: Tally, scale: TallyScale) -> None:
    """Raises RuntimeError if no variant of a whole grid has the base's objective: the base is one of them."""
    for mine in (tally, tally.among_choices):
        if np.isfinite(scale.base[0]) and mine.counters[EQUAL] == 0:
            text = f"no variant of the sweep has the base's objective, {scale.base[0]}"
            raise RuntimeError(f"{text}: the backend computes a grid otherwise than a single variant")


def _histogram(tally: Tally, scale: TallyScale) -> HistogramRecord:
    return {
        "edges": scale.edges.tolist(),
        "counts": tally.histogram[1:-1].tolist(),
        "below": int(tally.histogram[0]),
        "above": int(tally.histogram[-1]),
        "undefined": int(tally.counters[UNDEFINED]),
    }


def _percentile_after(tally: Tally, scale: TallyScale, published: int | None) -> float | None:
    return None if published is None else percentile(tally.counters, scale.base[1], after=True)


def _whole_grid(evaluation: GridEvaluation, tally: Tally, scale: TallyScale, published: int | None) -> WholeGridRecord:
    """The same over all variants of the grid, at any environment."""
    plan = evaluation.plan
    found = len(tally.best_index) > 0
    best = int(tally.best_index[0]) if found else plan.study.space.base_index
    return {
        "percentile": percentile(tally.counters, scale.base[0]),
        "percentile_after_publication": _percentile_after(tally, scale, published),
        "best": {
            **_point_record(evaluation.point(best), best),
            "equal": int(plan.equal(tally.best_key[:1, :-1])[0]) if found else 1,
        },
        "histogram": _histogram(tally, scale),
    }


def hold_returns(plan: Plan, number: int) -> tuple[Any, Any]:
    """Daily returns of holding one allocation throughout at the base's execution, (D,), and its metrics
    (S, 12 + A)."""
    problem, space = plan.problem, plan.study.space
    returns = problem.held_throughout(space.execution(space.base_index), number)
    metrics = np.zeros((problem.segments, len(METRICS) + problem.allocations))
    for segment in range(problem.segments):
        inside = returns[problem.bounds[segment] : problem.bounds[segment + 1]]
        metrics[segment, :9] = measure_returns(inside, problem.periods, problem.risk_free)
        if problem.rebalancing is not None:
            own = problem.rebalancing.traded[problem.payoff_of[space.execution(space.base_index)], number]
            traded = own[problem.bounds[segment] : problem.bounds[segment + 1]]
            metrics[segment, METRICS.index("turnover")] = traded.mean() * problem.periods
        metrics[segment, METRICS.index("exposure")] = problem.invested[number]
        metrics[segment, len(METRICS) + number] = 1.0
    return returns, metrics


def _omitted_surfaces(plan: Plan, tally: Tally) -> list[str]:
    """A note for each pair of axes with too many cells for a surface."""
    axes = plan.study.space.axes
    return [
        f"{axes[x].name} against {axes[y].name} has {len(axes[x].values) * len(axes[y].values):,} cells: no surface"
        for x, y in several_pairs(plan.study.space.dims)
        if (x, y) not in tally.surfaces.pairs
    ]


def _data_record(market: Market) -> DataRecord:
    series: list[SeriesRecord] = [
        {
            "name": name,
            "file": each.source.file,
            "column": each.source.column,
            "understood": each.understood,
            "warnings": list(each.warnings),
        }
        for name, each in market.series.items()
    ]
    if market.panel is not None:
        panel = market.panel
        series.append(
            {"name": "panel", "file": panel.file, "column": "", "understood": panel.understood, "warnings": []}
        )
    return {"series": series, "warnings": list(market.remarks)}


def _axis_record(axis: Axis, base: Value, choice: bool) -> AxisRecord:
    record: AxisRecord = {"name": axis.name, "values": list(axis.values), "base": base, "choice": choice}
    return {**record, "range": axis.values.record()} if isinstance(axis.values, AxisRange) else record


def _point_record(point: Point, index: int) -> PointRecord:
    record = {key: value for key, value in point.record().items() if key != "study"}
    return cast("PointRecord", {"index": index} | record)


def _segments(metrics: Floats, study: Study) -> SegmentsRecord:
    """metrics: (S, 12 + A)."""
    legs = [leg.name for leg in study.legs]
    records = [cast("MetricsRecord", metrics_record(row, legs)) for row in by_leg(study, metrics)]
    return {"in_sample": records[0], "after_publication": records[1] if len(records) > 1 else None}
