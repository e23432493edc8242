"""A strategy in a form in which equal strategies of different files are equal.

Names, texts, the order of signals and legs, and the wording of the rule make no difference. Nor do the objective, the
risk-free rate, the date of publication and the last day: they affect only how a variant is judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gridproof.results.axis_range import AxisValues, Value
from gridproof.sweeps.execution.canonical_parts import (
    Parameter,
    canonical_formula,
    canonical_mixes,
    canonical_release,
    canonical_series,
)
from gridproof.sweeps.execution.canonical_rule import canonical_rules
from gridproof.sweeps.study.decide import DECIDE
from gridproof.sweeps.study.execution_keys import AT, STOP_ON, decides, execution_axes
from gridproof.sweeps.study.latch import Levels
from gridproof.sweeps.study.leg import DIVIDEND_TAX, IMPACT_TERMS
from gridproof.sweeps.study.selection import DIVIDEND, RAW, SELECTING, WORDED
from gridproof.sweeps.study.signal import Alternatives, MixChoice, SharesChoice
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.spec import AMOUNT, LOW, ON, OPEN
from gridproof.sweeps.study.study import Leg, Signal, Study

# Terms of a leg that are part of what it is only where the study gives them.
_OPTIONAL = ("sale_cost", "financing", "borrow_fee", *IMPACT_TERMS, DIVIDEND_TAX)


@dataclass(frozen=True, slots=True)
class CanonicalStrategy:
    """A strategy without the names of its file."""

    text: str
    parameters: Mapping[str, Parameter | Value]  # by canonical names, which do not depend on the names in the file
    rules: Mapping[Value, str]  # for each alternative a digest of what it chooses
    worded: Mapping[str, Callable[[Value], Value]]  # by canonical name of a selection's term: its canonical value

    def values(self, axis: Axis, names: Sequence[str]) -> AxisValues:
        if all(name.endswith(".release") for name in names):
            return tuple(canonical_release(value) for value in axis.values)
        if names[0] in self.worded:
            return tuple(map(self.worded[names[0]], axis.values))
        return tuple(self.rules[value] for value in axis.values) if list(names) == ["rule"] else axis.values


def canonical_strategy(study: Study) -> CanonicalStrategy:
    """The same for studies that differ in names, texts, order or wording only."""
    named = {name for signal in study.signals for name in signal.series} | set(study.selected_series)
    measured = sorted(named, key=lambda name: (json.dumps(canonical_series(study, name)), name))
    position = {name: number for number, name in enumerate(measured)}
    parameters: dict[str, Parameter | Value] = {}
    for name in measured:
        axis, release = f"{name}.release", study.spec.series[name].release
        given = axis in study.space.owners
        alone = str(release[0]) if isinstance(release, tuple) and not given else "0"
        parameters[f"series.{position[name]}.release"] = Parameter(axis) if given else canonical_release(alone)

    canonical = {signal.name: canonical_formula(study, signal, position) for signal in study.signals}

    def of_signal(signal: Signal) -> list[Any]:
        kind = "states" if not isinstance(signal.form, Levels) else "gap" if signal.form.gap else "level"
        return [canonical[signal.name][0], kind, signal.missing]

    measuring = [one for one in study.signals if not isinstance(one.form, Alternatives | MixChoice | SharesChoice)]
    signals = sorted(measuring, key=lambda one: (json.dumps(of_signal(one)), one.name))
    for number, signal in enumerate(signals):
        label = f"signal.{number}"
        for place, scalar in enumerate(canonical[signal.name][1]):
            parameters[f"{label}.{place}"] = scalar
        parameters[f"{label}.use"] = ON if signal.use is None else Parameter(signal.use)
        if isinstance(signal.form, Levels):
            other = "off_gap" if signal.form.gap else "off_below"
            parameters |= {
                f"{label}.on_above": Parameter(signal.form.on),
                f"{label}.{other}": Parameter(signal.form.off),
            }

    def of_leg(leg: Leg) -> list[Any]:
        asset = None if leg.series is None else canonical_series(study, leg.series)
        if leg.selection is not None:
            asset = leg.selection.panel.identity
        taxes = [[day.isoformat(), buy, sell] for day, buy, sell in leg.stamp_tax]
        amount = [leg.columns[AMOUNT]] if "impact" in leg.terms else []
        price: list[Any] = [] if leg.price is None else [canonical_series(study, leg.price)]
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
            parameters[f"leg.{number}.{term}"] = Parameter(leg.terms[term]) if term in leg.terms else 0.0
        if leg.selection is not None:
            called = {axis: f"select.{axis.removeprefix(f'{leg.name}.')}" for axis in leg.selection.parameters}
            parameters |= {f"leg.{number}.{name}": Parameter(axis) for axis, name in called.items()}
            called |= {name: f"series.{position[name]}" for name in leg.selection.releases}
            worded |= {f"leg.{number}.{term}": partial(leg.selection.canonical, term, names=called) for term in WORDED}
    executing = (*execution_axes(study.spec), *([DECIDE] if decides(study.spec) else []))
    parameters |= {name: Parameter(name) for name in executing}
    worded |= {AT: partial(_price, OPEN, legs), STOP_ON: partial(_price, LOW, legs)}
    mixes = canonical_mixes(study, legs, position)
    for number, (*_, of_mix) in enumerate(mixes):
        parameters |= {f"mix.{number}.{name}": value for name, value in of_mix.items()}
    rules, of_rule = canonical_rules(study, signals, legs, [mix for mix, _, _ in mixes])
    parameters |= of_rule
    measures_stocks = any(study.graph.facts[at].columns for signal in study.signals for at in signal.nodes)
    of_panel = {"panel": study.panel.identity} if study.panel is not None and measures_stocks else {}
    of_mixes = {"mixes": [text for _, text, _ in mixes]} if mixes else {}
    text = json.dumps(
        {
            **of_panel,
            **of_mixes,
            "calendar": canonical_series(study, study.spec.market.calendar),
            "periods": float(study.spec.market.periods),
            "from": study.spec.window.from_.isoformat(),
            "series": [canonical_series(study, name) for name in measured],
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
