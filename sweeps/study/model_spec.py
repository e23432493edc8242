"""The keys of models, which a study and a monitor may have, as pydantic models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gridproof.sweeps.study.key_types import Cell, Day, Name


class _ModelPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MembersSpec(_ModelPart):
    file: str = Field(description="a file in the market folder with a row for each code")
    code: str = Field("code", description="its column of codes")
    where: dict[Name, list[Cell]] = Field(description="the codes whose row has one of these values in each column")


class LongTableSpec(_ModelPart):
    file: str = Field(description="a Parquet file in the market folder, a row for each day and code")
    field: str = Field(description="the column of values")
    date: str = Field("date", description="the column of dates")
    code: str = Field("code", description="the column of codes")
    codes: list[str] = Field([], description="use these codes alone; default: all")
    members: MembersSpec | None = Field(None, description="use the codes that another file lists")


class FundPositionsSpec(_ModelPart):
    """What funds hold: the mean over funds of constrained regressions of their returns on indices."""

    funds: LongTableSpec = Field(description="the returns of the funds; several codes")
    unit: float = Field(1.0, gt=0, description="what 1 in the returns of the funds means: 0.01 where they are percent")
    indices: LongTableSpec = Field(description="the closes of the indices; each code is a column of the model")
    window: int = Field(60, ge=2, le=2_000, description="days from which the weights are estimated")
    half_life: float | None = Field(None, gt=0, description="days after which a day counts half; default: none does")
    every: int = Field(5, ge=1, le=10, description="days from one estimate to the next")
    from_: Day = Field(alias="from", description="the day of the first estimate, or the next one that is in both files")


class NowcastSpec(_ModelPart):
    """A quarterly series in the running quarter, estimated from monthly series as they become known."""

    target: Name = Field(description="the quarterly series")
    indicators: list[Name] = Field(description="the monthly series", min_length=1)
    factors: int = Field(1, ge=1, le=8, description="common factors, each with an autoregression of its own")
    order: int = Field(1, ge=1, le=12, description="months that the autoregression of a factor looks back")
    begin: Day | None = Field(None, description="values of earlier months are not used; default: all are")
    every: int = Field(
        5, ge=1, le=10, description="trading days from one estimate to the next; there is none if nothing new is known"
    )
    from_: Day = Field(alias="from", description="the day of the first estimate, or the next trading day")


class ModelSpec(_ModelPart):
    positions: FundPositionsSpec | None = Field(None, description="what funds hold, estimated from their returns")
    nowcast: NowcastSpec | None = Field(None, description="the running quarter of a quarterly series")
