"""What the names in a study's rule mean, for the summary: formulas as in the file, parameters at the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gridproof.results.axis_range import Value
from gridproof.results.run.rule_record import DefinitionsRecord, MixRecord, SignalRecord, SleeveRecord, ValueRecord
from gridproof.sweeps.study.allocation import REST, Mix
from gridproof.sweeps.study.spec import OFF, ON, SignalSpec
from gridproof.sweeps.study.study import Study


def record_definitions(study: Study, best: Mapping[str, Value]) -> DefinitionsRecord:
    """``best``: the value of each axis of the best variant."""
    return {
        "values": [_value(study, name) for name in study.spec.values],
        "signals": [_signal(study, name, one) for name, one in study.spec.signals.items()],
        "mixes": [_mix(study, mix) for mix in study.mixes],
        "sleeves": [] if study.sleeves is None else [_sleeve(study, name) for name in study.spec.sleeves],
        "weights": {"base": _weights(study, study.base), "best": _weights(study, best)},
        "taxed": [leg.name for leg in study.legs if leg.stamp_tax],
    }


def _base(study: Study, axis: str) -> Value:
    return study.base[study.space.owners[axis]]


def _parameters(study: Study, name: str, keys: Iterable[str]) -> dict[str, Value]:
    return {key: _base(study, f"{name}.{key}") for key in keys if f"{name}.{key}" in study.space.owners}


def _value(study: Study, name: str) -> ValueRecord:
    one = study.spec.values[name]
    if isinstance(one, str):
        return {"name": name, "formula": one, "parameters": {}}
    return {"name": name, "formula": one.value, "parameters": _parameters(study, name, one.model_extra or {})}


def _signal(study: Study, name: str, one: SignalSpec) -> SignalRecord:
    on = off = None
    if one.value is not None:
        on = float(_base(study, f"{name}.on_above"))
        off = on
        if f"{name}.off_gap" in study.space.owners:
            off = round(on - float(_base(study, f"{name}.off_gap")), 12)
        elif f"{name}.off_below" in study.space.owners:
            off = float(_base(study, f"{name}.off_below"))
    when = {} if one.when is None else {"": one.when} if isinstance(one.when, str) else dict(one.when)
    return {
        "name": name,
        "value": one.value,
        "on_above": on,
        "off_below": off,
        "on": None if one.latch is None else one.latch.on,
        "off": None if one.latch is None else one.latch.off,
        "conditions": when,
        "missing": one.missing,
        "use": OFF if one.use is not None and _base(study, f"{name}.use") == OFF else ON,
        "parameters": _parameters(study, name, one.model_extra or {}),
    }


def _mix(study: Study, mix: Mix) -> MixRecord:
    one = study.spec.mixes[mix.name]
    weights: dict[str, float | str] = {}
    for leg in (one.model_extra or {}) | ({} if mix.rest is None else {mix.rest: REST}):
        if leg in mix.weights:
            weights[leg] = float(_base(study, mix.weights[leg]))
        else:
            weights[leg] = REST if leg == mix.rest else str((one.model_extra or {})[leg])
    graded = mix.graded
    return {
        "name": mix.name,
        "weights": weights,
        "rebalance": str(_base(study, mix.rebalance)),
        "step": None if graded is None else float(_base(study, graded.step)),
        "least": None if graded is None else float(_base(study, graded.least)),
        "most": None if graded is None else float(_base(study, graded.most)),
        "missing": one.missing,
    }


def _sleeve(study: Study, name: str) -> SleeveRecord:
    assert study.sleeves is not None
    return {
        "name": name,
        "share": study.sleeves.shares_of(study.base, study.space.owners)[name],
        "rule": [f"{leg}: {text}" for leg, text in study.spec.sleeves[name].rule.items()],
    }


def _weights(study: Study, parameters: Mapping[str, Value]) -> dict[str, dict[str, float]]:
    """By the name of each mix and part that a variant may hold, the weight of each leg that is not 0."""
    numbers = study.numbers(parameters)
    first = len(study.legs)
    mixed = first + sum(len(mix.allocations) for mix in study.mixes)
    whole = len(study.allocations) if study.parts is None else study.parts.whole
    legs = [leg.name for leg in study.legs]
    return {
        name: {leg: weight for leg, weight in zip(legs, study.allocations[number].weights, strict=True) if weight}
        for name, number in numbers.items()
        if first <= number < mixed or number >= whole
    }
