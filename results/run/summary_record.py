"""The types of summary.json and timing.json: what a run writes about itself. ``record_schema`` publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from gridproof.kernels.errors import InputError
from gridproof.results.run.rule_record import DefinitionsRecord, ParameterValue
from gridproof.results.run.selection_record import SelectionRecord

# The file of the summary. With it and the report a run is finished.
SUMMARY = "summary.json"


class MetricsRecord(TypedDict):
    """Metrics of one segment; None where a metric is undefined. Returns and shares are fractions, not percent."""

    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float | None
    calmar: float | None
    skewness: float | None
    kurtosis: float | None
    switches: int | None
    turnover: float | None
    exposure: float | None
    exposure_by_leg: dict[str, float]


class SegmentsRecord(TypedDict):
    """after_publication: None where the study names no date of publication."""

    in_sample: MetricsRecord
    after_publication: MetricsRecord | None


class PointRecord(SegmentsRecord):
    """One variant. index: of the grid. hindsight: in sample, had turning points been dated when they happened; only
    where a signal has turning points."""

    index: int
    parameters: dict[str, ParameterValue]
    hindsight: NotRequired[MetricsRecord]


class BaseRecord(PointRecord):
    """percentile: share of the choices with a defined objective that lie below the base, ties counted half, 0 to 100;
    None where the base's own objective is undefined."""

    percentile: float | None
    percentile_after_publication: float | None


class BestRecord(PointRecord):
    """The best choice. equal: how many choices have the very same metrics."""

    equal: int


WindowRecord = TypedDict(
    "WindowRecord",
    {"from": str, "to": str, "published": str | None, "days_in_sample": int, "days_after_publication": int},
)

# step: None for a log scale, or where no decimal number is the step.
RangeRecord = TypedDict(
    "RangeRecord",
    {
        "from": int | float,
        "to": int | float,
        "step": int | float | None,
        "count": int,
        "scale": Literal["linear", "log"],
    },
)


class AxisRecord(TypedDict):
    """base: the base's value. choice: whether a trader chooses the value; else it is of the environment. range: only
    where the study gives the values as a range."""

    name: str
    values: list[ParameterValue]
    base: ParameterValue
    choice: bool
    range: NotRequired[RangeRecord]


class HistogramRecord(TypedDict):
    """Choices by their objective in sample. edges: one more than counts. undefined: choices without an objective."""

    edges: list[float]
    counts: list[int]
    below: int
    above: int
    undefined: int


class WholeGridRecord(TypedDict):
    """The same among all variants, at any environment: the best of these is often one without costs."""

    percentile: float | None
    percentile_after_publication: float | None
    best: BestRecord
    histogram: HistogramRecord


class SeriesRecord(TypedDict):
    """One series. column: its code and column, empty for a panel. understood: how its file was read, in one line.
    warnings: what is suspicious but may be true."""

    name: str
    file: str
    column: str
    understood: str
    warnings: list[str]


class DataRecord(TypedDict):
    """The data of a run. warnings: those that concern no single series."""

    series: list[SeriesRecord]
    warnings: list[str]


class SelectionsRecord(TypedDict):
    """Every leg that selects stocks, at the parameters of base and best; empty where no leg does."""

    base: list[SelectionRecord]
    best: list[SelectionRecord]


# Why variants are evaluated day by day.
NAV, ENTRY = "nav", "entry"


class KernelName(TypedDict, total=False):
    """kernel: "daily" where variants were evaluated day by day; absent where none was. kernel_for: why, ``NAV`` where
    positions depend on the NAV, ``ENTRY`` where weights drift from the day of entry."""

    kernel: str
    kernel_for: list[str]


class RunSummary(KernelName):
    """summary.json. variants: of the grid; evaluated: of them, all or ``sample``. distinct: variants that differ in a
    signal's path or in their execution. choices, evaluated_choices, distinct_choices: the same of the variants at the
    base's ``environment``, a value for each of its axes; ranks, best and histogram are among these. declared: whether
    the base was declared before its results were seen. distinct_paths: by signal. whole_grid: None where every variant
    is a choice, or a sample was evaluated. risk_free: a year, as a fraction. variants_stored: whether variants.parquet
    holds every variant. notes: of the study, and what is left out. definitions: what the names in the rule mean."""

    study: str
    title: str | None
    variants: int
    evaluated: int
    sample: int | None
    distinct: int
    choices: int
    evaluated_choices: int
    distinct_choices: int
    environment: dict[str, ParameterValue]
    declared: bool
    distinct_paths: dict[str, int]
    backend: str
    code: str
    data_hash: str
    data: DataRecord
    objective: str
    periods_per_year: float
    risk_free: float
    window: WindowRecord
    rule: list[str]
    definitions: DefinitionsRecord
    legs: list[str]
    axes: list[AxisRecord]
    base: BaseRecord
    best: BestRecord
    hold: dict[str, SegmentsRecord]
    selections: SelectionsRecord
    histogram: HistogramRecord
    whole_grid: WholeGridRecord | None
    variants_stored: bool
    notes: list[str]


class HardwareRecord(TypedDict):
    machine: str
    processor: str
    cores: int | None


class SearchSeconds(TypedDict):
    """Of one call of a search. kernels: within asking, evaluating and telling."""

    asking: float
    evaluating: float
    telling: float
    kernels: float
    searching: float


class ClusterTiming(TypedDict, total=False):
    """nodes: variants evaluated by each node of a cluster. Empty for a run in one process."""

    nodes: dict[str, int]
    workers_lost: int


class RunTiming(ClusterTiming):
    """timing.json. Rates are those of this call."""

    seconds: float
    seconds_planning: float
    seconds_sweeping: float
    variants_evaluated_in_this_call: int
    variants_per_second: float
    variant_days_per_second: float
    hardware: HardwareRecord
    search: NotRequired[SearchSeconds]


def complete_summary(summary: dict[str, Any], file: Path) -> RunSummary:
    """The summary of a run's folder. Raises InputError where it lacks a part that cannot be done without."""
    lacking = sorted(RunSummary.__required_keys__ - {"data", "selections"} - summary.keys())
    if lacking:
        rule, remedy = "a run must be of this version of gridproof", "Run the study again"
        raise InputError(rule, f"a summary without {', '.join(lacking)}", str(file), remedy)
    return cast("RunSummary", summary)
