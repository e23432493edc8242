"""The reference backend: every variant day by day in NumPy, straight from the definitions. Slow and short."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.drift import CarriedPosition, carry
from gridproof.kernels.metrics import EXPOSURE, FROM_RETURNS, SWITCHES, TURNOVER, WIDTH, measure_returns
from gridproof.kernels.paths import pack, unpack
from gridproof.kernels.problem import Problem, Restrictions, Work


def latch_paths(values: Floats, on: Floats, off: Floats, start: int) -> Words:
    """Latch one measure under P threshold pairs.

    values: (T,) known at the close of each day; NaN (warming up) leaves the state. on, off: (P,), off ≤ on. The
    state starts at 0, becomes 1 where the value is above ``on``, 0 where it is below ``off``, else stays. Returns
    the states from day ``start`` on, packed: (P, W).
    """
    states = np.zeros((len(on), len(values)), dtype=np.bool_)
    days = values.tolist()
    for pair, (high, low) in enumerate(zip(on.tolist(), off.tolist(), strict=True)):
        state, path = False, []
        for value in days:
            if value > high:
                state = True
            elif value < low:
                state = False
            path.append(state)
        states[pair] = path
    return pack(states[:, start:])


def decide(problem: Problem, rows: Ints) -> Ints:
    """The allocation chosen at each decision day, (T,), by the tuple of bit paths ``rows`` (B,)."""
    bits = unpack(problem.path_bits[rows], problem.decision_days)
    codes = (bits.astype(np.int64) << np.arange(len(rows))[:, None]).sum(axis=0)
    rule, held, chosen = problem.rule.tolist(), problem.start, []
    for code in codes.tolist():
        held = rule[held][code]
        chosen.append(held)
    return np.array(chosen, dtype=np.int64)


def follow(target: Ints, restrictions: Restrictions, execution: int) -> Ints:
    """The allocation held on each return day, (D,), that follows the target (D,) as the restrictions let it.

    ``Restrictions`` has the definitions.
    """
    least, wait = int(restrictions.min_hold[execution]), int(restrictions.cooling[execution])
    table = int(restrictions.stop_of[execution])
    held, entered, left = int(target[0]), 0, -1  # left: what a stop has left; −1 where nothing
    followed = []
    for day, wanted in enumerate(target.tolist()):
        if left >= 0:
            if wanted != left or day - entered == wait > 0:
                left = -1
                if wanted != held:
                    held, entered = wanted, day
        elif table >= 0 and day > entered and day == restrictions.exits[table, held, entered]:
            if wanted == held:
                left, wanted = held, restrictions.refuge
            held, entered = wanted, day
        elif wanted != held and day - entered >= least:
            held, entered = wanted, day
        followed.append(held)
    return np.array(followed, dtype=np.int64)


def follow_nav(target: Ints, own: Restrictions, execution: int, lag: int) -> tuple[Ints, Ints]:
    """As ``follow``, with what watches the NAV of an execution: the position of a day depends on the NAV before it.

    Returns the position on each return day, and what is held of it, (D,) each. ``NavStops`` has the definitions.
    """
    market = own.nav
    assert market is not None
    least, wait, table = int(own.min_hold[execution]), int(own.cooling[execution]), int(own.stop_of[execution])
    entry, highest = float(market.entry[execution]), float(market.high[execution])
    carried = CarriedPosition(market, execution, int(target[0]))
    nav = start = high = 1.0  # start: at the entry of the position
    fallen = lost = -1  # the return days of the exits by the two stops; −1: none is due
    anew = False  # whether the high begins with the next entry
    setting, control = int(market.control_of[execution]), market.control
    step = full = 0 if control is None else int(control.most[setting])
    moved, later = -1, step  # the return day of the next change of the step, −1: none is due; and to which
    position, entered, left = int(target[0]), 0, -1  # left: what a stop has left; −1 where nothing
    positions, followed = [], []
    for day, wanted in enumerate(target.tolist()):
        previous = position
        stopped = day in (fallen, lost) or (table >= 0 and day > entered and day == own.exits[table, position, entered])
        if day == lost:
            lost, anew = -1, True
        if day == moved:
            moved, step = -1, later
        if left >= 0:
            if wanted != left or day - entered == wait > 0:
                left, position = -1, wanted
        elif stopped:
            if wanted == position != own.refuge:
                left, position = position, own.refuge
            else:
                position = wanted
        elif wanted != position and day - entered >= least:
            position = wanted
        if position != previous:
            entered, fallen = day, -1
        again = anew and position not in (previous, own.refuge)
        if again:
            step, moved = full, -1
        held = position if control is None or setting < 0 else int(control.held[setting, position, step])
        growth = carried.step(held, day)
        if position != previous:
            start = nav * carried.night
        if again:
            high, anew = start, False
        nav *= growth
        if not anew:
            high = max(high, nav)
            if lost < 0 and nav <= highest * high:
                lost = day + lag
            if control is not None and setting >= 0 and moved < 0:
                later = step
                while nav <= control.falls[setting, later] * high:
                    later -= 1
                while nav >= control.rises[setting, later] * high:
                    later += 1
                moved = day + lag if later != step else -1
        if fallen < 0 and position != own.refuge and nav <= entry * start:
            fallen = day + lag
        positions.append(position)
        followed.append(held)
    return np.array(positions, dtype=np.int64), np.array(followed, dtype=np.int64)


def hold(problem: Problem, rows: Ints, execution: int) -> tuple[Ints, Ints, Ints]:
    """One variant on each return day: what the rule wants, its position, and what is held of that, (D,) each."""
    lag = int(problem.lags[execution])
    wanted = decide(problem, rows)[problem.lead - lag :][: problem.returns.shape[2]]
    own = problem.restrictions
    if own is None:
        return wanted, wanted, wanted
    if own.watches_nav(execution):
        return wanted, *follow_nav(wanted, own, execution, lag)
    position = follow(wanted, own, execution)
    return wanted, position, position


def daily(problem: Problem, rows: Ints, execution: int) -> tuple[Ints, Floats, Floats]:
    """One variant by day: allocation held, return after cost, cost as in ``Problem.costs``; each (D,).

    The switch into the position held on return day 0 is not charged. Where allocations drift from the day of entry, the
    cost is what was paid.
    """
    days = problem.returns.shape[2]
    _, _, held = hold(problem, rows, execution)
    if problem.drift is not None:
        carried = carry(problem, execution, held)
        return held, carried.returns, carried.paid
    gross = problem.returns[problem.payoff_of[execution], held, np.arange(days)]
    cost = np.zeros(days)
    cost[1:] = problem.costs[problem.cost_of[execution], held[:-1], held[1:], np.arange(1, days)]
    return held, (1.0 + gross) * (1.0 - cost) - 1.0, cost


def evaluate(problem: Problem, work: Work) -> Floats:
    """Metrics of every job, (J, S, 12 + A): ``METRICS`` in order, then the share of days in each allocation."""
    jobs = work.jobs()
    result = np.empty((len(jobs.execution), problem.segments, WIDTH + problem.allocations))
    for index in range(len(jobs.rows)):
        for job in range(jobs.first[index], jobs.first[index + 1]):
            held, returns, _ = daily(problem, jobs.rows[index], int(jobs.execution[job]))
            before = np.concatenate([held[:1], held[:-1]])
            sides = problem.traded_by_day(int(jobs.execution[job]), held)
            for segment in range(problem.segments):
                inside = slice(problem.bounds[segment], problem.bounds[segment + 1])
                days = inside.stop - inside.start
                weights = np.bincount(held[inside], minlength=problem.allocations) / days
                result[job, segment, :FROM_RETURNS] = measure_returns(
                    returns[inside], problem.periods, problem.risk_free
                )
                result[job, segment, SWITCHES] = (held[inside] != before[inside]).sum()
                result[job, segment, TURNOVER] = sides[inside].sum() * problem.periods / days
                result[job, segment, EXPOSURE] = weights @ problem.invested
                result[job, segment, WIDTH:] = weights
    return result
