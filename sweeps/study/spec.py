"""The keys of a study file and the values each may have, as pydantic models."""

from __future__ import annotations

import datetime
import keyword
import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from gridproof.kernels.metrics import OBJECTIVES
from gridproof.results.axis_range import AxisValues, Value
from gridproof.sweeps.study.limits import AxisLimits
from gridproof.sweeps.study.rule import HOLD, OTHERWISE
from gridproof.sweeps.study.values import SameAs, check_value, parse_axis

_SCALAR: dict[str, Any] = {"type": ["number", "string"]}
_NUMBERS = {"from": {"type": "number"}, "to": {"type": "number"}}
_SEARCH = {"search": {"enum": ["continuous", "integer"], "description": "numbers a search may choose between the ends"}}
AXIS_SCHEMA: dict[str, Any] = {
    "description": "one value, a list of values, a range, or the axis that this one is tied to",
    "oneOf": [
        _SCALAR,
        {"type": "array", "items": _SCALAR, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {**_NUMBERS, "step": {"type": "number", "exclusiveMinimum": 0}, **_SEARCH},
            "required": ["from", "to", "step"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                **_NUMBERS,
                "count": {"type": "integer", "minimum": 2},
                "scale": {"enum": ["log"], "description": "evenly spaced ratios instead of differences"},
                **_SEARCH,
            },
            "required": ["from", "to", "count"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"same_as": {"type": "string"}},
            "required": ["same_as"],
            "additionalProperties": False,
        },
    ],
}

AxisEntry = Annotated[
    AxisValues | SameAs,
    PlainValidator(parse_axis),
    PlainSerializer(lambda entry: entry, return_type=Any),
    WithJsonSchema(AXIS_SCHEMA),
]
BaseValue = Annotated[Value, PlainValidator(check_value), WithJsonSchema(_SCALAR)]


def _date(text: object) -> datetime.date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text)):
            raise ValueError
        return datetime.date.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError("a date must be valid and of the form YYYY-MM-DD; correct it") from error


Day = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


