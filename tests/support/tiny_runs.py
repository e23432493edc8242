"""Runs of the smallest grid, and what is said and counted of them."""

from __future__ import annotations

from pathlib import Path

import gridproof as gp
from gridproof.results.ledger.ledger import ledger_rows
from tests.support.observers import Heard
from tests.support.tiny import tiny_grid

SIZE = tiny_grid().space.size


def again(out: Path, observer: gp.RunObserver | None = None, sample: int | None = None) -> gp.Run:
    return gp.run(tiny_grid(), out=out, sample=sample, verdict=False, observer=observer)


def of_folder(heard: Heard) -> list[str]:
    """What was said about the folder, and not about the data."""
    return [text for text in heard.notices if "tiny-" in text]


def distinct(out: Path) -> int:
    (row,) = ledger_rows(out / "ledger")
    return row.distinct
