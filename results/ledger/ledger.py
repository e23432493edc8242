"""The ledger counts every distinct variant ever evaluated on a market once.

It is a folder with one file for each call of a run or search, so no two processes write to the same file, on whatever
machine. The union is computed when the ledger is read. Finished parts of a grid are stored as ranges of grid indices,
so ten billion variants take kilobytes. Single variants are stored by grid index or by value and not by a hash, because
the union has to detect whether they lie in a finished range of another grid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.file import LedgerFile, LedgerHeader, read_file
from gridproof.results.ledger.lines import is_cut_off
from gridproof.results.ledger.ranges import FinishedTrials, TrialAxis
from gridproof.results.ledger.union_count import count_distinct

__all__ = [
    "LEDGER_FOLDER",
    "LedgerFile",
    "LedgerHeader",
    "LedgerRow",
    "TrialAxis",
    "cut_off_files",
    "ledger_record",
    "ledger_rows",
    "ledger_total",
    "read_ledger",
]

# Name of the ledger's folder, next to the run folders.
LEDGER_FOLDER = "ledger"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The counts of one strategy on one market.

    ``studies``: names of the studies. ``evaluated``: sum over the runs of their distinct variants. ``distinct``: number
    of distinct variants of all runs together.
    """

    market: str
    strategy: str
    studies: tuple[str, ...]
    runs: int
    evaluated: int
    distinct: int


def ledger_rows(folder: Path, market: str | None = None) -> list[LedgerRow]:
    """Returns the counts by strategy for each market, or for one. Counts are exact; the order of files is irrelevant.

    ``folder``: the ledger folder. Raises InputError if it does not exist or a file is damaged.
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
    """Returns the rows for a JSON file, grouped by market. A strategy is the first 12 hex digits of its SHA-256."""
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
    """Returns the number of distinct variants ever evaluated on this market, summed over strategies.

    Raises InputError if the folder does not exist or a file is damaged.
    """
    return sum(row.distinct for row in ledger_rows(folder, market))


def read_ledger(folder: Path, market: str | None = None) -> Iterator[tuple[LedgerHeader, FinishedTrials]]:
    """Yields header and content of every ledger file, or of those of one market.

    Raises InputError if the folder does not exist or a file is damaged.
    """
    if not folder.is_dir():
        remedy = "Give the folder of the run folders with --out; the first run creates its ledger"
        raise InputError("the ledger folder must exist", folder, "ledger", remedy)
    for path in sorted(folder.glob("*.jsonl")):
        if (record := read_file(path, market)) is not None:
            yield record


def cut_off_files(folder: Path) -> list[str]:
    """A sentence for each ledger file whose last line has no end. What that line recorded is not counted."""
    cut = "its last line is cut off, as a killed process leaves it, and is not counted"
    return [f"{path}: {cut}" for path in sorted(folder.glob("*.jsonl")) if is_cut_off(path)]
