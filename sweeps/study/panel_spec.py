"""The keys of a panel of stocks, and of a leg that selects from it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gridproof.sweeps.study.basket_size import count_problem
from gridproof.sweeps.study.key_types import AxisEntry, Expression, Keys, Name
from gridproof.sweeps.study.limits import AxisLimits


class StockTableSpec(Keys):
    file: str = Field(description="a table in the market folder with one row for each stock")
    code: str = Field("code", description="its column of the stocks' codes")
    field: str = Field(description="the column that the panel gets; it holds for all days")


class NamesSpec(Keys):
    file: str = Field(description="a table in the market folder with a row for each stock that was ever listed")
    code: str = Field("code", description="its column of the stocks' codes")
    first: str = Field("first", description="its column of the first days on the exchange")
    last: str = Field("last", description="its column of the last days on the exchange; empty: still listed")


class PanelSpec(Keys):
    file: str = Field(description="a Parquet file in the market folder, a row for each day and stock")
    date: str = Field("date", description="the column of dates")
    code: str = Field("code", description="the column of the stocks' codes")
    fields: dict[Name, Expression] = Field(
        description="by name: formulas of its columns. close (required): what a share is worth, adjusted; traded: the "
        "condition that the close is from a trade; raw_close, previous_close, st: for price limits; open, raw_open: "
        "for trades at the open; cash_dividend: for the account's taxes on dividends"
    )
    names: NamesSpec | None = Field(
        None, description="a list of all names with their days on the exchange: the page says how many the panel lacks"
    )


class StudyPanelSpec(PanelSpec):
    file: str = Field("", description="a Parquet file in the market folder, a row for each day and stock")
    series: list[Name] = Field(
        [], description="instead of file: series of the study, each of them a stock; their column is close"
    )
    fields: dict[Name, Expression] = Field(
        {"close": "close"}, description=f"{PanelSpec.model_fields['fields'].description}; default: the column close"
    )
    tables: dict[Name, StockTableSpec] = Field(
        {}, description="by name: a further column, from a table with one row for each stock, such as its industry"
    )


class SelectSpec(BaseModel):
    """Further keys are the parameters that its formulas name."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)
    where: AxisEntry = Field(
        ("all",), description="the condition of the universe, over fields; all: every stock with a row and a close"
    )
    lowest: AxisEntry | None = Field(None, description="take the stocks with the lowest values of this formula")
    highest: AxisEntry | None = Field(None, description="instead of lowest: those with the highest")
    count: Annotated[AxisEntry, AxisLimits(fits=count_problem, whole=True)] = Field(
        description="how many stocks, at most the universe; or a share of it (10%), or one of its equal parts (3/10)"
    )
    weights: AxisEntry = Field(
        ("equal",), description="equal, or a formula of fields to which the weights of a basket are proportional"
    )
    trading: Annotated[AxisEntry, AxisLimits(str, choices=("ideal", "limits"))] = Field(
        ("ideal",),
        description="ideal: every stock trades at every close; limits: none at its price limit or when it is suspended",
    )
    every: Annotated[AxisEntry, AxisLimits(int, 1)] = Field(
        (1,), description="trading days from one formation of the basket to the next; weights drift in between"
    )
    offset: Annotated[AxisEntry, AxisLimits(int, 0)] = Field(
        (0,), description="trading days from the close before the window to the first formation"
    )
    capital: float | None = Field(
        None, gt=0, description="yuan with which the account of base and best begins; it then trades whole lots"
    )
    min_commission: float = Field(
        0.0, ge=0, description="with capital: the least cost of each trade of the account, in yuan, without taxes"
    )
