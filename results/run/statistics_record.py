"""The type of ``statistics.json``: what the verdict writes, and the report and the schema read.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import ConclusionRecord, EnvironmentRecord, Number, QuestionsRecord
from gridproof.results.run.cross_validation_record import CombinatorialRecord, OverfittingRecord, WalkForwardRecord
from gridproof.results.run.data_snooping_record import DataSnoopingRecord
from gridproof.results.run.deflation_record import DeflationRecord, HaircutRecord
from gridproof.results.run.evidence_record import EvidenceRecord
from gridproof.results.run.landscape_record import PlateauRecord, SensitivityRecord
from gridproof.results.run.strategy_record import EnsembleRecord, ShiftRecord, StrategyStatistics, SubperiodRecord
from gridproof.results.run.stress_record import StressRecord


class PriceReadRecord(TypedDict):
    """A series that a signal reads, and the leg whose price it is."""

    leg: str
    series: str  # "panel": the columns of the panel from which the leg selects
    correlation: Number  # of its changes with the leg's returns; null where both are read from the same rows


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
    own_price: list[PriceReadRecord]  # the prices of legs that the signals read
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