def _name(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("a name is letters, digits and underscores, a letter first; rename it")
    if len(text) > 100:
        raise ValueError("a name has at most 100 characters; shorten it")
    if keyword.iskeyword(text) or text in (HOLD, OTHERWISE):
        raise ValueError("a name must not be a keyword of rules; rename it")
    return text


Name = Annotated[str, AfterValidator(_name)]

# The values of the key use of a signal.
ON, OFF = "on", "off"
# Characters of a study's name, which also names a folder: at most 192 bytes, where file systems allow 255.
_LONGEST_NAME = 64
# No ASCII sign but - and _, none of them first; the check itself also refuses other signs.
STUDY_NAME_SCHEMA: dict[str, Any] = {
    "type": "string",
    "maxLength": _LONGEST_NAME,
    "pattern": r"^[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x9f][^\x00-\x2c\x2e\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x9f]*$",
    "description": "names the run folder: letters of any script, digits, _ and -",
}


def _study_name(text: str) -> str:
    """A name of a file on every system: no separator, dot, space or control character, and no sign at its start."""
    text = unicodedata.normalize("NFC", text)
    plain = all(unicodedata.category(sign)[0] in "LMN" or sign in "_-" for sign in text)
    if not plain or not text or unicodedata.category(text[0])[0] not in "LN":
        raise ValueError("name must be letters, digits, _ and -, a letter or digit first; rename it")
    if len(text) > _LONGEST_NAME or len(text.encode()) > 3 * _LONGEST_NAME:
        raise ValueError(f"name must have at most {_LONGEST_NAME} characters; shorten it")
    return text


def _shape(value: object) -> str:
    return MAPPING if isinstance(value, dict) else LIST if isinstance(value, list) else WORD


# Tags of the types that one key may have. They are not part of the place in an error message.
WORD, LIST, MAPPING = "<a word>", "<a list>", "<a mapping>"
_Word = Annotated[str, Tag(WORD)]
_SHAPES = Discriminator(_shape)


def _expression(value: object) -> str:
    """An expression is text; a number alone is one too."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("an expression is text; write a formula, in quotes if it begins with a sign of YAML")


Expression = Annotated[str, PlainValidator(_expression), WithJsonSchema({"type": "string"})]


def _cell(value: object) -> str | int | float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise ValueError("a value of `where` is text or a number; write one, in quotes if it must stay text")


Cell = Annotated[str | int | float, PlainValidator(_cell), WithJsonSchema(_SCALAR)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MarketSpec(_Spec):
    path: str | None = Field(None, description="folder of the files, from the working directory; --data overrides it")
    calendar: str = Field(description="the series whose dates are the trading days")
    periods: float = Field(243, gt=0, le=366, description="trading days a year, for every annual figure")


class SeriesSpec(_Spec):
    file: str = Field(description="text, Parquet, Excel or TDX .day in the market folder, or arch:NAME")
    field: str = Field(description="the column of values")
    date: str = Field("date", description="the column of dates")
    code: str | None = Field(None, description="keep the rows with this value in the column of codes")
    where: dict[str, Cell] | None = Field(
        None, description="keep the rows with these values in these columns, such as {ts_code: 000300.SH}"
    )
    sheet: str | None = Field(None, description="the sheet of a workbook; default: the only one that has cells")
    release: AxisEntry | None = Field(
        None, description="when a value is known: N days (trading days), N calendar days or a date column"
    )
    date_format: str | None = Field(
        None, description="format of the dates in the signs of strptime, such as %d/%m/%Y, or excel for serial numbers"
    )
    time_zone: str | None = Field(
        None, description="stamps that state their zone become the days of this one, such as Asia/Shanghai"
    )
    day_close: str | None = Field(
        None,
        description="of intraday bars: the time at which the trading day closes, such as 15:00; later bars belong to "
        "the next trading day",
    )
    missing: Literal["drop"] | None = Field(None, description="drop: leave out dates without a value")


# Shares: interest and carry of the value a year, cost of the traded value. A yearly loss stays below 100%.
_YEARLY, _COST = AxisLimits(float, -0.99, 1), AxisLimits(float, 0, 1)
_Rate = Annotated[float, Field(ge=0, lt=1)]
StampTaxes = Annotated[Annotated[Literal["china"], Tag(WORD)] | Annotated[dict[Day, _Rate], Tag(MAPPING)], _SHAPES]


class PanelSpec(_Spec):
    file: str = Field(description="a Parquet file in the market folder, a row for each day and stock")
    date: str = Field("date", description="the column of dates")
    code: str = Field("code", description="the column of the stocks' codes")
    fields: dict[Name, Expression] = Field(
        description="by name: formulas of its columns. close (required): what a share is worth, adjusted; traded: the "
        "condition that the close is from a trade"
    )


class SelectSpec(_Spec):
    where: Expression | None = Field(
        None, description="the condition of the universe, over fields; default: every stock with a row and a close"
    )
    lowest: Expression | None = Field(None, description="take the stocks with the lowest values of this formula")
    highest: Expression | None = Field(None, description="instead of lowest: those with the highest")
    count: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        description="how many stocks, with equal weights; the whole universe where it has fewer"
    )
    every: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (1,), description="trading days from one formation of the basket to the next; weights drift in between"
    )
    offset: Annotated[AxisEntry, AxisLimits(int, 0)] = Field(
        (0,), description="trading days from the close before the window to the first formation"
    )


class LegSpec(_Spec):
    series: str | None = Field(None, description="the series whose close-to-close returns it earns; cash has none")
    select: SelectSpec | None = Field(None, description="instead of series: stocks of the panel")
    interest: Annotated[AxisEntry | None, _YEARLY] = Field(None, description="cash only: interest a year")
    carry: Annotated[AxisEntry, _YEARLY] = Field(
        (0.0,), description="yearly return on top of the closes: dividends less fees"
    )
    cost: Annotated[AxisEntry, _COST] = Field(
        (0.0,), description="one-way, a share of the traded value, on top of execution.cost"
    )
    stamp_tax: StampTaxes | None = Field(
        None, description="rate on sales by its first day; or china for the A-share history (both sides until 2008)"
    )


class LatchSpec(_Spec):
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
    when: Annotated[_Word | Annotated[dict[Name, str], Tag(MAPPING)], _SHAPES] | None = Field(
        None, description="a condition that is the state, or a mapping of several, each a state NAME.KEY"
    )
    latch: LatchSpec | None = Field(None, description="how the signal turns on and off and keeps its state in between")
    use: Annotated[AxisEntry | None, AxisLimits(str, choices=(ON, OFF))] = Field(
        None, description="on, off, or both: a signal that is off is false throughout"
    )
    missing: Literal["off", "hold"] | None = Field(
        None, description="what an unknown value means: off, or hold the last known one; default: it is an error"
    )


class ValueSpec(BaseModel):
    """Further keys are the parameters that its expression names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    value: Expression = Field(description="an expression of series, other values, parameters and operators")


class ExecutionSpec(_Spec):
    lag: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (1,), description="the state at the close of day t earns the return of t + lag"
    )
    cost: Annotated[AxisEntry, _COST] = Field(
        (0.0,), description="one-way, a share of the traded value, for every leg but cash"
    )


