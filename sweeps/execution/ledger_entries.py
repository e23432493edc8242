"""Ledger entries: the variants of a study in a canonical form, so that equal variants of different files are equal.

A variant is its strategy and a value for each parameter, constant parameters included. Names, texts, the order of
signals and legs, and the wording of the rule make no difference. Nor do the objective, the risk-free rate, the date of
publication and the last day: they affect only how a variant is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gridproof.results.axis_range import AxisValues, Value
from gridproof.results.ledger.ledger import LedgerHeader, TrialAxis
from gridproof.signals.data.source import Release
from gridproof.signals.synthetic.market import market_name
from gridproof.sweeps.study.allocation import Mix
from gridproof.sweeps.study.decide import DECIDE
from gridproof.sweeps.study.execution_keys import AT, STOP_ON, decides, execution_axes
from gridproof.sweeps.study.leg import DIVIDEND_TAX, IMPACT_TERMS
from gridproof.sweeps.study.models import model_text
from gridproof.sweeps.study.rule import Rule
from gridproof.sweeps.study.selection import DIVIDEND, RAW, SELECTING, WORDED
from gridproof.sweeps.study.signal import ON, RULE, Alternatives, Levels, MixChoice, SharesChoice
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.spec import AMOUNT, LOW, OPEN
from gridproof.sweeps.study.study import Leg, Signal, Study

# Terms of a leg that are part of what it is only where the study gives them.
_OPTIONAL = ("sale_cost", "financing", "borrow_fee", *IMPACT_TERMS, DIVIDEND_TAX)


def market_identity(study: Study, folder: Path | None) -> str:
    """Identifies what is traded: file, code and field of the series of the legs that the rule may choose, and what the
    stocks of a panel are worth.

    The length of the series and the signals make no difference. A synthetic market in ``folder`` uses the names of
    real files, so its own name is added.
    """
    chosen = _chosen(study)
    traded = {_series_text(study, leg.series) for leg in chosen if leg.series is not None}
    panels = [leg.selection.panel for leg in chosen if leg.selection is not None]
    traded |= {f"{one.source}: {one.formulas.graph.text(one.close)}" for one in panels}
    synthetic = market_name(folder) if folder is not None else None
    return " + ".join([*([synthetic] if synthetic else []), *sorted(traded)]) or "cash"


def trials_of(study: Study, folder: Path | None, run: str) -> LedgerHeader:
    """The ledger header of a study's variants. run: name of the run's folder. folder: that of the market's files."""
    strategy = canonical_strategy(study)
    axes = tuple(trial_axes(study, strategy))
    return LedgerHeader(run, study.name, market_identity(study, folder), strategy.text, axes)


