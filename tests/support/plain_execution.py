"""One variant day by day in plain Python, from the definitions of docs/execution.md: positions, trades, money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

CASH = "cash"


@dataclass(frozen=True)
class Prices:
    """Of one leg, for the day before the window and its D days: closes, opens, lows, D + 1 each."""

    close: Sequence[float]
    open: Sequence[float]
    low: Sequence[float]


@dataclass(frozen=True)
class Terms:
    """How positions follow the target, and what they cost: ``buy`` and ``sell`` by leg, one for each day's trades."""

    lag: int
    at: str = "close"
    min_hold: int = 1
    cooling: int = 0
    stop: float = 0.0
    trailing_stop: float = 0.0
    stop_on: str = "close"
    nav_stop: float = 0.0
    drawdown_stop: float = 0.0
    drawdown_control: float = 0.0
    control_steps: int = 4


# What is held may be worth something else by the day on which it is entered.
PricesOf = Prices | Callable[[int], Prices]

# Trades on a day, from one leg to another or none, and gives the NAV just before the trade and at the close of the day.
Books = Callable[[int, str, str], tuple[float, float]]


def follow(
    target: Sequence[str],
    prices: Mapping[str, PricesOf],
    terms: Terms,
    books: Books = lambda *_: (1.0, 1.0),
    ends: list[str] | None = None,
) -> list[str]:
    """The leg held on each day, or the part of it as in "a × 0.75". target: the leg that the rule wants on each day.
    books: of what watches the NAV.

    ends: gets why each position but the last ended: the rule, a stop that the rule did not follow, the wait, or the
    drawdown, which asked for another part of it.
    """
    held: list[str] = []
    position, entered, due, stopped = target[0], 0, -1, ""
    entry = peak = 0.0
    nav_due = drawdown_due = -1
    nav_entry = nav_peak = 1.0
    waits = False  # for the next entry, with which the highest NAV begins anew
    part = coming = terms.control_steps  # of what the rule wants, so many of these steps are held
    part_due = -1
    for day, wanted in enumerate(target):
        before = position
        hit = day in (due, nav_due, drawdown_due)
        if day == drawdown_due:
            waits, drawdown_due = True, -1
        again = False  # whether what was stopped ends
        if stopped:
            again = wanted != stopped or (terms.cooling > 0 and day >= entered + terms.cooling)
            position = wanted if again else CASH
        elif hit:
            position = wanted if wanted != before else CASH
        elif wanted != before and day - entered >= terms.min_hold:
            position = wanted
        kept = stopped if again else before if hit else ""
        why = "the rule" if wanted != kept else "end of cooling-off" if again else "a stop"
        stopped = "" if again else stopped
        if day == 0 or position != before:
            stopped = before if hit and position == CASH and wanted == before else ""
            entered, due, nav_due = day, -1, -1
            if position != CASH:
                mine = _prices_of(prices[position], entered)
                entry = peak = mine.close[day] if terms.at == "close" or day == 0 else mine.open[day + 1]
        if position != CASH and due < 0:
            mine = _prices_of(prices[position], entered)
            value = mine.close[day + 1] if terms.stop_on == "close" else mine.low[day + 1]
            fell = terms.stop > 0.0 and value <= (1.0 - terms.stop) * entry
            fell |= terms.trailing_stop > 0.0 and value <= (1.0 - terms.trailing_stop) * peak
            peak = max(peak, mine.close[day + 1])
            due = day + terms.lag if fell else -1
        if day == part_due:
            part, part_due = coming, -1
        if waits and position not in (before, CASH):
            part, part_due = terms.control_steps, -1
        now = _part(position, part, terms.control_steps)
        if ends is not None and held and now != held[-1]:
            ends.append(why if position != before else "the drawdown")
        nav_before, nav = books(day, held[-1] if held else now, now)
        if position != before:
            nav_entry = nav_before
            if waits and position != CASH:
                nav_peak, waits = nav_before, False
        if not waits:
            nav_peak = max(nav_peak, nav)
            if terms.drawdown_control > 0.0 and part_due < 0:
                asked = terms.control_steps * (1.0 - (1.0 - nav / nav_peak) / terms.drawdown_control)
                coming = max(0, min(max(part, floor(asked + 1e-9)), ceil(asked - 1e-9)))
                part_due = day + terms.lag if coming != part else -1
            if terms.drawdown_stop > 0.0 and drawdown_due < 0 and nav <= (1.0 - terms.drawdown_stop) * nav_peak:
                drawdown_due = day + terms.lag
        if terms.nav_stop > 0.0 and position != CASH and nav_due < 0 and nav <= (1.0 - terms.nav_stop) * nav_entry:
            nav_due = day + terms.lag
        held.append(now)
    return held


def _prices_of(prices: PricesOf, entered: int) -> Prices:
    return prices if isinstance(prices, Prices) else prices(entered)


def _part(leg: str, part: int, steps: int) -> str:
    if leg == CASH or part == 0:
        return CASH
    return leg if part == steps else f"{leg} × {part / steps}"


def money(
    held: Sequence[str],
    prices: Mapping[str, Prices],
    terms: Terms,
    buy: Mapping[str, Sequence[float]],
    sell: Mapping[str, Sequence[float]],
    yearly: Mapping[str, float],
    periods: float,
) -> list[float]:
    """The NAV at each close. buy, sell: by leg the one-way cost of the trades for each day. yearly: carry by leg, and
    the interest of cash."""
    books = money_books(prices, terms, buy, sell, yearly, periods)
    return [books(day, held[day - 1] if day else leg, leg)[1] for day, leg in enumerate(held)]


def money_books(
    prices: Mapping[str, Prices],
    terms: Terms,
    buy: Mapping[str, Sequence[float]],
    sell: Mapping[str, Sequence[float]],
    yearly: Mapping[str, float],
    periods: float,
) -> Books:
    """The same for ``follow``, a day at a time."""
    navs = [1.0]

    def trade(day: int, before: str, leg: str) -> tuple[float, float]:
        nav = before_trade = navs[-1]
        a_day = (1.0 + yearly[leg]) ** (1.0 / periods)
        if leg == before:
            nav *= _growth(prices, leg, day, "close", "close") * a_day
        else:
            cost = buy[leg][day] + sell[before][day]
            if terms.at == "open":
                before_trade = nav * _growth(prices, before, day, "close", "open")
                nav = before_trade * (1.0 - cost) * _growth(prices, leg, day, "open", "close") * a_day
            else:
                nav *= (1.0 - cost) * _growth(prices, leg, day, "close", "close") * a_day
        navs.append(nav)
        return before_trade, nav

    return trade


def _growth(prices: Mapping[str, Prices], leg: str, day: int, since: str, until: str) -> float:
    """From the close of the day before, or today's open, to today's open or close."""
    if leg == CASH:
        return 1.0
    mine = prices[leg]
    begin = mine.close[day] if since == "close" else mine.open[day + 1]
    return (mine.close if until == "close" else mine.open)[day + 1] / begin
