"""The keys of a study file and the values each may have, as pydantic models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, Tag

from gridproof.kernels.metrics import OBJECTIVES
from gridproof.sweeps.study.allocation import REBALANCE
from gridproof.sweeps.study.decide import DAILY, decide_problem
from gridproof.sweeps.study.key_types import (
    LIST,
    MAPPING,
    SHAPES,
    WORD,
    AxisEntry,
    BaseValue,
    Day,
    Expression,
    Keys,
    Name,
    Word,
)
from gridproof.sweeps.study.limits import AxisLimits
from gridproof.sweeps.study.mix_spec import MixSpec, SleeveSpec
from gridproof.sweeps.study.panel_spec import SelectSpec, StudyPanelSpec
from gridproof.sweeps.study.series_spec import SeriesFileSpec

# The values of the keys at and stop_on of the execution.
CLOSE, OPEN, LOW = "close", "open", "low"
AMOUNT = "amount"
# The values of the key use of a signal.
ON, OFF = "on", "off"


# Shares: interest and carry of the value a year, cost of the traded value. A yearly loss stays below 100%.
_YEARLY, _COST = AxisLimits(float, -0.99, 1), AxisLimits(float, 0, 1)


_Rate = Annotated[float, Field(ge=0, lt=1)]
StampTaxes = Annotated[Annotated[Literal["china"], Tag(WORD)] | Annotated[dict[Day, _Rate], Tag(MAPPING)], SHAPES]


class LegSpec(Keys):
    series: str | None = Field(None, description="the series whose close-to-close returns it earns; cash has none")
    select: SelectSpec | None = Field(None, description="instead of series: stocks of the panel")
    interest: Annotated[AxisEntry | None, _YEARLY] = Field(None, description="cash only: interest a year")
    financing: Annotated[AxisEntry | None, _YEARLY] = Field(
        None,
        description="cash only: interest a year that a mix pays where its weight of cash is below 0; default: "
        "the interest",
    )
    borrow_fee: Annotated[AxisEntry, _YEARLY] = Field(
        (0.0,), description="fee a year that a mix pays on the value of this leg where its weight is below 0"
    )
    carry: Annotated[AxisEntry, _YEARLY] = Field(
        (0.0,), description="yearly return on top of the closes: dividends less fees"
    )
    cost: Annotated[AxisEntry, _COST] = Field(
        (0.0,), description="one-way, a share of the traded value, on top of execution.cost"
    )
    sale_cost: Annotated[AxisEntry, _COST] = Field(
        (0.0,), description="of sales alone, a share of the traded value, on top of execution.cost and cost"
    )
    stamp_tax: StampTaxes | None = Field(
        None, description="rate on sales by its first day; or china for the A-share history (both sides until 2008)"
    )
    dividend_tax: Annotated[AxisEntry, AxisLimits(float, 0, 1)] = Field(
        (0.0,),
        description="share of the dividends that is lost: of what the series earns more than `price`, or "
        "of the cash_dividend of selected stocks",
    )
    price: str | None = Field(
        None, description="for dividend_tax: the series of the same asset without dividends; `series` has them"
    )
    open: str | None = Field(None, description="the column of opening prices in the file of the series")
    low: str | None = Field(None, description="the column of lowest prices of the day in that file, for stop_on: low")
    amount: str | None = Field(
        None, description="the column of traded value in that file, in the unit of execution.capital, for impact"
    )
    impact: Annotated[AxisEntry, AxisLimits(float, 0)] = Field(
        (0.0,),
        description="cost, a share of the traded value: impact * (traded value / amount)^impact_power",
    )
    impact_power: Annotated[AxisEntry, AxisLimits(float, 0, 3)] = Field(
        (0.5,), description="of the impact; 0.5 is the square-root law"
    )


# The keys of a leg that name a further column of the file of its series.
LEG_COLUMNS = (OPEN, LOW, AMOUNT)
# A share of the price; 0 is no stop.
_STOP = AxisLimits(float, 0, 1)


class LatchSpec(Keys):
    on_above: AxisEntry | None = Field(None, description="the signal turns on above this level; default 0")
    off_below: AxisEntry | None = Field(None, description="default: the same as on_above")
    off_gap: Annotated[AxisEntry | None, AxisLimits(float, 0)] = Field(
        None, description="instead of off_below: distance from on_above down to it"
    )
    on: str | None = Field(None, description="instead of levels: the condition that turns the signal on")
    off: str | None = Field(None, description="the condition that turns the signal off")


class SignalSpec(BaseModel):
    """Further keys are the parameters that its expressions name."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    value: Expression | None = Field(None, description="an expression; its value goes through the latch")
    when: Annotated[Word | Annotated[dict[Name, str], Tag(MAPPING)], SHAPES] | None = Field(
        None, description="a condition that is the state, or a mapping of several, each a state NAME.KEY"
    )
    latch: LatchSpec | None = Field(None, description="how the signal turns on and off and keeps its state in between")
    use: Annotated[AxisEntry | None, AxisLimits(str, choices=(ON, OFF))] = Field(
        None, description="on, off, or both: a signal that is off is false throughout"
    )
    missing: Literal["off", "hold"] | None = Field(
        None, description="what an unknown value means: off, or hold the last known one; default: it is an error"
    )