def trial_axes(study: Study, strategy: CanonicalStrategy) -> list[TrialAxis]:
    """The study's axes, then its constant parameters."""
    fixed = {name: value for name, value in strategy.parameters.items() if not isinstance(value, _Parameter)}
    named: dict[str, list[str]] = {}
    for name, value in strategy.parameters.items():
        if isinstance(value, _Parameter):
            named.setdefault(study.space.owners[value.parameter], []).append(name)
    axes = [TrialAxis(tuple(named[axis.name]), strategy.values(axis, named[axis.name])) for axis in study.space.axes]
    return axes + [TrialAxis((name,), (value,)) for name, value in fixed.items()]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A reference to a parameter of the study, by its name there."""

    parameter: str


@dataclass(frozen=True, slots=True)
class CanonicalStrategy:
    """A strategy without the names of its file."""

    text: str
    parameters: Mapping[str, _Parameter | Value]  # by canonical names, which do not depend on the names in the file
    rules: Mapping[Value, str]  # for each alternative a digest of what it chooses
    worded: Mapping[str, Callable[[Value], Value]]  # by canonical name of a selection's term: its canonical value

    def values(self, axis: Axis, names: Sequence[str]) -> AxisValues:
        if all(name.endswith(".release") for name in names):
            return tuple(_release(value) for value in axis.values)
        if names[0] in self.worded:
            return tuple(map(self.worded[names[0]], axis.values))
        return tuple(self.rules[value] for value in axis.values) if list(names) == ["rule"] else axis.values


def canonical_strategy(study: Study) -> CanonicalStrategy:
    """The same for studies that differ in names, texts, order or wording only."""
    named = {name for signal in study.signals for name in signal.series} | set(study.selected_series)
    measured = sorted(named, key=lambda name: (json.dumps(_series(study, name)), name))
    position = {name: number for number, name in enumerate(measured)}
    parameters: dict[str, _Parameter | Value] = {}
    for name in measured:
        given, release = f"{name}.release" in study.space.owners, study.spec.series[name].release
        alone = str(release[0]) if isinstance(release, tuple) and not given else "0"
        parameters[f"series.{position[name]}.release"] = _Parameter(f"{name}.release") if given else _release(alone)

    canonical = {signal.name: _expression(study, signal, position) for signal in study.signals}

    def of_signal(signal: Signal) -> list[Any]:
        kind = "states" if not isinstance(signal.form, Levels) else "gap" if signal.form.gap else "level"
        return [canonical[signal.name][0], kind, signal.missing]

    measuring = [one for one in study.signals if not isinstance(one.form, Alternatives | MixChoice | SharesChoice)]
    signals = sorted(measuring, key=lambda one: (json.dumps(of_signal(one)), one.name))
    for number, signal in enumerate(signals):
        label = f"signal.{number}"
        for place, scalar in enumerate(canonical[signal.name][1]):
            parameters[f"{label}.{place}"] = scalar
        parameters[f"{label}.use"] = ON if signal.use is None else _Parameter(signal.use)
        if isinstance(signal.form, Levels):
            other = "off_gap" if signal.form.gap else "off_below"
            parameters |= {
                f"{label}.on_above": _Parameter(signal.form.on),
                f"{label}.{other}": _Parameter(signal.form.off),
            }

    def of_leg(leg: Leg) -> list[Any]:
        asset = None if leg.series is None else _series(study, leg.series)
        if leg.selection is not None:
            asset = leg.selection.panel.identity
        taxes = [[day.isoformat(), buy, sell] for day, buy, sell in leg.stamp_tax]
        amount = [leg.columns[AMOUNT]] if "impact" in leg.terms else []
        price: list[Any] = [] if leg.price is None else [_series(study, leg.price)]
        if leg.selection is not None and DIVIDEND_TAX in leg.terms:
            panel = leg.selection.panel
            price = [panel.text(panel.formulas.fields[name]) for name in (DIVIDEND, RAW)]
        return [asset, taxes, *(term for term in _OPTIONAL if term in leg.terms), *amount, *price]

    legs = sorted(study.legs, key=lambda one: (json.dumps(of_leg(one)), one.name))
    worded: dict[str, Callable[[Value], Value]] = {}
    for number, leg in enumerate(legs):
        selecting = SELECTING if leg.selection is not None else ()
        optional = (term for term in _OPTIONAL if term in leg.terms)
        for term in ("interest", *optional) if leg.cash else ("carry", "cost", *optional, *selecting):
            parameters[f"leg.{number}.{term}"] = _Parameter(leg.terms[term]) if term in leg.terms else 0.0
        if leg.selection is not None:
            called = {axis: f"select.{axis.removeprefix(f'{leg.name}.')}" for axis in leg.selection.parameters}
            parameters |= {f"leg.{number}.{name}": _Parameter(axis) for axis, name in called.items()}
            called |= {name: f"series.{position[name]}" for name in leg.selection.releases}
            worded |= {f"leg.{number}.{term}": partial(leg.selection.canonical, term, names=called) for term in WORDED}
    executing = (*execution_axes(study.spec), *([DECIDE] if decides(study.spec) else []))
    parameters |= {name: _Parameter(name) for name in executing}
    worded |= {AT: partial(_price, OPEN, legs), STOP_ON: partial(_price, LOW, legs)}
    mixes = _mixes(study, legs, position)
    for number, (*_, of_mix) in enumerate(mixes):
        parameters |= {f"mix.{number}.{name}": value for name, value in of_mix.items()}
    ordered = [mix for mix, _, _ in mixes]
    rules: dict[Value, str] = {}
    if study.sleeves is None:
        rules = {name: _rule(study, study.rule, name, signals, legs, ordered) for name in study.rule.uses}
        parameters["rule"] = _Parameter(RULE) if study.spec.rules is not None else rules[""]
    else:
        parts = {one.name: _rule(study, one.rule, "", signals, legs, ordered) for one in study.sleeves.sleeves}
        by_rule = sorted(parts, key=lambda name: (parts[name], name))
        for number, name in enumerate(by_rule):
            share = f"{name}.share"
            given = share in study.space.owners
            parameters[f"sleeve.{number}.share"] = _Parameter(share) if given else 1.0 / len(parts)
        parameters["rule"] = hashlib.sha256(json.dumps(sorted(parts.values())).encode()).hexdigest()[:32]
    measures_stocks = any(study.graph.facts[at].columns for signal in study.signals for at in signal.nodes)
    of_panel = {"panel": study.panel.identity} if study.panel is not None and measures_stocks else {}
    of_mixes = {"mixes": [text for _, text, _ in mixes]} if mixes else {}
    text = json.dumps(
        {
            **of_panel,
            **of_mixes,
            "calendar": _series(study, study.spec.market.calendar),
            "periods": float(study.spec.market.periods),
            "from": study.spec.window.from_.isoformat(),
            "series": [_series(study, name) for name in measured],
            "signals": [of_signal(signal) for signal in signals],
            "legs": [of_leg(leg) for leg in legs],
        },
        ensure_ascii=False,
    )
    return CanonicalStrategy(text, parameters, rules, worded)


def _price(key: str, legs: Sequence[Leg], value: Value) -> Value:
    """The canonical value of an axis of open and close, or of low and close: the former with the legs' columns, or
    the opens of the panel."""
    if value != key:
        return value

    def columns(leg: Leg) -> str | list[str | None] | None:
        return leg.columns.get(key) if leg.selection is None else leg.selection.panel.opening_texts

    return f"{key} {json.dumps([columns(leg) for leg in legs])}"


def _expression(
    study: Study, signal: Signal, position: Mapping[str, int]
) -> tuple[list[str], list[_Parameter | Value]]:
    """A signal's formulas without the names of series and parameters, and the scalars in them, numbered as they appear.

    A number in a formula and a parameter with that one value are the same.
    """
    scalars: list[_Parameter | Value] = []
    numbers: dict[str, int] = {}
    graph = study.graph

    def text(at: int) -> str:
        node = graph.nodes[at] if at >= 0 else None
        if node is None:
            return "default"
        if node.kind == "series":
            return f"series.{position[node.name]}"
        if node.kind == "parameter":
            if node.name not in numbers:
                numbers[node.name] = len(scalars)
                scalars.append(_Parameter(node.name))
            return f"${numbers[node.name]}"
        if node.kind in ("number", "text"):
            assert node.value is not None
            scalars.append(node.value)
            return f"${len(scalars) - 1}"
        own = graph.operator(node).mark if node.kind == "call" else ""
        return f"{node.kind}:{node.name}{own}({','.join(text(one) for one in node.operands)})"

    return [text(at) for at in signal.nodes], scalars


def _mixes(
    study: Study, legs: Sequence[Leg], position: Mapping[str, int]
) -> list[tuple[Mix, list[Any], dict[str, _Parameter | Value]]]:
    """The mixes in an order that does not depend on their names, what they are made of, and their parameters.

    A weight is a parameter, whether it has one value or several.
    """
    numbers = {leg.name: number for number, leg in enumerate(legs)}
    found = []
    for mix in study.mixes:
        parts: dict[int, Any] = dict.fromkeys((numbers[leg] for leg in mix.weights), "weight")
        parameters: dict[str, _Parameter | Value] = {
            f"leg.{numbers[leg]}": _Parameter(axis) for leg, axis in mix.weights.items()
        }
        if mix.rest is not None:
            parts[numbers[mix.rest]] = "rest"
        if mix.graded is not None:
            signal = next(one for one in study.signals if isinstance(one.form, MixChoice) and one.name == mix.name)
            formula, scalars = _expression(study, signal, position)
            parts[numbers[mix.graded.leg]] = [*formula, mix.graded.missing]
            parameters |= {f"formula.{place}": scalar for place, scalar in enumerate(scalars)}
            bounds = {"step": mix.graded.step, "min": mix.graded.least, "max": mix.graded.most}
            parameters |= {name: _Parameter(axis) for name, axis in bounds.items()}
        parameters["rebalance"] = _Parameter(mix.rebalance)
        text = [[number, part] for number, part in sorted(parts.items())]
        found.append((mix, text, dict(sorted(parameters.items()))))
    return sorted(found, key=lambda one: (json.dumps(one[1]), one[0].name))


def _rule(
    study: Study, rule: Rule, name: str, signals: Sequence[Signal], legs: Sequence[Leg], mixes: Sequence[Mix]
) -> str:
    """A digest of the leg or mix that a rule chooses for every state of the signals it names; wording is ignored."""
    named = rule.uses[name]
    bits = [rule.bits.index(bit) for signal in signals for bit in signal.bits if bit in named]
    used = [(at, signal.bits.index(bit)) for at, signal in enumerate(signals) for bit in signal.bits if bit in named]
    codes = np.arange(1 << len(bits))
    written = np.full_like(codes, _number_of(rule, name))
    for new, old in enumerate(bits):
        written |= (codes >> new & 1) << old
    # A leg or mix is numbered in canonical order, whichever of its allocations it is.
    order = [*(study.legs.index(leg) for leg in legs), *(mix.first for mix in mixes)]
    number = np.empty(len(study.allocations), dtype=np.int64)
    number[order] = np.arange(len(order))
    for mix in mixes:
        number[mix.first : mix.first + len(mix.allocations)] = number[mix.first]
    table = number[rule.table[order][:, written]]
    # A rule that never holds chooses the same whatever was held before.
    holds = bool((table != table[:1]).any())
    chosen = table if holds else table[:1]
    start = legs.index(_start(study)) if holds else None
    digest = hashlib.sha256(f"{used} {chosen.shape} {start} ".encode() + chosen.astype("<i8").tobytes())
    return digest.hexdigest()[:32]


def _number_of(rule: Rule, name: str) -> int:
    """Returns the lowest code of the signals' states under which this alternative is chosen."""
    return int((rule.alternatives == list(rule.uses).index(name)).argmax())


