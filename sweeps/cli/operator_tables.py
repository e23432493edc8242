"""What the command line shows of the operators of the expression language."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

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
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.sweeps.cli.console import bold, console, print_table


def print_operators(operators: Iterable[Operator]) -> None:
    """One table for each group: how an operator is called and what it gives."""
    for title, members in groups(operators).items():
        console.print(bold(title))
        table = Table("operator", "value", box=None)
        for one in members:
            table.add_row(one.signature, summary(one))
        print_table(table)


def print_operator(operator: Operator) -> None:
    """All that is declared of one operator."""
    console.print(bold(operator.signature))
    console.print(plain(operator.doc))
    for name, text in arguments(operator):
        console.print(f"  {name}: {text}")
    console.print(f"  result: {result(operator)}")
    console.print(f"  warm-up: {warm_up(operator)}")
    console.print(f"  example: {example(operator)}")
    console.print(f"  source: {operator.source}")


def print_own_operators(file: OperatorFile) -> None:
    """The file of a study's own operators, and how each is called."""
    console.print(bold(f"operators of {file.path}"))
    console.print(f"  sha256 of the file: {file.digest}")
    for one in file.operators().values():
        console.print(f"  {one.signature}: {summary(one)}")
