"""The report's page as tests read it: its text, figures and tables; and every number of a record made absent."""

from __future__ import annotations

import base64
import copy
import json
import pathlib
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from gridproof.results.report.packed import unpack
from gridproof.results.report.report import write_report

# Of a page whose folder has a verdict.
HEADINGS = [
    "The rule and what it holds",
    "Evidence by question",
    "Other environments: lag, cost, release, carry, interest",
    "1. Variants evaluated",
    "2. Performance of base, best, ensemble and holding",
    "3. Data snooping: is the best better than chance?",
    "4. Deflated Sharpe ratio against the number of trials",
    "5. Probability of backtest overfitting (PBO)",
    "6. Parameter surfaces, plateau and sensitivity",
    "7. Stability over time",
    "8. Stress tests: lag, cost, release dates, neighbours",
    "9. What no test here covers",
]


def page_of(folder: pathlib.Path) -> str:
    """The report without plotly.js and without the spans around dates."""
    text = re.sub(r'<span class="date">(.*?)</span>', r"\1", write_report(folder).read_text(encoding="utf-8"))
    start = text.index('<script type="text/plain" id="plotly-js">')
    return (text[:start] + text[text.index('<script type="text/plain" id="figures">') :]).replace("\u00a0", " ")


def headings_of(page: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", page)


def words_of(page: str) -> str:
    """The page's text without markup and figures."""
    page = re.sub(r"<script[^>]*>.*?</script>|<style>.*?</style>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def section_of(page: str, heading: str) -> str:
    start = page.index(f">{heading}<")
    end = page.find("<h2", start)
    return page[start : end if end > 0 else None]


def table_of(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, as text."""
    part = page[page.index(f"<h3>{heading}</h3>") :]
    body = part[part.index("<tbody>") : part.index("</tbody>")]
    return [
        [words_of(cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    ]


def loads_nothing(page: str) -> bool:
    return not re.search(r"""<link|(src|href)\s*=\s*["'](https?:)?//""", page)


def figures_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="text/plain" id="figures">(.*?)</script>', page)
    assert found is not None
    figures = json.loads(unpack(found.group(1)))
    axes = figures.pop("axes")
    figures.pop("explorer", None)
    for trace in (trace for figure in figures.values() for trace in figure["data"]):
        if type(trace.get("x")) is int:
            trace["x"] = list(axes[trace["x"]])
    return figures


def values_of(packed: Any, dtype: str = "<f8") -> list[float]:
    """Values of a trace, packed or plain."""
    if not isinstance(packed, dict):
        return list(packed)
    return [float(value) for value in np.frombuffer(base64.b64decode(packed["bdata"]), dtype=dtype)]


def paths_of(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key of every dictionary, in lists that of the first and the last."""
    if isinstance(record, dict):
        below = [paths_of(value, (*path, key)) for key, value in record.items()]
        return [(*path, key) for key in record] + [one for part in below for one in part]
    if isinstance(record, list) and record and isinstance(record[0], dict):
        return [one for place in {0, len(record) - 1} for one in paths_of(record[place], (*path, place))]
    return []


def nulled(record: dict[str, Any], paths: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """The record with null in these places."""
    changed = copy.deepcopy(record)
    for path in paths:
        part: Any = changed
        for key in path[:-1]:
            part = part[key] if part is not None else None
        if part is not None:
            part[path[-1]] = None
    return changed