def _start(study: Study) -> Leg:
    """The leg held before a rule that may hold first chooses."""
    return next((leg for leg in study.legs if leg.cash), study.legs[0])


def _chosen(study: Study) -> list[Leg]:
    """The legs that the rule may choose or hold."""
    rules = [study.rule] if study.sleeves is None else [one.rule for one in study.sleeves.sleeves]
    chosen = {int(column[0]) for rule in rules for column in rule.table.T if (column == column[0]).all()}
    held = np.any(study.weights[sorted(chosen)] != 0.0, axis=0)
    return [leg for at, leg in enumerate(study.legs) if held[at] or (study.rule.holds and leg is _start(study))]


def _series(study: Study, name: str) -> list[str | None]:
    one = study.spec.series[name]
    if one.model is not None:
        return [model_text(study.spec, one.model), None, one.field, None, None]
    return [one.file, one.code, one.field, one.date, one.missing]


def _series_text(study: Study, name: str) -> str:
    one = study.spec.series[name]
    if one.model is not None:
        return f"{one.model}.{one.field}"
    return f"{one.file}[{one.code}].{one.field}" if one.code is not None else f"{one.file}.{one.field}"


def _release(value: Value) -> str:
    """The canonical text of a release: 1 and '1 day' are the same."""
    release = Release.parse(value, "release")
    if release.column is not None:
        return release.column
    return f"{release.trading_days} days" if release.calendar_days is None else f"{release.calendar_days} calendar days"
