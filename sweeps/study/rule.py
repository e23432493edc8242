"""The rule: a table from the signals' states and the current allocation to the next allocation."""

from __future__ import annotations

import ast
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Ints

OTHERWISE = "otherwise"
HOLD = "hold"

Test = Callable[[dict[str, bool]], bool]


class RuleError(ValueError):
    """An invalid rule. The message is 'rule; remedy'; ``value``: the wrong text; ``place``: its keys in the rule."""

    def __init__(self, message: str, value: object, *place: str) -> None:
        super().__init__(message)
        self.value, self.place = value, place


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


def parse_rule(rule: dict[str, str], legs: list[str], bits: set[str]) -> Rule:
    """Compile ordered ``leg: expression`` entries; the last one is ``leg: otherwise`` or ``hold: otherwise``.

    The first true expression chooses its leg. Expressions use signal bits, ``and``, ``or``, ``not`` and parentheses.
    Raises RuleError if an entry is invalid.
    """
    return _tabulate({"": _parse(rule, legs, bits)}, legs, ())


def parse_rules(rules: Mapping[str, dict[str, str]], legs: list[str], bits: set[str], choice: Sequence[str]) -> Rule:
    """Compile alternative rules into one. ``choice``: additional bits for the number of the alternative, bit 0 first.

    Raises RuleError if a rule is invalid; its place begins with the name of that rule.
    """
    parsed = {}
    for name, rule in rules.items():
        try:
            parsed[name] = _parse(rule, legs, bits)
        except RuleError as fault:
            raise RuleError(str(fault), fault.value, name, *fault.place) from fault
    return _tabulate(parsed, legs, choice)


@dataclass(frozen=True, slots=True)
class _Parsed:
    tests: tuple[tuple[str, Test], ...]
    last: str
    used: dict[str, None]


def _tabulate(parsed: Mapping[str, _Parsed], legs: list[str], choice: Sequence[str]) -> Rule:
    used = dict.fromkeys(choice)
    for one in parsed.values():
        used |= one.used
    if len(used) > 16:
        raise RuleError("a rule may use at most 16 signal bits; drop some", len(used))
    rules = list(parsed.values())
    table = np.empty((len(legs), 2 ** len(used)), dtype=np.int64)
    alternatives = np.empty(2 ** len(used), dtype=np.int64)
    # Reversed: itertools varies the last item fastest, but bit 0 of a code is the first name.
    for code, states in enumerate(itertools.product((False, True), repeat=len(used))):
        known = dict(zip(used, reversed(states), strict=True))
        number = sum(known[bit] << at for at, bit in enumerate(choice))
        alternatives[code] = min(number, len(rules) - 1)
        rule = rules[alternatives[code]]
        chosen = next((leg for leg, test in rule.tests if test(known)), rule.last)
        table[:, code] = np.arange(len(legs)) if chosen == HOLD else legs.index(chosen)
    uses = {name: frozenset(one.used) for name, one in parsed.items()}
    return Rule(tuple(used), table, alternatives, any(rule.last == HOLD for rule in rules), uses)


def _parse(rule: dict[str, str], legs: list[str], bits: set[str]) -> _Parsed:
    entries = [(text, leg) if leg == OTHERWISE else (leg, text) for leg, text in rule.items()]
    for (leg, text), line in zip(entries, rule, strict=True):
        if leg not in legs and not (leg == HOLD and text == OTHERWISE):
            raise RuleError(f"the rule chooses among the legs; use {', '.join(legs)}", leg, line)
        if text == OTHERWISE and line != list(rule)[-1]:
            raise RuleError("'otherwise' must be the last line of the rule; move it", leg, line)
    if not entries or entries[-1][1] != OTHERWISE:
        last = f"{entries[-1][0]}: {entries[-1][1]}" if entries else None
        message = "the last line of the rule must be 'leg: otherwise' or 'hold: otherwise'; add it"
        raise RuleError(message, last, *list(rule)[-1:])
    if len(legs) > 64:
        raise RuleError("a study has at most 64 legs; drop some", len(legs))
    used: dict[str, None] = {}
    tests = tuple((leg, _compile(text, leg, bits, used)) for leg, text in entries[:-1])
    return _Parsed(tests, entries[-1][0], used)


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
            raise RuleError(f"a line of the rule names signals; use {', '.join(sorted(bits))}", name, leg)
        used[name] = None
        return lambda states: states[name]
    raise ValueError(text)
