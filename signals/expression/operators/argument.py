"""The arguments of an operator: expressions, and scalars, which may be parameters of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ArgumentKind = Literal["series", "boolean", "group", "window", "number", "choice", "date"]
Scalar = int | float | str | None

# The window `all`: longer than any series. A function that gets it uses all values that there are.
ALL: Final = 2**31 - 1
# The same as an expression writes it.
ALL_WRITTEN: Final = "all"
# The default of an argument that must be given.
REQUIRED: Final = "<required>"


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
