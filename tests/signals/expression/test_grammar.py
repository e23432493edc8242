"""What an expression means, and what is said of one that means nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.duration import Duration
from gridproof.signals.expression.example import evaluate_example
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.argument import choice, series, window
from gridproof.signals.expression.operators.declaration import Catalogue, Example, operator
from gridproof.signals.expression.operators.quantity import SHARE
from gridproof.signals.expression.parser import Parser
from gridproof.signals.expression.scope import Scope

CATALOGUE = Catalogue()
X = (4.0, 2.0, 1.0, 3.0, 5.0)


@operator(
    series(),
    window(every=True),
    choice("side", "which end", ("first", "last"), "last"),
    source="this test",
    example=Example("part(x, 2)", {"x": (1, 2)}, (0, 1)),
    unit=SHARE,
    catalogue=CATALOGUE,
)
def part(x: np.ndarray, n: int, side: str) -> np.ndarray:
    return np.full(len(x), 0.25 if side == "last" else 0.75)


@operator(
    series(),
    window(least=0),
    source="this test",
    example=Example("shift(x, 1)", {"x": (1, 2)}, (np.nan, 1)),
    catalogue=CATALOGUE,
)
def shift(x: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([np.full(min(n, len(x)), np.nan), x[: max(0, len(x) - n)]])


NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * x", (9, 5, 3, 7, 11)),
        ("-x ** 2 / 2", (-8, -2, -0.5, -4.5, -12.5)),
        ("x - shift(x, 1)", (NAN, -2, -1, 2, 2)),
        ("shift(x, 2d)", (NAN, NAN, 4, 2, 1)),
        ("x > 2", (1, 0, 0, 1, 1)),
        ("1 < x <= 4", (1, 1, 0, 1, 0)),
        ("x == 2 or x != x", (0, 1, 0, 0, 0)),
        ("not x > 2 and x > 1", (0, 1, 0, 0, 0)),
        ("x > 2 or shift(x, 1) > 3", (NAN, 1, 0, 1, 1)),
        ("where(x > 2, x, 0)", (4, 0, 0, 3, 5)),
        ("where(shift(x, 1) > 2, 1, 0)", (NAN, 1, 0, 0, 1)),
        ("1 / (x - 2)", (0.5, NAN, -1, 1, 1 / 3)),
        ("(x > 2) + (x > 3)", (2, 0, 0, 1, 2)),
        ("part(x, all, side=first)", (0.75,) * 5),
        ("part(x, n=3)", (0.25,) * 5),
        ("2 > 1", (1,) * 5),
        ("1 + part(x, 2) > 30", (0,) * 5),  # arithmetic has no bounds
    ],
)
def test_an_expression_is_what_it_says(text: str, expected: tuple[float, ...]) -> None:
    np.testing.assert_allclose(evaluate_example(text, {"x": X}, CATALOGUE.operators), expected)


def test_a_formula_is_written_back() -> None:
    parser = Parser(Graph(CATALOGUE.operators))
    scope = Scope(frozenset({"x"}), {}, {"n": "s.n"}, "study")
    for text in ("(x + 1) * -x / (2 - (x - 1))", "not (x > 1 or x < 0) and x ** 2 > n", "part(x, 6y, first)"):
        at = parser.parse(text, scope)
        assert parser.graph.text(at) == text
        assert parser.parse(parser.graph.text(at), scope) == at, "equal formulas are one node"
    assert parser.graph.text(parser.parse("part(x, n - 1, side=first)", scope)) == "part(x, n - 1, first)"


def test_exact_texts_differ_where_formulas_do() -> None:
    graph = Graph(CATALOGUE.operators)
    parser, none = Parser(graph), Scope(frozenset(), {}, {}, "study", columns=True)
    column = parser.parse("x", none)
    scope = Scope(frozenset({"x"}), {"y": lambda: column}, {"n": "s.n", "m": "t.n"}, "study")
    same = [("x + n", "x + m"), ("x - y", "y - x"), ("x * (-1) ** 2", "x * -1 ** 2")]
    for pair in same:
        one, other = (graph.exact_text(parser.parse(text, scope)) for text in pair)
        assert one != other
    at = parser.parse("x + n * y", scope)
    assert graph.exact_text(at) == "series.x + s.n * x"
    assert graph.exact_text(at, {"s.n": "2", "x": "series.0"}) == "series.0 + 2 * x"


FAULTS = {
    "part(y, 2)": "column 6: a name is a series, a value or a parameter; got y. Use one of x",
    "prt(x, 2)": "column 1: an operator must be in the catalogue; got prt. Did you mean part",
    "part(x)": "column 1: part needs n: values, today included; got part(x). Write part(x, n, side=)",
    "part(x, 2, k=1)": "an argument of part is x, n, side; got k",
    "part(x, 2, n=1)": "an argument is given once; got n",
    "part(x, 0)": "n of part must be at least 1; got 0",
    "part(x, 1.5)": "n of part must be a whole number of values or a duration; got 1.5",
    "part(x, x)": "n of part is one number for all days; got x",
    "shift(x, all)": "n of shift must be a number of values, not all",
    "part(x, 2, sid)": "side is one of its choices; got sid",
    "part(x, 2) > 30": "column 14: part(x, 2) is a share and lies between 0 and 1; got 30. Write 0.3: it is a share",
    "x > 1 and part(x, 2) - part(x, 3) < -2": "is a difference and lies between -1 and 1; got -2",
    "x + 6y": "column 5: a duration is an argument of an operator; got 6y",
    "-x and x > 1": "column 1: and, or, not combine conditions; got -x. Write a comparison",
    "x if x else x": "an expression is a formula of names",
    "x.real": "an expression has names without a dot; got x.real",
    "__import__('os')": "an operator must be in the catalogue; got __import__",
    "x + 'a'": "a number is expected here; got 'a'",
    "x +": "(invalid syntax)",
    "[x]": "an expression is a formula of names",
    "é + 6y": "column 1: a name is a series, a value or a parameter; got é",
    "part": "part is an operator and takes arguments; got part. Write part(x, n, side=)",
    "(" * 300 + "x" + ")" * 300: "an expression is",
    "-" * 5000 + "x": "an expression is",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_one_line(text: str) -> None:
    parser = Parser(Graph(CATALOGUE.operators))
    scope = Scope(frozenset({"x"}), {}, {}, "study.yaml:7 signals.s.value")
    with pytest.raises(InputError, match=re.escape(FAULTS[text])) as error:
        parser.parse(text, scope)
    assert str(error.value).startswith("study.yaml:7 signals.s.value")
    assert "\n" not in str(error.value)


def test_a_duration_is_a_number_of_values() -> None:
    assert [Duration.parse(text).values(243, 243) for text in ("6y", "3m", "1y", "10d", "2w")] == [1458, 61, 243, 10, 9]
    assert [Duration.parse(text).values(12, 243) for text in ("6y", "3m")] == [72, 3]
