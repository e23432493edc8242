"""The trials of a study: what the ledger is told of its variants, so that equal ones meet whatever file they come from.

A variant is its strategy and a value for each parameter, those that stand still included. Names, texts, the order of
signals and legs, and how the rule is worded make no other variant; nor do the objective, the risk-free rate, the date
of publication and the last day, which decide how a variant is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.kernels.aggregate.surfaces import LARGEST, several_pairs
from gridproof.results.ledger.ledger import LEDGER_FOLDER, LedgerFile, LedgerHeader, TrialAxis
from gridproof.results.run.store import Store
from gridproof.signals.data.source import Release
from gridproof.signals.synthetic.market import market_name
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.study.signal import ON, RULE
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import Leg, Signal, Study
from gridproof.sweeps.study.values import Value


def market_identity(study: Study, folder: Path | None) -> str:
    """What is traded: the series, by file, code and field, of the legs that the rule may choose.

    Not how far they reach, nor what else a study looks at: another signal, or a day more, is no other market. A
    synthetic ``folder`` has the names of real files and says itself which market it is.
    """
    traded = {_series_text(study, leg.series) for leg in _chosen(study) if leg.series is not None}
    synthetic = market_name(folder) if folder is not None else None
    return " + ".join([*([synthetic] if synthetic else []), *sorted(traded)]) or "cash"


def trials_of(study: Study, folder: Path | None, run: str) -> LedgerHeader:
    """The identity of a study's variants, for a run by the name of its folder; ``folder``: that of the market."""
    strategy = _canonical(study)
    return LedgerHeader(run, study.name, market_identity(study, folder), strategy.text, tuple(_axes(study, strategy)))


def _axes(study: Study, strategy: _Strategy) -> list[TrialAxis]:
    """The study's axes, then the parameters that stand still."""
    fixed = {name: value for name, value in strategy.parameters.items() if not isinstance(value, _Taken)}
    taken: dict[str, list[str]] = {}
    for name, value in strategy.parameters.items():
        if isinstance(value, _Taken):
            taken.setdefault(study.space.owners[value.parameter], []).append(name)
    axes = [TrialAxis(tuple(taken[axis.name]), strategy.values(axis, taken[axis.name])) for axis in study.space.axes]
    return axes + [TrialAxis((name,), (value,)) for name, value in fixed.items()]


class RunLedger:
    """What one call of a run finishes, into the ledger beside the run folders."""

    def __init__(self, study: Study, grid: Grid, store: Store, folder: Path | None) -> None:
        trials = trials_of(study, folder, store.folder.name)
        self._file = LedgerFile(store.folder.parent / LEDGER_FOLDER, trials)
        self._space, self._grid = study.space, grid
        # Tiles that an earlier call saved count even where its ledger was lost with the power.
        for low, high in store.finished_tiles():
            self.finish(low, high)

    def finish(self, low: int, high: int) -> None:
        """Record the pieces [low, high), evaluated and not yet saved.

        In this order nothing evaluated is missed: what is killed in between is evaluated again and counts once all
        the same, whereas a tile saved first might stay for good, read by everyone and counted by no one.
        """
        if self._grid.size == self._space.size:
            self._file.add_range(self._grid.bounds(low)[0], self._grid.bounds(high - 1)[1])
        else:
            self._file.add_indices(np.concatenate([self._grid.variants(piece) for piece in range(low, high)]))

    def conclude(self) -> None:
        """Record what the conclusion of a sample shows besides it: the base, and the heat maps through the base."""
        if self._grid.size < self._space.size:
            dims = self._space.dims
            shown = [np.array([self._space.base_index], dtype=np.int64)]
            shown += [
                self._space.slice_through_base(x, y) for x, y in several_pairs(dims) if dims[x] * dims[y] <= LARGEST
            ]
            self._file.add_indices(np.concatenate(shown))
        self._file.fold()


def is_recorded(folder: Path) -> bool:
    """Whether the ledger beside a search's folder has something of it."""
    return any((folder.parent / LEDGER_FOLDER).glob(f"{folder.name}-*.jsonl"))


