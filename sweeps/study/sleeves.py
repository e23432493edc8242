"""Sleeves: parts of the capital with a rule each. Together they hold one allocation, whose trades are netted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.allocation import DAILY, MOST_ALLOCATIONS, SLEEVES, Allocation, SleeveShares
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.mix_spec import SHARE
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
    rule: Rule
    invested: int


@dataclass(frozen=True, slots=True)
class SleeveRule:
    """The rule of all sleeves together. ``allocations``: those of legs and mixes, then what the sleeves hold together.

    By the number of the combination of shares: ``together``: the numbers of what the sleeves may hold; ``invested``:
    the number of the one in which every sleeve is invested.
    """

    sleeves: tuple[Sleeve, ...]
    shares: SleeveShares
    rule: Rule
    allocations: tuple[Allocation, ...]
    together: tuple[tuple[int, ...], ...]
    invested: tuple[int, ...]

    def shares_of(self, parameters: Mapping[str, Value], owners: Mapping[str, str]) -> dict[str, float]:
        """Of a variant, by the name of the sleeve. As ``SleeveShares.number``."""
        cell = self.shares.cells[self.shares.number(parameters, owners)]
        return {one.name: share for one, share in zip(self.sleeves, cell, strict=True)}


def build_sleeves(
    spec: StudySpec,
    signals: Sequence[Signal],
    legs: Sequence[Leg],
    targets: Sequence[RuleTarget],
    allocations: Sequence[Allocation],
    table: AxisTable,
    document: Document,
) -> SleeveRule:
    """Check the sleeves, add the axes of their shares and combine their rules. Raises InputError."""
    if spec.rule or spec.rules is not None:
        key = "rule" if spec.rule else "rules"
        remedy = "Remove one of the two"
        raise InputError("a study has one rule, or sleeves with a rule each", "both", document.where((key,)), remedy)
    shares = _shares(spec, legs, table, document)
    if shares.bits and any(signal.name == SLEEVES for signal in signals):
        rule_text, where = "where shares of sleeves have several values, no signal is called sleeves", SLEEVES
        raise InputError(rule_text, SLEEVES, document.where(("signals", where)), "Rename it")
    bits = {bit for signal in signals for bit in signal.bits}
    cash = next((place for place, leg in enumerate(legs) if leg.cash), None)
    sleeves = []
    for name, one in spec.sleeves.items():
        where_rule = ("sleeves", name, "rule")
        try:
            rule = parse_rule(one.rule, targets, bits)
        except RuleError as fault:
            raise one_line(str(fault), fault.value, document.where((*where_rule, *fault.place))) from None
        reached = _reached(rule, cash or 0)
        for number in reached:
            if allocations[number].rebalance != DAILY:
                rule_text = "a mix in a sleeve is rebalanced when the sleeves are"
                remedy = "Remove its rebalance, or write rebalance: under execution"
                raise InputError(rule_text, allocations[number].name, document.where(where_rule), remedy)
        lines = [text if leg == OTHERWISE else leg for leg, text in one.rule.items()]
        first = {target.name: target.first for target in targets}
        named = [first[line] for line in lines if line != HOLD and first[line] in reached and first[line] != cash]
        sleeves.append(Sleeve(name, rule, named[0] if named else reached[0]))
    return _combine(sleeves, shares, legs, list(allocations), cash, document)


def _shares(spec: StudySpec, legs: Sequence[Leg], table: AxisTable, document: Document) -> SleeveShares:
    """The shares of the sleeves: as given, or equal ones. Raises InputError."""
    given = {name: one.share for name, one in spec.sleeves.items() if one.share is not None}
    if not given:
        return SleeveShares((), (tuple(1.0 / len(spec.sleeves) for _ in spec.sleeves),))
    if missing := [name for name in spec.sleeves if name not in given]:
        rule, remedy = "every sleeve has a share, or none has and they are equal", "Give it one"
        raise InputError(rule, f"none for {missing[0]}", document.where(("sleeves", missing[0])), remedy)
    axes = tuple(f"{name}.share" for name in given)
    for axis, (name, values) in zip(axes, given.items(), strict=True):
        table.add(axis, ("sleeves", name, "share"), values, SHARE)
        if getattr(values, "search", None) is not None:
            rule, remedy = "a search chooses the shares of sleeves from the values of their axis", "Remove search:"
            raise InputError(rule, axis, table.where(axis), remedy)
    owners = [table.owner(axis) for axis in axes]
    free = list(dict.fromkeys(owners))
    cells = []
    for values in itertools.product(*(table.values(axis) for axis in free)):
        chosen = dict(zip(free, map(float, values), strict=True))
        cell = tuple(chosen[owner] for owner in owners)
        total = sum(cell)
        if total > 1.0 + 1e-9 or (total < 1.0 - 1e-9 and not any(leg.cash for leg in legs)):
            rule = "the shares of the sleeves sum to 1, or to less where a leg is cash"
            raise InputError(rule, f"{total:g}", document.where(("sleeves",)), "Correct them")
        cells.append(cell)
    return SleeveShares(axes, tuple(cells))


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
    shares: SleeveShares,
    legs: Sequence[Leg],
    allocations: list[Allocation],
    cash: int | None,
    document: Document,
) -> SleeveRule:
    used = dict.fromkeys(bit for one in sleeves for bit in one.rule.bits) | dict.fromkeys(shares.bits)
    if len(used) > MOST_BITS:
        rule, remedy = f"the sleeves may use at most {MOST_BITS} signal bits together", "Drop some"
        raise InputError(rule, len(used), document.where(("sleeves",)), remedy)
    holds = any(one.rule.holds for one in sleeves)
    reached = [_reached(one.rule, cash or 0) for one in sleeves]
    weights = np.array([one.weights for one in allocations])
    # Equal weights are one allocation, also that of a leg alone. Where a sleeve may hold, what each of them holds
    # matters for what follows.
    known = {} if holds else {tuple(row.round(9)): number for number, row in enumerate(weights[: len(legs)])}
    count = len(shares.cells) * prod(len(one) for one in reached)
    if holds and len(allocations) + count > MOST_ALLOCATIONS:
        raise _too_many(len(allocations) + count, document)
    numbers: list[dict[tuple[int, ...], int]] = []
    for cell in shares.cells:
        own: dict[tuple[int, ...], int] = {}
        for held in itertools.product(*reached):
            row = sum((share * weights[at] for share, at in zip(cell, held, strict=True)), np.zeros(len(legs)))
            row = _complete(row, cash)
            key = tuple(row.round(9))
            if holds or key not in known:
                known[key] = len(allocations)
                allocations.append(Allocation(_name(row, legs), tuple(row.tolist()), None))
                if len(allocations) > MOST_ALLOCATIONS:
                    raise _too_many(count, document)
            own[held] = known[key]
        if holds:
            _tell_apart(allocations, own, sleeves)
        numbers.append(own)
    table = _table(sleeves, shares, reached, list(used), numbers, len(allocations), cash or 0)
    rule_of_all = Rule(tuple(used), table, np.zeros(table.shape[1], dtype=np.int64), holds, {"": frozenset(used)})
    return SleeveRule(
        tuple(sleeves),
        shares,
        rule_of_all,
        tuple(allocations),
        tuple(tuple(sorted(set(own.values()))) for own in numbers),
        tuple(own[tuple(one.invested for one in sleeves)] for own in numbers),
    )


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


def _tell_apart(
    allocations: list[Allocation], numbers: Mapping[tuple[int, ...], int], sleeves: Sequence[Sleeve]
) -> None:
    """Give those of one combination of shares different names where the weights are equal and what the sleeves hold is
    not."""
    names = {number: allocations[number].name for number in numbers.values()}
    for held, number in numbers.items():
        if list(names.values()).count(names[number]) > 1:
            own = "; ".join(f"{one.name} {allocations[at].name}" for one, at in zip(sleeves, held, strict=True))
            allocations[number] = replace(allocations[number], name=f"{names[number]} ({own})")
    assert len({allocations[number].name for number in names}) == len(names)


def _table(
    sleeves: Sequence[Sleeve],
    shares: SleeveShares,
    reached: Sequence[Sequence[int]],
    bits: Sequence[str],
    numbers: Sequence[Mapping[tuple[int, ...], int]],
    count: int,
    start: int,
) -> Ints:
    """(A, 2^B) the next allocation of all sleeves. Before the first decision each of them has ``start``."""
    codes = np.arange(1 << len(bits))

    def number_of(own: Sequence[str]) -> Ints:
        places = [bits.index(bit) for bit in own]
        return sum(((codes >> place & 1) << at for at, place in enumerate(places)), np.zeros_like(codes))

    states = [number_of(one.rule.bits) for one in sleeves]
    cells = np.minimum(number_of(shares.bits), len(shares.cells) - 1)
    sizes = [len(each) for each in reached]
    flat = np.array([[own[held] for held in itertools.product(*reached)] for own in numbers], dtype=np.int64)

    def following(held: Sequence[int]) -> Ints:
        index = np.zeros_like(codes)
        for one, at, code, each, size in zip(sleeves, held, states, reached, sizes, strict=True):
            index = index * size + np.searchsorted(each, one.rule.table[at][code])
        return flat[cells, index]

    first = [start if one.rule.holds else one.invested for one in sleeves]
    table = np.tile(following(first), (count, 1))
    for own in numbers:
        for held, number in own.items():
            table[number] = following(held)
    return table


def _too_many(count: int, document: Document) -> InputError:
    rule = f"the sleeves may hold at most {MOST_ALLOCATIONS} allocations together"
    return InputError(rule, f"{count:,}", document.where(("sleeves",)), "Take fewer sleeves, or fewer legs in each")
