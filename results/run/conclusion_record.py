"""The types of the conclusion in ``statistics.json``: what was measured for the four questions, and the answers.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

Number = float | None

# Names of static holdings: of cash, and the beginning of that of the mix of a strategy's own mean weights.
CASH, MIX = "cash", "constant mix"


class EffectRecord(TypedDict):
    """The size of a timing effect, by inverting the test of the mean."""

    effect: Number  # a year: what a leg returns more on days on which it is held
    lower: Number  # 95 % bounds of it, one-sided each
    upper: Number
    volatility: Number  # a year: of the difference between two allocations


# What a strategy's positions are compared with: the same positions at another time, or, for a rule that reads the price
# of a leg, markets in which the days' returns have random signs.
Null = Literal["shifts", "signs"]


class TimingRecord(EffectRecord):
    """A strategy's positions against its market in sample, compared with circular shifts or with random signs."""

    null: Null
    draws: int | None  # markets with random signs that were drawn; null unless ``null`` is "signs"
    p_value: Number  # share of the comparisons with at least its Sharpe ratio after cost
    p_error: Number  # Monte Carlo error of p_value, from the drawn markets; null where all shifts were counted
    p_mean: Number  # share of the comparisons with at least its mean return after cost
    p_mean_error: Number  # the same of p_mean
    switches: int
    spells: Number  # effective number of independent positions, T / Σρ² of the weights
    largest_weight: float  # mean weight of the allocation that is held most


class HoldingRecord(TypedDict):
    """A strategy against one static holding. Sharpe ratios and their differences are annual."""

    name: str
    sharpe: Number  # of the holding, in excess of cash; null for cash itself
    difference: Number
    standard_error: Number
    p_value: Number  # one-sided: of a difference of 0 or below
    lower: Number  # one-sided 95 % bound of the difference
    upper: Number  # the same, of all holdings together: with 95 % no difference is above its bound
    detectable: Number  # the smallest difference that a test at 5 % finds with 80 % power
    return_difference: Number  # mean return a year


class WorthRecord(TypedDict):
    days: int
    switches: int
    block_length: int  # days
    resamples: int
    holdings: list[HoldingRecord]


class ChoicesPlaceboRecord(TypedDict):
    """The placebo of all choices: their largest active t under circular shifts of the market, or of random signs."""

    null: Null
    choices: int  # with at least four switches and no allocation on more than 95 % of days
    sampled: bool  # whether the choices are a random sample of all
    shifts: int
    seed: int
    observed: Number  # the largest active t
    at_least: int  # shifts whose largest active t reaches it
    p_value: Number
    # The share of placebos at or below the observed active t, were the best choice's effect one annual volatility a
    # year; null where p_value is at most 5 %.
    p_with_effect: Number


class QuestionsRecord(TypedDict):
    """What the four answers rest on: timing, worth and since of the base, search of all choices.

    search: null where the study has one choice. since: null where it names no publication date.
    """

    timing: TimingRecord
    worth: WorthRecord
    search: ChoicesPlaceboRecord | None
    since: WorthRecord | None


class AnswerRecord(TypedDict):
    answer: Literal["yes", "no", "cannot tell"]
    number: Number
    threshold: Number
    test: str
    why: str  # one sentence


class ConclusionRecord(TypedDict):
    timing: AnswerRecord
    worth: AnswerRecord
    search: AnswerRecord
    since: AnswerRecord
    declared: bool  # whether the base was declared before its results on these days were seen
    sentence: str


class EnvironmentStrategy(TypedDict):
    """In sample, under an environment."""

    sharpe: Number
    cagr: Number
    index: int  # of the grid


class EnvironmentRecord(TypedDict):
    """The answers under another environment than the base's: lag, cost, carry, interest, releases, trading.

    best: the choice with the highest objective there. sampled: where there are many choices, how many were drawn for
    best and Search; empty where all were evaluated.
    """

    environment: dict[str, Any]  # the value on each of these axes that has several
    conclusion: ConclusionRecord
    base: EnvironmentStrategy
    best: EnvironmentStrategy
    sampled: str
