"""What an operator of the language declares, and the catalogue that the declarations fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack

from gridproof.kernels.arrays import Bools, Floats
from gridproof.signals.expression.operators.argument import REQUIRED, Argument
from gridproof.signals.expression.operators.quantity import NUMBER, Quantity, QuantityRule

if TYPE_CHECKING:  # the module imports pandas, which a command that lists the operators need not wait for
    from gridproof.signals.data.source import Dates


@dataclass(frozen=True, slots=True)
class Calendar:
    """The dates of an operator's values, for operators that need them.

    ``dates``: (T,) datetime64[D]. ``periods``: values a year. ``week_ends``, ``month_ends``: (T,) bool, whether the
    next trading day is known and lies in another ISO week or month.
    """

    dates: Dates
    periods: float
    week_ends: Bools
    month_ends: Bools


@dataclass(frozen=True, slots=True)
class Example:
    """An expression that calls the operator, the values of the names in it, and its values: a test compares them."""

    text: str
    inputs: Mapping[str, tuple[float, ...]]
    result: tuple[float, ...]


WarmUp = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of the language.

    ``function``: called with the arguments in the order of ``arguments``; returns (T,) float64 on the same days, NaN
    where unknown; a boolean is 0, 1 or NaN. With ``many`` it gets the argument of that name as (K,) int64, ascending
    and distinct, and returns (K, T). With ``calendar`` it gets a Calendar as the keyword ``calendar``.

    Contract: pure; the value at t uses values up to t alone, and its bits depend neither on how many values follow nor,
    without ``history``, on how many precede the last ``warm_up`` + 1. Numbers from NaN are NaN, without warnings
    (NumPy's are off during the call).

    ``result``: number or boolean. ``unit``: of the result, fixed or from the units of the arrays. ``warm_up``: how many
    values from the first known one of the inputs on are unknown, from the scalars by name. ``hindsight``: the same
    function with events dated when they happened instead of when they were known; it shows a look-ahead and is never
    traded. ``samples``: the result is one value a day, week or month, at the close of its last trading day; the
    function gives them on trading days, each held to the next. ``history``: a value may depend on all values before
    it, as in a recursion, not on a window alone. ``ahead``: it knows the trading days ahead, as an exchange publishes
    them, but no values. ``level``: the result has the size and the sign of its first series, as a mean or a lag has.
    ``columns``: the function also takes arrays of S stocks, (T, S), or (T, 1) of what they share, and gives (T, S).
    ``stocks``: the function of windows of n values of S stocks at once, x (T, S), with the same bits; None where it
    cannot. It is asked where every window is full: without ``min``, ``since`` or ``all``.
    ``across``: the operator is over the stocks of each day, its arrays are (n, S), and it gives a value of each stock,
    (n, S), or a series, (n,). Its function gets as the keyword ``inside`` which stocks count, (n, S) bool, and not
    ``where``; the arrays of a last argument that may be given several times come one after the other.
    ``mark``: of a user's own operator the digest of its file, which tells it from one of the same name in another file.
    ``doc``: formula, timing and treatment of NaN, plain sentences. ``source`` and ``example`` are
    given for all operators of the language; a user's own may lack them.
    """

    name: str
    arguments: tuple[Argument, ...]
    function: Callable[..., Floats]
    doc: str
    source: str
    example: Example | None
    warm_up: WarmUp
    result: Literal["number", "boolean"] = "number"
    unit: Quantity | QuantityRule = NUMBER
    many: str | None = None
    calendar: bool = False
    hindsight: Callable[..., Floats] | None = None
    samples: Literal["day", "week", "month"] | None = None
    history: bool = False
    ahead: bool = False
    level: bool = False
    columns: bool = False
    stocks: Callable[[Floats, int], Floats | None] | None = None
    across: Literal["stocks", "series"] | None = None
    mark: str = ""

    def unit_of(self, units: tuple[Quantity, ...]) -> Quantity:
        """The unit of the result. ``units``: of the arrays among the arguments, in order."""
        return self.unit if isinstance(self.unit, Quantity) else self.unit(units)

    @property
    def signature(self) -> str:
        """The call as it is written, such as ``mean(x, n, min=, since=)``."""
        names = [one.name if one.default == REQUIRED else f"{one.name}=" for one in self.arguments if not one.several]
        if self.arguments and self.arguments[-1].several:
            names.insert(self.required, f"{self.arguments[-1].name}, …")
        return f"{self.name}({', '.join(names)})"

    @property
    def required(self) -> int:
        """The number of arguments that must be given."""
        return sum(one.default == REQUIRED for one in self.arguments)

    def placed(self, operands: Sequence[int]) -> list[tuple[Argument, int]]:
        """Each operand of a call with its argument; those of an argument that may be given several times at the end."""
        own = [one for one in self.arguments if not one.several]
        more = [(self.arguments[-1], at) for at in operands[len(own) :]]
        return [*zip(own, operands, strict=False), *more]


class Properties(TypedDict, total=False):
    """The optional fields of an ``Operator``, as keywords of its declaration."""

    result: Literal["number", "boolean"]
    unit: Quantity | QuantityRule
    many: str | None
    calendar: bool
    hindsight: Callable[..., Floats] | None
    samples: Literal["day", "week", "month"] | None
    history: bool
    ahead: bool
    level: bool
    columns: bool
    stocks: Callable[[Floats, int], Floats | None] | None
    across: Literal["stocks", "series"] | None


@dataclass(slots=True)
class Catalogue:
    """Operators by name. ``operator`` adds to ``OPERATORS``, those along time, unless it is given another one."""

    operators: dict[str, Operator] = field(default_factory=dict)

    def add(self, operator: Operator) -> None:
        if operator.name in self.operators:
            raise ValueError(f"the operator {operator.name} is declared twice")
        self.operators[operator.name] = operator


OPERATORS: Final = Catalogue()
# Operators over the stocks of a day. Two of them have the names of operators along time, and fewer arguments.
OVER_STOCKS: Final = Catalogue()


def operator(
    *arguments: Argument,
    source: str,
    example: Example | None,
    warm_up: WarmUp | int = 0,
    name: str | None = None,
    catalogue: Catalogue = OPERATORS,
    **properties: Unpack[Properties],
) -> Callable[[Callable[..., Floats]], Callable[..., Floats]]:
    """Declare a function as an operator of the language; see ``Operator``.

    ``name``: that of the function by default, without a last underscore. ``doc`` is the function's docstring.

    Examples
    --------
    >>> from gridproof.signals.expression.operators.argument import series
    >>> from gridproof.signals.expression.operators.declaration import Catalogue, Example, operator
    >>> catalogue = Catalogue()
    >>> example = Example("twice(x)", {"x": (1, 2)}, (2, 4))
    >>> @operator(series(), source="arithmetic", example=example, catalogue=catalogue)
    ... def twice(x):
    ...     '''2x. NaN stays NaN.'''
    ...     return 2 * x
    >>> catalogue.operators["twice"].signature
    'twice(x)'
    """

    def declare(function: Callable[..., Floats]) -> Callable[..., Floats]:
        chosen = name or function.__name__.rstrip("_")
        days = warm_up if callable(warm_up) else lambda _scalars: warm_up
        doc = function.__doc__ or ""
        catalogue.add(Operator(chosen, arguments, function, doc, source, example, days, **properties))
        return function

    return declare
