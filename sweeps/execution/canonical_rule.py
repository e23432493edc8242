"""What a rule chooses, however it is worded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from gridproof.results.axis_range import Value
from gridproof.sweeps.execution.canonical_parts import Parameter
from gridproof.sweeps.study.allocation import Mix
from gridproof.sweeps.study.rule import Rule
from gridproof.sweeps.study.signal import RULE
from gridproof.sweeps.study.study import Leg, Signal, Study


def canonical_rules(
    study: Study, signals: Sequence[Signal], legs: Sequence[Leg], mixes: Sequence[Mix]
) -> tuple[dict[Value, str], dict[str, Parameter | Value]]:
    """For each alternative rule a digest of what it chooses, and the parameters: the rule, and the shares of sleeves.

    Signals, legs and mixes are in canonical order.
    """
    if study.sleeves is None:
        rules: dict[Value, str] = {
            name: _digest(study, study.rule, name, signals, legs, mixes) for name in study.rule.uses
        }
        return rules, {"rule": Parameter(RULE) if study.spec.rules is not None else rules[""]}
    parts = {one.name: _digest(study, one.rule, "", signals, legs, mixes) for one in study.sleeves.sleeves}
    parameters: dict[str, Parameter | Value] = {}
    for number, name in enumerate(sorted(parts, key=lambda name: (parts[name], name))):
        share = f"{name}.share"
        parameters[f"sleeve.{number}.share"] = Parameter(share) if share in study.space.owners else 1.0 / len(parts)
    together = hashlib.sha256(json.dumps(sorted(parts.values())).encode()).hexdigest()[:32]
    return {}, {**parameters, "rule": together}


def _digest(
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


def chosen_legs(study: Study) -> list[Leg]:
    """The legs that the rule may choose or hold."""
    rules = [study.rule] if study.sleeves is None else [one.rule for one in study.sleeves.sleeves]
    chosen = {int(column[0]) for rule in rules for column in rule.table.T if (column == column[0]).all()}
    held = np.any(study.weights[sorted(chosen)] != 0.0, axis=0)
    return [leg for at, leg in enumerate(study.legs) if held[at] or (study.rule.holds and leg is _start(study))]


def _start(study: Study) -> Leg:
    """The leg held before a rule that may hold first chooses."""
    return next((leg for leg in study.legs if leg.cash), study.legs[0])