class WindowSpec(_Spec):
    from_: Day = Field(alias="from", description="first day whose return counts")
    to: Day | None = Field(None, description="last day whose return counts; default: the last day of the calendar")
    published: Day | None = Field(None, description="first day that counts as after publication")


class StudySpec(_Spec):
    """A gridproof study: one experiment over every variant of a timing or rotation strategy."""

    name: Annotated[str, AfterValidator(_study_name), WithJsonSchema(STUDY_NAME_SCHEMA)]
    title: str | None = Field(None, description="shown in the report")
    notes: list[str] = Field([], description="shown in the report, a paragraph each")
    market: MarketSpec = Field(description="where the data are, and the trading days")
    series: dict[Name, SeriesSpec] = Field(description="by name: a column of a file, and when its values are known")
    legs: dict[Name, Annotated[_Word | Annotated[LegSpec, Tag(MAPPING)], _SHAPES]] = Field(
        description="by name: the assets that can be held: a series, a selection of stocks, or cash"
    )
    panel: PanelSpec | None = Field(None, description="the stocks from which legs with select: are built")
    values: dict[Name, Annotated[_Word | Annotated[ValueSpec, Tag(MAPPING)], _SHAPES]] = Field(
        {}, description="named expressions, which signals and other values may use"
    )
    operators: str | None = Field(
        None, description="a Python file beside the study, or in a folder below it, with operators of your own"
    )
    signals: dict[Name, SignalSpec] = Field(description="by name: expressions, and how their values become states")
    rule: Annotated[Annotated[dict[str, str], Tag(MAPPING)] | Annotated[list[str], Tag(LIST)] | _Word, _SHAPES] = Field(
        "", description="leg: expression of signals; first true wins; last 'leg: otherwise'. With rules: their names"
    )
    rules: dict[Name, dict[str, str]] | None = Field(None, description="alternative rules by name, each like rule")
    execution: ExecutionSpec = Field(ExecutionSpec(), description="when positions follow states, and what trades cost")
    window: WindowSpec = Field(description="the days whose returns count")
    objective: Literal[*OBJECTIVES] = Field(  # type: ignore[valid-type]
        "sharpe", description="the metric by which variants are ranked"
    )
    risk_free: float = Field(0.0, ge=-0.5, lt=1, description="risk-free rate a year, subtracted in Sharpe and Sortino")
    base: dict[str, BaseValue] = Field({}, description="the published variant: a value for every axis")
    declared: bool = Field(True, description="whether the base was declared before its results on these days were seen")
    choices: list[str] = Field(
        [], description="axes of lag, cost, carry, interest or release that a trader can choose, such as execution.lag"
    )
