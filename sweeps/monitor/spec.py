"""The keys of a monitor file, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridproof.sweeps.study.key_types import BaseValue, Day, Expression, Name
from gridproof.sweeps.study.series_spec import SeriesFileSpec
from gridproof.sweeps.study.spec import LatchSpec

# How values are written: 0.05 is 5.00% as percent; of a price or an index changes are relative.
Unit = Literal["percent", "number", "index", "count"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ReadingGroupSpec(_Part):
    title: str = Field(description="shown above the readings of the group")
    title_zh: str | None = Field(None, description="the same on a Chinese page; default: the title")


class StatesSpec(_Part):
    on: str = Field(description="what the state is called while the signal is on")
    off: str = Field(description="and while it is off")
    on_zh: str | None = Field(None, description="the same on a Chinese page")
    off_zh: str | None = Field(None, description="the same on a Chinese page")


class ReadingSpec(BaseModel):
    """One reading: an expression of its own, or a signal of a study. Further keys are parameters of the expression."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    title: str = Field(description="what the reading is, in the page's first column")
    title_zh: str | None = Field(None, description="the same on a Chinese page; default: the title")
    study: str | None = Field(None, description="a study file beside the monitor, or a shipped study")
    signal: str | None = Field(None, description="the signal of that study; default: its only one")
    value: Expression | None = Field(None, description="an expression: the number that is shown")
    when: Expression | None = Field(None, description="instead of value: a condition, which is the state")
    latch: LatchSpec | None = Field(None, description="how value becomes a state; default: it has no state")
    missing: Literal["off", "hold"] | None = Field(None, description="what an unknown value means, as in a study")
    unit: Unit = Field("number", description="percent, number, index (changes are relative) or count")
    percentile: str | None = Field(
        None, description="the window of the percentile, such as 6y, or all; default: no percentile"
    )
    states: StatesSpec | None = Field(None, description="the names of the states; default: on and off")
    underlying: str | None = Field(
        None, description="the series in whose units the distance to the next state is shown too"
    )
    group: str | None = Field(None, description="a key of groups")
    source: str | None = Field(None, description="where the reading is from")
    source_zh: str | None = Field(None, description="the same on a Chinese page; default: the source")
    printed: dict[Day, float] = Field({}, description="by date: what a report printed, in the units of the value")
    printed_percentile: dict[Day, float] = Field({}, description="by date: a printed percentile, as a share")


class UnavailableSpec(_Part):
    """A reading of a report that the data do not give."""

    title: str = Field(description="what the report shows")
    title_zh: str | None = Field(None, description="the same on a Chinese page; default: the title")
    reason: str = Field(description="what is missing")
    reason_zh: str | None = Field(None, description="the same on a Chinese page; default: the reason")
    group: str | None = Field(None, description="a key of groups")
    printed: dict[Day, str] = Field({}, description="by date: what a report printed")


class AssetSpec(_Part):
    title: str = Field(description="what the asset is called")
    title_zh: str | None = Field(None, description="the same on a Chinese page; default: the title")


class BoardColumnSpec(AssetSpec):
    value: Expression = Field(description="a formula in which x stands for the expression of the row")
    unit: Unit = Field("percent", description="percent, number, index or count")


class BoardRowSpec(AssetSpec):
    x: str | list[str] = Field(description="an expression, or several, of whose columns the mean is shown")
    group: str | None = Field(None, description="a key of groups: its title stands above the row")
    moves: dict[Name, Literal["up", "down"]] = Field(
        {}, description="by asset: where it goes when the first column of the row rises"
    )


class BoardPathSpec(_Part):
    across: BoardColumnSpec = Field(description="what is drawn to the right; its value has no x")
    up: BoardColumnSpec = Field(description="what is drawn upwards")
    weeks: int = Field(12, ge=2, le=60, description="week ends that are drawn")


class BoardSpec(AssetSpec):
    """A table of columns and rows; of monthly series by month; or a path through four quadrants."""

    columns: dict[Name, BoardColumnSpec] = Field({}, description="by name: formulas of x")
    rows: dict[Name, BoardRowSpec] = Field({}, description="by name: what x is")
    assets: dict[Name, AssetSpec] = Field({}, description="by name: assets, with a column of the directions of moves")
    months: int | None = Field(
        None, ge=2, le=24, description="instead of columns: the last months of series, and their releases of the week"
    )
    path: BoardPathSpec | None = Field(None, description="instead of columns and rows: two readings as a path")
    source: str | None = Field(None, description="where the board is from")
    source_zh: str | None = Field(None, description="the same on a Chinese page; default: the source")


class MonitorSpec(SeriesFileSpec):
    """A gridproof monitor: readings on one date, from one folder of data."""

    title_zh: str | None = Field(None, description="the title of a Chinese page; default: title")
    notes_zh: list[str] = Field([], description="the notes of a Chinese page; default: notes")
    groups: dict[Name, ReadingGroupSpec] = Field({}, description="by name: the groups of the page, in their order")
    readings: dict[Name, ReadingSpec] = Field(description="by name: what is shown")
    boards: dict[Name, BoardSpec] = Field({}, description="by name: tables and figures below the readings")
    unavailable: dict[Name, UnavailableSpec] = Field({}, description="by name: readings of a report without data")
    current: dict[Name, Annotated[int, Field(ge=0, le=400)]] = Field(
        {}, description="by series: trading days after its release until which a value counts as current"
    )
    names_zh: dict[Name, str] = Field({}, description="by series: what a Chinese page calls it; default: its name")
    base: dict[str, BaseValue] = Field({}, description="the value shown for every parameter that has several")
