"""The record of a monitor: what readings.json has, and the page shows."""

from __future__ import annotations

from typing import Literal, TypedDict

# current: all inputs are current; stale: one is older than it may be; missing: one cannot be read, or has no value yet;
# failed: the expression cannot be computed; unavailable: the monitor file says that there are no data.
Status = Literal["current", "stale", "missing", "failed", "unavailable"]
Unit = Literal["percent", "number", "index", "count"]


class InputRecord(TypedDict):
    """One series of a reading. Dates as YYYY-MM-DD."""

    name: str
    name_zh: str
    file: str
    dated: str | None  # the date of its latest known value; null: none is known
    known: str | None  # the trading day at whose close it became known
    until: str | None  # the day until which it counts as current
    current: bool


class StateRecord(TypedDict):
    """The state of a reading. Names in both languages."""

    on: list[str]  # the bits that are on
    name: str
    name_zh: str
    since: str  # the first day of the state
    since_start: bool  # whether it has been the same since the reading began, so that it may be older
    days: int  # trading days in the state, today's included


class DistanceRecord(TypedDict):
    """How far the value is from the level at which the state changes."""

    level: float
    distance: float  # level less value, in the unit of the value
    underlying: str | None
    underlying_zh: str | None
    underlying_now: float | None
    underlying_level: float | None  # the latest value of the underlying at which the level is reached; null: not near


class VoteRecord(TypedDict):
    """The states of all variants of a reading's parameters on the date; ``map`` over the two axes that matter most."""

    variants: int
    share_on: dict[str, float]  # by bit: the share of the variants in which it is on
    base_on: dict[str, bool]
    bit: str  # of which bit the map is
    x_axis: str | None
    x_values: list[float | str]
    y_axis: str | None
    y_values: list[float | str]
    map: list[list[float]]  # a row for each y: the share of variants that are on, among those with these two values


class PrintedRecord(TypedDict):
    """What a report printed for a date, beside ours."""

    date: str
    what: Literal["value", "percentile"]
    printed: float | str
    ours: float | None


class ReadingRecord(TypedDict):
    """One reading on the date. Undefined numbers are null."""

    name: str
    title: str
    title_zh: str
    group: str | None
    unit: Unit
    source: str | None
    source_zh: str | None
    study: str | None
    formula: str | None
    status: Status
    why: str | None
    why_zh: str | None
    value: float | None  # null unless all inputs are current
    last_value: float | None  # the latest value while all inputs were current
    last_date: str | None
    week: float | None  # change since the close a week before; relative where the unit is index
    month: float | None
    percentile: float | None
    percentile_window: str | None
    percentile_days: int | None  # the values that the percentile is of
    percentile_short: bool  # whether these are fewer than nine tenths of the window
    levels: dict[str, float]
    state: StateRecord | None
    distance: DistanceRecord | None
    vote: VoteRecord | None
    inputs: list[InputRecord]
    printed: list[PrintedRecord]
    history: list[tuple[str, float | None, bool | None]]  # week ends: date, value, whether the first bit is on


class GroupRecord(TypedDict):
    name: str
    title: str
    title_zh: str


class ChangeRecord(TypedDict):
    """A reading whose state differs from that of an earlier date."""

    name: str
    before: str
    before_zh: str


class CellRecord(TypedDict):
    """A cell of a board; the value is null where it is not known or an input is not current."""

    value: float | None
    unit: Unit


class BoardRowRecord(TypedDict):
    title: str
    title_zh: str
    group: str | None
    cells: list[CellRecord]
    directions: list[int | None]  # by asset: 1 up, -1 down, 0 unchanged; null: unknown, or the row says nothing of it
    why: str | None  # the inputs that are not current
    why_zh: str | None


class ReleaseRecord(TypedDict):
    """A release of the week. Dates as YYYY-MM-DD; a next one has no value, and its date is expected."""

    title: str
    title_zh: str
    date: str
    month: str  # YYYY-MM
    value: float | None
    next: bool


class BoardRecord(TypedDict):
    """A table, or a path of (week end, across, up)."""

    name: str
    title: str
    title_zh: str
    source: str | None
    source_zh: str | None
    columns: list[tuple[str, str]]  # in English and in Chinese
    assets: list[tuple[str, str]]
    rows: list[BoardRowRecord]
    releases: list[ReleaseRecord]
    path: list[tuple[str, float, float]]
    units: list[Unit]


class WarningRecord(TypedDict):
    """What may be wrong with the data of some readings, which are named."""

    readings: list[str]
    text: str
    text_zh: str


class MonitorRecord(TypedDict):
    """A monitor on one date."""

    monitor: str
    title: str
    title_zh: str
    notes: list[str]
    notes_zh: list[str]
    on: str
    week_before: str
    month_before: str
    groups: list[GroupRecord]
    readings: list[ReadingRecord]
    warnings: list[WarningRecord]
    boards: list[BoardRecord]
    since: str | None
    changed: list[ChangeRecord]
