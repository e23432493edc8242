"""The keys of every file that computes expressions on series, such as a study or a monitor, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Tag

from gridproof.sweeps.study.key_types import (
    MAPPING,
    SHAPES,
    AxisEntry,
    Cell,
    Expression,
    Keys,
    Name,
    StudyName,
    Word,
)
from gridproof.sweeps.study.model_spec import ModelSpec


class MarketSpec(Keys):
    path: str | None = Field(
        None,
        description="folder of the files, from the working directory, or synthetic:, the market that gridproof draws; "
        "--data overrides it",
    )
    calendar: str = Field(description="the series whose dates are the trading days")
    periods: float = Field(243, gt=0, le=366, description="trading days a year, for every annual figure")


class SeriesSpec(Keys):
    file: str = Field("", description="text, Parquet, Excel or TDX .day in the market folder, or arch:NAME")
    model: Name | None = Field(None, description="instead of file: a model of the file, of which field is a column")
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


class ValueSpec(BaseModel):
    """Further keys are the parameters that its expression names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    value: Expression = Field(description="an expression of series, other values, parameters and operators")


class SeriesFileSpec(Keys):
    """What every file has that computes expressions on series: a study, a monitor."""

    name: StudyName
    title: str | None = Field(None, description="shown in the report")
    notes: list[str] = Field([], description="shown in the report, a paragraph each")
    market: MarketSpec = Field(description="where the data are, and the trading days")
    series: dict[Name, SeriesSpec] = Field(description="by name: a column of a file, and when its values are known")
    models: dict[Name, ModelSpec] = Field(
        {}, description="by name: estimates by date; a series takes a column of one with model instead of file"
    )
    values: dict[Name, Annotated[Word | Annotated[ValueSpec, Tag(MAPPING)], SHAPES]] = Field(
        {}, description="named expressions, which signals and other values may use"
    )
    operators: str | None = Field(
        None, description="a Python file beside the study, or in a folder below it, with operators of your own"
    )
