"""Names and texts of a run are text on its page, whoever wrote them: no markup, no script."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.page import page_of
from tests.support.run_folder import write_run

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>'\"&{{ 7*7 }}<!--"


def renamed(value: Any, names: dict[str, str]) -> Any:
    """A record with other names for its keys and values."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


class Tags(HTMLParser):
    """The tags of a page with their attributes; what is inside a script is none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(sorted(name for name, _ in attributes))))


@pytest.mark.parametrize("name", ["rate.window", "yield.release", "45 calendar days", "cash"])
def test_a_hostile_name_is_text(name: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    before = Tags(page_of(run)).found
    summary = json.loads((run / "summary.json").read_text())
    summary["title"] = summary["study"] = HOSTILE
    summary = renamed(summary, {name: HOSTILE})
    (run / "summary.json").write_text(json.dumps(summary))
    for path in run.glob("*.parquet"):
        table = pd.read_parquet(path)
        table.columns = [
            HOSTILE if column == name else ".".join(HOSTILE if part == name else part for part in column.split("."))
            for column in table.columns
        ]
        table.replace({name: HOSTILE}).to_parquet(path)
    page = page_of(run)
    assert "onerror" in page, "the name is shown"
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "49" not in page[page.index("onerror") : page.index("onerror") + 60]
    assert {tag for tag, _ in Tags(page).found} <= {tag for tag, _ in before}
    assert not [one for one in Tags(page).found if any(attribute.startswith("on") for attribute in one[1])]
