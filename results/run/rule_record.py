"""The types of ``definitions`` in summary.json: what the names in the rule mean, with the parameters of the base."""

from __future__ import annotations

from typing_extensions import TypedDict

ParameterValue = int | float | str


class ValueRecord(TypedDict):
    """A named value. formula: as in the file. parameters: those that it names itself, at the base."""

    name: str
    formula: str
    parameters: dict[str, ParameterValue]


class SignalRecord(TypedDict):
    """A signal. value: the formula whose number goes through a latch, with its levels at the base; on, off: the
    conditions of a latch without levels; conditions: those that are states, by their name, "" for the only one. What
    does not apply is null. use: off where the base switches the signal off."""

    name: str
    value: str | None
    on_above: float | None
    off_below: float | None
    on: str | None
    off: str | None
    conditions: dict[str, str]
    missing: str | None
    use: str
    parameters: dict[str, ParameterValue]


class MixRecord(TypedDict):
    """Legs held together. weights: by leg a share of NAV at the base, "rest", or the formula that the weight follows in
    steps from ``least`` to ``most``; these are null where no weight follows a formula. missing: as of a signal."""

    name: str
    weights: dict[str, float | str]
    rebalance: str
    step: float | None
    least: float | None
    most: float | None
    missing: str | None


class SleeveRecord(TypedDict):
    """A part of the capital with a rule of its own. share: of NAV. rule: a text for each line, as of the study's."""

    name: str
    share: float
    rule: list[str]


class DefinitionsRecord(TypedDict):
    """values: all named values. weights: of base and best, by the name of each allocation of a mix, its legs. taxed:
    the legs with a tax on trades by date."""

    values: list[ValueRecord]
    signals: list[SignalRecord]
    mixes: list[MixRecord]
    sleeves: list[SleeveRecord]
    weights: dict[str, dict[str, dict[str, float]]]
    taxed: list[str]
