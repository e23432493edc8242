"""Regressions by orthogonalisation.

The dummies of the groups are eliminated first: exposures and response are measured from the weighted mean of their
group. What remains is a small problem, solved by modified Gram-Schmidt with the response as its last column, which is
as accurate as a QR decomposition.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.panel.regression import COLLINEAR, Regression, checked_regression
from gridproof.kernels.threads import run_ranges


def regress(response: Floats, exposures: Floats, group: Columns, groups: int, weight: Floats) -> Regression:
    """As ``reference.regression.regress``."""
    response, exposures, group, weight, found = checked_regression(response, exposures, group, groups, weight)
    run_ranges(_regress_days, len(response), response, exposures, group, groups, weight, *found)
    return found


@jit(nogil=True)
def _regress_days(
    low: int, high: int, response: Floats, exposures: Floats, group: Columns, groups: int, weight: Floats,
    coefficients: Floats, r_squared: Floats, residuals: Floats, counts: Ints,
) -> None:  # fmt: skip
    kinds, _, stocks = exposures.shape
    # Exposures and the response: their columns, and their means by group.
    columns, means = np.empty((kinds + 1, stocks)), np.empty((kinds + 1, groups))
    chosen, mass, root = np.empty(stocks, dtype=np.int64), np.empty(groups), np.empty(stocks)
    upper, answer = np.empty((kinds + 1, kinds + 1)), np.empty(kinds)
    for day in range(low, high):
        count = _choose(response[day], exposures[:, day], group[day], weight[day], chosen)
        counts[day] = count
        if count == 0:
            continue
        for each in range(groups):
            mass[each] = 0.0
        for place in range(count):
            mass[group[day, chosen[place]]] += weight[day, chosen[place]]
            root[place] = np.sqrt(weight[day, chosen[place]])
        full = True
        for kind in range(kinds + 1):
            row = exposures[kind, day] if kind < kinds else response[day]
            before = _center(row, chosen, count, group[day], weight[day], root, mass, means[kind], columns[kind])
            for earlier in range(kind):
                upper[earlier, kind] = 0.0
                if full:
                    upper[earlier, kind] = _project(columns[earlier], columns[kind], count)
            size = np.sqrt(_dot(columns[kind], columns[kind], count))
            upper[kind, kind] = size
            if kind < kinds:
                full = full and size > COLLINEAR * before
                if full:
                    for place in range(count):
                        columns[kind, place] /= size
        if not full:
            continue
        for kind in range(kinds - 1, -1, -1):
            total = upper[kind, kinds]
            for later in range(kind + 1, kinds):
                total -= upper[kind, later] * answer[later]
            answer[kind] = total / upper[kind, kind]
            coefficients[day, kind] = answer[kind]
        for each in range(groups):
            if mass[each] > 0.0:
                total = means[kinds, each]
                for kind in range(kinds):
                    total -= means[kind, each] * answer[kind]
                coefficients[day, kinds + each] = total
        for place in range(count):
            residuals[day, chosen[place]] = columns[kinds, place] / root[place]
        r_squared[day] = _explained(response[day], weight[day], chosen, count, upper[kinds, kinds])


@jit()
def _choose(response: Floats, exposures: Floats, group: Columns, weight: Floats, chosen: Ints) -> int:
    """List the stocks that count. Returns how many."""
    count = 0
    for stock in range(len(response)):
        known = group[stock] >= 0 and weight[stock] > 0.0 and not np.isnan(response[stock])
        for kind in range(len(exposures)):
            known = known and not np.isnan(exposures[kind, stock])
        if known:
            chosen[count] = stock
            count += 1
    return count


@jit()
def _center(
    row: Floats, chosen: Ints, count: int, group: Columns, weight: Floats, root: Floats, mass: Floats, means: Floats,
    column: Floats,
) -> float:  # fmt: skip
    """column: the numbers less their group's mean, times the root of the weight. Returns their norm before that."""
    for each in range(len(means)):
        means[each] = 0.0
    for place in range(count):
        stock = chosen[place]
        means[group[stock]] += weight[stock] * row[stock]
    for each in range(len(means)):
        if mass[each] > 0.0:
            means[each] /= mass[each]
    before = 0.0
    for place in range(count):
        stock = chosen[place]
        before += weight[stock] * row[stock] * row[stock]
        column[place] = (row[stock] - means[group[stock]]) * root[place]
    return float(np.sqrt(before))


@jit()
def _dot(x: Floats, y: Floats, count: int) -> float:
    """In four sums, which a processor adds side by side."""
    a = b = c = d = 0.0
    quarter = count // 4 * 4
    for place in range(0, quarter, 4):
        a += x[place] * y[place]
        b += x[place + 1] * y[place + 1]
        c += x[place + 2] * y[place + 2]
        d += x[place + 3] * y[place + 3]
    for place in range(quarter, count):
        a += x[place] * y[place]
    return (a + b) + (c + d)


@jit()
def _project(unit: Floats, column: Floats, count: int) -> float:
    """Take the part of a column along a unit vector out of it. Returns its length."""
    length = _dot(unit, column, count)
    for place in range(count):
        column[place] -= length * unit[place]
    return float(length)


@jit()
def _explained(response: Floats, weight: Floats, chosen: Ints, count: int, left: float) -> float:
    """R² from the norm of the residuals."""
    mass = total = spread = 0.0
    first, constant = response[chosen[0]], True
    for place in range(count):
        stock = chosen[place]
        mass += weight[stock]
        total += weight[stock] * response[stock]
        constant = constant and response[stock] == first
    for place in range(count):
        away = response[chosen[place]] - total / mass
        spread += weight[chosen[place]] * away * away
    return np.nan if constant else 1.0 - left * left / spread
