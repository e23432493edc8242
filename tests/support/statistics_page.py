"""statistics.json of a folder, and the page rendered with a changed one."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from tests.support.page import page_of


def statistics_of(folder: pathlib.Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "statistics.json").read_text())
    return record


def render_statistics(folder: pathlib.Path, record: dict[str, Any]) -> str:
    """The page after writing ``record`` as statistics.json."""
    (folder / "statistics.json").write_text(json.dumps(record))
    return page_of(folder)
