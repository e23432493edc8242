"""One variant in full: its metrics and its daily curve, by the reference backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.drift import carry
from gridproof.kernels.metrics import TABLE
from gridproof.kernels.paths import unpack
from gridproof.kernels.problem import Jobs
from gridproof.results.axis_range import Value
from gridproof.results.run.record import Record, metrics_record
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.payoff import mix_days
from gridproof.sweeps.plan.plan import Plan, build_plan, execution_cells
from gridproof.sweeps.plan.signal_paths import latch_pairs, latched_paths
from gridproof.sweeps.plan.signal_values import evaluator_of, read_signal, shown_values
from gridproof.sweeps.study.held import by_leg
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True)
class Point:
    """One variant in full. Returned by ``gridproof.point``.

    Attributes
    ----------
    study
        The study's name.
    parameters
        The value of each axis by name.
    in_sample, after_publication
        Metrics by name before and after the study's ``window.published``; returns, volatility, drawdown and exposure
        as fractions (0.1 is 10%), a year where they are annual. None: there are no days after publication.
    hindsight
        Metrics in sample if turning points had been dated when they happened. This cannot be traded: the difference
        to ``in_sample`` is what a backtest gains by looking ahead. None: no signal has turning points.
    curve
        One row for each day of the window, by date. A signal's ``NAME.value`` and ``NAME.state`` are those of that
        day's close; with ``execution.decide`` the state is that of the last decision day. A signal of conditions has,
        in place of a value, the column ``NAME.FORMULA`` for each number that they compare. ``weight.LEG`` (from the
        close before on), ``cost`` (of a switch), ``traded`` (value over NAV, both sides, for a switch and
        for rebalancing) and ``return`` (after all costs) are those of that day; ``nav`` is 1 at
        the close before the first row; ``drawdown`` is 0 or negative. Values are NaN while a signal is undefined.
    held
        The leg or mix of each day, with its step where its weight follows a formula.
    wanted
        The leg or mix that the rule chose for each day, from which ``held`` differs while a minimum holding, a stop or
        a cooling-off keeps it, or the control of the drawdown holds a part. None: the study has none of these.
    position
        The leg or mix of each day of which ``held`` is all, or a part by the control of the drawdown. None as of
        ``wanted``.

    Examples
    --------
    >>> import gridproof as gp
    >>> base = gp.point(gp.load_study("us-demo"))
    >>> round(base.in_sample["sharpe"], 2)
    0.32
    >>> base.curve.index[0], len(base.curve) == len(base.held)
    (Timestamp('2001-01-02 00:00:00'), True)
    """

    study: str
    parameters: dict[str, Value]
    in_sample: Record
    after_publication: Record | None
    hindsight: Record | None
    curve: pd.DataFrame
    held: list[str]
    wanted: list[str] | None = None
    position: list[str] | None = None

    def _repr_html_(self) -> str:
        """Parameters and metrics, for a notebook."""
        columns = {"in sample": self.in_sample, "after publication": self.after_publication}
        known = {title: metrics for title, metrics in columns.items() if metrics is not None}
        rows = {one.label: [one.text(metrics[one.name]) for metrics in known.values()] for one in TABLE}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=list(known)).to_html()
        chosen = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"<div>{escape(f'{self.study}: {chosen}')}</div>{table}"

    @property
    def value_columns(self) -> list[str]:
        """The columns of ``curve`` that hold numbers of signals; the columns of the states come after each signal's."""
        columns = list(self.curve.columns)
        weights = next(at for at, name in enumerate(columns) if name.startswith("weight."))
        return [name for name in columns[:weights] if not name.endswith(".state")]

    def record(self) -> Record:
        """Everything but the daily curve, as plain values for JSON."""
        record: Record = {
            "study": self.study,
            "parameters": self.parameters,
            "in_sample": self.in_sample,
            "after_publication": self.after_publication,
        }
        return record | ({"hindsight": self.hindsight} if self.hindsight else {})


