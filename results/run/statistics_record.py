"""The types of ``statistics.json``: what the verdict writes, and the report and the schema read.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import (
    ConclusionRecord,
    EnvironmentRecord,
    HoldingRecord,
    Number,
    QuestionsRecord,
)
from gridproof.results.run.evidence_record import EvidenceRecord


class Method(TypedDict):
    confidence: float
    seed: int
    resamples: int
    block_length: float  # mean length of a bootstrap block, days
    choices: int  # evaluated; of a search: cells
    distinct_choices: int  # with different metrics among those evaluated
    used: int  # choices that are tested
    sampled: bool
    sample: str  # what was drawn from what; empty where nothing was
    objective: str
    days: int  # in sample
    periods: float  # days a year
    left_out: int  # choices whose excess over a benchmark is constant, and not nil
    versions: dict[str, str]  # the formula of each statistic


class TrialCounts(TypedDict):
    choices: int  # evaluated, at the base's environment; of a search: cells
    variants: int  # evaluated by the sweep, at any environment
    distinct_choices: int
    entropy_rank: Number
    participation_ratio: Number
    implied: Number  # by the bootstrap's best Sharpe ratio
    ledger: int | None
    correlation_sample: int  # choices whose correlations give the two ranks


class SegmentStatistics(TypedDict):
    """One strategy in one segment of the window."""

    total_return: Number
    cagr: Number
    volatility: Number
    sharpe: Number
    max_drawdown: Number
    observations: int  # days
    skewness: Number
    kurtosis: Number  # raw: 3 for a normal distribution
    psr: Number
    min_track_record: Number  # days
    min_track_record_years: Number
    mertens_error: Number
    interval: list[Number] | None  # 95 %, percentile: lower and upper end
    interval_studentised: list[Number] | None
    switches: int | None
    turnover: Number


class StrategyStatistics(TypedDict):
    in_sample: SegmentStatistics | None
    after_publication: SegmentStatistics | None


class EnsembleRecord(TypedDict):
    cells: int
    share: float
    standard_error: Number
    threshold: Number
    agreement: Number


class ShiftRecord(TypedDict):
    p_value: Number
    at_least: int
    shifts: int
    observed: Number
    quantiles: dict[str, Number]


YearRecord = TypedDict("YearRecord", {"year": int, "days": int, "sharpe": Number, "return": Number, "switches": int})


class SubperiodRecord(TypedDict):
    """By calendar year. The test is over the years in sample."""

    years: list[YearRecord]  # in sample
    after: list[YearRecord]  # after publication
    chi_square: Number
    degrees: int
    p_value: Number
    positions: int


class SpaRecord(TypedDict):
    statistic: Number
    lower: float
    consistent: float
    upper: float
    monte_carlo_error: float  # of the consistent p-value


class RealityCheckRecord(TypedDict):
    p_value: float
    monte_carlo_error: float


class StepwiseRecord(TypedDict):
    rejected: int
    base_rejected: bool | None  # null where the base was not drawn
    level: float


class BenchmarkRecord(TypedDict):
    name: str
    spa: SpaRecord
    reality_check: RealityCheckRecord
    stepwise: StepwiseRecord


class HistogramCounts(TypedDict):
    edges: list[float]
    counts: list[int]


class NullSharpeRecord(HistogramCounts):
    p_value: Number


class PlaceboRecord(TypedDict):
    sweeps: int
    seed: int
    best: list[float]
    observed: Number
    at_least: int
    p_value: float
    monte_carlo_error: float
    base_percentile: list[float]


class DataSnoopingRecord(TypedDict):
    observed_best: Number
    observed_base: Number
    benchmarks: list[BenchmarkRecord]
    null_best_sharpe: NullSharpeRecord
    placebo: PlaceboRecord


class OverfittingRecord(TypedDict):
    blocks: int
    splits: int
    probability: float
    mid_p: float
    median_rank: float
    loss: float
    rank_error: float
    ranked: int
    metric: str
    logits: HistogramCounts


class PairRecord(TypedDict):
    x: str
    y: str
    index: Number


SensitivityRecord = TypedDict(
    "SensitivityRecord",
    {
        "axes": list[str],
        "first_order": list[Number],
        "total": list[Number],
        "pairs": list[PairRecord],
        "undefined": int,
        "from": str,
    },
)


class CliffRecord(TypedDict):
    drop: Number
    axis: str
    step: int


class PlateauRecord(TypedDict):
    score: Number
    neighbours: int
    edges: list[str]
    distance: Number
    share: Number
    cliff: CliffRecord | None


class FoldRecord(TypedDict):
    train_from: str
    train_to: str
    test_from: str
    test_to: str
    index: int
    parameters: dict[str, Any]
    in_sample: Number
    out_of_sample: Number


class CurveRecord(TypedDict):
    date: list[str]
    nav: list[float]
    mix: list[float] | None  # NAV of the constant mix of its own mean weights; null where it is one leg


class WalkForwardRecord(TypedDict):
    train_days: int
    test_days: int
    gap: int
    metric: str
    folds: list[FoldRecord]
    sharpe: Number
    cagr: Number
    t_statistic: Number
    days: int
    holdings: list[HoldingRecord]  # it against every static holding of these days
    curve: CurveRecord


class PathCurvesRecord(TypedDict):
    date: list[str]
    nav: list[list[float]]


class HoldingSharpe(TypedDict):
    name: str
    sharpe: Number


class CombinatorialRecord(TypedDict):
    groups: int
    test: int
    splits: int
    paths: int
    purge: int
    embargo: int
    metric: str
    sharpe: list[Number]
    holdings: list[HoldingSharpe]  # of the same days
    mix: list[Number]  # the Sharpe ratio of the constant mix of each path's own mean weights
    curves: PathCurvesRecord


class DeflationCurve(TypedDict):
    trials: list[float]
    best: list[Number]
    base: list[Number]


class DeflationMark(TypedDict):
    name: str
    trials: float
    threshold: Number
    best: Number
    base: Number


class DeflationRecord(TypedDict):
    variance_daily: float
    curve: DeflationCurve | None
    marks: list[DeflationMark]


class HaircutRow(TypedDict):
    sharpe: Number
    bonferroni: Number
    p_bonferroni: Number
    holm: Number
    p_holm: Number
    bhy: Number
    p_bhy: Number


class HaircutRecord(TypedDict):
    tests: int
    base: HaircutRow
    best: HaircutRow


class StressRow(TypedDict):
    value: Any
    sharpe: Number
    cagr: Number
    base: bool
    why: NotRequired[str]  # why there is no value


class ReleaseStress(TypedDict):
    signal: str
    values: list[StressRow]


class BreakEvenCost(TypedDict):
    """The one-way cost, instead of all costs, at which a variant only matches a static holding; 0: it never exceeds it.

    Null: the variant never trades, or one of the two has no such number.
    """

    against: str
    total_return: Number  # at the same total return
    sharpe: Number  # at the same Sharpe ratio


class BreakEvenLag(TypedDict):
    against: str
    lag: int | None  # the shortest with a Sharpe ratio not above the holding's; null: none up to ``tested``
    tested: int  # days


class NeighbourRecord(TypedDict):
    count: int
    worst: Number
    median: Number
    best: Number


class StressRecord(TypedDict):
    lag: list[StressRow]
    cost: list[StressRow]
    release: list[ReleaseStress]
    break_even_cost: list[BreakEvenCost]
    break_even_lag: list[BreakEvenLag]
    neighbours: NeighbourRecord


class StatisticsRecord(TypedDict):
    """All of ``statistics.json``. Mappings are by the name of a strategy: base, best, ensemble, hold LEG."""

    conclusion: ConclusionRecord
    questions: QuestionsRecord
    environments: list[EnvironmentRecord]
    method: Method
    counts: TrialCounts
    who: dict[str, StrategyStatistics]  # also: constant mix
    ensemble: EnsembleRecord | None
    shift: dict[str, ShiftRecord]
    subperiods: dict[str, SubperiodRecord]
    data_snooping: DataSnoopingRecord
    overfitting: list[OverfittingRecord]
    overfitting_why: str | None
    sensitivity: SensitivityRecord | None
    plateau: dict[str, PlateauRecord] | None
    plateau_why: str | None
    walk_forward: WalkForwardRecord | None
    combinatorial: CombinatorialRecord | None
    deflated: DeflationRecord
    haircut: HaircutRecord
    stress: dict[str, StressRecord]
    evidence: list[EvidenceRecord]
    not_covered: list[str]