class SearchLedger:
    """What a search evaluates, into the ledger beside its folder: boxes and single variants, by value."""

    def __init__(self, study: Study, folder: Path, data: Path | None) -> None:
        strategy = self._strategy = _canonical(study)
        self._study, self._axes = study, _axes(study, strategy)
        # What will be drawn from continuous ranges is not known yet.
        bare = tuple(TrialAxis(axis.names, ()) for axis in self._axes)
        market = market_identity(study, data)
        self._file = LedgerFile(
            folder.parent / LEDGER_FOLDER, LedgerHeader(folder.name, study.name, market, strategy.text, bare)
        )

    def add_box(self, values: Mapping[str, Sequence[Value]]) -> None:
        """Every combination of these values, some for each axis of the study; evaluated and not yet told."""
        self._file.add_box(self._row(values))

    def add_points(self, points: Sequence[Mapping[str, Value]]) -> None:
        rows = [self._row({name: (value,) for name, value in point.items()}) for point in points]
        self._file.add_rows([[values[0] for values in row] for row in rows])

    def fold(self) -> None:
        self._file.fold()

    def _row(self, values: Mapping[str, Sequence[Value]]) -> list[tuple[Value, ...]]:
        axes = self._study.space.axes
        chosen = [
            self._strategy.values(replace(axis, values=tuple(values[axis.name])), ledger.names)
            for axis, ledger in zip(axes, self._axes, strict=False)
        ]
        return [*chosen, *(axis.values for axis in self._axes[len(axes) :])]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A value taken from a parameter of the study, by its name there."""

    parameter: str


@dataclass(frozen=True, slots=True)
class _Strategy:
    text: str
    parameters: Mapping[str, _Taken | Value]  # under names that hang on what they are, not on what a file calls them
    rules: Mapping[Value, str]  # each alternative by what it chooses

    def values(self, axis: Axis, names: Sequence[str]) -> tuple[Value, ...]:
        if all(name.endswith(".release") for name in names):
            return tuple(_release(value) for value in axis.values)
        return tuple(self.rules[value] for value in axis.values) if list(names) == ["rule"] else axis.values


def _canonical(study: Study) -> _Strategy:
    named = {name for signal in study.signals for name in signal.series}
    measured = sorted(named, key=lambda name: (json.dumps(_series(study, name)), name))
    place = {name: number for number, name in enumerate(measured)}
    parameters: dict[str, _Taken | Value] = {}
    for name in measured:
        given = f"{name}.release" in study.space.owners
        parameters[f"series.{place[name]}.release"] = _Taken(f"{name}.release") if given else _release("0")

    def of_signal(signal: Signal) -> list[Any]:
        kind = None if signal.latch is None else "gap" if signal.gap else "level"
        return [signal.measure.name, [place[name] for name in signal.series], kind]

    measuring = [one for one in study.signals if one.series]  # not the one that chooses among rules
    signals = sorted(measuring, key=lambda one: (json.dumps(of_signal(one)), one.name))
    for number, signal in enumerate(signals):
        label = f"{signal.measure.name}.{number}"
        parameters |= {f"{label}.{name}": _Taken(axis) for name, axis in signal.parameters.items()}
        parameters[f"{label}.use"] = ON if signal.use is None else _Taken(signal.use)
        if signal.latch is not None:
            other = "off_gap" if signal.gap else "off_below"
            parameters |= {f"{label}.on_above": _Taken(signal.latch[0]), f"{label}.{other}": _Taken(signal.latch[1])}

    def of_leg(leg: Leg) -> list[Any]:
        series = None if leg.series is None else _series(study, leg.series)
        return [series, [[day.isoformat(), buy, sell] for day, buy, sell in leg.stamp_tax]]

    legs = sorted(study.legs, key=lambda one: (json.dumps(of_leg(one)), one.name))
    for number, leg in enumerate(legs):
        for term in ("interest",) if leg.series is None else ("carry", "cost"):
            parameters[f"leg.{number}.{term}"] = _Taken(leg.terms[term]) if term in leg.terms else 0.0
    parameters |= {name: _Taken(name) for name in ("execution.lag", "execution.cost")}
    rules: dict[Value, str] = {name: _rule(study, name, signals, legs) for name in study.rule.uses}
    parameters["rule"] = _Taken(RULE) if study.spec.rules is not None else rules[""]
    text = json.dumps(
        {
            "calendar": _series(study, study.spec.market.calendar),
            "periods": float(study.spec.market.periods),
            "from": study.spec.window.from_.isoformat(),
            "series": [_series(study, name) for name in measured],
            "signals": [of_signal(signal) for signal in signals],
            "legs": [of_leg(leg) for leg in legs],
        },
        ensure_ascii=False,
    )
    return _Strategy(text, parameters, rules)


def _rule(study: Study, name: str, signals: Sequence[Signal], legs: Sequence[Leg]) -> str:
    """A digest of what a rule chooses under every state of the signals that it names, however it is worded."""
    rule, named = study.rule, study.rule.uses[name]
    bits = [rule.bits.index(bit) for signal in signals for bit in signal.bits if bit in named]
    used = [(at, signal.bits.index(bit)) for at, signal in enumerate(signals) for bit in signal.bits if bit in named]
    codes = np.arange(1 << len(bits))
    written = np.full_like(codes, _number_of(study, name))
    for new, old in enumerate(bits):
        written |= (codes >> new & 1) << old
    order = [study.legs.index(leg) for leg in legs]
    table = np.argsort(order)[rule.table[order][:, written]]
    # Where nothing is held on to, what was held before makes no difference.
    holds = bool((table != table[:1]).any())
    chosen = table if holds else table[:1]
    start = legs.index(_start(study)) if holds else None
    digest = hashlib.sha256(f"{used} {chosen.shape} {start} ".encode() + chosen.astype("<i8").tobytes())
    return digest.hexdigest()[:32]


def _number_of(study: Study, name: str) -> int:
    """The first code that chooses this alternative: its other bits are 0."""
    return int((study.rule.alternatives == list(study.rule.uses).index(name)).argmax())


def _start(study: Study) -> Leg:
    """What a rule that may hold begins with."""
    return next((leg for leg in study.legs if leg.series is None), study.legs[0])


def _chosen(study: Study) -> list[Leg]:
    """The legs that the rule may come to hold."""
    table = study.rule.table
    legs = {int(column[0]) for column in table.T if (column == column[0]).all()}
    return [leg for at, leg in enumerate(study.legs) if at in legs or (study.rule.holds and leg is _start(study))]


def _series(study: Study, name: str) -> list[str | None]:
    one = study.spec.series[name]
    return [one.file, one.code, one.field, one.date, one.missing]


def _series_text(study: Study, name: str) -> str:
    one = study.spec.series[name]
    return f"{one.file}[{one.code}].{one.field}" if one.code is not None else f"{one.file}.{one.field}"


def _release(value: Value) -> str:
    """A release in one wording: 1 and '1 day' are the same."""
    release = Release.parse(value, "release")
    if release.column is not None:
        return release.column
    return f"{release.trading_days} days" if release.calendar_days is None else f"{release.calendar_days} calendar days"
