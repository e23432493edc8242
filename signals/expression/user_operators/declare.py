"""The decorator by which a user's file declares an operator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators import OPERATORS, OVER_STOCKS
from gridproof.signals.expression.operators.argument import ALL_WRITTEN, Argument
from gridproof.signals.expression.operators.declaration import Catalogue, Example, WarmUp, operator
from gridproof.signals.expression.operators.quantity import NUMBER, Quantity, QuantityRule

# Words of the language that are no operators.
_RESERVED = ("where", "and", "or", "not", ALL_WRITTEN)
# The catalogue of the file that is being executed, and the name of its module.
LOADING: ContextVar[tuple[Catalogue, str] | None] = ContextVar("loading", default=None)


class DeclarationError(Exception):
    """A fault of a declaration: the rule, the value, the remedy."""


def declare(
    *arguments: Argument,
    warm_up: WarmUp | int = 0,
    name: str | None = None,
    result: Literal["number", "boolean"] = "number",
    unit: Quantity | QuantityRule = NUMBER,
    many: str | None = None,
    calendar: bool = False,
    history: bool = False,
    source: str = "",
    example: Example | None = None,
) -> Callable[[Callable[..., Floats]], Callable[..., Floats]]:
    """Declare a function of the file as an operator; public as ``gridproof.operators.operator``.

    Parameters
    ----------
    arguments
        Its arguments in the order in which the function takes them: ``series()``, ``boolean(…)``, ``window()``,
        ``number(…)``, ``choice(…)`` or ``Argument(…)``.
    warm_up
        How many values are unknown at first; the value of a day depends on that day and so many before it. A number,
        or a function of the scalar arguments by name, such as ``lambda scalars: scalars["n"] - 1``.
    name
        The name in expressions. None: that of the function, without a last underscore.
    result
        ``"number"``, or ``"boolean"`` for a condition: 0, 1, or NaN where unknown.
    unit
        What the number measures, such as ``SHARE``; a comparison with a number beyond its bounds is an error.
    many
        The name of a window: the function gets all its values at once, (K,) int64 ascending, and returns (K, T).
    calendar
        Whether the function gets a ``Calendar`` as the keyword ``calendar``: dates, values a year, ends of weeks and of
        months.
    history
        Whether a value may depend on all values before it, as in a recursion, not on ``warm_up`` values alone.
    source
        Where the formula is from.
    example
        A call with its inputs and its result, which is checked when the file is loaded.

    Returns
    -------
    Callable
        A decorator, which returns the function as it is. The function gets (T,) float64 for each series, NaN where
        unknown, and returns (T,) float64. Its value of a day may use values up to that day only. Its docstring says
        what it computes and when that is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from gridproof.operators import operator, series, window
    >>> @operator(series(), window(), warm_up=lambda scalars: scalars["n"] - 1)
    ... def spread(x, n):
    ...     '''Highest less lowest of the last n values. Unknown where one of them is unknown.'''
    ...     result = np.full(len(x), np.nan)
    ...     result[n - 1 :] = np.ptp(np.lib.stride_tricks.sliding_window_view(x, n), axis=-1) if n <= len(x) else []
    ...     return result
    >>> spread(np.array([1.0, 4.0, 2.0]), 2)
    array([nan,  3.,  2.])
    """

    def decorate(function: Callable[..., Floats]) -> Callable[..., Floats]:
        loading = LOADING.get()
        if loading is not None and function.__module__ == loading[1]:
            chosen = name or function.__name__.rstrip("_")
            _check_declaration(function, chosen, arguments, calendar, many)
            declared = operator(
                *arguments, source=source, example=example, warm_up=warm_up, name=chosen, result=result, unit=unit,
                many=many, calendar=calendar, history=history, catalogue=loading[0],
            )  # fmt: skip
            declared(function)
        return function

    return decorate


def _check_declaration(
    function: Callable[..., Floats], name: str, arguments: tuple[Argument, ...], calendar: bool, many: str | None
) -> None:
    loading = LOADING.get()
    assert loading is not None
    if not name.isidentifier():
        raise DeclarationError("the name of an operator is letters, digits and underscores", name, "Rename it")
    taken = name in OPERATORS.operators or name in OVER_STOCKS.operators
    if name in _RESERVED or taken:
        kind = "an operator" if taken else "a word"
        raise DeclarationError(
            "an operator of your own has a name of its own", f"{name}, {kind} of the language", "Rename it"
        )
    if name in loading[0].operators:
        raise DeclarationError("an operator is declared once", f"{name} twice", "Rename one")
    if not inspect.getdoc(function):
        raise DeclarationError("an operator has a docstring", "none", "Say what it computes and when that is unknown")
    names = [one.name for one in arguments]
    if len(set(names)) < len(names) or not all(one.isidentifier() for one in names):
        raise DeclarationError("the arguments of an operator have names of their own", ", ".join(names), "Rename one")
    if not calendar and not any(one.is_array for one in arguments):
        rule, remedy = "an operator has a series, a condition or the calendar", "Declare one, or write a number instead"
        raise DeclarationError(rule, f"{name} with {', '.join(names) or 'nothing'}", remedy)
    if many is not None and many not in [one.name for one in arguments if one.kind == "window"]:
        raise DeclarationError("many names a window among the arguments", many, "Name one, or remove it")
    try:
        inspect.signature(function).bind(*names, **({"calendar": None} if calendar else {}))
    except TypeError:
        rule = f"the function takes the declared arguments: {', '.join([*names, *(['calendar'] if calendar else [])])}"
        raise DeclarationError(
            rule, str(inspect.signature(function)), "Declare the same arguments in the same order"
        ) from None
