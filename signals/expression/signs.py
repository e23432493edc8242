"""Values below 0 where an operator needs values above: a change relative to them would have no meaning."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.plausible import is_placeholder
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.operators.declaration import Operator


def check_signs(operator: Operator, arrays: Sequence[Floats], texts: Sequence[str], dates: Dates, where: str) -> None:
    """Raises InputError where an operator needs values above 0 and one is below.

    ``arrays``: those of the operator, in order; ``texts``: the formula of each. ``dates``: of the values that count,
    the first ones of each array.
    """
    given = [argument for argument in operator.arguments if argument.is_array]
    for argument, values, text in zip(given, arrays, texts, strict=True):
        below = values[: len(dates)] < 0
        if not argument.positive or not below.any():
            continue
        day = int(below.argmax())
        remedy = "Use a difference, such as diff, or a series without values below 0"
        if is_placeholder(values[day]):
            remedy = f"If it stands for a missing value, empty its cell and write missing: drop. {remedy}"
        rule = f"{operator.name} needs values of {argument.name} above 0"
        raise InputError(rule, f"{values[day]:g} of {text}, the value known on {dates[day]}", where, remedy)
