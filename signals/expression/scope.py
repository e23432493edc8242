"""What surrounds an expression: the names that it may use, and how it uses its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gridproof.signals.expression.operators.argument import Argument


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use, and where it stands.

    ``values``: named expressions and fields of the panel; a function gives the node of one. ``parameters``: the full
    name of each parameter. ``where``: the file, line and key, for faults. ``columns``: every other name is a column of
    the panel's file. ``universe``: the node of the condition under which a stock counts where an operator over stocks
    says none; None: all count.
    """

    series: frozenset[str]
    values: Mapping[str, Callable[[], int]]
    parameters: Mapping[str, str]
    where: str
    columns: bool = False
    universe: int | None = None

    @property
    def names(self) -> list[str]:
        return [*self.parameters, *self.values, *sorted(self.series)]


@dataclass(frozen=True, slots=True)
class Use:
    """How an expression uses a parameter: as this argument of an operator, or in arithmetic (``argument`` None).

    ``whole``: it is the argument itself, not part of a formula for it. ``low``, ``high``: the bounds of what it is
    compared with, named by ``unit``.
    """

    argument: Argument | None = None
    whole: bool = True
    low: float = float("-inf")
    high: float = float("inf")
    unit: str = ""
