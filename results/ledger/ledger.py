"""The ledger: every distinct variant ever evaluated against a market counts, once.

A folder of files, one for each call of a run or search, so that writers never meet, whatever process or machine they
are on; the union is made when it is read. What was finished of a grid is a range of its indices, so ten billion cells
cost kilobytes. Single variants are kept by their place on the grid or by value, not by a hash: only so can it be told
whether they lie in a finished range of another grid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.file import LedgerFile, LedgerHeader, read_file
from gridproof.results.ledger.ranges import FinishedTrials, TrialAxis
from gridproof.results.ledger.union_count import count_distinct

__all__ = [
    "LEDGER_FOLDER",
    "LedgerFile",
    "LedgerHeader",
    "LedgerRow",
    "TrialAxis",
    "ledger_record",
    "ledger_rows",
    "ledger_total",
    "read_ledger",
]

# Its folder, beside the folders of the runs.
LEDGER_FOLDER = "ledger"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One strategy on one market. ``evaluated``: variants of each run, added up; ``distinct``: of all of them."""

    market: str
    strategy: str
    studies: tuple[str, ...]
    runs: int
    evaluated: int
    distinct: int


def ledger_rows(folder: Path, market: str | None = None) -> list[LedgerRow]:
    """What was tried on each market, or on one, by strategy. Counts are exact and hang on no order of the files.

    folder: that of the ledger's files. Raises InputError where it is none, or where a file is damaged.
    """
    kinds: dict[tuple[str, str, frozenset[str]], list[tuple[LedgerHeader, FinishedTrials]]] = {}
    for trials, part in read_ledger(folder, market):
        kinds.setdefault(trials.kind, []).append((trials, part))
    rows = []
    for (against, strategy, _), records in kinds.items():
        runs: dict[str, list[FinishedTrials]] = {}
        for trials, part in records:
            runs.setdefault(trials.run, []).append(part)
        studies = tuple(sorted({trials.study for trials, _ in records}))
        evaluated = sum(count_distinct(parts) for parts in runs.values())
        distinct = count_distinct([part for _, part in records]) if len(runs) > 1 else evaluated
        rows.append(LedgerRow(against, strategy, studies, len(runs), evaluated, distinct))
    return sorted(rows, key=lambda row: (row.market, row.studies, row.strategy, row.distinct))


def ledger_record(rows: Sequence[LedgerRow]) -> dict[str, Any]:
    """Rows as a tree of plain values, by market; the long text of a strategy as the first of its SHA-256."""
    markets: dict[str, list[LedgerRow]] = {}
    for row in rows:
        markets.setdefault(row.market, []).append(row)
    return {
        "markets": [
            {
                "market": market,
                **{key: sum(getattr(row, key) for row in own) for key in ("runs", "evaluated", "distinct")},
                "strategies": [
                    {
                        "studies": list(row.studies),
                        "strategy": hashlib.sha256(row.strategy.encode()).hexdigest()[:12],
                        **{key: getattr(row, key) for key in ("runs", "evaluated", "distinct")},
                    }
                    for row in own
                ],
            }
            for market, own in markets.items()
        ]
    }


def ledger_total(folder: Path, market: str) -> int:
    """How many distinct variants were ever evaluated against this market, of whatever strategy. Raises InputError."""
    return sum(row.distinct for row in ledger_rows(folder, market))


def read_ledger(folder: Path, market: str | None = None) -> Iterator[tuple[LedgerHeader, FinishedTrials]]:
    """Every file of the ledger, or those of one market. Raises InputError."""
    if not folder.is_dir():
        remedy = "Give the folder of the run folders with --out; the first run creates its ledger"
        raise InputError("the ledger folder exists", folder, "ledger", remedy)
    for path in sorted(folder.glob("*.jsonl")):
        if (record := read_file(path, market)) is not None:
            yield record
