"""What the command line shows of the operators of the expression language."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from rich.table import Table

from gridproof.results.texts.catalogue import read_messages
from gridproof.results.texts.spoken import spoken
from gridproof.results.texts.translation import Translation
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
        console.print(bold(in_words(title)))
        table = Table("operator", in_words("value"), box=None)
        for one in members:
            table.add_row(one.signature, in_words(summary(one)))
        print_table(table)


def print_operator(operator: Operator) -> None:
    """All that is declared of one operator."""
    console.print(bold(operator.signature))
    console.print("\n\n".join(in_words(part) for part in plain(operator.doc).split("\n\n")))
    for name, text in arguments(operator):
        _print_fact(name, in_words(text))
    for name, told in (("result", result), ("warm-up", warm_up), ("example", example)):
        _print_fact(in_words(name), in_words(told(operator)))
    _print_fact(in_words("source"), in_words(operator.source))


def print_own_operators(file: OperatorFile) -> None:
    """The file of a study's own operators, and how each is called."""
    console.print(bold(f"operators of {file.path}"))
    console.print(f"  sha256 of the file: {file.digest}")
    for one in file.operators().values():
        _print_fact(one.signature, in_words(summary(one)))


def in_words(text: str) -> str:
    """A text on an operator in the language of this process; what an author wrote stays as it is."""
    return text if spoken() == "en" else _chinese()(text).replace("unknown", "缺失")


@cache
def _chinese() -> Translation:
    """The texts on operators alone: short ones, such as "the price", would match a part of another text."""
    return Translation(read_messages("operators"), whole=True)


def _print_fact(name: str, text: str) -> None:
    console.print(f"  {name}: {text}" if spoken() == "en" else f"  {name}：{text}")
