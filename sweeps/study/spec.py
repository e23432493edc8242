"""The shape of a study file, by pydantic: what keys there are and what each may hold."""

from __future__ import annotations

import datetime
import keyword
import re
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
from gridproof.sweeps.study.rule import HOLD, OTHERWISE
from gridproof.sweeps.study.values import SameAs, check_value, parse_axis

_SCALAR: dict[str, Any] = {"type": ["number", "string"]}
_NUMBERS = {"from": {"type": "number"}, "to": {"type": "number"}}
_SEARCH = {"search": {"enum": ["continuous", "integer"], "description": "what a search may choose between the ends"}}
AXIS_SCHEMA: dict[str, Any] = {
    "description": "one value, a list of values, a range, or the axis that this one always equals",
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
        raise ValueError("a date of the calendar reads YYYY-MM-DD; correct it") from error


Day = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


def _name(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("a name is letters, digits and underscores, a letter first; rename it")
    if keyword.iskeyword(text) or text in (HOLD, OTHERWISE):
        raise ValueError("a name must not be a word of the rule's language; rename it")
    return text


Name = Annotated[str, AfterValidator(_name)]


def _shape(value: object) -> str:
    return MAPPING if isinstance(value, dict) else LIST if isinstance(value, list) else WORD


# What may stand in one place in several shapes. The tags are no part of a fault's place.
WORD, LIST, MAPPING = "<a word>", "<a list>", "<a mapping>"
_Word = Annotated[str, Tag(WORD)]
_SHAPES = Discriminator(_shape)


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MarketSpec(_Spec):
    path: str | None = Field(None, description="folder of the files, from the working directory; --data overrides it")
    calendar: str = Field(description="the series whose dates are the trading days")
    periods: float = Field(243, gt=0, description="trading days a year, for every annual figure")


class SeriesSpec(_Spec):
    file: str = Field(description=".csv or .parquet in the market folder, or arch:NAME")
    field: str = Field(description="the column of values")
    date: str = Field("date", description="the column of dates")
    code: str | None = Field(None, description="keep the rows whose column 'code' says this")
    release: AxisEntry | None = Field(
        None, description="when a value is known: N days (trading), N calendar days, or a date column; may be swept"
    )
    missing: Literal["drop"] | None = Field(None, description="leave dates without a value out instead of stopping")


_Rate = Annotated[float, Field(ge=0, lt=1)]
StampTaxes = Annotated[Annotated[Literal["china"], Tag(WORD)] | Annotated[dict[Day, _Rate], Tag(MAPPING)], _SHAPES]


class LegSpec(_Spec):
    series: str | None = Field(None, description="the series whose closes it earns; cash has none")
    interest: AxisEntry | None = Field(None, description="cash only: interest a year")
    carry: AxisEntry = Field((0.0,), description="a year, on top of the closes: dividend, less fee and trading inside")
    cost: AxisEntry = Field((0.0,), description="one-way cost of traded value, on top of execution.cost")
    stamp_tax: StampTaxes | None = Field(
        None, description="on sales, by date from which it holds; or china for the A-share history (both sides to 2008)"
    )


class LatchSpec(_Spec):
    on_above: AxisEntry = (0.0,)
    off_below: AxisEntry | None = Field(None, description="default: the same as on_above")
    off_gap: AxisEntry | None = Field(None, description="instead of off_below: how far off lies below on")


class SignalSpec(BaseModel):
    """The parameters of its measure stand beside these keys; the catalogue knows them."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    measure: str
    of: Annotated[_Word | Annotated[list[str], Tag(LIST)], _SHAPES]
    latch: LatchSpec | None = None
    use: AxisEntry | None = Field(None, description="on, off, or both: a signal that is off is false throughout")


class ExecutionSpec(_Spec):
    lag: AxisEntry = Field((1,), description="the state at the close of t earns the return of t + lag; at least 1")
    cost: AxisEntry = Field((0.0,), description="one-way cost of traded value, for every leg but cash")


class WindowSpec(_Spec):
    from_: Day = Field(alias="from", description="first day whose return counts")
    to: Day | None = Field(None, description="last day whose return counts; default the last of the calendar")
    published: Day | None = Field(None, description="first day that counts as after publication")


class StudySpec(_Spec):
    """A gridproof study: one experiment over every variant of a timing or rotation strategy."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="names the run folder")]
    title: str | None = None
    notes: list[str] = []
    market: MarketSpec
    series: dict[Name, SeriesSpec]
    legs: dict[Name, Annotated[_Word | Annotated[LegSpec, Tag(MAPPING)], _SHAPES]]
    signals: dict[Name, SignalSpec]
    rule: Annotated[Annotated[dict[str, str], Tag(MAPPING)] | Annotated[list[str], Tag(LIST)] | _Word, _SHAPES] = Field(
        "", description="leg: expression of signals, first true wins; last 'leg: otherwise'. With rules: which of them"
    )
    rules: dict[Name, dict[str, str]] | None = Field(None, description="alternatives by name, each as rule would be")
    execution: ExecutionSpec = ExecutionSpec()
    window: WindowSpec
    objective: Literal[*OBJECTIVES] = "sharpe"  # type: ignore[valid-type]
    risk_free: float = Field(0.0, description="a year, subtracted in Sharpe and Sortino")
    base: dict[str, BaseValue] = Field({}, description="the published variant: a value for every axis")
