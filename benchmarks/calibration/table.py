"""The rates of the calibration as tables of Markdown, as docs/verdict.md shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.calibration import base_questions, search_question
from benchmarks.calibration.rates import Rate, Row, row

_SEARCH = {
    "search yes": "Search yes",
    "search no": "Search no",
    "search no, wrong": "no, though the best has an effect of one",
    "alone": "shift test of the best alone",
}


def tables(rows: Sequence[Row]) -> list[str]:
    """Timing, Worth and Since of a base; its wrong answers by the number of switches; Search of a sweep.

    A cell is a rate in per cent with its binomial error. Bold: the answer is wrong in this kind, and promised in at
    most 5%.
    """
    base = [one for one in rows if "timing yes" in one["rates"]]
    search = [one for one in rows if "search yes" in one["rates"]]
    kinds = list(dict.fromkeys(one["kind"] for one in base))
    whole = [_pooled([one for one in base if one["kind"] == kind]) for kind in kinds]
    found = []
    if base:
        lines = [[one["kind"], one["meaning"], *_cells(one, base_questions.COLUMNS)] for one in whole]
        found.append(_table(["kind", "truth", *base_questions.COLUMNS], lines))
        found.append(_by_switches(base))
    if search:
        lines = [
            [one["kind"].removeprefix("search, "), one["meaning"], *_cells(one, search_question.COLUMNS)]
            for one in search
        ]
        found.append(_table(["kind", "truth", *(_SEARCH[name] for name in search_question.COLUMNS)], lines))
    return found


def _by_switches(rows: Sequence[Row]) -> str:
    """Each wrong answer by class, over all made-up kinds of as many days with random positions in which it is wrong."""
    drawn = [one for one in rows if one["days"] == base_questions.DAYS and not one["label"].endswith("changes")]
    names = [name for name in base_questions.COLUMNS if not name.startswith("since")]
    lines = []
    for part in dict.fromkeys(one["class"] for one in drawn):
        cells = []
        for name in names:
            wrong = [one for one in drawn if one["class"] == part and one["rates"][name]["wrong"]]
            cells.append(_cells(_pooled(wrong), [name])[0] if wrong else "–")
        lines.append([f"about {part}", *cells])
    return _table(["switches", *names], lines)


def _pooled(rows: Sequence[Row]) -> Row:
    """The rates over all markets of several rows."""
    counts: Counter[str] = Counter()
    for one in rows:
        counts.update({name: rate["count"] for name, rate in one["rates"].items()})
    first = rows[0]
    wrong = [name for name, rate in first["rates"].items() if rate["wrong"]]
    markets = sum(one["markets"] for one in rows)
    return row(first["kind"], first["class"], first["label"], first["meaning"], first["days"], markets, counts, wrong)


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [[heading[:1].upper() + heading[1:] for heading in headings], ["---"] * len(headings), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def _cells(one: Row, names: Sequence[str]) -> list[str]:
    return [_cell(one["rates"][name]) for name in names]


def _cell(rate: Rate) -> str:
    text = f"{100 * rate['rate']:.1f} ± {100 * rate['error']:.1f}"
    return f"**{text}**" if rate["wrong"] else text
