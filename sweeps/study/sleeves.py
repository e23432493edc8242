"""Sleeves: parts of the capital with a rule each. Together they hold one allocation, whose trades are netted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.allocation import DAILY, MOST_ALLOCATIONS, Allocation
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.rule import HOLD, MOST_BITS, OTHERWISE, Rule, RuleError, RuleTarget, parse_rule
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.spec import StudySpec
from gridproof.sweeps.study.validation_errors import one_line

# The static holding in which every sleeve has what its rule names first.
ALL_SLEEVES = "all sleeves"


@dataclass(frozen=True, slots=True)
class Sleeve:
    """A part of the capital. ``rule``: over the allocations of the legs and mixes alone. ``invested``: the first of
    these that its rule names and that is not all cash; cash where it names no other."""

    name: str
    share: float
    rule: Rule
    invested: int


@dataclass(frozen=True, slots=True)
class SleeveRule:
    """The rule of all sleeves together. ``allocations``: those of legs and mixes, then what the sleeves hold together.
    ``invested``: the number of the one in which every sleeve is invested."""

    sleeves: tuple[Sleeve, ...]
    rule: Rule
    allocations: tuple[Allocation, ...]
    invested: int


def build_sleeves(
    spec: StudySpec,
    signals: Sequence[Signal],
    legs: Sequence[Leg],
    targets: Sequence[RuleTarget],
    allocations: Sequence[Allocation],
    document: Document,
) -> SleeveRule:
    """Check the sleeves and combine their rules. Raises InputError."""
    if spec.rule or spec.rules is not None:
        key = "rule" if spec.rule else "rules"
        remedy = "Remove one of the two"
        raise InputError("a study has one rule, or sleeves with a rule each", "both", document.where((key,)), remedy)
    shares = _shares(spec, legs, document)
    bits = {bit for signal in signals for bit in signal.bits}
    cash = next((place for place, leg in enumerate(legs) if leg.cash), None)
    sleeves = []
    for name, one in spec.sleeves.items():
        where = ("sleeves", name, "rule")
        try:
            rule = parse_rule(one.rule, targets, bits)
        except RuleError as fault:
            raise one_line(str(fault), fault.value, document.where((*where, *fault.place))) from None
        reached = _reached(rule, cash or 0)
        for number in reached:
            if allocations[number].rebalance != DAILY:
                rule_text = "a mix in a sleeve is rebalanced daily, as the sleeves are"
                raise InputError(rule_text, allocations[number].name, document.where(where), "Remove its rebalance")
        lines = [text if leg == OTHERWISE else leg for leg, text in one.rule.items()]
        first = {target.name: target.first for target in targets}
        named = [first[line] for line in lines if line != HOLD and first[line] in reached and first[line] != cash]
        sleeves.append(Sleeve(name, shares[name], rule, named[0] if named else reached[0]))
    return _combine(sleeves, legs, list(allocations), cash, document)


def _shares(spec: StudySpec, legs: Sequence[Leg], document: Document) -> dict[str, float]:
    """The share of each sleeve: as given, or equal ones. Raises InputError."""
    given = {name: one.share for name, one in spec.sleeves.items() if one.share is not None}
    if not given:
        return dict.fromkeys(spec.sleeves, 1.0 / len(spec.sleeves))
    if missing := [name for name in spec.sleeves if name not in given]:
        rule, remedy = "every sleeve has a share, or none has and they are equal", "Give it one"
        raise InputError(rule, f"none for {missing[0]}", document.where(("sleeves", missing[0])), remedy)
    total = sum(given.values())
    if total > 1.0 + 1e-9 or (total < 1.0 - 1e-9 and not any(leg.cash for leg in legs)):
        rule = "the shares of the sleeves sum to 1, or to less where a leg is cash"
        raise InputError(rule, f"{total:g}", document.where(("sleeves",)), "Correct them")
    return given


def _reached(rule: Rule, start: int) -> list[int]:
    """The allocations that a rule may hold, ascending. A rule that may hold begins with ``start``."""
    reached = {start} if rule.holds else set(rule.table[start].tolist())
    while True:
        more = reached | {number for held in reached for number in rule.table[held].tolist()}
        if more == reached:
            return sorted(reached)
        reached = more


def _combine(
    sleeves: Sequence[Sleeve],
    legs: Sequence[Leg],
    allocations: list[Allocation],
    cash: int | None,
    document: Document,
) -> SleeveRule:
    used = dict.fromkeys(bit for one in sleeves for bit in one.rule.bits)
    if len(used) > MOST_BITS:
        rule, remedy = f"the sleeves may use at most {MOST_BITS} signal bits together", "Drop some"
        raise InputError(rule, len(used), document.where(("sleeves",)), remedy)
    holds = any(one.rule.holds for one in sleeves)
    reached = [_reached(one.rule, cash or 0) for one in sleeves]
    single = len(allocations)
    weights = np.array([one.weights for one in allocations])
    numbers: dict[tuple[int, ...], int] = {}
    known: dict[tuple[float, ...], int] = {}
    if not holds:
        # Equal weights are one allocation, also that of a leg alone. Where a sleeve may hold, what each of them holds
        # matters for what follows.
        known = {tuple(row.round(9)): number for number, row in enumerate(weights[: len(legs)])}
    count = prod(len(one) for one in reached)
    if holds and single + count > MOST_ALLOCATIONS:
        raise _too_many(single + count, document)
    for held in itertools.product(*reached):
        row = sum((one.share * weights[at] for one, at in zip(sleeves, held, strict=True)), np.zeros(len(legs)))
        row = _complete(row, cash)
        key = tuple(row.round(9))
        if holds or key not in known:
            known[key] = len(allocations)
            allocations.append(Allocation(_name(row, legs), tuple(row.tolist())))
            if len(allocations) > MOST_ALLOCATIONS:
                raise _too_many(count, document)
        numbers[held] = known[key]
    if holds:
        allocations = _told_apart(allocations, single, numbers, sleeves)
    table = _table(sleeves, reached, list(used), numbers, len(allocations), cash or 0)
    rule_of_all = Rule(tuple(used), table, np.zeros(table.shape[1], dtype=np.int64), holds, {"": frozenset(used)})
    invested = numbers[tuple(one.invested for one in sleeves)]
    return SleeveRule(tuple(sleeves), rule_of_all, tuple(allocations), invested)


def _complete(row: Floats, cash: int | None) -> Floats:
    """Weights that sum to 1: the rest is cash."""
    if cash is None:
        whole: Floats = row / row.sum()
        return whole
    row = row.copy()
    row[cash] = 0.0
    row[cash] = 1.0 - row.sum()
    if abs(row[cash]) < 1e-12:
        row[cash] = 0.0
    return row


def _name(row: Floats, legs: Sequence[Leg]) -> str:
    parts = [(weight, leg.name) for weight, leg in zip(row.tolist(), legs, strict=True) if weight]
    return ", ".join(f"{round(100.0 * weight, 2):g}% {name}" for weight, name in parts)


def _told_apart(
    allocations: Sequence[Allocation], single: int, numbers: Mapping[tuple[int, ...], int], sleeves: Sequence[Sleeve]
) -> list[Allocation]:
    """The same, with different names where the weights are equal and what the sleeves hold is not."""
    names = [one.name for one in allocations]
    result = list(allocations)
    for held, number in numbers.items():
        if names.count(names[number]) > 1:
            own = "; ".join(f"{one.name} {names[at]}" for one, at in zip(sleeves, held, strict=True))
            result[number] = Allocation(f"{names[number]} ({own})", allocations[number].weights)
    assert len({one.name for one in result[single:]}) == len(result) - single
    return result


def _table(
    sleeves: Sequence[Sleeve],
    reached: Sequence[Sequence[int]],
    bits: Sequence[str],
    numbers: Mapping[tuple[int, ...], int],
    count: int,
    start: int,
) -> Ints:
    """(A, 2^B) the next allocation of all sleeves. Before the first decision each of them has ``start``."""
    codes = np.arange(1 << len(bits))
    own = []
    for one in sleeves:
        places = [bits.index(bit) for bit in one.rule.bits]
        own.append(sum(((codes >> place & 1) << at for at, place in enumerate(places)), np.zeros_like(codes)))
    sizes = [len(each) for each in reached]
    flat = np.array([numbers[held] for held in itertools.product(*reached)], dtype=np.int64)

    def following(held: Sequence[int]) -> Ints:
        index = np.zeros_like(codes)
        for one, at, code, each, size in zip(sleeves, held, own, reached, sizes, strict=True):
            index = index * size + np.searchsorted(each, one.rule.table[at][code])
        return flat[index]

    first = [start if one.rule.holds else one.invested for one in sleeves]
    table = np.tile(following(first), (count, 1))
    for held, number in numbers.items():
        table[number] = following(held)
    return table


def _too_many(count: int, document: Document) -> InputError:
    rule = f"the sleeves may hold at most {MOST_ALLOCATIONS} allocations together"
    return InputError(rule, f"{count:,}", document.where(("sleeves",)), "Take fewer sleeves, or fewer legs in each")
