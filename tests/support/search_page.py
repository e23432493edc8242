"""search.json of a folder, the page rendered with a changed one, and a verdict on a search."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from gridproof.results.evidence.evidence import NOT_COVERED
from tests.support.page import page_of
from tests.support.search_folder import SAMPLE
from tests.support.statistics_record import write_statistics


def add_verdict(folder: pathlib.Path) -> pathlib.Path:
    """Write the statistics of a search into its folder: over a random sample of its variants."""
    write_statistics(folder)
    record = json.loads((folder / "statistics.json").read_text())
    record["method"] |= {"sampled": True, "sample": SAMPLE}
    record["not_covered"] = NOT_COVERED[:1]
    (folder / "statistics.json").write_text(json.dumps(record))
    return folder


def search_of(folder: pathlib.Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "search.json").read_text())
    return record


def render_search(folder: pathlib.Path, record: dict[str, Any]) -> str:
    """The page after writing ``record`` as search.json."""
    (folder / "search.json").write_text(json.dumps(record))
    return page_of(folder)
