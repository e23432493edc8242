"""Operators over the stocks of a day. A stock counts where it has a row and a price, and the condition ``where`` holds.

In the ranking and the weights of a selection ``where`` is by default the selection's own. Values of other stocks, and
of other days, do not matter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.signals.expression.operators.argument import REQUIRED, WHERE, Argument, series
from gridproof.signals.expression.operators.change import difference_unit
from gridproof.signals.expression.operators.declaration import OVER_STOCKS, Example, operator
from gridproof.signals.expression.operators.quantity import SHARE, Quantity, unit_of_first

NAN = np.nan
_X = series(meaning="a value of each stock")
_DAYS = {"x": (5.0, 2.0, 9.0, 2.0)}
# Days whose stocks are computed at once.
_TOGETHER = 128


@operator(
    _X,
    WHERE,
    source="pandas DataFrame.rank(axis=1, pct=True)",
    example=Example("rank(x)", _DAYS, (0.75, 0.375, 1, 0.375)),
    unit=SHARE,
    across="stocks",
    catalogue=OVER_STOCKS,
)
def rank(x: Floats, *, inside: Bools) -> Floats:
    """The rank of each stock among those of the day, the lowest first, over their number: above 0, at most 1.

    Equal values share the mean of their ranks. Unknown where x is unknown.
    """
    from gridproof.kernels.panel.backend import resolve_panel  # compiles kernels; a list of operators need not wait

    ranks: Floats = resolve_panel("cpu").average_ranks(_key(x, inside))
    shares: Floats = ranks / np.isfinite(ranks).sum(axis=1, keepdims=True)
    return shares


@operator(
    _X,
    WHERE,
    source="the standard score, ddof 1",
    example=Example("zscore(x)", {"x": (1, 2, 3, NAN)}, (-1, 0, 1, NAN)),
    across="stocks",
    catalogue=OVER_STOCKS,
)
def zscore(x: Floats, *, inside: Bools) -> Floats:
    """(x − mean) / std of the stocks of the day, with n − 1 in the denominator of std.

    Unknown where x is unknown, or all values of the day are equal.
    """

    def scores(values: Floats, known: Bools, count: Ints) -> Floats:
        away = values - _mean(values, known, count)
        squares = (away * away).sum(axis=1, keepdims=True, where=known)
        equal = values.min(axis=1, keepdims=True, where=known, initial=np.inf) == values.max(
            axis=1, keepdims=True, where=known, initial=-np.inf
        )
        return np.where(equal, np.nan, away / np.sqrt(squares / (count - 1)))

    return _by_day(x, inside, scores)


@operator(
    _X,
    WHERE,
    source="difference from the cross-sectional mean",
    example=Example("demean(x)", {"x": (1, 2, 6, NAN)}, (-2, -1, 3, NAN)),
    unit=difference_unit,
    across="stocks",
    catalogue=OVER_STOCKS,
)
def demean(x: Floats, *, inside: Bools) -> Floats:
    """x less the mean of the stocks of the day; by groups: ``neutralize(x, group=g)``. Unknown where x is unknown."""
    return _by_day(x, inside, lambda values, known, count: values - _mean(values, known, count))


@operator(
    _X,
    Argument("share", "number", "the share of the stocks at each end that is drawn in", REQUIRED, 0.0, 0.5),
    WHERE,
    source="pandas Series.clip between two of its quantiles, linear interpolation",
    example=Example("winsorize(x, 0.25)", {"x": (0, 4, 8, 12, 100)}, (4, 4, 8, 12, 12)),
    unit=unit_of_first,
    across="stocks",
    catalogue=OVER_STOCKS,
)
def winsorize(x: Floats, share: float, *, inside: Bools) -> Floats:
    """x, at least the quantile ``share`` and at most the quantile 1 − ``share`` of the stocks of the day.

    A quantile is interpolated linearly between the two values next to it. Unknown where x is unknown.
    """

    def drawn_in(values: Floats, known: Bools, count: Ints) -> Floats:
        ordered = np.sort(np.where(known, values, np.nan), axis=1)  # unknown values last

        def at(part: float) -> Floats:
            place = part * np.maximum(count - 1, 0)
            low = np.floor(place).astype(np.int64)
            high = np.minimum(low + 1, np.maximum(count - 1, 0))
            below, above = (np.take_along_axis(ordered, one, axis=1) for one in (low, high))
            between: Floats = below + (above - below) * (place - low)
            return between

        return np.minimum(np.maximum(values, at(share)), at(1.0 - share))

    return _by_day(x, inside, drawn_in)


@operator(
    _X,
    Argument("group", "group", "a group of each stock, such as its industry: a number or, of a column, a text", None),
    WHERE,
    Argument("by", "series", "an exposure, such as log(cap)", None, several=True),
    source="residuals of ordinary least squares over the stocks of each day",
    example=Example("neutralize(x, y)", {"x": (1, 3, 2, 6), "y": (0, 1, 2, 3)}, (0.1, 0.7, -1.7, 0.9)),
    unit=difference_unit,
    across="stocks",
    catalogue=OVER_STOCKS,
)
def neutralize(x: Floats, group: Floats | None, *by: Floats, inside: Bools) -> Floats:
    """What the exposures and groups do not explain of x: the residual of a regression over the stocks of the day.

    The regression has equal weights, and an intercept: one for each group, such as ``neutralize(x, log(cap),
    group=industry)``. Unknown where x, an exposure or the group is unknown, and on a day on which exposures are
    collinear or there are too few stocks.
    """
    from gridproof.kernels.panel.backend import resolve_panel

    number, groups = np.zeros(x.shape, dtype=np.int32), 1
    if group is not None:
        found = np.unique(group[np.isfinite(group)])
        number, groups = np.searchsorted(found, group).astype(np.int32), max(1, len(found))
        number[~np.isfinite(group)] = -1
    result = np.empty(x.shape)
    for rows in _blocks(len(x)):
        key = _key(x[rows], inside[rows])
        exposures = np.empty((len(by), *key.shape))
        for place, one in enumerate(by):
            exposures[place] = np.where(np.isfinite(one[rows]), one[rows], np.nan)
        weight = np.ones(key.shape)
        result[rows] = resolve_panel("cpu").regress(key, exposures, number[rows], groups, weight).residuals
    return result


@operator(
    _X,
    Argument("n", "number", "how many stocks", REQUIRED, 1, whole=True),
    WHERE,
    source="pandas Series.nlargest",
    example=Example("top(x, 2)", _DAYS, (1, 0, 1, 0)),
    result="boolean",
    across="stocks",
    catalogue=OVER_STOCKS,
)
def top(x: Floats, n: int, *, inside: Bools) -> Floats:
    """Whether a stock is one of the n with the highest values of the day, equal ones by code. Unknown where x is."""
    return _ordered(-x, inside, lambda places, _: (places < n).astype(np.float64))


@operator(
    _X,
    Argument("n", "number", "how many stocks", REQUIRED, 1, whole=True),
    WHERE,
    source="pandas Series.nsmallest",
    example=Example("bottom(x, 2)", _DAYS, (0, 1, 0, 1)),
    result="boolean",
    across="stocks",
    catalogue=OVER_STOCKS,
)
def bottom(x: Floats, n: int, *, inside: Bools) -> Floats:
    """Whether a stock is one of the n with the lowest values of the day, equal ones by code. Unknown where x is."""
    return _ordered(x, inside, lambda places, _: (places < n).astype(np.float64))


@operator(
    _X,
    Argument("n", "number", "how many parts", REQUIRED, 2, whole=True),
    WHERE,
    source="deciles by rank",
    example=Example("quantile(x, 2)", _DAYS, (2, 1, 2, 1)),
    unit=Quantity("the number of a part", 1.0),
    across="stocks",
    catalogue=OVER_STOCKS,
)
def quantile(x: Floats, n: int, *, inside: Bools) -> Floats:
    """The part of the day's stocks in which a stock is, of n parts of about equal size: 1 has the lowest values.

    That of the k-th of m stocks is ⌊n k / m⌋ + 1, k from 0, equal values by code. Unknown where x is unknown.
    """
    return _ordered(x, inside, lambda places, count: np.floor(n * places / count) + 1.0)


def _key(x: Floats, inside: Bools) -> Floats:
    return np.where(inside & np.isfinite(x), x, np.nan)


def _blocks(days: int) -> list[slice]:
    return [slice(begin, min(begin + _TOGETHER, days)) for begin in range(0, days, _TOGETHER)]


def _by_day(x: Floats, inside: Bools, compute: Callable[[Floats, Bools, Ints], Floats]) -> Floats:
    """(n, S): ``compute`` of values, which of them are known, and their number on each day, (n, 1)."""
    result = np.full(x.shape, np.nan)
    for rows in _blocks(len(x)):
        known = inside[rows] & np.isfinite(x[rows])
        count = known.sum(axis=1, keepdims=True)
        np.copyto(result[rows], compute(np.where(known, x[rows], 0.0), known, count), where=known)
    return result


def _mean(values: Floats, known: Bools, count: Ints) -> Floats:
    mean: Floats = values.sum(axis=1, keepdims=True, where=known) / count
    return mean


def _ordered(x: Floats, inside: Bools, compute: Callable[[Floats, int], Floats]) -> Floats:
    """(n, S): ``compute`` of the place of each stock in the order of the day, from 0, and of their number."""
    from gridproof.kernels.panel.backend import resolve_panel

    order, eligible = resolve_panel("cpu").rank_days(_key(x, inside))
    result = np.full(x.shape, np.nan)
    for day, count in enumerate(eligible.tolist()):
        result[day, order[day, :count]] = compute(np.arange(count, dtype=np.float64), count)
    return result
