"""Writes docs/operators.md from the declarations of the operators: ``python -m docs.generate_operators``."""

from __future__ import annotations

from pathlib import Path

from gridproof.signals.expression.operators import OPERATORS, OVER_STOCKS
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.operators.description import (
    arguments,
    example,
    groups,
    plain,
    result,
    summary,
    warm_up,
)

PAGE = Path(__file__).parent / "operators.md"
_INTRODUCTION = """# Operators

Generated from the declarations by `python -m docs.generate_operators`. Every example is run by the tests.
`gridproof operators NAME` prints the same.

The value at t uses what was known at the close of t, and nothing later. A window holds the last n values, today's
included, all of them known; else the result is unknown. A window may be a number of values, a duration (`6y`, `3m`) or
`all`: all known values up to today. With `min=m` fewer values suffice: while there are m to n, all of them count, then
the last n. With `since=DATE` earlier values do not count. A result that would be infinite is unknown. Values of a day
do not depend, to the last bit, on how many follow or on what lies before their window.

All but those over stocks work on a series and on a [panel](panel.md), there on each stock by itself.
"""


def operators_page() -> str:
    """The page as it should be."""
    parts = [_INTRODUCTION]
    every = [*OPERATORS.operators.values(), *OVER_STOCKS.operators.values()]
    for title, members in groups(every).items():
        parts += [f"## {title}\n", _table(members), *map(_section, members)]
    return "\n".join(parts).rstrip() + "\n"


def _table(members: list[Operator]) -> str:
    rows = [f"| [`{one.name}`](#{_anchor(one)}) | {summary(one).replace('|', chr(92) + '|')} |" for one in members]
    return "\n".join(["| operator | value |", "|---|---|", *rows, ""])


def _anchor(one: Operator) -> str:
    """The place of an operator on the page. Two operators over stocks come after others of the same name."""
    return f"{one.name}-1" if one.across is not None and one.name in OPERATORS.operators else one.name


def _section(one: Operator) -> str:
    lines = [f"### {one.name}\n", f"```\n{one.signature}\n```\n", plain(one.doc) + "\n"]
    lines += [f"- `{name}`: {text}" for name, text in arguments(one)]
    lines += [f"- result: {result(one)}", f"- warm-up: {warm_up(one)}"]
    lines += [f"- example: `{example(one)}`", f"- source: {one.source}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(operators_page(), encoding="utf-8")
    print(PAGE)
