"""How often Timing, Worth and Since are answered yes and no for a rule that was not chosen by these days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.choices import follow
from benchmarks.calibration.markets import DAILY, PERIODS, draw_positions, draw_shocks, eligible
from benchmarks.calibration.rates import Row, row
from benchmarks.calibration.truth import Truth
from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.conclusion import answer_since, answer_timing, answer_worth
from gridproof.sweeps.verdict.static_holdings import compare_with_holdings
from gridproof.sweeps.verdict.timing import measure_timing

# Of the difference of Sharpe ratios. A verdict takes 4,999: the size is the same, and the power nearly.
RESAMPLES = 199

DAYS = 2500

COLUMNS = tuple(f"{question} {answer}" for question in ("timing", "worth", "since") for answer in ("yes", "no"))

_RISING = Truth(1, 0.5)


@dataclass(frozen=True)
class Kind:
    """A kind of market and rule.

    wrong: the answers that are wrong here, each in at most 5% of markets. effect: in annual volatilities a year, or
    ``difference``: instead, by how much the rule's true Sharpe ratio is above that of the best static holding.
    classes: about so many switches in all days. series: real returns instead of drawn ones. trend: instead of random
    positions the rule follows (1) or leans against (−1) the leg's own change over so many days as the class says; real
    returns then have random signs, so that there is nothing to know but a planted effect.
    """

    meaning: str
    wrong: tuple[str, ...]
    truth: Truth = _RISING
    effect: float = 0.0
    difference: float | None = None
    days: int = DAYS
    classes: tuple[int, ...] = (6, 40, 200)
    series: Callable[[], Floats] | None = None
    trend: int = 0


_NO_TIMING = ("timing yes", "worth yes", "since yes")
_TIE, _EDGE = ("worth yes", "since yes"), ("worth no", "since no")
_OWN = (20, 60, 250)  # days of the change that a rule reads

_DRAWN = {
    "nothing": Kind("the leg has no mean, no timing", _NO_TIMING, Truth(1, 0.0)),
    "no timing": Kind("the leg rises, no timing", _NO_TIMING),
    "falling leg": Kind("the leg falls, no timing", _NO_TIMING, Truth(1, -0.5)),
    "two legs": Kind("two legs rise, no timing", _NO_TIMING, Truth(2, 0.5)),
    "tie": Kind("the rule is as good as holding", _TIE, difference=0.0),
    "tie, two legs": Kind("the rule is as good as holding two legs", _TIE, Truth(2, 0.5), difference=0.0),
    "edge": Kind("better than holding by a Sharpe ratio of 0.2", _EDGE, difference=0.2),
    "edge, no mean": Kind("the same, the leg has no mean", _EDGE, Truth(1, 0.0), difference=0.2),
    "edge, two legs": Kind("the same, two legs without a mean", _EDGE, Truth(2, 0.0), difference=0.2),
    "effect 1": Kind("an effect of one annual volatility a year", ("timing no",), effect=1.0),
    "effect 2": Kind("an effect of two", ("timing no",), effect=2.0),
    "tie, 1,000 days": Kind("as good as holding", _TIE, difference=0.0, days=1000, classes=(10, 50)),
    "edge, 1,000 days": Kind("better by 0.2", _EDGE, difference=0.2, days=1000, classes=(10, 50)),
    "tie, 500 days": Kind("as good as holding", _TIE, difference=0.0, days=500, classes=(10, 50)),
    "edge, 500 days": Kind("better by 0.2", _EDGE, difference=0.2, days=500, classes=(10, 50)),
    "no timing, 1,000 days": Kind("no timing", _NO_TIMING, days=1000, classes=(10, 50)),
    "no timing, 4,000 days": Kind("no timing", _NO_TIMING, days=4000, classes=(10, 50)),
    "tie, 4,000 days": Kind("as good as holding", _TIE, difference=0.0, days=4000, classes=(10, 50)),
    "edge, 4,000 days": Kind("better by 0.2", _EDGE, difference=0.2, days=4000, classes=(10, 50)),
    "trend": Kind("no timing, the rule follows the leg's own past", _NO_TIMING, classes=_OWN, trend=1),
    "reversal": Kind("no timing, it leans against it", _NO_TIMING, classes=_OWN, trend=-1),
    "trend, 1,000 days": Kind("follows the leg's own past", _NO_TIMING, days=1000, classes=(20, 60), trend=1),
    "reversal, 1,000 days": Kind("leans against it", _NO_TIMING, days=1000, classes=(20, 60), trend=-1),
    "trend, 4,000 days": Kind("follows the leg's own past", _NO_TIMING, days=4000, classes=(60, 250), trend=1),
    "reversal, 4,000 days": Kind("leans against it", _NO_TIMING, days=4000, classes=(60, 250), trend=-1),
    "trend, effect 1": Kind("follows it, with an effect of one", ("timing no",), effect=1.0, classes=_OWN, trend=1),
    "trend, effect 2": Kind("the same with an effect of two", ("timing no",), effect=2.0, classes=_OWN, trend=1),
    "reversal, effect 1": Kind("leans against it, effect of one", ("timing no",), effect=1.0, classes=_OWN, trend=-1),
    "reversal, effect 2": Kind("the same with an effect of two", ("timing no",), effect=2.0, classes=_OWN, trend=-1),
}


def base_kinds(series: dict[str, Callable[[], Floats]]) -> dict[str, Kind]:
    """All kinds by name. series: real ones."""
    kinds = dict(_DRAWN)
    for name, load in series.items():
        kinds[name] = Kind("random positions", _NO_TIMING, classes=(6, 40), series=load)
        for effect, times in ((1.0, "one"), (2.0, "two")):
            meaning = f"the same with an effect of {times}"
            kind = Kind(meaning, ("timing no",), effect=effect, classes=(6, 40), series=load)
            kinds[f"{name}, effect {effect:.0f}"] = kind
        for side, trend in (("trend", 1), ("reversal", -1)):
            meaning = f"its days with random signs, {side}"
            kinds[f"{name}, {side}"] = Kind(meaning, _NO_TIMING, classes=(20, 250), series=load, trend=trend)
    return kinds


def measure_base(name: str, kind: Kind, switches: int, markets: int, seed: list[int]) -> Row:
    """Answers of so many markets of one class."""
    counts, found = dict.fromkeys(COLUMNS, 0), []
    real = None if kind.series is None else kind.series()
    for market in range(markets):
        held, gross = draw(kind, switches, np.random.default_rng([*seed, market]), real)
        for question, told in answer(held, gross, bool(kind.trend)).items():
            if told != "cannot tell":
                counts[f"{question} {told}"] += 1
        found.append(np.count_nonzero(held[1:] != held[:-1]))
    label = f"{switches}-day changes" if kind.trend else f"{np.median(found):.0f} switches"
    return row(name, switches, label, kind.meaning, len(held), markets, counts, kind.wrong)


def draw(kind: Kind, switches: int, rng: np.random.Generator, real: Floats | None = None) -> tuple[Ints, Floats]:
    """(T,) held, 0 for the first allocation and 1 for the second, and their (T, 2) returns in excess of cash."""
    if kind.trend:
        return _follow(kind, switches, rng, real)
    days = kind.days if real is None else len(real)
    held = draw_positions(rng, days, switches)
    weights = 1.0 - held
    if real is not None:
        step = kind.effect * real.std() / np.sqrt(PERIODS)
        return held, np.column_stack([real + step * (weights - weights.mean()), np.zeros(days)])
    shocks = draw_shocks(rng, days, kind.truth.legs)
    share = float(weights.mean())
    effect = kind.effect if kind.difference is None else kind.truth.effect_for(kind.difference, share)
    return held, kind.truth.returns(shocks, weights, effect)


def answer(held: Ints, gross: Floats, own_price: bool = False) -> dict[str, str]:
    """The answers of a verdict for a rule without costs, by question; Since is asked of the same days.

    own_price: the rule reads the price of what it holds.
    """
    (timing,) = measure_timing(held, gross, [0.0], PERIODS, own_price)
    rule = gross[np.arange(len(held)), held]
    worth = compare_with_holdings(rule, {"first": gross[:, 0], "second": gross[:, 1]}, held, PERIODS, RESAMPLES)
    first = answer_timing(timing, len(held))["answer"]
    second = answer_worth(worth, first == "yes")["answer"]
    return {"timing": first, "worth": second, "since": answer_since(worth)["answer"]}


def _follow(kind: Kind, window: int, rng: np.random.Generator, real: Floats | None) -> tuple[Ints, Floats]:
    while True:
        if real is None:
            earned = draw_shocks(rng, kind.days + window, 1)[:, 0] + kind.truth.sharpe / np.sqrt(PERIODS)
            earned *= DAILY
        else:
            earned = real.mean() + (real - real.mean()) * rng.choice([-1.0, 1.0], len(real))
        weights = follow(earned, window, kind.trend, 0.3, kind.effect * earned.std() / np.sqrt(PERIODS))
        held = (1.0 - weights).astype(np.int64)
        if eligible(held):
            return held, np.column_stack([earned[window:], np.zeros(len(held))])