class ExecutionSpec(Keys):
    lag: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (1,), description="the state at the close of day t earns the return of t + lag"
    )
    cost: Annotated[AxisEntry, _COST] = Field(
        (0.0,), description="one-way, a share of the traded value, for every leg but cash"
    )
    decide: Annotated[AxisEntry, AxisLimits(fits=decide_problem)] = Field(
        (DAILY,),
        description="the closes at which states become decisions: daily, weekly or monthly (the last trading day), or "
        "every 5",
    )
    at: Annotated[AxisEntry, AxisLimits(str, choices=(CLOSE, OPEN))] = Field(
        (CLOSE,),
        description="close: trades are made at the close before the first day of a position; open: at its open",
    )

    min_hold: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (1,), description="days for which a position is held at least, before it follows a new state; 1: no minimum"
    )
    stop: Annotated[AxisEntry, _STOP] = Field(
        (0.0,), description="fall from the price of entry, a share, after which the position is left for cash; 0: none"
    )
    trailing_stop: Annotated[AxisEntry, _STOP] = Field(
        (0.0,), description="the same from the highest close since the entry; 0: none"
    )
    stop_on: Annotated[AxisEntry, AxisLimits(str, choices=(CLOSE, LOW))] = Field(
        (CLOSE,), description="the price that is compared with the stop: the close of a day or its low"
    )
    nav_stop: Annotated[AxisEntry, _STOP] = Field(
        (0.0,),
        description="fall of the strategy's own NAV, after costs, from the entry of its position, after which that is "
        "left for cash; 0: none",
    )
    drawdown_stop: Annotated[AxisEntry, _STOP] = Field(
        (0.0,),
        description="the same from the highest NAV since the start, or since the entry after the last such stop; "
        "0: none",
    )
    cooling: Annotated[AxisEntry, AxisLimits(int, 0)] = Field(
        (0,),
        description="days after a stop until the position is entered again; 0: not before the rule chooses another",
    )

    drawdown_control: Annotated[AxisEntry, _STOP] = Field(
        (0.0,),
        description="the limit L of the drawdown of the strategy's own NAV: of what the rule chooses, the part "
        "1 - drawdown / L is held, cash for the rest; 0: all of it",
    )
    control_steps: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (4,), description="the equal steps of that part, from cash to all of it"
    )
    rebalance: Annotated[AxisEntry, AxisLimits(str, choices=REBALANCE)] = Field(
        (DAILY,),
        description="of sleeves, and of parts of a leg by drawdown_control: daily, weekly, monthly (at the close of "
        "the last trading day) or never: when weights that have drifted are set back; entry: when a sleeve or the part "
        "switches",
    )

    capital: Annotated[AxisEntry, AxisLimits(float, 0)] = Field(
        (0.0,), description="the value that is traded, for impact and min_commission; 0: trades have no size"
    )
    min_commission: Annotated[AxisEntry, AxisLimits(float, 0)] = Field(
        (0.0,), description="the least that the cost of a trade is, in the unit of capital"
    )


class WindowSpec(Keys):
    from_: Day = Field(alias="from", description="first day whose return counts")
    to: Day | None = Field(None, description="last day whose return counts; default: the last day of the calendar")
    published: Day | None = Field(None, description="first day that counts as after publication")


class StudySpec(SeriesFileSpec):
    """A gridproof study: one experiment over every variant of a timing or rotation strategy."""

    legs: dict[Name, Annotated[Word | Annotated[LegSpec, Tag(MAPPING)], SHAPES]] = Field(
        description="by name: the assets that can be held: a series, a selection of stocks, or cash"
    )
    panel: StudyPanelSpec | None = Field(None, description="the stocks from which legs with select: are built")
    mixes: dict[Name, MixSpec] = Field(
        {}, description="by name: legs with their weights, which the rule chooses as it chooses a leg"
    )
    signals: dict[Name, SignalSpec] = Field({}, description="by name: expressions, and how their values become states")
    rule: Annotated[Annotated[dict[str, str], Tag(MAPPING)] | Annotated[list[str], Tag(LIST)] | Word, SHAPES] = Field(
        "", description="leg: expression of signals; first true wins; last 'leg: otherwise'. With rules: their names"
    )
    rules: dict[Name, dict[str, str]] | None = Field(None, description="alternative rules by name, each like rule")
    sleeves: dict[Name, SleeveSpec] = Field(
        {}, description="instead of rule: by name parts of the capital with a rule each, held together"
    )
    execution: ExecutionSpec = Field(ExecutionSpec(), description="when positions follow states, and what trades cost")
    window: WindowSpec = Field(description="the days whose returns count")
    objective: Literal[*OBJECTIVES] = Field(  # type: ignore[valid-type]
        "sharpe", description="the metric by which variants are ranked"
    )
    risk_free: float = Field(0.0, ge=-0.5, lt=1, description="risk-free rate a year, subtracted in Sharpe and Sortino")
    base: dict[str, BaseValue] = Field({}, description="the published variant: a value for every axis")
    declared: bool = Field(True, description="whether the base was declared before its results on these days were seen")
    choices: list[str] = Field(
        [],
        description="axes of lag, cost, carry, interest, release or trading that a trader can choose, such as "
        "execution.lag",
    )


def part_of(path: Sequence[str], model: type[BaseModel] = StudySpec) -> type[BaseModel]:
    """Returns the part of a file that stands under these keys, such as that of a leg under legs and its name."""
    part = model
    keys = iter(path)
    for key in keys:
        shape = next(field.annotation for name, field in part.model_fields.items() if (field.alias or name) == key)
        part = next(one for one in _types(shape) if isinstance(one, type) and issubclass(one, BaseModel))
        if any(get_origin(one) is dict for one in _types(shape)):
            next(keys, None)  # the name of one of several
    return part


def _types(shape: Any) -> Iterator[Any]:
    """A type, and all types that it is made of."""
    yield shape
    for one in get_args(shape):
        yield from _types(one)
