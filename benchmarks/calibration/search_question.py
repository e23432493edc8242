"""How often Search is answered yes and no, for a small sweep of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.choices import WINDOWS, choose, placebo
from benchmarks.calibration.markets import PERIODS, draw_shocks, draw_walk
from benchmarks.calibration.rates import Row, row
from benchmarks.calibration.truth import Truth
from gridproof.kernels.arrays import Floats
from gridproof.results.conclusion import LEVEL, answer_search

# "search no, wrong": the effect of the best choice is one annual volatility or more. "alone": the shift test of the
# best choice, as if it had not been chosen, is passed; it is shown because it must not be used.
COLUMNS = ("search yes", "search no", "search no, wrong", "alone")

DAYS = 2500

_RISING = Truth(1, 0.5)


@dataclass(frozen=True)
class Kind:
    """wrong: the answers that are wrong here. effect: of one of the choices, in annual volatilities a year.

    rare: that choice is the one with the most unequal weights. trend: 1 where the signal is the leg's own price, and
    −1 where it is that price upside down; else it is a random walk. series: real returns instead of drawn ones.
    """

    meaning: str
    wrong: tuple[str, ...]
    truth: Truth = _RISING
    effect: float = 0.0
    rare: bool = False
    trend: int = 0
    series: Callable[[], Floats] | None = None


_NULL, _EFFECT = ("search yes",), ("search no, wrong",)

_DRAWN = {
    "search, nothing": Kind("the leg has no mean, no timing", _NULL, Truth(1, 0.0)),
    "search, no timing": Kind("the leg rises, no timing", _NULL),
    "search, falling leg": Kind("the leg falls, no timing", _NULL, Truth(1, -0.5)),
    "search, two legs": Kind("two legs rise, no timing", _NULL, Truth(2, 0.5)),
    "search, effect 1": Kind("a choice has an effect of one", _EFFECT, effect=1.0),
    "search, effect 1, rare": Kind("the choice that switches least evenly has it", _EFFECT, effect=1.0, rare=True),
    "search, effect 2": Kind("a choice has an effect of two", _EFFECT, effect=2.0),
    "search, trend": Kind("no timing, the choices follow the leg's own past", _NULL, trend=1),
    "search, reversal": Kind("no timing, they lean against it", _NULL, trend=-1),
}


def search_kinds(series: dict[str, Callable[[], Floats]]) -> dict[str, Kind]:
    """All kinds by name. series: real ones."""
    walks = {f"search, {name}": Kind("random walks as signals", _NULL, series=load) for name, load in series.items()}
    return _DRAWN | walks


def measure_search(name: str, kind: Kind, markets: int, seed: list[int]) -> Row:
    """Answers of so many markets, each with a sweep."""
    counts, choices = dict.fromkeys(COLUMNS, 0), []
    real = None if kind.series is None else kind.series()
    for market in range(markets):
        rng = np.random.default_rng([*seed, market])
        weights, returns, truth = draw(kind, rng, real)
        found = placebo(weights, returns, rng, bool(kind.trend))
        answer = answer_search(found.record, len(returns))["answer"]
        counts["search yes"] += int(answer == "yes")
        counts["search no"] += int(answer == "no")
        counts["search no, wrong"] += int(answer == "no" and truth[found.best] >= 1.0 - 1e-9)
        counts["alone"] += int(found.single <= LEVEL)
        choices.append(len(weights))
    return row(name, 0, f"{np.median(choices):.0f} choices", kind.meaning, len(returns), markets, counts, kind.wrong)


def draw(kind: Kind, rng: np.random.Generator, real: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """(V, T) weights of the choices, (T, 2) returns, and (V,) the true effect of each choice in annual volatilities."""
    days, longest = DAYS if real is None else len(real), WINDOWS[-1]
    shocks = draw_shocks(rng, days + longest, kind.truth.legs)
    if kind.trend:
        drift = kind.truth.sharpe / np.sqrt(PERIODS)
        signal = -kind.trend * np.concatenate([[0.0], np.cumsum(shocks[:-1, 0] + drift)])
    else:
        signal = draw_walk(rng, days + longest)
    weights = choose(signal)
    active = weights - weights.mean(axis=1, keepdims=True)
    squares = (active**2).sum(axis=1)
    planted = int(squares.argmin()) if kind.rare else int(rng.integers(len(weights)))
    truth: Floats = kind.effect * (active @ active[planted]) / squares
    if real is not None:
        return weights, np.column_stack([real, np.zeros(days)]), truth
    return weights, kind.truth.returns(shocks[longest:], weights[planted], kind.effect), truth
