"""The shape of a study file, by pydantic: what keys there are and what each may hold."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from gridproof.kernels.metrics import OBJECTIVES
from gridproof.sweeps.values import SameAs, Value, expand

_SCALAR: dict[str, Any] = {"type": ["number", "string"]}
_NUMBERS = {"from": {"type": "number"}, "to": {"type": "number"}}
AXIS_SCHEMA: dict[str, Any] = {
    "description": "one value, a list of values, a range, or the axis that this one always equals",
    "oneOf": [
        _SCALAR,
        {"type": "array", "items": _SCALAR, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {**_NUMBERS, "step": {"type": "number", "exclusiveMinimum": 0}},
            "required": ["from", "to", "step"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {**_NUMBERS, "count": {"type": "integer", "minimum": 2}},
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

Axis = Annotated[tuple[Value, ...] | SameAs, BeforeValidator(expand), WithJsonSchema(AXIS_SCHEMA)]


def _date(text: object) -> datetime.date:
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError(f"a date reads YYYY-MM-DD, not {text!r}; correct it") from error


Day = Annotated[
    datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})
]


def _name(text: str) -> str:
    if not text.isidentifier():
        raise ValueError(f"a name is letters, digits and underscores, {text!r} is not; rename it")
    return text


Name = Annotated[str, AfterValidator(_name)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class MarketSpec(_Spec):
    path: str | None = Field(None, description="folder of the files, from the working directory; --data overrides it")
    calendar: str = Field(description="the series whose dates are the trading days")
    periods: float = Field(243, gt=0, description="trading days a year, for every annual figure")


class SeriesSpec(_Spec):
    file: str = Field(description=".csv or .parquet in the market folder, or arch:NAME")
    field: str = Field(description="the column of values")
    date: str = Field("date", description="the column of dates")
    code: str | None = Field(None, description="keep the rows whose column 'code' says this")
    release: Axis | None = Field(
        None, description="when a value is known: N days (trading), N calendar days, or a date column; may be swept"
    )
    missing: Literal["drop"] | None = Field(None, description="leave dates without a value out instead of stopping")


class LegSpec(_Spec):
    series: str | None = Field(None, description="the series whose closes it earns; cash has none")
    interest: Axis | None = Field(None, description="cash only: interest a year")
    carry: Axis = Field((0.0,), description="a year, on top of the closes: dividend, less fee and trading inside")
    cost: Axis = Field((0.0,), description="one-way cost of traded value, on top of execution.cost")
    stamp_tax: Literal["china"] | dict[Day, float] | None = Field(
        None, description="on sales, by date from which it holds; or china for the A-share history (both sides to 2008)"
    )


class LatchSpec(_Spec):
    on_above: Axis = (0.0,)
    off_below: Axis | None = Field(None, description="default: the same as on_above")
    off_gap: Axis | None = Field(None, description="instead of off_below: how far off lies below on")


class SignalSpec(BaseModel):
    """The parameters of its measure stand beside these keys; the catalogue knows them."""

    model_config = ConfigDict(extra="allow", frozen=True, arbitrary_types_allowed=True)
    measure: str
    of: str | list[str]
    latch: LatchSpec | None = None


class ExecutionSpec(_Spec):
    lag: Axis = Field((1,), description="state at t decides the position that earns the return of t + lag; 1 or more")
    cost: Axis = Field((0.0,), description="one-way cost of traded value, for every leg but cash")


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
    legs: dict[Name, str | LegSpec]
    signals: dict[Name, SignalSpec]
    rule: dict[str, str] = Field(description="leg: expression of signals, first true wins; last 'leg: otherwise'")
    execution: ExecutionSpec = ExecutionSpec()
    window: WindowSpec
    objective: Literal[*OBJECTIVES] = "sharpe"  # type: ignore[valid-type]
    risk_free: float = Field(0.0, description="a year, subtracted in Sharpe and Sortino")
    base: dict[str, int | float | str] = Field({}, description="the published variant: a value for every axis")