def evaluate_point(study: Study, market: Market, point: Mapping[str, Any] | None = None) -> Point:
    """Evaluate the base, or the variant that differs from it by ``point`` (axis name to value, on the grid or not).

    Raises InputError as ``Study.set`` and ``build_plan``.
    """
    single = study.at(point or {})
    plan = build_plan(single, market, resolve("reference"))
    rows = plan.rows(np.zeros((1, len(single.signals)), dtype=np.int64))[0].astype(np.int64)
    metrics = reference.evaluate(plan.problem, one_job(rows))[0]
    legs = [leg.name for leg in single.legs]
    held, returns, _ = reference.daily(plan.problem, rows, 0)
    nav = np.cumprod(1.0 + returns)
    columns = _signal_columns(plan, market)
    weights = _daily_weights(plan, market, held)
    columns |= {f"weight.{leg}": weights[:, index] for index, leg in enumerate(legs)}
    columns |= {
        "return": returns,
        "cost": plan.problem.paid(0, held),
        "traded": plan.problem.traded_by_day(0, held),
        "nav": nav,
        "drawdown": nav / np.maximum(np.maximum.accumulate(nav), 1.0) - 1.0,
    }
    return Point(
        study=study.name,
        parameters=single.base,
        in_sample=metrics_record(by_leg(single, metrics[0]), legs),
        after_publication=metrics_record(by_leg(single, metrics[1]), legs) if len(metrics) > 1 else None,
        hindsight=_hindsight(single, market, legs),
        curve=pd.DataFrame(columns, index=pd.DatetimeIndex(plan.days, name="date")),
        held=[single.allocations[index].name for index in held],
        **_chosen(plan, rows),
    )


def _chosen(plan: Plan, rows: Ints) -> dict[str, list[str]]:
    if plan.problem.restrictions is None:
        return {}
    names = [one.name for one in plan.study.allocations]
    wanted, position, _ = reference.hold(plan.problem, rows, 0)
    return {"wanted": [names[at] for at in wanted], "position": [names[at] for at in position]}


class Points:
    """Variants of one study evaluated by the reference, each once."""

    def __init__(self, study: Study, market: Market) -> None:
        self.market, self.study = market, study
        self._known: dict[tuple[tuple[str, Value], ...], Point] = {}

    def at(self, parameters: Mapping[str, Value]) -> Point:
        """As ``evaluate_point``."""
        key = tuple(sorted(({**self.study.base} | dict(parameters)).items(), key=lambda item: item[0]))
        if key not in self._known:
            self._known[key] = evaluate_point(self.study, self.market, parameters)
        return self._known[key]

    def plan(self, parameters: Mapping[str, Value], name: str, values: Sequence[Value]) -> Plan:
        """The plan of one variant under several values of one axis, for the reference. Raises InputError as ``at``."""
        return build_plan(self.study.at(parameters).set({name: list(values)}), self.market, resolve("reference"))


def one_job(rows: Ints) -> Jobs:
    """The one variant of these path rows (B,), under execution 0."""
    return Jobs(rows[None].astype(np.int32), np.array([0, 1], dtype=np.int64), np.zeros(1, dtype=np.int64))


def _daily_weights(plan: Plan, market: Market, held: Ints) -> Floats:
    """(D, L) the weight of each leg in the allocations held, (D,), from the close before each day on."""
    study = plan.study
    if not study.mixed:
        return study.weights[held]
    if plan.problem.drift is not None:
        found = np.zeros((len(held), len(study.legs)))
        parts = carry(plan.problem, 0, held).weights
        for part, leg in enumerate(plan.problem.drift.leg_of.tolist()):
            found[:, leg] += parts[:, part]
        return found
    (cell,) = execution_cells(study)
    mixes = mix_days(study, market, plan.window, cell, plan.problem.returns[0, : len(study.legs)])
    return np.stack([one.opening for one in mixes])[held, np.arange(len(held))]


def _signal_columns(plan: Plan, market: Market) -> dict[str, Any]:
    study, window = plan.study, plan.window
    columns: dict[str, Any] = {}
    inside = slice(window.first, window.last + 1)
    evaluator = evaluator_of(study, market, window.last)
    for signal in study.signals:
        reading = read_signal(study, signal, evaluator, dict(study.base))
        for name, values in shown_values(study, signal, evaluator).items():
            columns[f"{signal.name}.{name}"] = values[inside]
        if reading.states is not None:
            states = reading.states[:, inside]
        else:
            # The latch runs from the first day of the calendar, as in the plan.
            on, off = latch_pairs(study, signal, {name: np.array([value]) for name, value in study.base.items()})
            words = latched_paths(reading, resolve("reference"), on, off, 0, len(market.calendar))
            states = unpack(words, len(market.calendar))[:, inside]
        for bit, state in zip(signal.bits, states, strict=True) if signal.shown else ():
            columns[f"{bit}.state"] = state.astype(int)
    return columns


def _hindsight(study: Study, market: Market, legs: list[str]) -> Record | None:
    if not any(study.graph.facts[at].events for signal in study.signals for at in signal.nodes):
        return None
    plan = build_plan(study, market, resolve("reference"), hindsight=True)
    rows = plan.rows(np.zeros((1, len(study.signals)), dtype=np.int64))[0].astype(np.int64)
    return metrics_record(by_leg(study, reference.evaluate(plan.problem, one_job(rows))[0, 0]), legs)
