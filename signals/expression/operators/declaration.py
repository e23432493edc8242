"""What an operator of the language declares, and the catalogue that the declarations fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack

import numpy as np

from gridproof.kernels.arrays import Bools, Floats

if TYPE_CHECKING:  # the module imports pandas, which a command that lists the operators need not wait for
    from gridproof.signals.data.source import Dates

ArgumentKind = Literal["series", "boolean", "group", "window", "number", "choice", "date"]
Scalar = int | float | str | None

# The window `all`: longer than any series. A function that gets it uses all values that there are.
ALL: Final = 2**31 - 1
# The same as an expression writes it.
ALL_WRITTEN: Final = "all"
# The default of an argument that must be given.
REQUIRED: Final = "<required>"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number measures, and the bounds within which it lies: a comparison with a constant beyond them is a fault.

    ``name``: for messages, such as "a share".
    """

    name: str
    low: float = -np.inf
    high: float = np.inf


NUMBER = Quantity("a number")  # nothing is known of it: a price, a yield, the result of arithmetic
RATIO = Quantity("a ratio less 1")  # 0.3 is 30 %
SHARE = Quantity("a share", 0.0, 1.0)
PERCENT = Quantity("an index from 0 to 100", 0.0, 100.0)
CORRELATION = Quantity("a correlation", -1.0, 1.0)
COUNT = Quantity("a count", 0.0)
FALL = Quantity("a fall", -1.0, 0.0)
DEVIATION = Quantity("a deviation", 0.0)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operator.

    ``kind``: ``series`` and ``boolean`` are expressions, (T,) float64 each; all others are scalars, which may be
    parameters of a study and so axes of its grid; ``group`` is a group of each stock, a number or, of a column, a text:

    - ``window``: a number of values, int; in a study also a duration such as ``6y``. With ``every`` it may be ``all``,
      and the function gets ``ALL``.
    - ``number``: int or float; ``whole`` allows only int.
    - ``choice``: one of ``choices``, str.
    - ``date``: a date in a study; the function gets the position of the first value dated then or later, int from 0 to
      T. Its default None is 0. With ``latest`` it is the position of the last value dated then or earlier, −1 for none.

    ``default``: REQUIRED, a scalar, or None: the function gets None where nothing is given. ``least``, ``most``: the
    bounds of a scalar, both included. ``positive``: of a series whose values below 0 would give a number without
    meaning, such as the base of a relative change; they are an error. ``several``: of the last argument, a series that
    may be given several times, or not at all.
    """

    name: str
    kind: ArgumentKind
    meaning: str
    default: Scalar = REQUIRED
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    every: bool = False
    whole: bool = False
    positive: bool = False
    latest: bool = False
    several: bool = False

    @property
    def is_array(self) -> bool:
        return self.kind in ("series", "boolean", "group")


def series(name: str = "x", meaning: str = "the series", positive: bool = False) -> Argument:
    """An expression, (T,) float64, NaN where unknown. ``positive``: values below 0 are an error."""
    return Argument(name, "series", meaning, positive=positive)


def boolean(name: str, meaning: str) -> Argument:
    """A condition, (T,) float64: 0, 1, or NaN where unknown."""
    return Argument(name, "boolean", meaning)


def window(name: str = "n", meaning: str = "values, today included", least: int = 1, every: bool = False) -> Argument:
    """A number of values, int. ``every``: it may be ``all``, of which the function gets ``ALL``."""
    return Argument(name, "window", meaning, least=least, every=every)


def choice(name: str, meaning: str, choices: tuple[str, ...], default: Scalar = REQUIRED) -> Argument:
    """One of several words, str."""
    return Argument(name, "choice", meaning, default, choices=choices)


def number(
    name: str, meaning: str, default: Scalar = REQUIRED, least: float | None = None, most: float | None = None
) -> Argument:
    """A number from ``least`` to ``most``, int or float."""
    return Argument(name, "number", meaning, default, least, most)


MIN_VALUES = Argument("min", "number", "known values that suffice; by default n, for all 1", None, 1, whole=True)
# The condition under which a stock counts, of an operator over stocks; its function gets it within ``inside``.
WHERE = Argument("where", "boolean", "only stocks for which it is true count", None)
SINCE = Argument("since", "date", "values before this date do not count", None)
# The arguments after the series of an operator over a window of n values, or over all. Its function gets n (int or,
# with ``many``, (K,) int64; ALL for all), min (int or None) and since (position of the first value that counts).
WINDOW = (window(every=True), MIN_VALUES, SINCE)


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


QuantityRule = Callable[[tuple[Quantity, ...]], Quantity]
WarmUp = Callable[[Mapping[str, Any]], int]


def unit_of_first(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of the first series: of a mean, a lag, a minimum."""
    return units[0]


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
    >>> from gridproof.signals.expression.operators.declaration import *
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
