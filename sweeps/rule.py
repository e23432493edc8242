"""The rule: from signal bits and the allocation held to the allocation chosen."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Ints

OTHERWISE = "otherwise"
HOLD = "hold"

Test = Callable[[dict[str, bool]], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """``bits``: the signal bits that the expressions name, in order of appearance; bit b of a code is bits[b].

    ``table``: (A, 2^B) int64, F[allocation held, code]; F(F(a, c), c) = F(a, c).
    """

    bits: tuple[str, ...]
    table: Ints
    holds: bool  # whether the allocation held matters


def parse_rule(rule: dict[str, str], legs: list[str], bits: set[str]) -> Rule:
    """Compile ordered ``leg: expression`` entries, the last of them ``leg: otherwise`` or ``hold: otherwise``.

    The first expression that is true chooses its leg. Expressions use signal bits, and, or, not, parentheses.
    Raises ValueError with the rule broken and the remedy.
    """
    entries = [(text, leg) if leg == OTHERWISE else (leg, text) for leg, text in rule.items()]
    if not entries or entries[-1][1] != OTHERWISE:
        raise ValueError("the last line of the rule must be 'leg: otherwise' or 'hold: otherwise'; add it")
    for leg, text in entries:
        if leg not in legs and not (leg == HOLD and text == OTHERWISE):
            raise ValueError(f"the rule chooses among the legs, {leg!r} is none of {', '.join(legs)}; correct it")
    if any(text == OTHERWISE for _, text in entries[:-1]):
        raise ValueError("'otherwise' must be the last line of the rule; move it")
    used: dict[str, None] = {}
    tests = [(leg, _compile(text, bits, used)) for leg, text in entries[:-1]]
    if len(used) > 16:
        raise ValueError(f"a rule may use at most 16 signal bits, this one uses {len(used)}; drop some")
    last = entries[-1][0]
    table = np.empty((len(legs), 2 ** len(used)), dtype=np.int64)
    # itertools varies the last fastest and bit 0 of the code is the first name, hence the reversal.
    for code, states in enumerate(itertools.product((False, True), repeat=len(used))):
        known = dict(zip(used, reversed(states), strict=True))
        chosen = next((leg for leg, test in tests if test(known)), last)
        table[:, code] = np.arange(len(legs)) if chosen == HOLD else legs.index(chosen)
    return Rule(tuple(used), table, last == HOLD)


def _compile(text: str, bits: set[str], used: dict[str, None]) -> Test:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no expression of signals with and, or, not; correct it") from error
    return _node(tree, text, bits, used)


def _node(node: ast.expr, text: str, bits: set[str], used: dict[str, None]) -> Test:
    if isinstance(node, ast.BoolOp):
        parts = [_node(value, text, bits, used) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda states: all(part(states) for part in parts)
        return lambda states: any(part(states) for part in parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _node(node.operand, text, bits, used)
        return lambda states: not inner(states)
    if isinstance(node, ast.Name | ast.Attribute):
        name = ast.unparse(node)
        if name not in bits:
            raise ValueError(f"the rule names {name!r}, which is no signal; use {', '.join(sorted(bits))}")
        used[name] = None
        return lambda states: states[name]
    raise ValueError(f"{ast.unparse(node)!r} in {text!r} is not a signal, and, or, not; rewrite it")
