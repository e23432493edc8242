"""The rule: a table from the signals' states and the current allocation to the next allocation."""

from __future__ import annotations

import ast
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.sweeps.study.allocation import MOST_ALLOCATIONS

OTHERWISE = "otherwise"
HOLD = "hold"

# Signal bits that a rule may use.
MOST_BITS = 16

Test = Callable[[dict[str, bool]], bool]


class RuleError(ValueError):
    """An invalid rule. The message is 'rule; remedy'; ``value``: the wrong text; ``place``: its keys in the rule."""

    def __init__(self, message: str, value: object, *place: str) -> None:
        super().__init__(message)
        self.value, self.place = value, place


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """What a line of a rule chooses: a leg, or a mix.

    ``first``: the number of its first allocation; the states of ``bits``, bit 0 first, are which of its ``count``
    allocations it is.
    """

    name: str
    first: int
    count: int = 1
    bits: tuple[str, ...] = ()
    mix: bool = False

    def allocation(self, states: Mapping[str, bool]) -> int:
        """Returns its allocation under the states of all bits. A number that does not occur is that of the last."""
        return self.first + min(sum(states[bit] << at for at, bit in enumerate(self.bits)), self.count - 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, or several alternative rules, as a table over A allocations and B signal bits.

    ``bits``: names of the bits in order of appearance. A code is the state of all bits; bit b of a code is bits[b].
    ``table``: (A, 2^B) int64, the next allocation for the current allocation and a code. A second lookup with the same
    code does not change the allocation. ``alternatives``: (2^B,) int64, the position in ``uses`` of the rule that each
    code chooses.
    """

    bits: tuple[str, ...]
    table: Ints
    alternatives: Ints
    holds: bool  # whether the next allocation depends on the current one
    uses: Mapping[str, frozenset[str]]  # for each rule the bits that it names; the key is '' if there is one rule


def parse_rule(rule: dict[str, str], targets: Sequence[RuleTarget], bits: set[str]) -> Rule:
    """Compile ordered ``leg: expression`` entries; the last one is ``leg: otherwise`` or ``hold: otherwise``.

    The first true expression chooses its leg or mix, which is one of ``targets``. Expressions use signal bits, ``and``,
    ``or``, ``not`` and parentheses. Raises RuleError if an entry is invalid.
    """
    return _tabulate({"": _parse(rule, targets, bits)}, targets, ())


def parse_rules(
    rules: Mapping[str, dict[str, str]], targets: Sequence[RuleTarget], bits: set[str], choice: Sequence[str]
) -> Rule:
    """Compile alternative rules into one. ``choice``: additional bits for the number of the alternative, bit 0 first.

    Raises RuleError if a rule is invalid; its place begins with the name of that rule.
    """
    parsed = {}
    for name, rule in rules.items():
        try:
            parsed[name] = _parse(rule, targets, bits)
        except RuleError as fault:
            raise RuleError(str(fault), fault.value, name, *fault.place) from fault
    return _tabulate(parsed, targets, choice)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """``last``: None where the last line keeps what is held."""

    tests: tuple[tuple[RuleTarget, Test], ...]
    last: RuleTarget | None
    used: dict[str, None]


def _tabulate(parsed: Mapping[str, _Parsed], targets: Sequence[RuleTarget], choice: Sequence[str]) -> Rule:
    used = dict.fromkeys(choice)
    for one in parsed.values():
        used |= one.used
    if len(used) > MOST_BITS:
        raise RuleError(f"a rule may use at most {MOST_BITS} signal bits; drop some", len(used))
    rules = list(parsed.values())
    held = np.arange(sum(one.count for one in targets))
    table = np.empty((len(held), 2 ** len(used)), dtype=np.int64)
    alternatives = np.empty(2 ** len(used), dtype=np.int64)
    # Reversed: itertools varies the last item fastest, but bit 0 of a code is the first name.
    for code, states in enumerate(itertools.product((False, True), repeat=len(used))):
        known = dict(zip(used, reversed(states), strict=True))
        number = sum(known[bit] << at for at, bit in enumerate(choice))
        alternatives[code] = min(number, len(rules) - 1)
        rule = rules[alternatives[code]]
        chosen = next((target for target, test in rule.tests if test(known)), rule.last)
        table[:, code] = held if chosen is None else chosen.allocation(known)
    uses = {name: frozenset(one.used) for name, one in parsed.items()}
    return Rule(tuple(used), table, alternatives, any(rule.last is None for rule in rules), uses)


def _parse(rule: dict[str, str], targets: Sequence[RuleTarget], bits: set[str]) -> _Parsed:
    named = {one.name: one for one in targets}
    entries = [(text, leg) if leg == OTHERWISE else (leg, text) for leg, text in rule.items()]
    for (leg, text), line in zip(entries, rule, strict=True):
        if leg not in named and not (leg == HOLD and text == OTHERWISE):
            among = "legs and mixes" if any(one.mix for one in targets) else "legs"
            raise RuleError(f"the rule chooses among the {among}; use {', '.join(named)}", leg, line)
        if text == OTHERWISE and line != list(rule)[-1]:
            raise RuleError("'otherwise' must be the last line of the rule; move it", leg, line)
    if not entries or entries[-1][1] != OTHERWISE:
        last = f"{entries[-1][0]}: {entries[-1][1]}" if entries else None
        message = "the last line of the rule must be 'leg: otherwise' or 'hold: otherwise'; add it"
        raise RuleError(message, last, *list(rule)[-1:])
    count = sum(one.count for one in targets)
    if count > MOST_ALLOCATIONS:
        rule_text = f"a study has at most {MOST_ALLOCATIONS} allocations: legs, and the weights that mixes may have"
        raise RuleError(f"{rule_text}; take coarser steps, or fewer legs or weights", count)
    used: dict[str, None] = {}
    tests = tuple((named[leg], _compile(text, leg, bits, used)) for leg, text in entries[:-1])
    otherwise = named.get(entries[-1][0])
    for target in [*(one for one, _ in tests), *([otherwise] if otherwise is not None else [])]:
        used |= dict.fromkeys(target.bits)
    return _Parsed(tests, otherwise, used)


def _compile(text: str, leg: str, bits: set[str], used: dict[str, None]) -> Test:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _node(ast.parse(text.strip(), mode="eval").body, text, leg, bits, used)
    except RuleError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        message = "a line of the rule is an expression of signals, and, or, not, parentheses; rewrite it"
        raise RuleError(message, text, leg) from error


def _node(node: ast.expr, text: str, leg: str, bits: set[str], used: dict[str, None]) -> Test:
    if isinstance(node, ast.BoolOp):
        parts = [_node(value, text, leg, bits, used) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda states: all(part(states) for part in parts)
        return lambda states: any(part(states) for part in parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _node(node.operand, text, leg, bits, used)
        return lambda states: not inner(states)
    if isinstance(node, ast.Name | ast.Attribute):
        name = ast.unparse(node)
        if name not in bits:
            remedy = f"use {', '.join(sorted(bits))}" if bits else "declare it under signals"
            raise RuleError(f"a line of the rule names signals; {remedy}", name, leg)
        used[name] = None
        return lambda states: states[name]
    raise ValueError(text)
