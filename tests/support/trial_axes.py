"""Axes of trials for tests of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.results.ledger import file as ledger_file
from gridproof.results.ledger.ledger import (
    TrialAxis,
)

NAMES = ("a", "b", "c", "d")


def box(*values: Sequence[ledger_file.Value], names: Sequence[str] = NAMES) -> tuple[TrialAxis, ...]:
    return tuple(TrialAxis((name,), tuple(each)) for name, each in zip(names, values, strict=False))


def ten_axes(first: int = 0, backwards: bool = False) -> tuple[TrialAxis, ...]:
    """Ten axes of 0 … 9, the sixth from ``first`` on."""
    begins = [first if at == 5 else 0 for at in range(10)]
    axes = tuple(TrialAxis((f"p{at}",), tuple(range(begin, begin + 10))) for at, begin in enumerate(begins))
    return axes[::-1] if backwards else axes
